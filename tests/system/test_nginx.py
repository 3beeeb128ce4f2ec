"""The shipped nginx configuration, with the real nginx before the real daemon:
only addresses, certificate and ports are replaced."""
import json
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import time
import urllib.parse
import warnings

import pytest

from daemon import Daemon

CONF = (pathlib.Path(__file__).resolve().parents[2] / "etc" / "nginx" /
        "tocsin.conf")
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
CSV = "date,indicator,count\n2020-03-02,ill-absence,{}\n"
KEY = ("school-1", "ill-absence", "", 18323)

pytestmark = pytest.mark.skipif(
    NGINX is None or shutil.which("openssl") is None,
    reason="nginx or openssl is not installed")


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def replace(text, *pairs):
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


class Front:
    """nginx, as the configuration has it."""

    def __init__(self, folder, upstream, more=()):
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
             str(folder / "key.pem"), "-out", str(folder / "cert.pem")],
            check=True, capture_output=True)
        site = replace(
            CONF.read_text(),
            ("server 127.0.0.1:8650;", f"server {upstream};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{self.port} ssl;"),
            ("\tlisten [::]:443 ssl;\n", ""),
            ("/etc/tocsin/tls/certificate.pem", f"{folder}/cert.pem"),
            ("/etc/tocsin/tls/key.pem", f"{folder}/key.pem"), *more)
        (folder / "tocsin.conf").write_text(site)
        user = "user root;" if os.geteuid() == 0 else ""
        paths = "".join(f"{name}_temp_path {folder}/{name};" for name in (
            "client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(
            f"{user} pid {folder}/pid; error_log {folder}/error.log;"
            f"daemon off; worker_processes 1; events {{}}"
            f"http {{ {paths} access_log {folder}/access.log;"
            f"include {folder}/tocsin.conf; }}")
        self.command = [NGINX, "-p", str(folder), "-c",
                        str(folder / "nginx.conf"), "-e",
                        str(folder / "error.log")]

    def __enter__(self):
        test = subprocess.run([*self.command, "-t"], capture_output=True,
                              text=True, check=False)
        assert test.returncode == 0, test.stderr
        assert "[warn]" not in test.stderr, test.stderr
        self.process = subprocess.Popen(self.command)
        for _ in range(200):
            try:
                self.connect().close()
                return self
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("nginx does not answer")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def connect(self, tls=None):
        if tls is None:
            tls = ssl.create_default_context(cafile=self.folder / "cert.pem")
        s = socket.create_connection(("127.0.0.1", self.port), 30)
        return tls.wrap_socket(s, server_hostname="localhost")

    def curl(self, path, *more, token=None, **kw):
        """(status, body) of a request."""
        head = ["-H", f"Authorization: Bearer {token}"] if token else []
        done = subprocess.run(
            ["curl", "-sS", "--cacert", str(self.folder / "cert.pem"),
             "-w", "\n%{http_code}", *head, *more,
             f"https://localhost:{self.port}{path}"],
            capture_output=True, text=True, timeout=60, check=False, **kw)
        assert done.returncode == 0, done.stderr
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def post(self, text, token, *more):
        return self.curl("/api/v1/counts", "-H", "Content-Type: text/csv",
                         "--data-binary", text, *more, token=token)


@pytest.fixture(name="daemon", scope="module")
def make_daemon(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("centre"),
                http_listen="127.0.0.1:0") as d:
        d.world()
        d.advance("2020-03-02")
        status, body = d.ask("POST", "/api/v1/sites/school-1/token", b"{}")
        assert status == 201
        d.token = body["token"]
        yield d


def upstream_of(daemon):
    return urllib.parse.urlsplit(daemon.address("http")).netloc


@pytest.fixture(name="front", scope="module")
def make_front(tmp_path_factory, daemon):
    folder = tmp_path_factory.mktemp("front") / "nginx"
    with Front(folder, upstream_of(daemon)) as front:
        yield front


def test_a_site_posts_its_counts(front, daemon):
    status, body = front.post(CSV.format(7), daemon.token)
    assert status == 202, body
    assert json.loads(body)["accepted"] == 1
    assert daemon.counts()[KEY][0] == 7
    again = front.post(CSV.format(7), daemon.token)
    assert again[0] == 202 and json.loads(again[1])["duplicate"]
    # The name of a request passes through.
    named = ["-H", "Idempotency-Key: one"]
    assert front.post(CSV.format(8), daemon.token, *named)[0] == 202
    assert front.post(CSV.format(9), daemon.token, *named)[0] == 422
    assert daemon.counts()[KEY][0] == 8
    assert daemon.token not in (front.folder / "access.log").read_text()


def test_nothing_else_passes(front, daemon):
    own = (daemon.state / "token").read_text().strip()
    for path in ("/", "/api/v1/status", "/api/v1/alerts", "/metrics",
                 "/api/v1/counts/", "/-/healthy", "/api/v1/events",
                 "/api/v1/%63lock", "/api/v1/sites"):
        assert front.curl(path, token=own)[0] == 404, path
    assert front.curl("/api/v1/clock", "-d", '{"to": "2021-01-01"}',
                      token=own)[0] == 404
    assert front.curl("/api/v1/counts", token=own)[0] == 403
    assert front.curl("/api/v1/counts", "-X", "DELETE", token=own)[0] == 403
    assert front.post(CSV.format(1), None)[0] == 401
    assert front.post(CSV.format(1), "x" * 40)[0] in (401, 403)
    # Headers that would say who one is do not pass, nor a foreign host.
    assert front.post(CSV.format(8), daemon.token, "-H", "Host: evil",
                      "-H", "Origin: https://evil", "-H",
                      "Cookie: tocsin=1")[0] == 202
    assert daemon.status()["today"] == "2020-03-02"


def test_old_tls_and_plain_http_are_refused(front):
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():  # that these are old is the point
        warnings.simplefilter("ignore")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        front.connect(old)
    with socket.create_connection(("127.0.0.1", front.port), 10) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b" 400 " in s.recv(4096)


def test_oversize(front, daemon, tmp_path):
    before = daemon.rows("SELECT count(*) FROM ledger")
    big = tmp_path / "big.csv"
    big.write_text(CSV.format(1) + "x" * (4 << 20))
    status, _ = front.post(f"@{big}", daemon.token)
    assert status == 413
    status, _ = front.post(f"@{big}", daemon.token, "-H",
                           "Transfer-Encoding: chunked")
    assert status == 413
    assert front.post(CSV.format(1), daemon.token, "-H",
                      "X-Long: " + "y" * 5000)[0] in (400, 431)
    many = [x for i in range(200) for x in ("-H", f"X-{i}: " + "z" * 100)]
    assert front.post(CSV.format(1), daemon.token, *many)[0] in (400, 431)
    assert daemon.rows("SELECT count(*) FROM ledger") == before


def closed_after(s, began, most):
    """Seconds until the other side ends the connection."""
    s.settimeout(most)
    try:
        while s.recv(4096):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - began


def test_slow_senders(front, daemon):
    """Silent within the head or the body: cut off.  Trickling: kept away
    from the daemon, which meanwhile serves others."""
    head = (f"POST /api/v1/counts HTTP/1.1\r\nHost: localhost\r\n"
            f"Authorization: Bearer {daemon.token}\r\n"
            "Content-Type: text/csv\r\n").encode()
    whole = CSV.format(3).encode()
    asked = daemon.status()["http"]["requests"]
    began = time.monotonic()
    silent = [front.connect() for _ in range(4)]
    silent[1].sendall(head[:40])
    silent[2].sendall(head + b"Content-Length: 1000\r\n\r\n")
    silent[3].sendall(head + b"Content-Length: 1000\r\n\r\n" + whole)
    trickle = front.connect()
    trickle.sendall(head + b"Content-Length: %d\r\n\r\n" % len(whole))
    for i in range(11):
        trickle.sendall(whole[i:i + 1])
        assert front.post(CSV.format(20 + i), daemon.token)[0] == 202
        time.sleep(1)
    assert daemon.counts()[KEY][0] == 30
    for s in silent:
        assert closed_after(s, began, 10) < 25
        s.close()
    # Of the slow ones the daemon has not seen anything: 11 posts, one status.
    assert daemon.status()["http"]["requests"] == asked + 12
    trickle.sendall(whole[11:])
    assert b" 202 " in trickle.recv(4096)
    trickle.close()


def test_too_many_at_once(front, daemon):
    """One address is told to wait; what was answered 202 is there."""
    text = "date,indicator,stratum,count\n2020-03-02,ill-absence,n{0},{0}\n"
    clients = [subprocess.Popen(
        ["curl", "-sS", "--cacert", str(front.folder / "cert.pem"), "-o",
         "/dev/null", "-w", "%{http_code}", "-H",
         f"Authorization: Bearer {daemon.token}", "-H",
         "Content-Type: text/csv", "--data-binary", text.format(i),
         f"https://localhost:{front.port}/api/v1/counts"],
        stdout=subprocess.PIPE, text=True) for i in range(60)]
    answers = [c.communicate(timeout=60)[0] for c in clients]
    kept = daemon.counts()
    for i, answer in enumerate(answers):
        key = ("school-1", "ill-absence", f"n{i}", 18323)
        assert (key in kept) == (answer == "202"), (i, answer)
    assert set(answers) <= {"202", "429"}
    assert answers.count("202") >= 20 and "429" in answers


def test_no_daemon(tmp_path):
    with Front(tmp_path / "nginx", f"127.0.0.1:{free_port()}") as front:
        assert front.post(CSV.format(1), "x")[0] == 502
