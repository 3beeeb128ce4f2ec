"""A site for the tests of tocsin-collect: its folders, its process."""
import datetime
import json
import os
import pathlib
import signal
import subprocess
import time

BIN = pathlib.Path(os.environ["TOCSIN_BIN"]) / "tocsin-collect"
EPOCH = datetime.date(1970, 1, 1)
DAY0 = datetime.date(2026, 3, 1)


class Site:
    def __init__(self, folder, address, code="school-7"):
        self.state = folder / "state"
        self.drop = folder / "drop"
        self.folder = folder
        self.common = ["--site", code, "--state", str(self.state), "--drop",
                       str(self.drop)]
        if address:
            self.common += ["--centre", address]
        self.process = None

    def conf(self, text):
        path = self.folder / "collect.conf"
        path.write_text(text)
        self.common = ["-c", str(path)] + self.common

    def command(self, *args, **kw):
        return subprocess.run([BIN, *self.common, *args], text=True,
                              capture_output=True, timeout=60, **kw)

    def push(self, *files, **kw):
        return self.command("push", *[str(f) for f in files], **kw)

    def start(self, **kw):
        self.process = subprocess.Popen([BIN, *self.common, "run"],
                                        stderr=subprocess.PIPE, text=True, **kw)
        wait((self.drop / "failed").exists)
        return self.process

    def end(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        self.process.wait(60)
        return self.process.stderr.read()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process:
            self.process.stderr.close()

    def status(self):
        return json.loads(self.command("status", "--json").stdout)


def table(path, rows, header="date,site,indicator,count"):
    path.write_text(header + "\n" + "".join(
        ",".join(str(f) for f in r) + "\n" for r in rows))
    return path


def days(n, site="school-7", value=lambda i: i, start=0):
    return [((DAY0 + datetime.timedelta(start + i)).isoformat(), site,
             "absence", value(i)) for i in range(n)]


def number(date):
    return (datetime.date.fromisoformat(str(date)) - EPOCH).days


def cell(row, stratum=""):
    return (row[1], row[2], stratum, number(row[0]))


def wait(check, seconds=60):
    deadline = time.time() + seconds
    while time.time() < deadline:
        if check():
            return True
        time.sleep(0.03)
    return check()
