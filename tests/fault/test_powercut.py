"""Power cuts: what SQLite had not synced is forgotten, sector by sector.

The unchanged programs run over faultshim.so's VFS, which writes down writes
and syncs.  They are killed before a chosen operation on a file (a write, a
sync, or right after one), the files are made into what a disk would hold,
and the programs start again on those.
"""
import os
import random
import signal
import sqlite3
import time

from faults import (DATE, Daemon, Disk, Reckoning, Shim, load, reckon, report,
                    rounds, wait)
from test_kill import Collector


def quick_check(path):
    db = sqlite3.connect(path)
    try:
        return db.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return str(error)
    finally:
        db.close()


def prepared(tmp_path):
    """A daemon with a world, down, its disk, and the shim that it runs on."""
    shim = Shim(tmp_path / "shim", trace=True)
    daemon = Daemon(tmp_path, env=shim.env).start()
    daemon.world()
    daemon.advance(DATE)
    daemon.stop()
    return shim, daemon, Disk(shim, daemon.state / "tocsin.db")


def cut_off(shim, process, rng, most):
    """Ends the process before one of its next operations, or at any time."""
    if rng.random() < 0.8:
        shim.set(cut_at=shim.get("operations") + rng.randrange(1, most))
        wait(lambda: process.poll() is not None, 2)
    else:
        time.sleep(rng.uniform(0.0, 0.3))
    process.kill()
    process.wait()
    shim.set(cut_at=0)


def test_daemon(tmp_path):
    turns = rounds(10, 100)
    rng = random.Random(17)
    shim, daemon, disk = prepared(tmp_path)
    pushers = load(daemon, 2)
    wrong, lost = [], 0
    for turn in range(turns):
        disk.before()
        before = shim.get("operations")
        # every other time what is acknowledged is put in place afterwards
        daemon.settings["intake.at_once"] = str(turn % 2 * 1000)
        daemon.start()
        wait(lambda: shim.get("operations") > before + 30, 5)
        cut_off(shim, daemon.process, rng, 60)
        lost += disk.lose(rng, rng.choice([0.0, 0.5, 0.9]))
        state = quick_check(daemon.state / "tocsin.db")
        if state != "ok":
            wrong.append(state)
        wrong += reckon(daemon, pushers).wrong
    daemon.start()
    for p in pushers:
        p.finish()
        p.settle()
    daemon.stop()
    total = reckon(daemon, pushers)
    total.wrong += wrong
    assert lost > 0, "nothing was ever unsynced: the cuts prove nothing"
    report("power cut of the daemon",
           f"{turns} cuts, {lost} bytes forgotten", total)


def test_a_disk_that_lies_is_noticed(tmp_path):
    """The reckoning itself: where no sync ever held, counts are missing."""
    rng = random.Random(19)
    shim, daemon, disk = prepared(tmp_path)
    disk.before()
    daemon.start()
    pushers = load(daemon, 2)
    assert wait(lambda: all(p.sender.durable > 10 for p in pushers))
    daemon.kill()
    for p in pushers:
        p.finish()
    disk.lose(rng, 0.0, honest=False)
    assert reckon(daemon, pushers).wrong


def test_collector(tmp_path):
    turns = rounds(8, 100)
    rng = random.Random(23)
    daemon = Daemon(tmp_path, intake_series_per_site=10000).start()
    daemon.world()
    daemon.advance(DATE)
    shim = Shim(tmp_path / "shim", trace=True)
    c = Collector(tmp_path, daemon, env={**os.environ, **shim.env})
    disk = Disk(shim, tmp_path / "collect" / "outbox.db")
    expected, files, lost = {}, 0, 0
    for _ in range(turns):
        disk.before()
        # What a centre has is safe: most times it does not answer, and what
        # was taken is nowhere but in the outbox.
        alone = rng.random() < 0.7
        if alone:
            daemon.process.send_signal(signal.SIGSTOP)
        c.start()
        for _ in range(3):
            expected.update(c.give(files))
            files += 1
        if alone:
            wait(lambda: (c.drop / "done" / f"f{files - 1}.csv").exists(), 2)
        cut_off(shim, c.process, rng, 16)
        daemon.process.send_signal(signal.SIGCONT)
        lost += disk.lose(rng, rng.choice([0.0, 0.5, 0.9]))
        assert quick_check(disk.database) == "ok"
    disk.before()
    c.start()
    assert wait(lambda: not list(c.drop.glob("*.csv")), 60)
    assert wait(lambda: c.status()["waiting_frames"] == 0, 60)
    c.end()
    daemon.stop()
    kept = daemon.counts()
    wrong = [(cell, kept.get(cell), n) for cell, n in expected.items()
             if kept.get(cell, (None,))[0] != n]
    assert lost > 0, "nothing was ever unsynced: the cuts prove nothing"
    report("power cut of the collector",
           f"{turns} cuts, {files} files, {lost} bytes forgotten",
           Reckoning(len(expected), len(expected), len(kept), wrong))
