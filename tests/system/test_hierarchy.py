"""Two counties ring their city once: each county's officer is told at once of
the own alert, the city's officer of one merged alert; a part of a stronger
alert is told by that."""
import datetime
import pathlib
import shutil
import time

import alarm
from daemon import Daemon

TRIGGERS = pathlib.Path(__file__).resolve().parents[2] / "etc" / "triggers.d"
RECEIVERS = "".join(f"""
receiver "{name}" {{
	type = journal
	areas = {{ "{area}" }}
}}
""" for name, area in (("county-1", "K1"), ("county-2", "K2"),
                       ("city", "C"), ("province", "P")))


def rows(day, factor):
    """As alarm's, but both counties rise."""
    out = []
    for row in alarm.counts(day, 1):
        date, site, indicator, count = row.split(",")
        out.append(f"{date},{site},{indicator},{round(int(count) * factor)}")
    return out


def told(d):
    """receiver -> ids of the alerts that it was told of, in order."""
    out = {}
    for notice in reversed(d.get("/api/v1/notices?limit=500")["notices"]):
        out.setdefault(notice["receiver"], []).append(
            notice["message"].split("_")[1])
    return out


def test_a_city_is_told_once(tmp_path):
    triggers = tmp_path / "triggers"
    triggers.mkdir()
    text = (TRIGGERS / "respiratory.conf").read_text()
    assert "where = { county, city }" in text
    # The city does not ring by itself here.
    (triggers / "respiratory.conf").write_text(
        text.replace("where = { county, city }", "where = { county }"))
    shutil.copy(TRIGGERS / "nursing-home.conf", triggers)
    with Daemon(tmp_path, conf=RECEIVERS, tocsind_triggers=triggers) as d:
        d.world(alarm.AREAS, alarm.sites())
        first = alarm.FIRST + datetime.timedelta(alarm.DAYS - 1)
        d.advance(str(first))
        alarm.post(d, [r for day in range(alarm.DAYS) for r in rows(day, 1)])
        d.advance(str(first))
        for day in range(alarm.DAYS, alarm.DAYS + 2):
            d.advance(str(alarm.FIRST + datetime.timedelta(day)))
            alarm.post(d, rows(day, 3))
        d.advance(str(alarm.FIRST + datetime.timedelta(alarm.DAYS + 2)))
        alerts = {(a["area"], a["trigger"]): a
                  for a in d.get("/api/v1/alerts")["alerts"]}
        city = alerts["C", "respiratory"]
        assert city["merged_below"] and city["children"] == 2
        one, two = alerts["K1", "respiratory"], alerts["K2", "respiratory"]
        assert one["parent"] == two["parent"] == city["id"]
        whole = d.get(f"/api/v1/alerts/{city['id']}")
        # The city's own history and the stream have it.
        said = [e["event"] for e in whole["events"]]
        assert said[0] == "opened" and "opened" not in said[1:]
        assert all(e["merged_below"] for e in whole["events"])
        assert whole["events"][0]["evidence_n"] > 0
        assert [b["area_name"] for b in whole["below"]] == [
            "Qinghe", "Dongshan"]
        assert "Qinghe and Dongshan" in whole["explanation"][0]
        assert {e["area"] for e in whole["evidence"]} == {"K1", "K2"}
        # The counties' sites are asked once, by their own county.
        assert one["tasks"] and two["tasks"] and not whole["tasks"]
        # The nursing homes are part of the same matter.
        part = alerts["K1", "nursing-home-cluster"]
        assert part["part_of"] == one["id"]

        until = time.monotonic() + 30
        while any(n["state"] == "waiting"
                  for n in d.get("/api/v1/notices")["notices"]):
            assert time.monotonic() < until
            time.sleep(0.05)
        who = told(d)
        statistical = {one["id"], two["id"], city["id"], part["id"],
                       alerts["K2", "nursing-home-cluster"]["id"]}
        heard = {r: [i for i in ids if i in statistical]
                 for r, ids in who.items()}
        assert set(heard["county-1"]) == {one["id"]}
        assert set(heard["county-2"]) == {two["id"]}
        assert heard["city"][0] == city["id"]
        assert set(heard["city"]) == set(heard["province"]) == {city["id"]}

        # A person acts on the merged alert, and it lives on after a start.
        status, acted = d.ask("POST", f"/api/v1/alerts/{city['id']}/events",
                              '{"verb": "ack"}')
        assert status == 200 and acted["state"] == "acknowledged"
    with Daemon(tmp_path, conf=RECEIVERS, tocsind_triggers=triggers) as d:
        again = d.get(f"/api/v1/alerts/{city['id']}")
        assert again["state"] == "acknowledged" and again["children"] == 2
        assert [e["event"] for e in again["events"]] == said + ["acknowledged"]
