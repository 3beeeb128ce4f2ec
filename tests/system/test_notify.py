"""Notices of a running tocsind: a signed webhook, an e-mail, a program; none
is lost when the receiver fails or the daemon is killed."""
import asyncore
import base64
import email
import email.header
import hashlib
import hmac
import http.server
import json
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


def test_a_bad_receiver_stops_the_start(tmp_path):
    d = Daemon(tmp_path, conf='receiver "x" {\n\ttype = webhook\n}\n')
    with pytest.raises(RuntimeError, match="http://"):
        d.start()
