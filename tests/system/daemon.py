"""tocsind for a test: started on free ports in a folder of its own, asked
over its Unix socket, ended or killed.

    with Daemon(tmp_path) as d:
        d.world()                    # one area, a few sites
        d.advance("2020-03-01")
        d.post_csv("date,site,indicator,count\\n...")
"""
import http.client
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import time

BIN = pathlib.Path(os.environ.get("TOCSIN_BIN", "build/dev/bin"))

AREAS = """area,parent,level,name,population,lat,lon
N,,nation,Nowhere,,,
P,N,province,Province,,,
C,P,city,City,900000,30.0,110.0
K1,C,county,First county,300000,30.1,110.1
K2,C,county,Second county,300000,30.2,110.2
"""
SITES = """site,kind,area,name,gateway
school-1,school,K1,School one,gate-1
school-2,school,K2,School two,gate-1
clinic-1,fever-clinic,K1,Clinic one,
clinic-2,fever-clinic,K2,Clinic two,
"""


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Daemon:
    def __init__(self, folder, clock="manual", curve=False, env=None, conf=None,
                 **more):
        """conf: text of a configuration file; more: zmq_listen="..." becomes
        --set zmq.listen=..."""
        self.folder = pathlib.Path(folder)
        self.state = self.folder / "state"
        self.log = self.folder / "tocsind.log"
        self.settings = {
            "tocsind.clock": clock,
            "zmq.curve": "yes" if curve else "no",
            "zmq.listen": "tcp://127.0.0.1:0",
            "http.listen": "",
            "store.reserve": "0",
            "store.low_percent": "1",
            "store.out_percent": "0",
        }
        if curve:
            self.settings["zmq.enrol"] = "tcp://127.0.0.1:0"
        for key, value in more.items():
            self.settings[key.replace("_", ".", 1)] = str(value)
        self.env = {**os.environ, **(env or {})}
        self.conf = conf
        self.options = []  # further ones of the command line
        self.process = None

    def start(self, wait=True, binary="tocsind"):
        addresses = self.state / "addresses"
        addresses.unlink(missing_ok=True)
        command = [str(BIN / binary), "--state", str(self.state)]
        if self.conf is not None:
            path = self.folder / "tocsin.conf"
            path.write_text(self.conf)
            command += ["-c", str(path)]
        for key, value in self.settings.items():
            command += ["--set", f"{key}={value}"]
        command += self.options
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log,
                                            env=self.env)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout=60):
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"tocsind ended with "
                                   f"{self.process.returncode}:\n{self.text()}")
            try:
                if self.status()["ready"]:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        raise TimeoutError(self.text())

    def text(self):
        return self.log.read_text()

    def address(self, door="zmq"):
        for line in (self.state / "addresses").read_text().splitlines():
            name, value = line.split(" ", 1)
            if name == door:
                return value
        raise KeyError(door)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, timeout=20):
        """SIGTERM; the exit status."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.terminate()
        return self.process.wait(timeout)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        if kind is None and "ERROR: AddressSanitizer" in self.text():
            raise AssertionError(self.text())

    def ask(self, method, path, body=None, kind="application/json",
            headers=None, timeout=60):
        """(status, JSON or text) of a request over the Unix socket."""
        c = UnixConnection(self.state / "tocsin.sock", timeout)
        try:
            c.request(method, path, body,
                      {"Content-Type": kind, **(headers or {})})
            r = c.getresponse()
            data = r.read()
        finally:
            c.close()
        try:
            return r.status, json.loads(data)
        except ValueError:
            return r.status, data.decode()

    def get(self, path):
        status, body = self.ask("GET", path)
        assert status == 200, (status, body)
        return body

    def status(self):
        return self.get("/api/v1/status")

    def post_csv(self, text, path="/api/v1/counts", **headers):
        return self.ask("POST", path, text.encode(), "text/csv", headers)

    def world(self, areas=AREAS, sites=SITES):
        for path, text in (("/api/v1/areas", areas), ("/api/v1/sites", sites)):
            status, body = self.post_csv(text, path)
            assert status == 200, (status, body)

    def advance(self, date):
        status, body = self.ask("POST", "/api/v1/clock",
                                json.dumps({"to": date}).encode())
        assert status == 200, (status, body)

    def rows(self, sql, *args):
        """What the database holds, read beside the daemon."""
        db = sqlite3.connect(f"file:{self.state}/tocsin.db?mode=ro", uri=True)
        try:
            return db.execute(sql, args).fetchall()
        finally:
            db.close()

    def counts(self):
        """(site, indicator, stratum, day) -> (value, flags)."""
        return {(s, i, t, d): (v, f) for s, i, t, d, v, f in self.rows(
            "SELECT site, indicator, stratum, day, value, flags"
            " FROM counts JOIN series ON id=series")}

    def metric(self, name):
        """The value of a metric, labels included in the name."""
        status, text = self.ask("GET", "/metrics")
        assert status == 200
        for line in text.splitlines():
            if line.startswith(f"tocsin_{name} "):
                return float(line.split()[-1])
        return 0.0
