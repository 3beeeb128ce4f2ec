"""Diseases of which one case is an event: every disease by itself, every
further case, and late ones; in a back-test and live."""
import datetime
import json
import subprocess

import alarm
from daemon import Daemon
from test_rules import SHIPPED, TOCSIN, World, date

import pytest

CASE_SITES = """site,kind,area,name
reg,registry,K1,Registry
hos,hospital,K2,Hospital
"""


@pytest.fixture(name="world")
def a_world(tmp_path):
    return World(tmp_path)


def test_single_cases_one_by_one(world):
    """Every disease by itself, every further case, and late ones."""
    world.area("c")
    world.site("reg", "registry")
    for disease in ("plague", "cholera", "polio"):
        world.steady("reg", f"{disease}-case", 0)
    for day, disease, n in ((20, "polio", 1), (24, "plague", 1),
                            (26, "plague", 3), (30, "cholera", 1),
                            (34, "plague", 1), (36, "plague", 1)):
        world.count("reg", f"{disease}-case", day, n)
    events = [e for e in world.ring(SHIPPED) if e["trigger"] == "single-case"]
    assert [(e["as_of"], e["event"], e["indicator"], e["cases"])
            for e in events if e["event"] != "ended"] == [
        (date(20), "opened", "polio-case", 1),
        (date(24), "opened", "plague-case", 1),
        (date(26), "grew", "plague-case", 4),
        (date(30), "opened", "cholera-case", 1),
        (date(34), "grew", "plague-case", 5),
        (date(36), "grew", "plague-case", 6)]
    assert sorted(e["indicator"] for e in events if e["event"] == "ended") == [
        "cholera-case", "plague-case", "polio-case"]
    assert all(row["indicator"] == e["indicator"]
               for e in events for row in e["evidence"])


def test_single_cases_come_late(world):
    """As live: up to two weeks late, and not with a site's past."""
    world.area("c")
    world.area("e")
    world.site("reg", "registry")
    world.site("hos", "hospital", "e")
    world.site("on-time", "lab", "c")
    world.steady("on-time", "plague-case", 0)
    world.write()
    with open(world.folder / "counts.csv", encoding="utf-8") as f:
        head, *rows = f.read().splitlines()
    rows = [f"{r},{r[:10]}" for r in rows] + [
        f"{date(day)},{site},{disease}-case,1,{date(40)}"
        for day, site, disease in ((29, "reg", "plague"),
                                   (22, "reg", "cholera"),
                                   (5, "hos", "mpox"), (31, "hos", "mpox"))]
    (world.folder / "counts.csv").write_text(
        "\n".join([head + ",received"] + rows) + "\n")
    done = subprocess.run([TOCSIN, "backtest", world.folder],
                          capture_output=True, text=True, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(e["as_of"], e["event"], e["indicator"], e["first_day"])
            for e in events if e["trigger"] == "single-case"] == [
        (date(40), "opened", "plague-case", date(29)),
        (date(54), "ended", "plague-case", date(29))]


def case(day, disease, n=1, site="reg"):
    return f"{alarm.FIRST + datetime.timedelta(day)},{site},{disease}-case,{n}"


def test_late_ones_live(tmp_path):
    """And after a restart."""
    def alerts():
        return {a["indicator"]: a for a in d.get("/api/v1/alerts")["alerts"]
                if a["trigger"] == "single-case"}

    def go(day):
        d.advance(str(alarm.FIRST + datetime.timedelta(day)))

    with Daemon(tmp_path, tocsind_triggers=SHIPPED) as d:
        d.world(alarm.AREAS, CASE_SITES)
        for day in (0, 40):
            go(day)
        alarm.post(d, [case(29, "plague"), case(20, "cholera")])
        # A site that hands in its past.
        alarm.post(d, [case(5, "mpox", site="hos"),
                       case(31, "mpox", site="hos")])
        go(40)
        assert set(alerts()) == {"plague-case"}
        plague = alerts()["plague-case"]
        assert (plague["grade"], plague["cases"]) == ("red", 1)
        assert plague["first_day"] == str(alarm.FIRST
                                          + datetime.timedelta(29))
        assert plague["title"].endswith(": plague cases")
        assert plague["title_zh"].endswith("：鼠疫病例")
        d.stop()
        d.start()
        go(41)
        assert set(alerts()) == {"plague-case"}
        alarm.post(d, [case(41, "cholera"), case(38, "plague", 2)])
        go(41)
        assert set(alerts()) == {"plague-case", "cholera-case"}
        listed = subprocess.run(
            [TOCSIN, "alert", "list", "--lang", "en", "--socket",
             d.state / "tocsin.sock"], capture_output=True, text=True,
            check=True).stdout
        assert " plague-case (" in listed and " cholera-case (" in listed
        plague = d.get(f"/api/v1/alerts/{plague['id']}")
        assert [e["event"] for e in plague["events"]
                if e["event"] != "continued"] == ["opened", "grew"]
        assert plague["cases"] == 3
        # What rang, what came too late, and what came with a site's past.
        for area, day, late in (("K1", 30, False), ("K1", 20, True),
                                ("K2", 31, True)):
            [one] = [t for t in d.get(
                "/api/v1/explain?area=" + area + "&day="
                + str(alarm.FIRST + datetime.timedelta(day)))["triggers"]
                if t["trigger"] == "single-case"]
            assert one["colour"] == "red"
            assert ("too_late" in one) == late == (one["alert"] is None)
            assert any("no alert: reported too late" in w
                       for w in one["words"]) == late
