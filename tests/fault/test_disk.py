"""A disk that fails, stalls, fills up, and forgets what it was given."""
import contextlib
import errno
import os
import random
import shutil
import sqlite3
import subprocess
import time

import pytest

from faults import (DATE, Daemon, Pusher, Shim, load, reckon, report, rounds,
                    wait)
from sender import ACK, BATCH, frame


def prepared(tmp_path, shim=None, **more):
    daemon = Daemon(tmp_path, env=shim.env if shim else None, **more).start()
    daemon.world()
    daemon.advance(DATE)
    return daemon


def finish(pushers):
    for p in pushers:
        p.finish()
        p.settle()
        p.sender.close()


def test_failing_fsync(tmp_path):
    """The process ends at once, says why, and starts again on what is
    there; nothing is acknowledged between."""
    turns = rounds(3, 30)
    rng = random.Random(37)
    shim = Shim(tmp_path / "shim")
    daemon = prepared(tmp_path, shim)
    pushers = load(daemon, 3)
    for _ in range(turns):
        assert wait(lambda: all(p.sender.durable > 0 for p in pushers))
        time.sleep(rng.uniform(0.05, 0.3))
        shim.set(sync_fails=1)
        assert daemon.process.wait(20) == os.EX_IOERR, daemon.text()[-2000:]
        assert "fsync" in daemon.text().splitlines()[-1]
        shim.set(sync_fails=0)
        daemon.start()
    finish(pushers)
    daemon.stop()
    report("failing fsync", f"{turns} failures", reckon(daemon, pushers))


def test_a_stalled_store(tmp_path):
    """An fsync that takes half a minute: peers stay connected and are
    answered, and what waited is stored."""
    stall_ms = rounds(4000, 30000)
    shim = Shim(tmp_path / "shim")
    daemon = prepared(tmp_path, shim)
    pushers = load(daemon, 3, patience=60.0)
    assert wait(lambda: all(p.sender.durable > 10 for p in pushers))
    connections = [p.connections for p in pushers]
    peer = Pusher(daemon.address, "school-2", 4)
    peer.once()
    shim.set(sync_ms=stall_ms)
    before = shim.get("syncs")
    assert wait(lambda: shim.get("syncs") > before)
    began = time.monotonic()
    shim.set(sync_ms=0)  # for the next one; this one sleeps on
    slowest, pings = 0.0, 0
    while time.monotonic() - began < stall_ms / 1000 - 1:
        asked = time.monotonic()
        assert peer.sender.ping(), "no PONG while the store stalls"
        assert daemon.status()["ready"]
        slowest = max(slowest, time.monotonic() - asked)
        pings += 1
        time.sleep(0.05)
    finish(pushers)
    assert connections == [p.connections for p in pushers]
    daemon.stop()
    report("a store thread that stalls", f"{stall_ms} ms, {pings} pings "
           f"answered, slowest {slowest * 1000:.0f} ms",
           reckon(daemon, pushers + [peer]))


@pytest.fixture(name="small_disk")
def mount(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs",
                           str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("mounting a tmpfs needs root: " + done.stderr.strip())
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def stored(daemon):
    return daemon.rows("SELECT count(*) FROM ledger")[0][0]


def fill(ballast, leave):
    """The daemon takes space too, between the look and the taking."""
    with open(ballast, "wb") as f:
        while (free := shutil.disk_usage(ballast).free) > leave:
            try:
                os.posix_fallocate(f.fileno(), 0,
                                   max(4096, os.fstat(f.fileno()).st_size +
                                       free - leave))
                return
            except OSError as e:
                if e.errno != errno.ENOSPC:
                    raise


def test_full_disk(small_disk):
    """Intake slows down, stops before the end, and goes on by itself;
    meanwhile alerts are still written."""
    turns = rounds(1, 5)
    daemon = prepared(small_disk, store_reserve="4MiB", store_low_percent="40",
                      store_out_percent="20")
    pushers = load(daemon, 2, rows=400)
    for turn in range(turns):
        ballast = small_disk / "ballast"
        if turn < 2:
            clinic = ["clinic-1", "clinic-2"][turn]
            status, body = daemon.post_csv("date,site,indicator,count\n"
                                           f"{DATE},{clinic},plague-case,1\n")
            assert status == 202 and body["accepted"] == 1, body
        # Somebody else takes the space: most of it, or to the last page.
        total = shutil.disk_usage(small_disk).total
        fill(ballast, 8192 if turn % 2 == 1 else total * 22 // 100)
        assert wait(lambda: daemon.status()["store"]["space"] == "out")
        time.sleep(1)
        held = stored(daemon)
        status, body = daemon.post_csv("date,site,indicator,count\n"
                                       f"{DATE},school-1,ill-absence,1\n")
        assert status == 507 and "disk" in body["detail"], (status, body)
        daemon.advance(DATE)  # now it is weighed, with the reserve's space
        rung = [a["area"] for a in daemon.get("/api/v1/alerts")["alerts"]
                if a["trigger"] == "single-case"]
        assert sorted(rung) == ["K1", "K2"][:turn + 1], rung
        assert daemon.process.poll() is None
        assert stored(daemon) == held
        ballast.unlink()
        assert wait(lambda: daemon.status()["store"]["space"] != "out")
        assert wait(lambda: stored(daemon) > held)
    finish(pushers)
    daemon.stop()
    report("full disk", f"{turns} times", reckon(daemon, pushers))


def test_a_corrupt_frame_in_the_ledger(tmp_path):
    daemon = prepared(tmp_path)
    pusher = Pusher(daemon.address, "clinic-1", 1)
    pusher.once(frames=20)
    pusher.settle()
    counts = daemon.counts()
    daemon.stop()
    db = sqlite3.connect(daemon.state / "tocsin.db")
    data = bytearray(db.execute("SELECT frame FROM ledger WHERE seq=7")
                     .fetchone()[0])
    data[len(data) // 2] ^= 0x10
    db.execute("UPDATE ledger SET frame=? WHERE seq=7", (bytes(data),))
    db.commit()
    db.close()
    daemon.start()
    assert daemon.status()["store"]["damaged_frames"] == 1
    assert daemon.metric("ledger_damaged_frames") == 1
    assert "seq=7) is not as it was received" in daemon.text()
    pusher.once(frames=5)
    pusher.settle()
    again = pusher.sender.raw(pusher.sender.outbox[7])
    assert again.kind == ACK and again.seq >= 7
    other = bytearray(pusher.sender.outbox[7])
    message = pusher.sender.pb.Batch.FromString(bytes(other[32:]))
    message.value[0] += 1
    answer = pusher.sender.raw(frame(BATCH, 1, 7, message.SerializeToString()))
    assert pusher.sender.pb.Nack.FromString(answer.body).code == 3  # FORK
    kept = daemon.counts()
    pusher.sender.close()
    daemon.stop()
    out = reckon(daemon, [pusher])
    out.wrong += [c for c in counts if c not in kept]
    report("a corrupt frame in the ledger", "one bit", out)


def test_a_frame_that_is_needed_is_corrupt(tmp_path):
    """Its counts were not in place when the last run ended."""
    daemon = prepared(tmp_path)
    pusher = Pusher(daemon.address, "clinic-1", 1)
    pusher.once(frames=3)
    pusher.settle()
    pusher.sender.close()
    daemon.stop()
    with contextlib.closing(sqlite3.connect(daemon.state / "tocsin.db")) as db:
        db.execute("UPDATE ledger SET crc=crc+1 WHERE seq=2")
        db.execute("INSERT INTO unfolded(ledger, recv, rows)"
                   " SELECT id, 0, x'' FROM ledger WHERE seq=2")
        db.commit()
        daemon.start(wait=False)
        assert daemon.process.wait(60) == 78
        assert "its counts are not in place yet" in daemon.text()
        assert "restore the newest backup" in daemon.text()
        db.execute("DELETE FROM unfolded")
        db.execute("UPDATE ledger SET crc=crc-1 WHERE seq=2")
        db.commit()
    daemon.start()
    daemon.stop()
    report("a corrupt frame that is needed", "one", reckon(daemon, [pusher]))


def test_a_damaged_database_is_refused(tmp_path):
    """Pages overwritten: the daemon says so and does not serve from it."""
    daemon = prepared(tmp_path)
    pusher = Pusher(daemon.address, "clinic-1", 1, rows=200)
    pusher.once(frames=20)
    pusher.settle()
    pusher.sender.close()
    daemon.stop()
    path = daemon.state / "tocsin.db"
    whole = path.read_bytes()
    rng = random.Random(41)
    refused, turns = 0, rounds(5, 40)
    for _ in range(turns):
        data = bytearray(whole)
        for _ in range(40):
            at = rng.randrange(1, len(data) // 4096) * 4096
            data[at:at + 4096] = rng.randbytes(4096)
        path.write_bytes(data)
        daemon.start(wait=False)
        try:
            daemon.wait_ready(timeout=20)
            daemon.kill()
        except RuntimeError:
            refused += 1
            assert daemon.process.returncode == 78, daemon.text()[-3000:]
    assert "is damaged and is not used" in daemon.text()
    path.write_bytes(whole)
    daemon.start()
    daemon.stop()
    out = reckon(daemon, [pusher])
    if refused != turns:
        out.wrong.append(f"served from {turns - refused} damaged databases")
    report("a damaged database", f"{turns} times 40 pages, {refused} refused",
           out)
