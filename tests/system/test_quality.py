"""How sites report, as the operator reads it: a site walks from new to on
time, late, silent, back-filling and on time again; its silence, copied and
lost frames and refused counts raise operators' alerts, which mend by
themselves, are closed by people, and never reach the duty officer."""
import datetime
import json
import os
import sqlite3
import subprocess
import time

import sheets
from daemon import BIN, Daemon
from sender import FORK, Sender, batch

FIRST = datetime.date(2020, 3, 2)
PADDING = b"\xfa\x7f\x80\x80\x0f" + bytes(15 << 14)  # a field of number 2047


def date(i):
    return str(FIRST + datetime.timedelta(i))


def receivers(folder):
    """Two programs that keep what they are told, a file a notice."""
    return "\n".join(f"""
receiver "{name}" {{
	type = command
	command = {{ "/bin/sh", "-c",
		"f=$(mktemp {folder}/XXXXXX) && cat >$f && mv $f $f.{name}" }}
	tell = {name}
	language = "{language}"
}}""" for name, language in (("officer", "en"), ("operator", "zh-CN")))


def told(folder, name):
    """Type -> title of the notices; one may have come twice."""
    notices = [json.loads(f.read_text()) for f in folder.glob(f"*.{name}")]
    return {n["type"]: n["data"]["title"] for n in notices}


def wait(what, seconds=60):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


def tocsin(d, *words):
    r = subprocess.run([BIN / "tocsin", *words], text=True, timeout=60,
                       capture_output=True,
                       env={**os.environ, "LC_ALL": "C.UTF-8",
                            "TOCSIN_SOCKET": str(d.state / "tocsin.sock")})
    assert r.returncode == 0, (words, r.stderr)
    return r.stdout


def post(d, *days, site="clinic-1", count=7, indicator="ili-visit"):
    status, body = d.post_csv("date,site,indicator,count\n" + "".join(
        f"{date(i)},{site},{indicator},{count}\n" for i in days))
    assert status == 202 and body["refused"] == [], body


def site(d, code="clinic-1"):
    return d.get(f"/api/v1/sites?site={code}")["sites"][0]


def state(d, code="clinic-1"):
    s = site(d, code)
    return s["state"], s["missing"]


def alerts(d, route="operator", lang="en"):
    return d.get(f"/api/v1/alerts?route={route}&state=all&lang={lang}")[
        "alerts"]


def events(d, id):
    return [e["event"] for e in d.get(f"/api/v1/alerts/{id}/events")["events"]]


def test_a_site_falls_silent_and_comes_back(tmp_path):
    with Daemon(tmp_path, conf=receivers(tmp_path)) as d:
        d.world(sites="site,kind,area,name,phone\n"
                "clinic-1,fever-clinic,K1,Clinic one,0576-1234\n")
        d.advance(date(0))
        assert state(d) == ("new", 0) and site(d)["last_day"] is None
        for i in range(14):
            post(d, i)
            d.advance(date(i))
            assert state(d) == ("new" if i < 13 else "on-time", 0)
        d.advance(date(15))
        assert state(d) == ("on-time", 0)
        d.advance(date(16))
        assert state(d) == ("late", 1)
        assert site(d)["missing_since"] == date(14)
        assert alerts(d) == []
        d.advance(date(18))
        assert state(d) == ("silent", 3)

        # One alert, on its own route, in words; the restart adds none.
        d.stop()
        d.start()
        assert state(d) == ("silent", 3)
        d.advance(date(23))
        raised, = alerts(d)
        assert (raised["cause"], raised["site"], raised["signal"]) == (
            "silence", "clinic-1", "active")
        assert raised["summary"] == "Clinic one is silent"
        assert raised["first_day"] == date(14) and raised["grade"] is None
        assert alerts(d, lang="zh-CN")[0]["summary"] == "Clinic one失联"
        for path, name in (("alerts?route=operator", "alerts"),
                           (f"alerts/{raised['id']}/events", "events"),
                           ("sites?state=silent", "sites")):
            path = f"/api/v1/{path}"
            status, text = d.ask("GET", path, headers={"Accept": "text/csv"})
            n, head = sheets.same(text, d.get(path), [name])
            assert n == 1 and {"site", "state", "facts"} & set(head)
        assert alerts(d, "officer") == []
        assert d.status()["operator_alerts"] == {"open": 1}
        assert d.status()["alerts"] == {}
        assert d.status()["reporting"]["silent"] == 1
        assert d.metric('sites_reporting{state="silent"}') == 1
        assert d.metric("operator_alerts") == 1
        assert "Clinic one is silent" in tocsin(d, "alert", "list", "--route",
                                                "operator")
        assert "silent" not in tocsin(d, "alert", "list")
        assert "silent 8" in tocsin(d, "site", "list", "--state", "silent")
        shown = tocsin(d, "alert", "show", raised["id"][:8])
        assert "unknown, not zero" in " ".join(shown.split())
        assert "Ring the site (0576-1234)." in " ".join(shown.split())
        tocsin(d, "alert", "ack", raised["id"])

        # It sends what it kept: back-filling, and the fault is over.
        post(d, *range(14, 24))
        assert state(d) == ("back-filling", 0)
        d.stop()
        d.start()
        assert state(d) == ("back-filling", 0)
        d.advance(date(23))
        mended, = alerts(d)
        assert (mended["state"], mended["signal"]) == ("acknowledged", "ended")
        post(d, 24)
        d.advance(date(24))
        assert state(d) == ("on-time", 0)
        tocsin(d, "alert", "close", raised["id"], "--note", "cable",
               "--outcome", "other")
        assert events(d, raised["id"]) == ["raised", "acknowledged", "mended",
                                           "closed"]
        assert alerts(d)[0]["state"] == "closed"

        # The operator was told of both, in Chinese; the officer of nothing.
        wait(lambda: len(told(tmp_path, "operator")) == 2)
        assert told(tmp_path, "operator") == {
            "alert.raised": "Clinic one失联",
            "alert.mended": "Clinic one失联"}
        assert told(tmp_path, "officer") == {}

        # Silent again: another alert, which names the one before.
        d.advance(date(29))
        again = alerts(d)[0]
        assert again["previous"] == raised["id"] != again["id"]


def test_closed_days_are_not_waited_for(tmp_path):
    with Daemon(tmp_path) as d:
        d.world()
        d.advance(date(19))
        post(d, *range(20))
        post(d, *range(20), site="clinic-2")
        for i in range(20, 27):
            # A mark of a day far ahead is not believed.
            body = {"counts": [], "closed": [
                {"site": "clinic-1", "date": date(k)} for k in (i, i + 30)]}
            d.advance(date(i))
            status, answer = d.ask("POST", "/api/v1/counts",
                                   json.dumps(body).encode())
            assert status == 202, answer
        d.advance(date(26))
        assert state(d) == ("on-time", 0)
        assert site(d)["closed_day"] == date(26)
        assert site(d)["last_day"] == date(19)
        assert state(d, "clinic-2") == ("silent", 5)
        assert [a["site"] for a in alerts(d)] == ["clinic-2"]
        d.stop()
        d.start()
        assert state(d) == ("on-time", 0)
        # Missing it stays, and is no zero.
        points = d.get("/api/v1/series/points?site=clinic-1"
                       f"&indicator=ili-visit&from={date(20)}&to={date(26)}")
        assert {p["count"] for p in points["points"]} == {None}


def clinic(d, epoch, first_seq=1):
    return Sender(d.address(), "clinic-1", epoch=epoch, first_seq=first_seq)


def rows(i, n=1, indicator="ili-visit"):
    return [{"date": date(i - k), "indicator": indicator, "count": 3}
            for k in range(n)]


def test_forks_gaps_and_refusals(tmp_path):
    with Daemon(tmp_path) as d:
        d.world()
        d.advance(date(30))
        with clinic(d, 5) as s:
            s.hello()
            s.wait_ack(s.send(rows(30)))
        with clinic(d, 5) as copy:
            copy.put(rows(29))
            answer = copy.raw(copy.outbox[1])
            assert copy.pb.Nack.FromString(answer.body).code == FORK
        with clinic(d, 6, first_seq=41) as s:
            s.hello()
            s.wait_ack(s.send(rows(30)))
        wait(lambda: len(alerts(d)) == 2)
        by = {a["cause"]: a for a in alerts(d)}
        assert by["fork"]["summary"] == "The outbox of Clinic one was copied"
        assert by["gap"]["signal"] == "active"
        gap = d.get(f"/api/v1/alerts/{by['gap']['id']}?lang=en")
        assert gap["explanation"][1].startswith("40 frames that Clinic one")

        # Refused counts: an indicator that nobody knows.
        with clinic(d, 7) as s:
            s.hello()
            s.wait_ack(s.send(rows(30, 12, "ilivisit") + rows(30, 12)))
        [who] = d.status()["refusals"]
        assert (who["sender"], who["name"]) == ("clinic-1", "Clinic one")
        assert (who["refused"], who["kept"], who["day"]) == (12, 14, date(30))
        assert "ili-visit" in who["reason"]  # did you mean
        d.advance(date(31))
        by = {a["cause"]: a for a in alerts(d)}
        assert set(by) == {"fork", "gap", "refused"}
        assert by["refused"]["signal"] == "active"
        refused = d.get(f"/api/v1/alerts/{by['refused']['id']}?lang=en")
        assert "12 of 26 counts" in refused["explanation"][1]
        assert "ili-visit" in refused["explanation"][1]  # did you mean
        # New frames under another name came after the fork.
        assert by["fork"]["signal"] == "ended"
        assert by["gap"]["signal"] == "ended"

        # A restart forgets what the sender did, not the alert.
        d.stop()
        d.start()
        d.advance(date(32))
        assert {a["cause"]: a["signal"] for a in alerts(d)}[
            "refused"] == "active"
        with clinic(d, 8) as s:
            s.hello()
            s.wait_ack(s.send(rows(32, 3)))
        d.advance(date(33))
        assert {a["signal"] for a in alerts(d)} == {"ended"}
        assert {a["state"] for a in alerts(d)} == {"open"}


def test_what_is_missing_is_no_drop(tmp_path):
    """Half of the sites of a kind fall silent: neither the sum nor anything
    else rings, and coverage says what is missing."""
    sites = "site,kind,area,name,gateway\n" + "".join(
        f"ed-{k},ed,K1,Emergency {k},gate\n" for k in range(6))
    with Daemon(tmp_path) as d:
        d.world(sites=sites)
        d.advance(date(69))
        for k in range(6):
            post(d, *range(60 if k >= 3 else 70), site=f"ed-{k}", count=20 + k)
        d.advance(date(70))
        points = d.get("/api/v1/series/points?area=K1&kind=ed"
                       f"&indicator=ili-visit&from={date(58)}&to={date(69)}")
        expected = [p["expected"] for p in points["points"]]
        assert [p["count"] for p in points["points"]] == [135] * 2 + [63] * 10
        assert all(abs(e - 63) < 3 for e in expected[2:]), expected
        assert {p["level"] for p in points["points"]} == {"normal"}
        assert alerts(d, "officer") == []
        assert sorted(a["site"] for a in alerts(d)) == ["ed-3", "ed-4", "ed-5"]

        # All of a gateway's sites: one alert more, of the gateway.
        d.advance(date(75))
        assert [(a["cause"], a["sender"]) for a in alerts(d)[:1]] == [
            ("silence-gateway", "gate")]
        assert len(alerts(d)) == 4

        # One that is withdrawn is not silent any more.
        status, body = d.post_csv("site,kind,area,gateway,withdrawn\n"
                                  "ed-3,ed,K1,gate,yes\n", "/api/v1/sites")
        assert status == 200, body
        d.advance(date(76))
        assert state(d, "ed-3") == ("withdrawn", 0)
        assert {a["site"]: a["signal"] for a in alerts(d)}["ed-3"] == "ended"


def test_the_log_of_the_database_grows(tmp_path):
    """Somebody reads the database without an end; then he goes.  The alert
    mends after a minute of looks, which unit.upkeep waits for."""
    with Daemon(tmp_path, quality_wal="70MiB") as d:
        d.world()
        d.advance(date(40))
        reader = sqlite3.connect(f"file:{d.state}/tocsin.db?mode=ro", uri=True,
                                 isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM ledger").fetchall()
        with Sender(d.address(), "clinic-1") as s:
            s.hello()

            def send():
                """A count, and much that is passed over but kept."""
                frame = batch("clinic-1", [{
                    "date": date(30), "indicator": "ili-visit",
                    "count": s.last, "revision": s.last + 1}])
                frame.MergeFromString(PADDING)
                s.wait_ack(s.send(frame), timeout=60)
            while d.status()["store"]["wal_bytes"] <= 70 << 20:
                for _ in range(30):
                    send()
            wait(lambda: [a["cause"] for a in alerts(d)] == ["wal"])
            alert, = alerts(d)
            assert alert["summary"] == "The write-ahead log grows"
            assert alert["signal"] == "active"
            reader.close()

            def begins_anew():
                send()
                return d.status()["store"]["wal_bytes"] <= 70 << 20
            wait(begins_anew)


def test_by_the_clock_on_the_wall(tmp_path):
    """Sites are looked at by themselves, without any day being advanced."""
    with Daemon(tmp_path, clock="system", quality_first_look=0,
                quality_back_fill_days=400) as d:
        d.world()
        today = datetime.date.fromisoformat(d.status()["today"])
        days = [(today - datetime.timedelta(6 + i) - FIRST).days
                for i in range(20)]
        post(d, *days)
        wait(lambda: [(a["cause"], a["site"]) for a in alerts(d)]
             == [("silence", "clinic-1")])
        assert state(d)[0] == "silent"
        post(d, days[0] + 6)
        id = alerts(d)[0]["id"]
        wait(lambda: events(d, id) == ["raised", "mended"])
        assert alerts(d)[0]["signal"] == "ended"


def test_a_site_lives_by_its_own_day(tmp_path):
    """Between -12 and +14 lie 26 hours: whatever the clock on the wall says,
    the days of two such places are one or two apart."""
    one = datetime.timedelta(1)

    def local(hours, seconds=0):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (now + datetime.timedelta(hours=hours, seconds=seconds)).date()

    with Daemon(tmp_path, clock="system", tocsind_zone="Etc/GMT+12") as d:
        d.world()
        status, body = d.post_csv(
            "site,kind,area,name,zone\n"
            "far,fever-clinic,K1,Far,Pacific/Kiritimati\n"
            "near,fever-clinic,K1,Near,Pacific/Kiritimati\n"
            "here,fever-clinic,K1,Here,\n", "/api/v1/sites")
        assert status == 200, body

        def take(site, day):
            """Why the day is refused; None where it is taken."""
            status, body = d.post_csv("date,site,indicator,count\n"
                                      f"{day},{site},ili-visit,5\n")
            assert status == 202
            return body["refused"][0]["detail"] if body["refused"] else None

        # Tomorrow there is two days away from here, or three.
        there, last = local(14), local(-12) - 2 * one
        assert take("near", there + one) is None
        assert "beyond tomorrow (today is 2" in take("here", there + 2 * one)
        assert take("near", there + 3 * one).endswith(
            "in Pacific/Kiritimati)")
        # The same reports: what is due after them goes by the place.
        assert take("here", last) is None and take("far", last) is None
        before = local(14, -1), local(-12, -1)
        sites = {s["site"]: s for s in d.get("/api/v1/sites")["sites"]}
        after = local(14, 1), local(-12, 1)
        today = {n: datetime.date.fromisoformat(s["today"])
                 for n, s in sites.items()}
        assert before[0] <= today["far"] <= after[0]
        assert before[1] <= today["here"] <= after[1]
        assert today["school-1"] == today["here"] < today["far"]
        for n in "here", "far":
            assert sites[n]["missing"] == (today[n] - 2 * one - last).days
        assert sites["here"]["missing"] < sites["far"]["missing"]
        assert sites["far"]["state"] == "late"
        assert "(Pacific/Kiritimati)" in tocsin(d, "site", "show", "far")
        # Back-filling is a matter of its day too, also for a restart.
        assert take("near", there - 30 * one) is None

        def near():
            site = d.get("/api/v1/sites?site=near")["sites"][0]
            return site["today"], site["state"]

        day, state = near()
        assert state == "back-filling" or day > str(there)
    with d:
        again = near()
        assert again == (day, state) or again[0] > day
