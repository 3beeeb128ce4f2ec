"""The HTTP interface of a running tocsind."""
import csv
import http.client
import io
import json
import pathlib
import re
import socket
import stat
import threading
import time

import alarm
import pytest
import sheets
import zmq
from daemon import Daemon

CONF = """
receiver "duty" {
	type = journal
}
rota "K1" {
	area = "K1"
	week = { "daily 00:00-24:00 duty" }
}
"""
DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs/api.md"


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("api"), http_listen="127.0.0.1:0",
                conf=CONF) as daemon:
        daemon.alert = alarm.ring(daemon)
        yield daemon


def tcp(d, method, path, body=None, headers=None):
    host, port = d.address("http").rsplit("/", 1)[1].rsplit(":", 1)
    c = http.client.HTTPConnection(host, int(port), timeout=20)
    c.request(method, path, body, headers or {})
    r = c.getresponse()
    data = r.read()
    c.close()
    return r, data


def token(d):
    return (d.state / "token").read_text().strip()


def test_the_token_is_private(d):
    assert stat.S_IMODE((d.state / "token").stat().st_mode) == 0o600
    assert stat.S_IMODE((d.state / "tocsin.sock").stat().st_mode) == 0o660
    assert len(token(d)) > 60


def test_an_alert_is_explained_and_its_evidence_named(d):
    a = d.get(f"/api/v1/alerts/{d.alert['id']}?lang=en")
    assert len(a["explanation"]) == 5
    assert not any(re.search(r"\d", line) for line in a["explanation"])
    assert "Qinghe" in a["explanation"][0]
    assert a["area_path_zh"] == "白沙市 / 清河县"
    assert a["evidence"][0]["site_name"]
    zh = d.get(f"/api/v1/alerts/{d.alert['id']}?lang=zh-CN")
    assert "清河县" in zh["explanation"][0]
    assert "预警" not in "".join(zh["explanation"])
    assert [e["event"] for e in a["events"]][0] == "opened"


def test_points_hold_what_was_posted(d):
    r = d.get("/api/v1/series/points?site=pharmacy-K1"
              "&indicator=otc-cough-cold&from=2025-03-01&to=2025-03-12")
    got = {p["day"]: p["count"] for p in r["points"]}
    for i in range(54, 64):
        day, _, _, value = alarm.counts(i, 2.5 if i >= 60 else 1)[0].split(",")
        assert got[day] == int(value)
    assert got["2025-03-12"] is None  # unknown is not zero
    assert any(p["level"] == "alert" for p in r["points"])
    total = d.get("/api/v1/series/points?area=C&kind=pharmacy"
                  "&indicator=otc-cough-cold&from=2025-03-10&to=2025-03-10")
    rows = [r.split(",") for r in alarm.counts(63, 2.5) if "pharmacy" in r]
    assert total["points"][0]["count"] == sum(int(r[3]) for r in rows)


def test_the_map_tells_what_lies_below(d):
    rank = ["blue", "yellow", "orange", "red"]
    alerts = [a for a in d.get("/api/v1/alerts")["alerts"]
              if a["signal"] == "active"]
    m = d.get("/api/v1/map")  # one root: what lies below it
    assert m["day"] == d.status()["today"]
    assert m["area"]["area"] == "P" and m["above"] == []
    assert [a["area"] for a in m["areas"]] == ["C"]
    assert m["areas"][0]["active"] == len(alerts)
    m = d.get("/api/v1/map?area=C")
    assert [a["area"] for a in m["above"]] == ["P"]
    assert [a["area"] for a in m["areas"]] == ["K1", "K2"]
    for row in m["areas"]:
        mine = [a for a in alerts if a["area"] == row["area"]]
        assert row["active"] == len(mine) > 0
        assert row["signal"] == max((a["grade"] for a in mine),
                                    key=rank.index)
        assert row["top"]["id"] in [a["id"] for a in mine]
        assert row["top"]["grade"] == row["signal"]
        assert "evidence" not in row["top"]
        assert (row["sites"], row["coverage"]) == (3, 1.0)
        assert row["reporting"]["on-time"] == 3 and row["children"] == 0
    assert m["area"]["signal"] == max((a["grade"] for a in alerts),
                                      key=rank.index)
    assert (m["area"]["sites"], m["area"]["children"]) == (6, 2)
    assert d.get("/api/v1/map?area=K1")["areas"] == []


def test_sites_show_who_is_silent(d):
    r = d.get("/api/v1/sites?area=K1")["sites"]
    assert len(r) == 3
    assert all(s["recent"][-2] == 1 and s["recent"][-1] == 0 for s in r)
    assert r[0]["last_day"] == "2025-03-10"
    page = d.get("/api/v1/sites?limit=4")
    rest = d.get(f"/api/v1/sites?limit=4&after={page['next']}")
    names = [s["site"] for s in page["sites"] + rest["sites"]]
    assert len(set(names)) == 6 and rest["next"] is None


def test_writing_over_tcp_needs_the_token(d):
    path = f"/api/v1/alerts/{d.alert['id']}/events"
    body = json.dumps({"verb": "note", "note": "from a test"})
    r, data = tcp(d, "POST", path, body)
    assert r.status == 401
    assert r.getheader("Content-Type") == "application/problem+json"
    assert json.loads(data)["status"] == 401
    r, _ = tcp(d, "POST", path, body, {"Authorization": "Bearer x"})
    assert r.status == 401
    bearer = {"Authorization": f"Bearer {token(d)}"}
    r, _ = tcp(d, "POST", path, body,
               {**bearer, "Origin": "http://evil.example"})
    assert r.status == 403
    r, data = tcp(d, "POST", path, body, bearer)
    assert r.status == 200, data
    last = d.get(f"/api/v1/alerts/{d.alert['id']}/events")["events"][-1]
    assert last["actor"] == "token" and last["note"] == "from a test"
    r, _ = tcp(d, "GET", "/api/v1/status", headers={"Host": "evil.example"})
    assert r.status == 421


def test_a_page_signs_in_and_acts_under_its_name(d):
    origin = "http://" + d.address("http").rsplit("/", 1)[1]
    same = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    r, _ = tcp(d, "POST", "/api/v1/session",
               json.dumps({"token": token(d), "name": "李伟"}), same)
    assert r.status == 200
    cookie = r.getheader("Set-Cookie")
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    jar = {"Cookie": cookie.split(";")[0]}
    path = f"/api/v1/alerts/{d.alert['id']}/events"
    body = json.dumps({"verb": "note", "note": "x"})
    assert tcp(d, "POST", path, body, jar)[0].status == 403
    r, data = tcp(d, "POST", path, body, {**jar, **same})
    assert r.status == 200, data
    last = d.get(f"/api/v1/alerts/{d.alert['id']}/events")["events"][-1]
    assert last["actor"] == "李伟"


def test_a_stale_version_changes_nothing(d):
    path = f"/api/v1/alerts/{d.alert['id']}"
    before = d.get(path)
    status, body = d.ask("POST", path + "/events",
                         json.dumps({"verb": "ack"}),
                         headers={"If-Match": '"1"'})
    assert status == 412, body
    assert d.get(path)["version"] == before["version"]
    status, body = d.ask("POST", path + "/events",
                         json.dumps({"verb": "close", "outcome": "other"}))
    assert status == 422 and "note" in body["detail"]
    status, body = d.ask("POST", path + "/events",
                         json.dumps({"verb": "note", "note": "now"}),
                         headers={"If-Match": f'"{before["version"]}"'})
    assert status == 200, body


# path, the lists of its rows, what is taken from around them
SHEETS = (
    ("areas", ["areas"], ()),
    ("map?area=C", ["areas"], ("day",)),
    ("sites", ["sites"], ()),
    ("series", ["series"], ()),
    ("series/points?site=pharmacy-K1&indicator=otc-cough-cold", ["points"],
     ("site", "site_name", "area", "kind", "indicator", "stratum", "period")),
    ("series/points?area=C&kind=pharmacy&indicator=otc-cough-cold",
     ["points"], ("area", "kind", "indicator", "period")),
    ("vocabulary", ["kinds", "indicators"], ()),
    ("alerts?route=all&state=all", ["alerts"], ()),
    ("alerts/ID", ["evidence"], ("alert",)),
    ("alerts/ID/events", ["events"], ()),
    ("explain?area=K1&day=2025-03-10", ["triggers"], ("area", "day")),
    ("scorecard?from=2025-01-01", ["triggers"], ("from", "to")),
    ("advice?trigger=respiratory", ["triggers"], ("from", "to")),
    ("notices", ["notices"], ()),
    ("rota", ["rota"], ()),
    ("sites/pharmacy-K1/keys", ["keys"], ()),
)


def test_csv_is_the_json_cell_by_cell(d):
    d.ask("POST", "/api/v1/sites/pharmacy-K1/keys", json.dumps(
        {"key": zmq.curve_keypair()[0].decode()}))
    note = 'They say: "no, none",\nand mean it '
    d.ask("POST", f"/api/v1/alerts/{d.alert['id']}/events",
          json.dumps({"verb": "note", "note": note}))
    until = time.monotonic() + 60
    for path, lists, around in SHEETS:
        path = "/api/v1/" + path.replace("ID", d.alert["id"])
        csv_path = path + ("&" if "?" in path else "?") + "format=csv"
        before, after = None, d.get(path)
        while before != after:  # a notice may just have been sent
            assert time.monotonic() < until, path
            before, (status, text) = after, d.ask("GET", csv_path)
            assert status == 200, text
            after = d.get(path)
        n, head = sheets.same(text, after, lists, {
            name: "id" if name == "alert" else True for name in around})
        assert n > 0, path
        lines = text.split("\r\n")
        assert lines[0] == ",".join(head) and lines[-1] == ""


def test_areas_and_sites_as_csv_are_imports(d):
    """What was exported changes nothing; one cell of it, one row."""
    for path, key, was, now in (
            ("/api/v1/areas", "areas", "清河县", "清河"),
            ("/api/v1/sites", "sites", "0790-5550100,,,FALSE", "0,,,true")):
        status, text = d.ask("GET", path + "?format=csv")
        before = d.get(path)[key]
        assert d.post_csv(text, path) == (200, {"added": 0, "changed": 0})
        assert d.get(path)[key] == before
        assert d.post_csv(text.replace(was, now, 1), path) == (
            200, {"added": 0, "changed": 1})
        assert d.post_csv(text, path)[1] == {"added": 0, "changed": 1}
        assert d.get(path)[key] == before


def test_the_status_as_csv_has_a_row_a_figure(d):
    status, text = d.ask("GET", "/api/v1/status?format=csv")
    rows = {(r["part"], r["name"]): (r["today"], r["value"])
            for r in csv.DictReader(io.StringIO(text, newline=""))}
    assert rows["", "sites"] == ("2025-03-11", "6")
    assert rows["reporting", "on-time"] == ("2025-03-11", "6")
    assert rows["reporting", "silent"] == ("2025-03-11", "0")
    now = d.get("/api/v1/status")
    for part, block in now.items():
        if isinstance(block, list):
            continue  # of objects: JSON alone has it
        names = block if isinstance(block, dict) else {part}
        for name in names:
            if not isinstance(block, dict) or not isinstance(
                    block[name], (dict, list)):
                assert ("" if name is part else part, name) in rows


def test_the_form_is_asked_for_and_named(d):
    area = "/api/v1/areas"
    table = "text/csv; charset=utf-8; header=present"
    for path, accept, kind in (
            (area, None, "application/json"),
            (area, "*/*", "application/json"),
            (area, "text/csv", table),
            (area, "text/csv, */*;q=0.1", table),
            (area, "application/json, text/csv;q=0.5", "application/json"),
            (area, "text/csv;q=0, */*", "application/json"),
            (area + "?format=json", "text/csv", "application/json"),
            (area + "?format=csv", "application/json", table),
            ("/api/v1/session", "text/csv", "application/json"),
            (area + "?format=xml", None, "application/problem+json"),
            ("/api/v1/session?format=csv", None, "application/problem+json"),
            (area + "?area=K9", "text/csv", "application/problem+json")):
        r, data = tcp(d, "GET", path,
                      headers={"Accept": accept} if accept else {})
        assert r.getheader("Content-Type") == kind, (path, accept)
        assert r.status in (200, 400, 404)
    status, body = d.ask("GET", area + "?format=xml")
    assert status == 400 and "there are json and csv" in body["detail"]
    status, body = d.ask("GET", "/api/v1/session?format=csv")
    assert status == 400 and "no rows for csv" in body["detail"]
    assert d.ask("GET", "/metrics?format=prometheus")[0] == 200
    # For spreadsheets that take a file without a mark for another code.
    assert d.ask("GET", area + "?format=csv&bom=yes")[1].startswith(
        "\ufeffarea,")


def test_pages_of_csv_name_the_next_one(d):
    path, got = "/api/v1/sites?format=csv&limit=4&kind=&area=C", []
    while path:
        r, data = tcp(d, "GET", path)
        rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
        got += [row["site"] for row in rows]
        link = r.getheader("Link")
        path = link and re.fullmatch('<(/api/v1/sites\\?.*)>; rel="next"',
                                     link)[1]
    assert got == [s["site"] for s in d.get("/api/v1/sites")["sites"]]


def test_problems_name_what_is_wrong(d):
    for path, status, words in (
            ("/api/v1/sites?area=K9", 404, "did you mean"),
            ("/api/v1/sites?limit=x", 400, "number from"),
            ("/api/v1/series/points?site=pharmacy-K1", 400, "indicator"),
            ("/api/v1/alerts/ffff", 404, "no alert"),
            ("/api/v2", 404, "docs/api.md")):
        got, body = d.ask("GET", path)
        assert got == status and words in body["detail"], (path, body)
    got, body = d.ask("POST", "/api/v1/clock", '{"to":"2020-01-01"}')
    assert got == 409
    got, body = d.ask("DELETE", "/api/v1/status")
    assert got == 405


class Stream(threading.Thread):
    def __init__(self, d, headers=""):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(d.state / "tocsin.sock"))
        self.sock.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n"
                          + headers.encode() + b"\r\n")
        self.text = ""
        self.start()

    def run(self):
        while data := self.sock.recv(65536):
            self.text += data.decode()

    def wait(self, words, seconds=10):
        until = time.monotonic() + seconds
        while words not in self.text and time.monotonic() < until:
            time.sleep(0.02)
        assert words in self.text, self.text[-2000:]

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.join(5)
        self.sock.close()


def test_events_are_streamed_and_replayed(d):
    live = Stream(d)
    live.wait("welcome")
    assert "data:" not in live.text
    d.ask("POST", f"/api/v1/alerts/{d.alert['id']}/events",
          json.dumps({"verb": "note", "note": "streamed"}))
    live.wait("streamed")
    last = int(re.findall(r"^id: (\d+)", live.text, re.M)[-1])
    live.close()
    again = Stream(d, f"Last-Event-ID: {last - 1}\r\n")
    again.wait("streamed")
    assert re.findall(r"^id: (\d+)", again.text, re.M) == [str(last)]
    again.close()


def test_metrics_are_well_formed(d):
    _, text = d.ask("GET", "/metrics")
    names = set()
    for line in text.splitlines():
        if line.startswith("# TYPE"):
            name = line.split()[2]
            assert name not in names, f"{name} is there twice"
            names.add(name)
        elif not line.startswith("#"):
            assert re.fullmatch(r'tocsin_\w+(\{\w+="[^"]*"\})? \S+', line), line
            assert line.split("{")[0].split()[0] in names
    assert "tocsin_alerts" in names and "tocsin_counts_total" in names


def test_the_document_names_every_route(d):
    """docs/api.md and the daemon agree, both ways."""
    said = set(re.findall(r"^\| `(GET|POST|DELETE) (/\S*?)`",
                          DOCS.read_text(), re.M))
    source = (DOCS.parents[1] / "daemon/api/api.c").read_text()
    real = set(re.findall(r'\{ "(GET|POST|DELETE)", "(/[^"]*)",', source))
    plain = {(m, re.sub(r"ID", ":", p).replace("FILE", "*")) for m, p in said}
    assert plain == real


def test_a_kill_keeps_alerts_and_the_day(tmp_path):
    with Daemon(tmp_path) as d:
        id = alarm.ring(d)["id"]
        d.advance("2025-03-20")
        before = d.get("/api/v1/alerts")
        d.kill()
        d.start()
        assert d.get("/api/v1/alerts") == before
        status, body = d.ask("POST", f"/api/v1/alerts/{id}/events",
                             json.dumps({"verb": "ack"}).encode())
        assert status == 200, body
        last = d.get(f"/api/v1/alerts/{id}/events")["events"][-1]
        assert (last["event"], last["as_of"]) == ("acknowledged", "2025-03-20")


def test_an_unreported_stratum_is_named_so(d):
    status, body = d.ask("GET", "/api/v1/series/points?site=pharmacy-K1"
                         "&indicator=otc-cough-cold&stratum=0-4")
    assert status == 404 and "in this stratum" in body["detail"]
