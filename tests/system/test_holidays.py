"""Holidays in tocsin backtest: a calendar keeps a country's days off, and the
weekend days worked instead, from alarming and from hiding what follows."""
import datetime
import json
import os
import pathlib
import re
import subprocess

import pytest

from daemon import Daemon

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOCSIN = os.path.join(os.environ["TOCSIN_BIN"], "tocsin")
TRIGGER = """trigger "t" {
	indicators = { respiratory, fever }
	where = { county }
	rule = fusion
	budget = 2
	tell = { duty }
}
"""
CHINA = ROOT / "etc" / "calendars" / "cn.conf"
FIRST = datetime.date(2024, 5, 1)
SOURCES = [("fever-clinic", "ili-visit", 60), ("ed", "fever-visit", 80),
           ("pharmacy", "otc-cough-cold", 200)]
WEEK = [1.2, 1.06, 1, .98, .98, .7, .55]
OFF = {datetime.date(2024, 9, d) for d in (15, 16, 17)} | {
    datetime.date(2024, 10, d) for d in range(1, 8)}
WORKED = {datetime.date(2024, 9, 14), datetime.date(2024, 9, 29),
          datetime.date(2024, 10, 12)}


def factor(day, off):
    if day in OFF:
        return off
    return WEEK[0 if day in WORKED else day.weekday()]


def province(folder, off, rise=(), days=190):
    """A county that works and rests as China did in autumn 2024."""
    (folder / "t.conf").write_text(TRIGGER)
    (folder / "areas.csv").write_text(
        "area,parent,level,name,population\nc1,,county,County,300000\n")
    sites = [(f"{kind}-{i}", kind) for kind, _, _ in SOURCES for i in (1, 2)]
    (folder / "sites.csv").write_text("site,kind,area,name\n" + "".join(
        f"{site},{kind},c1,{site}\n" for site, kind in sites))
    rows = ["date,site,indicator,count"]
    for n in range(days):
        day = FIRST + datetime.timedelta(n)
        f = factor(day, off) * (1.6 if day.isoformat() in rise else 1)
        for kind, indicator, mean in SOURCES:
            for i in (1, 2):
                noise = 1 + .02 * ((n * 7 + i * 3) % 5 - 2)
                rows.append(f"{day},{kind}-{i},{indicator},"
                            f"{round(mean * f * noise)}")
    (folder / "counts.csv").write_text("\n".join(rows) + "\n")


def opened(folder, *options):
    done = subprocess.run([TOCSIN, "backtest", folder, "--triggers",
                           folder / "t.conf", *options], capture_output=True,
                          text=True, check=True, timeout=120)
    return [e["as_of"] for e in map(json.loads, done.stdout.splitlines())
            if e["event"] == "opened"]


@pytest.mark.parametrize("off", [0.4, 1.3])
def test_a_holiday_and_a_worked_weekend_do_not_ring(tmp_path, off):
    province(tmp_path, off)
    blind = opened(tmp_path)
    assert blind and min(blind) >= "2024-09-14" and max(blind) <= "2024-10-20"
    assert opened(tmp_path, "--calendar", CHINA) == []
    # The sites' own calendar does the same, where all of a county have it.
    sites = (tmp_path / "sites.csv").read_text().splitlines()
    (tmp_path / "sites.csv").write_text("\n".join(
        [sites[0] + ",calendar"] + [s + ",cn" for s in sites[1:]]))
    assert opened(tmp_path) == []


def test_what_follows_a_holiday_still_rings(tmp_path):
    rise = [f"2024-10-{d}" for d in range(10, 19)]
    province(tmp_path, 0.5, rise)
    days = opened(tmp_path, "--calendar", CHINA)
    assert len(days) == 1 and "2024-10-10" <= days[0] <= "2024-10-18"


def test_what_is_explained_knows_the_holidays(tmp_path):
    province(tmp_path, 1.3)
    [first, *_] = opened(tmp_path)

    def colour(*options):
        done = subprocess.run([TOCSIN, "trigger", "explain", "c1", first,
                               "--data", tmp_path, "--triggers",
                               tmp_path / "t.conf", "--json", *options],
                              capture_output=True, text=True, check=True)
        return json.loads(done.stdout)[0]["colour"]

    assert colour() != "none"
    assert colour("--calendar", CHINA) == "none"


def by_day(folder):
    """date -> the lines of counts.csv"""
    days = {}
    for line in (folder / "counts.csv").read_text().splitlines()[1:]:
        days.setdefault(line[:10], []).append(line)
    return days


def post(daemon, lines):
    status, said = daemon.post_csv(
        "date,site,indicator,count\n" + "\n".join(lines) + "\n")
    assert status == 202, said


def test_the_daemon_rings_as_the_backtest_does(tmp_path):
    """Around the holidays, day by day, under the same calendar."""
    province(tmp_path, 0.5, [f"2024-10-{d}" for d in range(10, 19)])
    want = opened(tmp_path, "--calendar", CHINA, "--to", "2024-10-18")
    assert want
    days = by_day(tmp_path)
    with Daemon(tmp_path, tocsind_triggers=tmp_path / "t.conf",
                tocsind_calendar=CHINA) as d:
        d.world((tmp_path / "areas.csv").read_text(),
                (tmp_path / "sites.csv").read_text())
        d.advance("2024-09-12")
        post(d, [ln for day in days if day <= "2024-09-12"
                 for ln in days[day]])
        for day in sorted(days):
            if "2024-09-12" < day <= "2024-10-18":
                post(d, days[day])
                d.advance(day)
        got = [json.loads(body) for body, in d.rows(
            "SELECT body FROM alert_event ORDER BY number")]
    assert [e["as_of"] for e in got if e["event"] == "opened"] == want


def test_a_calibration_may_know_the_calendar(tmp_path):
    """What rings on holidays alone is not counted then; they lie in the
    first half of the days that are weighed."""
    province(tmp_path, 1.3, days=250)

    def blue(*options):
        done = subprocess.run(
            [TOCSIN, "calibrate", "--history", tmp_path, "--triggers",
             tmp_path / "t.conf", *options], capture_output=True, text=True,
            check=True, timeout=120)
        return float(re.search(r"blue +[\d.]+ +([\d.]+)", done.stdout)[1])

    assert blue() > 0
    assert blue("--calendar", CHINA) == 0
    done = subprocess.run([TOCSIN, "calibrate", "--calendar",
                           tmp_path / "none.conf"], capture_output=True,
                          text=True)
    assert done.returncode == 2 and "none.conf" in done.stderr
