"""What tocsin-collect takes besides files, and how a site enrols."""
import datetime
import http.client
import json
import os
import pathlib
import socket
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
import zmq
import zmq.utils.z85

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from centre import Centre  # noqa: E402
from collect_site import BIN, Site, number, wait  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def centre():
    c = Centre().start()
    yield c
    c.stop()


@pytest.fixture
def site(tmp_path, centre):
    s = Site(tmp_path, centre.endpoint, code="hospital-1")
    yield s
    s.kill()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def post(port, body, **headers):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    c.request("POST", "/counts", body, headers)
    r = c.getresponse()
    text = r.read()
    return r.status, json.loads(text) if text[:1] == b"{" else None


def test_http(site, centre):
    port = free_port()
    site.conf(f'http {{\n\tlisten = "127.0.0.1:{port}"\n'
              "\tmax-body = 64KiB\n}\n")
    site.start()
    csv = "date,indicator,count\n2026-03-01,ill-absence,4\n"
    assert post(port, csv, Content_Type="text/csv") == \
        (200, {"taken": 1, "bad": 0, "problems": []})
    status, answer = post(
        port, json.dumps({"indicator": "ill-absence", "counts": [
            {"date": "2026-03-02", "count": 5}, {"date": "?", "count": 6}]}),
        Content_Type="application/json; charset=utf-8")
    assert status == 422 and answer["taken"] == 1 and answer["bad"] == 1
    assert "/counts/1" in answer["problems"][0]
    assert wait(lambda: len(centre.counts()) == 2)
    key = ("hospital-1", "ill-absence", "", number("2026-03-01"))
    assert centre.counts()[key][0] == 4
    for value in (8, 9):  # the second is the first, again
        assert post(port, csv.replace(",4", f",{value}"),
                    Content_Type="text/csv", Idempotency_Key="k1")[0] == 200
    assert wait(lambda: centre.counts()[key][0] == 8)
    assert post(port, csv, Content_Type="text/plain")[0] == 415
    assert post(port, csv, Content_Type="text/csv",
                Origin="http://evil.example")[0] == 403
    assert post(port, "no table", Content_Type="text/csv")[0] == 400
    assert post(port, "{", Content_Type="application/json")[0] == 400
    assert post(port, "x" * 70000, Content_Type="text/csv")[0] == 413
    assert site.process.poll() is None
    c = http.client.HTTPConnection("127.0.0.1", port)
    c.request("GET", "/counts")
    assert c.getresponse().status == 405


def test_http_only_on_loopback(site):
    site.conf('http {\n\tlisten = "0.0.0.0:8099"\n}\n')
    done = site.command("run")
    assert done.returncode == 73 and "127.0.0.1:port" in done.stderr


def test_check_reads_what_run_would(site, tmp_path):
    for text, word in (
            ('mllp {\n\tlisten = "127.0.0.1:1"\n}\n', "syndromes"),
            ('site {\n\tcounties = "/nonexistent.csv"\n}\n', "nonexistent"),
            ('http {\n\tlisten = "0.0.0.0:1"\n}\n', "loopback"),
            ('query "q" {\n\tdatabase = "/nonexistent.db"\n\tsql = "x"\n}\n',
             "nonexistent")):
        conf = tmp_path / "x.conf"
        conf.write_text(text)
        done = site.command("-c", str(conf), "check")
        assert done.returncode == 78, text
        assert word in done.stderr
        assert "LeakSanitizer" not in done.stderr


def test_command(site, centre, tmp_path):
    good = tmp_path / "good.sh"
    good.write_text("echo date,count; echo 2026-03-01,$(cat %s)\n"
                    % (tmp_path / "n"))
    (tmp_path / "n").write_text("7")
    site.conf(f'command "good" {{\n\trun = "sh {good}"\n\tevery = 1s\n'
              '\tindicator = "ill-absence"\n}\n'
              'command "half" {\n\trun = "echo date,indicator,count;'
              ' echo 2026-03-02,half,1; exit 3"\n\tevery = 1s\n}\n'
              'command "slow" {\n\trun = "sleep 600 | cat"\n\tdeadline = 1s\n'
              '\tevery = 1h\n}\n')
    site.start()
    key = ("hospital-1", "ill-absence", "", number("2026-03-01"))
    assert wait(lambda: centre.counts().get(key, (0,))[0] == 7)
    (tmp_path / "n").write_text("9")
    assert wait(lambda: centre.counts()[key][0] == 9)
    time.sleep(1)
    assert len(centre.counts()) == 1
    log = site.end()
    assert "command half: ended with status 3" in log
    assert "command slow: did not end in time" in log


def test_query(site, centre, tmp_path):
    path = tmp_path / "till.db"
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE sales(day TEXT, packs INTEGER, note TEXT)")
    db.executemany("INSERT INTO sales VALUES(?, ?, ?)",
                   [("2026-03-01", 2, 'a "b", c'), ("2026-03-01", 3, ""),
                    ("2026-03-02", 4, "")])
    db.commit()
    site.conf('query "till" {\n\tdatabase = "%s"\n\tsql = "SELECT day AS date,'
              ' sum(packs) AS count, max(note) AS stratum FROM sales'
              ' GROUP BY day"\n\tevery = 1s\n\tindicator = "otc-fever"\n}\n'
              % path)
    site.start()
    assert wait(lambda: len(centre.counts()) == 2)
    assert centre.counts()[("hospital-1", "otc-fever", 'a "b", c',
                            number("2026-03-01"))][0] == 5


class Engine:
    """An interface engine: sends HL7 over MLLP and reads the answers."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=20)

    def send(self, *segments):
        text = "\r".join(segments) + "\r"
        self.sock.sendall(b"\x0b" + text.encode() + b"\x1c\r")
        answer = b""
        while not answer.endswith(b"\x1c\r"):
            piece = self.sock.recv(4096)
            assert piece
            answer += piece
        return [s for s in answer.decode().split("\r")
                if s.startswith("MSA")][0].split("|")[1]

    def visit(self, event, number_, day, *more, reason=None):
        segments = [f"MSH|^~\\&|A|B|C|D|{day}1030||ADT^{event}|m{number_}|P|2.5",
                    f"EVN|{event}|{day}1030",
                    "PID|1||471100815^^^B||SECRETNAME^JANE",
                    "PV1|1|E" + "|" * 17 + str(number_) + "|" * 25 + day]
        if reason is not None:
            segments.append(f"PV2|||X^{reason}")
        return self.send(*segments, *more)


class Noon:
    """A time zone in which it is noon, so that no day ends during a test."""
    zone = ""  # the machine's, which is told by TZ

    def __init__(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        east = 12 - now.hour
        self.env = {**os.environ, "TZ": f"NOON{-east:+d}"}
        self.today = (now + datetime.timedelta(hours=east)).date()
        self.stamp = self.today.strftime("%Y%m%d")


class Elsewhere:
    """A time zone where it is another date than in UTC, and for two hours at
    least will be; told by the configuration."""
    env = {**os.environ, "TZ": "UTC"}

    def __init__(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        east = 14 if now.hour >= 10 else -12
        self.zone = f"Etc/GMT{-east:+d}"
        self.today = (now + datetime.timedelta(hours=east)).date()
        self.stamp = self.today.strftime("%Y%m%d")


def hospital(site, port, publish="200ms", place=Noon):
    """The engine of a hospital at that place, and the place."""
    there = place()
    site.conf(f'site {{\n\tzone = "{there.zone}"\n}}\n'
              f'mllp {{\n\tlisten = "127.0.0.1:{port}"\n'
              f'\tsyndromes = "{ROOT}/etc/syndromes.conf"\n'
              f"\tpublish = {publish}\n}}\n")
    site.start(env=there.env)
    assert wait(lambda: can_connect(port))
    return Engine(port), there


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port)).close()
        return True
    except OSError:
        return False


def test_hl7(site, centre):
    engine, noon = hospital(site, port := free_port())
    day = noon.today - datetime.timedelta(2)
    stamp, n = day.strftime("%Y%m%d"), number(day)

    def count(indicator):
        return centre.counts().get(("hospital-1", indicator, "", n))

    def settles(indicator, value, total):
        return wait(lambda: (c := count(indicator)) and
                    (c[0], c[3]) == (value, total))

    assert engine.visit("A04", "V1", stamp, reason="fever and cough") == "AA"
    assert engine.visit("A04", "V2", stamp, reason="broken arm") == "AA"
    assert engine.visit("A01", "V3", stamp, "DG1|1||J11.1^Influenza^I10") == "AA"
    assert settles("ili-visit", 2, 3)
    assert settles("fever-visit", 1, 3)
    assert count("gi-visit")[0] == 0  # none of three is a known zero
    # An update without a diagnosis keeps the complaint; a diagnosis adds.
    assert engine.visit("A08", "V2", stamp, "DG1|1||A09^Diarrhoea^I10") == "AA"
    assert settles("gi-visit", 1, 3)
    # Other words replace the earlier ones.
    assert engine.visit("A08", "V1", stamp, reason="headache") == "AA"
    assert settles("ili-visit", 1, 3)
    assert engine.visit("A11", "V3", stamp) == "AA"
    assert settles("ili-visit", 0, 2)
    # The same again changes nothing; others are passed over.
    assert engine.visit("A04", "V2", stamp, reason="broken arm") == "AA"
    assert engine.send("MSH|^~\\&|A|B|C|D|1||ORU^R01|1|P|2.5") == "AA"
    assert engine.send("MSH|^~\\&|A|B|C|D|1||ADT^A04|1|P|2.5",
                       "PID|1||||X") == "AR"
    assert engine.send("PID|1") == "AR"
    # kill -9 after an AA: the visit is there.
    assert engine.visit("A04", "VISIT-90210755", stamp, reason="vomiting") == "AA"
    site.kill()
    site.start(env=noon.env)
    assert settles("gi-visit", 2, 3)
    raw = b"".join(p.read_bytes() for p in site.state.iterdir() if p.is_file())
    for secret in (b"SECRETNAME", b"471100815", b"vomiting", b"VISIT-90210755"):
        assert secret not in raw
    assert can_connect(port)


def test_hl7_today_is_partial(site, centre):
    engine, there = hospital(site, free_port(), place=Elsewhere)
    assert engine.visit("A04", "V1", there.stamp, reason="fever") == "AA"
    key = ("hospital-1", "fever-visit", "", number(there.today))
    assert wait(lambda: key in centre.counts())
    assert centre.counts()[key][2] & 4
    # A visit without a date is one of the site's today.
    assert engine.visit("A04", "V2", "", reason="fever") == "AA"
    assert wait(lambda: centre.counts()[key][0] == 2)


def test_a_zone_that_there_is_not(site):
    site.conf('site {\n\tzone = "Asia/Shangai"\n}\n')
    done = site.command("check")
    assert done.returncode != 0
    assert ('collect.conf:2: zone: unknown time zone "Asia/Shangai", did you '
            'mean "Asia/Shanghai"?') in done.stderr


def test_hl7_hostile_lines(site, centre):
    port = free_port()
    _, noon = hospital(site, port)
    for data in (b"GET / HTTP/1.1\r\n\r\n\x1c\r", b"\x0b" + b"A" * 1200000,
                 b"\x1c\r", b"\x0b\x1c\r", b"\x0bMSH|^~\\&\x1c\r" * 500):
        s = socket.create_connection(("127.0.0.1", port), timeout=10)
        try:
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
            while s.recv(65536):
                pass
        except OSError:
            pass
        s.close()
    lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(40)]
    for s in lines:
        s.close()
    engine = Engine(port)
    assert engine.visit("A04", "V1", noon.stamp, reason="fever") == "AA"


def invitation(fields):
    import base64
    text = json.dumps(fields).encode()
    return "tocsin1." + base64.urlsafe_b64encode(text).decode().rstrip("=")


class Zap(threading.Thread):
    """Lets every key in to "enrol", and the allowed ones to "counts"."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = zmq.Context.instance().socket(zmq.REP)
        self.sock.linger = 0
        self.sock.bind("inproc://zeromq.zap.01")
        self.allowed = set()
        self.ending = False
        self.start()

    def run(self):
        while not self.ending:
            if not self.sock.poll(50):
                continue
            version, request, domain, _, _, _, key = self.sock.recv_multipart()
            text = zmq.utils.z85.encode(key).decode()
            ok = domain == b"enrol" or text in self.allowed
            self.sock.send_multipart([version, request,
                                      b"200" if ok else b"400", b"", b"", b""])
        self.sock.close()

    def end(self):
        self.ending = True
        self.join()


class Registrar(threading.Thread):
    """The enrolment socket of a centre."""

    def __init__(self, pair):
        super().__init__(daemon=True)
        self.sock = zmq.Context.instance().socket(zmq.ROUTER)
        self.sock.linger = 0
        self.sock.curve_server = True
        self.sock.curve_publickey, self.sock.curve_secretkey = pair
        self.sock.zap_domain = b"enrol"
        self.sock.bind("tcp://127.0.0.1:*")
        self.endpoint = self.sock.last_endpoint.decode()
        self.keys = {}
        self.secret = "once-only"
        self.start()

    def run(self):
        while True:
            peer, text = self.sock.recv_multipart()
            q = json.loads(text)
            ok = q["secret"] == self.secret
            if ok:
                self.keys[q["site"]] = q["key"]
                self.secret = None
            self.sock.send_multipart([peer, json.dumps({
                "accepted": ok, "sentence": "welcome" if ok else
                "this invitation was used already"}).encode()])


def test_an_invitation_is_not_in_the_list_of_processes(tmp_path):
    """Enrolling waits here for a centre that says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        word = invitation({
            "site": "school-9", "secret": "once-only",
            "enrol": "tcp://127.0.0.1:%d" % silent.getsockname()[1],
            "centre": "tcp://127.0.0.1:1",
            "key": zmq.curve_keypair()[0].decode()})
        p = subprocess.Popen([BIN, "--state", tmp_path, "enroll", word],
                             stderr=subprocess.DEVNULL)
        shown = pathlib.Path(f"/proc/{p.pid}/cmdline")
        silent.settimeout(60)
        silent.accept()[0].close()
        assert p.poll() is None
        assert b"enroll" in shown.read_bytes()
        assert b"tocsin1" not in shown.read_bytes()
        p.kill()
        p.wait()


def test_enrol_then_push_encrypted(tmp_path):
    zap = Zap()
    pair = zmq.curve_keypair()
    registrar = Registrar(pair)
    centre = Centre(curve=pair).start()
    word = invitation({"site": "school-9", "enrol": registrar.endpoint,
                       "centre": centre.endpoint, "key": pair[0].decode(),
                       "secret": "once-only"})
    state = tmp_path / "state"

    def run(*args):
        return subprocess.run([BIN, "--state", state, *args], text=True,
                              capture_output=True, timeout=60)
    f = tmp_path / "a.csv"
    f.write_text("date,indicator,count\n2026-03-01,ill-absence,3\n")
    try:
        assert run("enroll", "tocsin1.zzz").returncode == 65
        done = run("enroll", word)
        assert done.returncode == 0 and "welcome" in done.stdout, done.stderr
        assert (state / "site.key").stat().st_mode & 0o777 == 0o600
        secret = (state / "site.key").read_text().split()[3]
        assert secret not in done.stdout + done.stderr
        # The centre has not let the key in yet: said in words, kept safe.
        done = run("push", str(f))
        assert done.returncode == 69
        assert "does not accept this site's key" in done.stderr
        zap.allowed.add(registrar.keys["school-9"])
        done = run("push", str(f))
        assert done.returncode == 0, done.stderr
        assert len(centre.counts()) == 1
        assert centre.hellos[-1].sender == "school-9"
        # A second use of the invitation is refused, and changes nothing.
        done = run("enroll", word)
        assert done.returncode == 77 and "used already" in done.stdout
        # A wrong server key never gets through.
        wrong = zmq.curve_keypair()[0].decode()
        done = subprocess.run(
            [BIN, "--state", state, "--centre", centre.endpoint,
             "--centre-key", wrong, "push", "--wait", "3", str(f)],
            text=True, capture_output=True, timeout=60)
        assert done.returncode == 75, done.stderr
    finally:
        centre.stop()
        zap.end()
