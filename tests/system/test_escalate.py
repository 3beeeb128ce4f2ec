"""Nobody acknowledges: the city is told when the clock is missed, then the
province; once each, over a restart, and no more once somebody has it.  Where
there is a rota, who is on duty is told."""
import datetime
import json
import os
import signal
import subprocess
import time

import alarm
import pytest
from daemon import BIN, Daemon

TRIGGER = """
deadlines "slow" {
	acknowledge = 36h
	verify = 90d
	next_level = 36h
}
trigger "school-cases" {
	title = "Cases in a school"
	indicators = { "ill-absence" }
	rule = cases
	basis = norm
	cases = { "10 red" }
	window = 3d
	where = { county }
	quiet_days = 7
	deadlines = slow
	tell = { duty }
}
"""
RECEIVERS = "".join(f"""
receiver "{name}" {{
	type = journal
	areas = {{ "{area}" }}
}}
""" for name, area in (("county-1", "K1"), ("city", "C"), ("province", "P")))
FIRST = datetime.date(2025, 3, 3)


def day(n):
    return str(FIRST + datetime.timedelta(n))


def tocsin(d, *words, lang="C.UTF-8"):
    env = {**os.environ, "TOCSIN_SOCKET": str(d.state / "tocsin.sock"),
           "LC_ALL": lang}
    return subprocess.run([BIN / "tocsin", *words], text=True, env=env,
                          capture_output=True, timeout=60, check=True).stdout


@pytest.fixture
def centre(tmp_path):
    """A daemon that can be started again, with a trigger of its own."""
    path = tmp_path / "t.conf"
    path.write_text(TRIGGER)
    return lambda conf=RECEIVERS: Daemon(tmp_path, conf=conf,
                                         tocsind_triggers=path)


def ring(d):
    d.world(alarm.AREAS, "site,kind,area,name\nschool,school,K1,School\n")
    d.advance(day(0))
    status, body = d.post_csv("date,site,indicator,count\n"
                              f"{day(0)},school,ill-absence,12\n")
    assert status == 202 and not body["refused"], body
    d.advance(day(0))
    alert, = d.get("/api/v1/alerts")["alerts"]
    return alert["id"]


def escalated(d, id):
    return [e for e in d.get(f"/api/v1/alerts/{id}")["events"]
            if e["event"] == "escalated"]


def wait(what):
    until = time.monotonic() + 60
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def told(d, name):
    """Types of the notices for a receiver that went to the journal."""
    wait(lambda: not any(n["state"] == "waiting"
                         for n in d.get("/api/v1/notices")["notices"]))
    return [json.loads(body)["event"] for body, in d.rows(
        "SELECT body FROM notice WHERE receiver=? ORDER BY id", name)]


def test_level_by_level(centre):
    with centre() as d:
        id = ring(d)
        assert told(d, "city") == ["opened"]
        d.advance(day(1))
        assert escalated(d, id) == []
        d.advance(day(2))
        event, = escalated(d, id)
        assert event["to"]["area"] == "C" and event["told"] == ["city"]
        assert event["clocks"][0]["step"] == "acknowledge"
        assert told(d, "city") == ["opened", "escalated"]
        assert told(d, "county-1") == told(d, "province") == ["opened"]
        assert d.metric('escalations_total{level="city"}') == 1
        assert d.status()["scales"]["escalations"] == {"city": 1}
        text = tocsin(d, "alert", "show", id)
        assert "acknowledge: not done in time; Baisha was told (city)" in text
        assert "Baisha was told on 2025-03-05 12:00" in text
        assert "12 h 0 min late" in text
        zh = tocsin(d, "alert", "show", id, lang="zh_CN.UTF-8")
        assert "超时未完成，已通知白沙市（city）" in zh
        assert "Not done in time: Red signal, Qinghe" in d.text()
    with centre() as d:
        # It is not told again after a start.
        d.advance(day(2))
        assert len(escalated(d, id)) == 1
        d.advance(day(4))
        city, province = escalated(d, id)
        assert province["to"]["area"] == "P"
        assert told(d, "province") == ["opened", "escalated"]
        assert told(d, "city") == ["opened", "escalated"]
        step = d.get(f"/api/v1/alerts/{id}")["deadlines"]["steps"][0]
        assert [e["area"] for e in step["escalated"]] == ["C", "P"]
        d.advance(day(20))
        assert len(escalated(d, id)) == 2


def test_an_acknowledgement_ends_it(centre):
    with centre() as d:
        id = ring(d)
        d.advance(day(2))
        assert len(escalated(d, id)) == 1
        tocsin(d, "alert", "ack", id)
        d.advance(day(20))
        assert len(escalated(d, id)) == 1
        d.advance(day(91))
        assert [e["clocks"][0]["step"] for e in escalated(d, id)] == [
            "acknowledge", "verify"]


def test_by_the_system_s_clock(tmp_path):
    """Within seconds, and exactly once although the daemon is killed."""
    path = tmp_path / "t.conf"
    path.write_text(TRIGGER.replace("36h", "1s"))
    d = Daemon(tmp_path, clock="system", conf=RECEIVERS, tocsind_triggers=path)
    with d:
        d.world(alarm.AREAS, "site,kind,area,name\nschool,school,K1,School\n")
        status, body = d.post_csv(
            "date,site,indicator,count\n"
            f"{d.status()['today']},school,ill-absence,12\n")
        assert status == 202 and not body["refused"], body
        wait(lambda: d.get("/api/v1/alerts")["alerts"])
        id = d.get("/api/v1/alerts")["alerts"][0]["id"]
        wait(lambda: escalated(d, id))
        d.kill()
    with d:
        wait(lambda: len(escalated(d, id)) == 2)
        d.kill()
    with d:
        looks = d.get(f"/api/v1/alerts/{id}")["now_ms"] + 3000
        wait(lambda: d.get(f"/api/v1/alerts/{id}")["now_ms"] > looks)
        assert [e["to"]["area"] for e in escalated(d, id)] == ["C", "P"]
        assert told(d, "city") == told(d, "province") == ["opened",
                                                          "escalated"]


def rota(area, week):
    return f"""
rota "{area}" {{
	area = "{area}"
	week = {{ {week} }}
}}
"""


def test_who_is_on_duty(centre):
    """The manual clock stands at noon: the day's people are told."""
    night = RECEIVERS + """
receiver "city-night" {
	type = journal
	areas = { "C" }
}
""" + rota("C", '"daily 08:00-18:00 city", "daily 18:00-08:00 city-night"')
    with centre(night) as d:
        id = ring(d)
        d.advance(day(2))
        assert told(d, "city") == ["opened", "escalated"]
        assert told(d, "city-night") == []
        table = tocsin(d, "rota").splitlines()
        assert table[1].split() == ["Baisha", "city", day(2), "18:00",
                                    "city-night"]
        assert "当前值班" in tocsin(d, "rota", lang="zh_CN.UTF-8")
        # Tables change by a reload; one with a mistake changes nothing.
        path = d.folder / "tocsin.conf"
        path.write_text(night.replace("18:00-08:00 city-night",
                                      "18:00-08:00 nobody"))
        d.process.send_signal(signal.SIGHUP)
        wait(lambda: '"nobody" is no receiver' in d.text())
        assert d.get("/api/v1/rota")["rota"][0]["next"] == ["city-night"]
        path.write_text(night.replace("daily 08:00-18:00 city",
                                      "mon 08:00-18:00 city"))
        d.process.send_signal(signal.SIGHUP)
        wait(lambda: d.get("/api/v1/rota")["rota"][0]["now"] == [])
        assert "nobody is on duty from tue 08:00 to tue 18:00" in d.text()
        assert "needs a restart" not in d.text()
        # The city's place is empty: the province is told at once.
        d.advance(day(20))
        assert [e["to"]["area"] for e in escalated(d, id)] == ["C", "P"]


def test_an_empty_slot(centre):
    """Nobody is on duty in the county, and nobody in the city."""
    with centre(RECEIVERS + rota("K1", '"daily 18:00-08:00 county-1"')
                + rota("C", '"daily 18:00-08:00 city"')) as d:
        assert 'rota "K1": week: nobody is on duty from' in d.text()
        id = ring(d)
        event, = escalated(d, id)
        assert event["vacant"] and event["to"]["area"] == "P"
        assert event["passed"] == ["C"]
        assert told(d, "county-1") == told(d, "city") == []
        assert told(d, "province") == ["opened", "escalated"]
        assert "Nobody on duty: Red signal, Qinghe" in d.text()
        assert "nobody was on duty; Linhai was told (province)" in tocsin(
            d, "alert", "show", id)
