"""kill -9 of tocsind and of tocsin-collect, again and again, under load."""
import random
import subprocess
import threading
import time

import pytest

from faults import (BIN, DATE, FIRST, Daemon, Reckoning, Shim, durable, load,
                    reckon, report, rounds, started, wait)


def test_kill_the_daemon(tmp_path):
    turns = rounds(6, 100)
    rng = random.Random(7)
    daemon = Daemon(tmp_path).start()
    daemon.world()
    daemon.advance(DATE)
    pushers = load(daemon, 3)
    for turn in range(turns):
        time.sleep(rng.uniform(0.02, 0.4))
        daemon.kill()
        # every other time what is acknowledged is put in place afterwards
        daemon.settings["intake.at_once"] = str(turn % 2 * 1000)
        daemon.start()
    for p in pushers:
        p.finish()
    for p in pushers:
        p.settle()
    daemon.kill()
    held = durable(daemon)
    daemon.start()
    daemon.kill()
    out = reckon(daemon, pushers)
    if daemon.counts() != held or durable(daemon) != held:
        out.wrong.append("a start did not put all in place")
    report("kill -9 of the daemon", f"{turns} rounds, 3 senders", out)


def days(n):
    """Days on end, at noon of which one case of plague is reported."""
    return [f"2020-{3 + i // 28:02d}-{1 + i % 28:02d}" for i in range(n)]


def test_kill_between_commit_and_judging(tmp_path):
    """One case of plague a turn, each in a county of its own.  The daemon is
    killed after the acknowledgement: at once, or within its next few
    operations on the disk, which are those of weighing."""
    turns = rounds(6, 100)
    rng = random.Random(11)
    shim = Shim(tmp_path / "shim", trace=True)
    daemon = Daemon(tmp_path, env=shim.env).start()
    areas = "area,parent,level,name\nN,,nation,N\nP,N,province,P\n" \
            "C,P,city,C\n"
    sites = "site,kind,area,name\n"
    for i in range(turns):
        areas += f"K{i},C,county,County {i}\n"
        sites += f"clinic-{i},fever-clinic,K{i},Clinic {i}\n"
    daemon.world(areas, sites)
    daemon.advance(DATE)
    killed = 0
    for i in range(turns):
        status, body = daemon.post_csv(
            f"date,site,indicator,count\n{DATE},clinic-{i},plague-case,1\n")
        assert status == 202, body
        if rng.random() < 0.7:
            shim.set(cut_at=shim.get("operations") + rng.randrange(1, 12))
            asked = threading.Thread(target=try_advance, args=(daemon,))
            asked.start()
            killed += wait(lambda: daemon.process.poll() is not None, 1.0)
            daemon.kill()
            asked.join()
        else:
            daemon.kill()
            killed += 1
        shim.set(cut_at=0, operations=0)
        shim.trace.write_bytes(b"")
        daemon.start()
    daemon.advance(DATE)
    found = [a["area"] for a in daemon.get("/api/v1/alerts?limit=500")["alerts"]
             if a["trigger"] == "single-case"]
    opened = daemon.rows("SELECT count(*), count(DISTINCT alert) FROM"
                         " alert_event WHERE name='opened'")[0]
    wrong = [(f"K{i}", found.count(f"K{i}")) for i in range(turns)
             if found.count(f"K{i}") != 1]
    if opened[0] != opened[1]:
        wrong.append(("opened twice", opened))
    daemon.stop()
    report("kill -9 between COMMIT and judging",
           f"{turns} cases of plague, {killed} kills",
           Reckoning(turns, turns, len(found), wrong))


def try_advance(daemon):
    try:
        daemon.advance(DATE)
    except (OSError, AssertionError):
        pass


class Collector:
    """tocsin-collect run with a drop folder."""

    def __init__(self, folder, daemon, env=None):
        self.folder, self.env = folder, env
        self.drop = folder / "drop"
        self.common = [str(BIN / "tocsin-collect"), "--site", "clinic-1",
                       "--state", str(folder / "collect"), "--drop",
                       str(self.drop), "--centre", daemon.address()]
        self.process = None
        started.append(self)

    def start(self):
        with open(self.folder / "collect.log", "ab") as log:
            self.process = subprocess.Popen([*self.common, "run"],
                                            stderr=log, env=self.env)
        assert wait(lambda: (self.drop / "failed").exists())

    def give(self, n):
        """Drops the nth file: counts that are in no other; their cells."""
        rows = {("clinic-1", "ili-visit", f"f{n}-{i}", FIRST): n + i
                for i in range(5)}
        new = self.folder / "new.csv"
        new.write_text("date,indicator,stratum,count\n" + "".join(
            f"{DATE},ili-visit,{cell[2]},{value}\n"
            for cell, value in rows.items()))
        new.rename(self.drop / f"f{n}.csv")
        return rows

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.terminate()
        assert self.process.wait(20) == 0

    def status(self):
        import json
        out = subprocess.run([*self.common, "status", "--json"],
                             capture_output=True, text=True, check=True)
        return json.loads(out.stdout)


@pytest.mark.parametrize("victims", ["collector", "both"])
def test_kill_the_collector(tmp_path, victims):
    turns = rounds(5, 100)
    rng = random.Random(13)
    daemon = Daemon(tmp_path, intake_series_per_site=10000).start()
    daemon.settings["zmq.listen"] = daemon.address()  # the same port again
    daemon.world()
    daemon.advance(DATE)
    c = Collector(tmp_path, daemon)
    expected, files = {}, 0
    for turn in range(turns):
        c.start()
        for _ in range(4):
            expected.update(c.give(files))
            files += 1
            time.sleep(rng.random() * 0.05)
        if victims == "both" and rng.random() < 0.5:
            daemon.kill()
            daemon.start()
        time.sleep(rng.random() * 0.3)
        c.kill()
    c.start()
    assert wait(lambda: not list(c.drop.glob("*.csv")), 60)
    assert wait(lambda: c.status()["waiting_frames"] == 0, 60)
    c.end()
    daemon.kill()
    kept = daemon.counts()
    wrong = [(cell, kept.get(cell), n) for cell, n in expected.items()
             if kept.get(cell, (None,))[0] != n]
    wrong += [(cell, "never sent") for cell in kept if cell not in expected]
    doubled = daemon.rows("SELECT count(*) - count(DISTINCT seq) FROM ledger")
    wrong += ["doubled"] * doubled[0][0]
    done = len(list((c.drop / "done").iterdir()))
    wrong += ["a file is not done"] * (files - done)
    report(f"kill -9 of the collector ({victims})",
           f"{turns} rounds, {files} files",
           Reckoning(len(expected), len(expected), len(kept), wrong))
