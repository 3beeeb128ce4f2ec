"""Notices of a running tocsind: a signed webhook, an e-mail, a program; none
is lost when the receiver fails or the daemon is killed; low colours wait."""
import asyncore
import base64
import datetime
import email
import email.header
import hashlib
import hmac
import http.server
import json
import signal
import smtpd
import threading
import time

import alarm
import pytest
from daemon import Daemon

SECRET = base64.b64encode(b"a secret of twenty-four.").decode()


class Hook(http.server.ThreadingHTTPServer):
    """A receiver that fails so many times before it takes anything."""

    def __init__(self, failures=0):
        self.got, self.ids, self.failures = [], [], failures
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.ids.append(self.headers["webhook-id"])
        if len(self.server.ids) <= self.server.failures:
            self.send_response(503)
        else:
            self.server.got.append((dict(self.headers), body))
            self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Mail(smtpd.SMTPServer):
    def __init__(self):
        self.got = []
        self.map = {}
        super().__init__(("127.0.0.1", 0), None, map=self.map)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=asyncore.loop, daemon=True,
                         kwargs={"timeout": 0.1, "map": self.map}).start()

    def process_message(self, peer, sender, to, data, **_):
        self.got.append((sender, to, email.message_from_bytes(data)))


def wait(what, seconds=30):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


def test_webhook_mail_and_program(tmp_path):
    hook, mail = Hook(), Mail()
    (tmp_path / "secret").write_text(f"whsec_{SECRET}\n")
    out = tmp_path / "told"
    out.mkdir()
    conf = f"""
notify {{
	console_url = "https://watch.example.org"
}}
receiver "hook" {{
	type = webhook
	url = "{hook.url}"
	secret_file = "{tmp_path}/secret"
	areas = {{"K1"}}
}}
receiver "mail" {{
	type = email
	url = "smtp://127.0.0.1:{mail.port}"
	from = "tocsin@example.org"
	to = {{"duty@example.org", "lead@example.org"}}
	language = "zh-CN"
	areas = {{"K1"}}
}}
receiver "program" {{
	type = command
	command = {{"/bin/sh", "-c", "cat > {out}/$$.new && mv {out}/$$.new {out}/$$"}}
	areas = {{"K1"}}
}}
receiver "elsewhere" {{
	type = webhook
	url = "{hook.url}"
	areas = {{"K2"}}
}}
"""
    with Daemon(tmp_path, conf=conf) as d:
        alert = alarm.ring(d)
        wait(lambda: hook.got and mail.got and list(out.iterdir()))
        wait(lambda: all(n["state"] == "sent"
                         for n in d.get("/api/v1/notices")["notices"]))
    headers, body = next(
        (h, b) for h, b in hook.got
        if json.loads(b)["data"]["alert"]["id"] == alert["id"])
    headers = {k.lower(): v for k, v in headers.items()}
    signed = (f"{headers['webhook-id']}.{headers['webhook-timestamp']}."
              .encode() + body)
    mac = hmac.new(base64.b64decode(SECRET), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()
    told = json.loads(body)
    assert told["type"] == "alert.opened"
    assert told["data"]["alert"]["id"] == alert["id"]
    assert told["data"]["url"] == \
        f"https://watch.example.org/#/alerts/{alert['id']}"
    assert len(told["data"]["explanation"]) == 5
    assert told["data"]["text"] == \
        f"{told['data']['title']} {told['data']['url']}"
    assert told in [json.loads(p.read_text()) for p in out.iterdir()]
    assert len(hook.ids) == len(set(hook.ids))

    sender, to, message = next(
        m for m in mail.got if alert["id"] in m[2]["References"])
    assert sender == "tocsin@example.org"
    assert to == ["duty@example.org", "lead@example.org"]
    subject = str(email.header.make_header(
        email.header.decode_header(message["Subject"])))
    assert "清河县" in subject and "信号" in subject
    text = message.get_payload(decode=True).decode()
    assert "清河县" in text and f"#/alerts/{alert['id']}" in text


def test_nothing_is_lost_when_killed(tmp_path):
    """The receiver fails first; the daemon is killed before it tries again."""
    hook = Hook(failures=1)
    conf = f"""
receiver "hook" {{
	type = webhook
	url = "{hook.url}"
	areas = {{"K1"}}
}}
"""
    d = Daemon(tmp_path, conf=conf).start()
    alarm.ring(d)
    wait(lambda: hook.ids)
    d.kill()
    d.start()
    try:
        wait(lambda: hook.got)
        wait(lambda: all(n["state"] == "sent"
                         for n in d.get("/api/v1/notices")["notices"]))
        notices = d.get("/api/v1/notices")["notices"]
    finally:
        assert d.stop() == 0
    assert {n["message"] for n in notices} == set(hook.ids)
    taken = [dict(h)["webhook-id"] for h, _ in hook.got]
    assert set(taken) == set(hook.ids)


LOW = """
deadlines "never" {
	verify = 90d
}
""" + "".join(f"""
trigger "{name}" {{
	title = "{name}"
	indicators = {{ {indicator} }}
	kinds = {{ {kind} }}
	where = {{ county }}
	rule = fusion
	window = 3d
	budget = 2
	quiet_days = 14
	deadlines = never
	tell = {{ duty }}
}}
""" for name, kind, indicator in (("sales", "pharmacy", "otc-cough-cold"),
                                  ("visits", "fever-clinic", "ili-visit")))


def test_low_colours_wait_for_the_digest(tmp_path):
    """What waits is told once a day, over a kill; what rises goes out at once;
    who is switched off hears nothing."""
    hook, daily, mail = Hook(), Hook(), Mail()
    (tmp_path / "t.conf").write_text(LOW)

    def conf(desk):
        return f"""
notify {{
	console_url = "https://watch.example.org"
}}
receiver "desk" {{
	type = webhook
	url = "{hook.url}"
	digest = "08:00"
	digest_below = yellow
	{desk}
}}
receiver "daily" {{
	type = webhook
	url = "{daily.url}"
	digest = "08:00"
}}
receiver "mail" {{
	type = email
	url = "smtp://127.0.0.1:{mail.port}"
	from = "tocsin@example.org"
	to = {{"duty@example.org"}}
	language = "zh-CN"
	digest = "08:00"
}}
"""

    d = Daemon(tmp_path, conf=conf(""), tocsind_zone="Asia/Shanghai",
               tocsind_triggers=tmp_path / "t.conf").start()

    def day(n):
        return str(alarm.FIRST + datetime.timedelta(n))

    def report(*rows):
        """Counts of the last day, weighed before the next."""
        alarm.post(d, [f"{day(59)},{row}" for row in rows])
        d.advance(day(60))

    def notices(**want):
        return [n for n in d.get("/api/v1/notices")["notices"]
                if want.items() <= n.items()]

    def told(where):
        """By id: a slow answer may bring a message twice."""
        return list({dict(head)["webhook-id"]: json.loads(body)
                     for head, body in where.got}.values())

    def reload(desk, says):
        seen = d.text().count(says)
        (tmp_path / "tocsin.conf").write_text(conf(desk))
        d.process.send_signal(signal.SIGHUP)
        wait(lambda: d.text().count(says) > seen)

    try:
        d.world(alarm.AREAS, alarm.sites())
        d.advance(day(59))
        alarm.post(d, [row for i in range(60) for row in alarm.counts(i, 1)
                       if "nursing" not in row])
        d.advance(day(60))
        report("pharmacy-K1,otc-cough-cold,52", "fever-clinic-K1,ili-visit,36")
        alerts = {a["trigger"]: a for a in d.get("/api/v1/alerts")["alerts"]}
        assert {k: a["grade"] for k, a in alerts.items()} == \
            {"sales": "blue", "visits": "yellow"}
        # Yellow is told at the desk; blue there and both elsewhere wait.
        wait(lambda: notices(state="sent"))
        assert told(hook)[0]["data"]["alert"]["id"] == alerts["visits"]["id"]
        waiting = notices(state="waiting")
        assert sorted(n["receiver"] for n in waiting) == \
            ["daily", "daily", "desk", "mail", "mail"]
        eight = datetime.datetime.fromisoformat(f"{day(61)}T08:00+08:00")
        assert {n["digest_ms"] for n in waiting} == {eight.timestamp() * 1000}
        assert d.status()["notices"]["for_digest"] == \
            {"daily": 2, "desk": 1, "mail": 2}

        d.kill()
        d.start()
        # Blue becomes yellow: told at the desk at once, once elsewhere.
        report("pharmacy-K1,otc-cough-cold,60")
        wait(lambda: len(told(hook)) == 2)
        assert told(hook)[1]["type"] == "alert.regraded"
        assert told(hook)[1]["data"]["alert"]["id"] == alerts["sales"]["id"]
        assert d.status()["notices"]["for_digest"] == {"daily": 2, "mail": 2}
        assert not daily.got and not mail.got

        # A mistake changes nothing, and a receiver can be switched off.
        reload('min_grade = yellow', "digest_below; min_grade must be lower")
        reload("enabled = no", "reloaded triggers=2")
        # The second county, and the city's alert of both.
        report("fever-clinic-K2,ili-visit,36")
        assert d.status()["notices"]["for_digest"] == {"daily": 4, "mail": 4}

        d.advance(day(61))
        wait(lambda: daily.got and mail.got)
        wait(lambda: not notices(state="waiting"))
        assert d.status()["notices"]["for_digest"] == {}
    finally:
        assert d.stop() == 0
    assert len(told(hook)) == 2

    message, = told(daily)
    data = message["data"]
    assert message["type"] == "alerts.digest"
    assert message["timestamp"] == f"{day(61)}T00:00:00Z"
    assert data["title"] == "Digest, signals below orange: 4"
    assert data["text"] == data["title"] + " https://watch.example.org/#/"
    assert data["more"] == 0 and len(data["explanation"]) == 4
    ids = [a["id"] for a in data["alerts"]]
    assert {a["id"] for a in alerts.values()} < set(ids)
    for line, alert in zip(data["explanation"], data["alerts"]):
        assert line.endswith(f"/#/alerts/{alert['id']}")
        assert alert["grade"] == "yellow" and "Yellow signal" in line

    assert len({letter["Message-ID"] for _, _, letter in mail.got}) == 1
    _, _, letter = mail.got[0]
    subject = str(email.header.make_header(
        email.header.decode_header(letter["Subject"])))
    assert subject == "[tocsin] 每日汇总：橙色以下信号4条"
    assert letter["In-Reply-To"] is None
    text = letter.get_payload(decode=True).decode()
    assert text.count("黄色信号") == 4
    assert [text.count(f"#/alerts/{i}") for i in ids] == [1] * 4


def test_a_bad_receiver_stops_the_start(tmp_path):
    d = Daemon(tmp_path, conf='receiver "x" {\n\ttype = webhook\n}\n')
    with pytest.raises(RuntimeError, match="http://"):
        d.start()
