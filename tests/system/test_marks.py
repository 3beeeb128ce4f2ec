"""Marks: days whose counts have a known reason.  A marked outbreak does not
hide the next one, live as in a back-test; a cause or a fault takes the days
out of the evidence, also after a restart; a withdrawn mark is as if it had
never been."""
import contextlib
import datetime
import json
import os
import pathlib
import sqlite3
import subprocess

import pytest

import alarm
from daemon import BIN, Daemon

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRIGGER = """trigger "t" {
	indicators = { respiratory, fever }
	where = { county }
	rule = fusion
	window = 1d
	quiet_days = 2
	budget = 2
	tell = { duty }
}
"""
LAST = alarm.DAYS + 19
FIRST_WAVE, SECOND_WAVE = range(60, 68), range(74, 79)


def date(i):
    return str(alarm.FIRST + datetime.timedelta(i))


def rows(day):
    return alarm.counts(day, 2.5 if day in FIRST_WAVE else
                        1.8 if day in SECOND_WAVE else 1)


def tocsin(d, *words, code=0):
    r = subprocess.run([BIN / "tocsin", *words], text=True, timeout=60,
                       capture_output=True,
                       env={**os.environ, "LC_ALL": "C.UTF-8",
                            "TOCSIN_SOCKET": str(d.state / "tocsin.sock")})
    assert r.returncode == code, (words, r.stdout, r.stderr)
    return r.stdout if code == 0 else r.stderr


def add(d, *words):
    return json.loads(tocsin(d, "mark", "add", "--json", *words))["number"]


def data_set(folder):
    folder.mkdir()
    (folder / "areas.csv").write_text(alarm.AREAS)
    (folder / "sites.csv").write_text(alarm.sites())
    (folder / "counts.csv").write_text("\n".join(
        ["date,site,indicator,count"]
        + [r for i in range(LAST + 1) for r in rows(i)]) + "\n")
    return folder


def told(events):
    """What both say of an event."""
    return [(e["event"], e["as_of"], e["id"], e["grade"], e["p"],
             e["coverage"], e["kinds"], e["points"], e["first_day"],
             e["last_day"]) for e in events if e["event"] in
            ("opened", "grew", "regraded", "ended")]


def backtest(folder, triggers, *more):
    r = subprocess.run([BIN / "tocsin", "backtest", folder, "--triggers",
                        triggers, "--from", date(alarm.DAYS), *more],
                       text=True, timeout=120, capture_output=True)
    assert r.returncode == 0, r.stderr
    return told(map(json.loads, r.stdout.splitlines()))


def live(d):
    out = []
    for a in d.get("/api/v1/alerts?state=all")["alerts"]:
        if a["trigger"] == "t":
            out += d.get(f"/api/v1/alerts/{a['id']}/events")["events"]
    return told(out)


def opened(events):
    return [e[1] for e in events if e[0] == "opened"]


def verdict(d, day):
    p = d.get("/api/v1/series/points?site=pharmacy-K1&indicator="
              f"otc-cough-cold&from={date(day)}&to={date(day)}")["points"][0]
    return p["count"], p["level"], p.get("reason"), p.get("mark")


def begin(d):
    d.world(alarm.AREAS, alarm.sites())
    d.advance(date(alarm.DAYS - 1))
    alarm.post(d, [r for i in range(alarm.DAYS) for r in rows(i)])
    d.advance(date(alarm.DAYS - 1))


def go_on(d, to):
    """Each day is weighed once, with its counts."""
    today = datetime.date.fromisoformat(d.status()["today"])
    for i in range((today - alarm.FIRST).days + 1, to + 1):
        alarm.post(d, rows(i))
        d.advance(date(i))


def events_of(d, alert):
    return [e["event"] for e in
            d.get(f"/api/v1/alerts/{alert}/events")["events"]]


def check_words(d, tmp_path):
    """Bad words are named, and nothing is marked."""
    for words, reason in (
            (("--area", "K3"), 'unknown area "K3", did you mean "K1"?'),
            (("--site", "pharmacy-K7"), "did you mean"),
            (("--area", "K1", "--kind", "farmacy"), '"pharmacy"?'),
            (("--area", "K1", "--indicator", "ili-visits"), '"ili-visit"?'),
            (("--area", "K1", "--from", "2025-03-20"), "is after to"),
            (("--area", "K1", "--from", "2023-03-20"), "at most 400"),
            (("--area", "K1", "--why", "outbrake"), '"outbreak"?'),
            (("--area", "K1", "--text", ""), "the text is empty"),
            (("--alert", "0123456789abcdef"), "no alert"),
            ((), "an area or a site")):
        given = {"--from": "2025-03-01", "--to": "2025-03-09", "--why":
                 "outbreak", "--text": "t"} | dict(zip(words[::2], words[1::2]))
        said = tocsin(d, "mark", "add", *[w for p in given.items() for w in p],
                      code=2)
        assert reason in said, (words, said)
    tocsin(d, "mark", "withdraw", "9", code=2)
    assert "No marks." in tocsin(d, "mark", "list")
    bad = tmp_path / "bad.csv"
    bad.write_text("area,from,to,why,text\nK3,2025-03-01,2025-03-02,fault,t\n")
    r = subprocess.run([BIN / "tocsin", "backtest", tmp_path / "data",
                        "--triggers", tmp_path / "triggers", "--marks", bad],
                       text=True, timeout=120, capture_output=True)
    assert r.returncode == 65 and 'bad.csv:2: unknown area "K3"' in r.stderr


def test_a_marked_outbreak_does_not_hide_the_next(tmp_path):
    triggers = tmp_path / "triggers"
    triggers.mkdir()
    (triggers / "t.conf").write_text(TRIGGER)
    data = data_set(tmp_path / "data")
    without = backtest(data, triggers)
    assert date(SECOND_WAVE[0]) > max(opened(without)) >= date(60)
    (triggers / "single.conf").write_text(
        (ROOT / "etc/triggers.d/single-case.conf").read_text())
    with Daemon(tmp_path, tocsind_triggers=triggers) as d:
        begin(d)
        check_words(d, tmp_path)
        # Before its days have come: what is planned is known.
        n = add(d, "--area", "K1", "--from", date(60), "--to", date(67),
                "--why", "outbreak", "--text", 'influenza, "A"')
        go_on(d, LAST)
        seen = live(d)
        second = [e for e in opened(seen) if e >= date(SECOND_WAVE[0])]
        assert len(second) == 1 and second[0] <= date(SECOND_WAVE[2])
        marks = tmp_path / "marks.csv"
        marks.write_text(tocsin(d, "mark", "list", "--csv"))
        assert sorted(backtest(data, triggers, "--marks", marks)) == \
            sorted(seen)
        told_why = [tocsin(d, "trigger", "explain", "K1", date(LAST)),
                    tocsin(d, "trigger", "explain", "K1", date(LAST), "--data",
                           data, "--marks", marks, "--triggers", triggers)]
        assert [w for w in told_why[0].splitlines() if " p " in w] == [
            w for w in told_why[1].splitlines() if " p " in w] != []
        # Withdrawn: the second wave is as high as what is usual again.
        assert verdict(d, 74)[1] in ("warning", "alert")
        assert "withdrawn" in tocsin(d, "mark", "withdraw", str(n))
        d.advance(date(LAST))
        assert verdict(d, 74)[1] == "normal"
        assert d.get("/api/v1/marks")["marks"] == []
        gone = d.get("/api/v1/marks?withdrawn=yes")["marks"]
        assert gone[0]["number"] == n and gone[0]["withdrawn_by"]
    with contextlib.closing(sqlite3.connect(d.state / "tocsin.db")) as db:
        for change in ("UPDATE mark SET last=last+1", "DELETE FROM mark",
                       "UPDATE mark SET withdrawn_by=NULL"):
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(change)


def test_a_cause_and_a_fault_are_no_evidence(tmp_path):
    triggers = tmp_path / "triggers"
    triggers.mkdir()
    (triggers / "t.conf").write_text(TRIGGER)
    (triggers / "single.conf").write_text(
        (ROOT / "etc/triggers.d/single-case.conf").read_text())
    daemon = Daemon(tmp_path, tocsind_triggers=triggers)
    with daemon as d:
        begin(d)
        go_on(d, 63)
        alarm.post(d, [f"{date(63)},fever-clinic-K2,plague-case,1"])
        d.advance(date(63))
        alerts = {a["trigger"]: a for a in
                  d.get("/api/v1/alerts")["alerts"]}
        mine, case = alerts["t"]["id"], alerts["single-case"]["id"]
        before = verdict(d, 62)
        assert before[1] == "alert" and before[3] is None
        coverage = d.get(f"/api/v1/alerts/{mine}")["coverage"]
        # The alert's place, kinds, indicators and days; an id cut short.
        n = add(d, "--alert", mine[:8], "--why", "cause", "--text",
                "free samples everywhere")
        mark = d.get("/api/v1/marks?area=C")["marks"][0]
        assert mark["area"] == "K1" and mark["alert"] == mine
        assert (mark["from"], mark["to"]) == (date(60), date(63))
        assert set(mark["kinds"]) == {k for k, _, _ in alarm.REPORTS}
        assert set(mark["indicators"]) == {i for _, i, _ in alarm.REPORTS}
        assert d.get("/api/v1/marks?area=K2")["marks"] == []
        d.advance(date(63))
        assert events_of(d, mine)[-1] == "unsupported"
        assert verdict(d, 62) == (before[0], "unknown", "cause", "cause")
        shown = tocsin(d, "alert", "show", mine)
        assert "Mark 1, known cause, no illness: free samples" in shown
        why = tocsin(d, "trigger", "explain", "K1", date(63))
        assert "Mark 1, known cause" in why and "no signal" in why
        explained = d.get(f"/api/v1/explain?area=K1&day={date(63)}")
        assert explained["triggers"][0]["coverage"] < coverage
        # A rule of cases minds no cause, but a fault.
        for i, reason in enumerate(("cause", "outbreak", "event", "fault")):
            assert events_of(d, case)[-1] != "unsupported", reason
            add(d, "--site", "fever-clinic-K2", "--from", date(63), "--to",
                date(63), "--why", reason, "--text", "x")
            d.advance(date(63))
        assert events_of(d, case)[-1] == "unsupported"
        after = [verdict(d, i) for i in range(58, 64)]
        listed = tocsin(d, "mark", "list")
        assert listed.count("\n") == 6 and "free samples" in listed
    with daemon as d:
        assert [verdict(d, i) for i in range(58, 64)] == after
        assert tocsin(d, "mark", "list") == listed
        assert d.get(f"/api/v1/alerts/{mine}")["unsupported"]
        tocsin(d, "mark", "withdraw", str(n))
        d.advance(date(63))
        assert verdict(d, 62) == before
        assert not d.get(f"/api/v1/alerts/{mine}")["unsupported"]
