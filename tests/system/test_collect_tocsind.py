"""tocsin-collect against the real centre: enrolment, refusals, kills, and a
centre that comes back from a backup."""
import datetime
import os
import pathlib
import random
import shutil
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from collect_site import BIN, Site, number, table, wait  # noqa: E402
from daemon import Daemon  # noqa: E402

TODAY = "2026-03-20"


@pytest.fixture
def daemon(tmp_path):
    (tmp_path / "centre").mkdir()
    d = Daemon(tmp_path / "centre")
    d.start()
    d.world()
    d.advance(TODAY)
    yield d
    if d.process.poll() is None:
        d.stop()


def fixed(daemon):
    """The same address after a restart."""
    daemon.settings["zmq.listen"] = daemon.address("zmq")


@pytest.fixture
def site(tmp_path, daemon):
    fixed(daemon)
    s = Site(tmp_path, daemon.address("zmq"), code="gate-1")
    yield s
    s.kill()


def rows(n, site, value=lambda i: i, indicator="ill-absence", start=0):
    first = datetime.date(2026, 1, 1) + datetime.timedelta(start)
    return [((first + datetime.timedelta(i)).isoformat(), site, indicator,
             value(i)) for i in range(n)]


def expected(rows_):
    return {(r[1], r[2], "", number(r[0])): r[3] for r in rows_}


def values(daemon):
    return {k: v[0] for k, v in daemon.counts().items()}


def test_gateway_pushes(site, daemon, tmp_path):
    data = rows(40, "school-1") + rows(40, "school-2", lambda i: 3 * i)
    done = site.push(table(tmp_path / "a.csv", data))
    assert done.returncode == 0, done.stderr
    assert values(daemon) == expected(data)


def test_refusals_reach_the_clerk(site, daemon, tmp_path):
    data = rows(3, "school-1")
    bad = (rows(1, "school-9") + rows(1, "clinic-2")
           + rows(1, "school-2", indicator="ill-absense")
           + [("2026-04-30", "school-2", "ill-absence", 1)])
    done = site.push(table(tmp_path / "a.csv", data + bad))
    assert done.returncode == 65, done.stderr
    for word in ("school-9", "clinic-2", "ill-absence", "2026-04-30"):
        assert word in done.stderr
    assert values(daemon) == expected(data)
    assert site.status()["refused"] == 4
    assert site.status()["waiting_frames"] == 0


def test_a_revision_by_hand_reaches_the_clerk(site, daemon, tmp_path):
    header = "date,site,indicator,count,revision"
    row = rows(1, "school-1")[0]
    for revision, aside in (("", ""), ("2", "1 counts: a revision is a small")):
        done = site.push(table(tmp_path / f"r{revision}.csv",
                               [(*row, revision)], header=header))
        assert done.returncode == 0, done.stderr
        assert site.status()["hint"].startswith(aside)
    assert site.status()["hint_at_ms"] > 0
    assert "left aside 1 counts" in done.stderr
    shown = site.command("status").stdout
    assert "last left aside:      1 counts: a revision is a small" in shown


def test_unknown_sender(daemon, tmp_path):
    stranger = Site(tmp_path, daemon.address("zmq"), code="nobody-1")
    done = stranger.push(table(tmp_path / "a.csv", rows(3, "nobody-1")))
    assert done.returncode in (65, 69)
    assert "nobody-1" in done.stderr
    assert values(daemon) == {}


def test_enrol_and_push_encrypted(tmp_path):
    (tmp_path / "centre").mkdir()
    with Daemon(tmp_path / "centre", curve=True) as daemon:
        daemon.world()
        daemon.advance(TODAY)
        status, body = daemon.ask("POST",
                                  "/api/v1/sites/clinic-1/invitation", b"")
        assert status == 201, body
        state = tmp_path / "state"

        def run(*args, **more):
            return subprocess.run([BIN, "--state", state, *args], text=True,
                                  capture_output=True, timeout=60, **more)
        data = rows(5, "clinic-1", indicator="fever-visit")
        f = table(tmp_path / "a.csv", data)
        assert run("push", str(f)).returncode == 78
        done = run("enroll", body["invitation"])
        assert done.returncode == 0, done.stderr + done.stdout
        done = run("push", str(f))
        assert done.returncode == 0, done.stderr
        assert values(daemon) == expected(data)
        key = (state / "site.key").read_text()
        assert run("enroll", body["invitation"]).returncode == 77
        assert (state / "site.key").read_text() == key
        # A new key beside the old one, then without it.
        status, body = daemon.ask("POST",
                                  "/api/v1/sites/clinic-1/invitation", b"")
        done = run("enroll", body["invitation"])
        assert done.returncode == 0, done.stderr + done.stdout
        assert (state / "site.key").read_text() != key
        assert not (state / "site.key.new").exists()
        keys = daemon.get("/api/v1/sites/clinic-1/keys")["keys"]
        old, = (k["fingerprint"] for k in keys if k["key"] == key.split()[1])
        assert len(keys) == 2
        assert daemon.ask("DELETE", f"/api/v1/keys/{old}")[0] == 200
        # And kept by systemd, not in the state.
        credentials = tmp_path / "credentials"
        credentials.mkdir()
        (state / "site.key").rename(credentials / "site.key")
        data = rows(6, "clinic-1", indicator="fever-visit")
        f = table(tmp_path / "a.csv", data)
        assert run("push", str(f)).returncode != 0
        done = run("push", str(f), env={
            **os.environ, "CREDENTIALS_DIRECTORY": str(credentials)})
        assert done.returncode == 0, done.stderr
        assert values(daemon) == expected(data)


def test_kill_9_of_both_in_a_loop(site, daemon, tmp_path):
    rounds = int(os.environ.get("TOCSIN_FAULT_ROUNDS", "8"))
    chance = random.Random(20260320)
    want = {}
    files = 0
    site.conf("drop {\n\trescan = 1s\n}\nsite {\n\tframe-counts = 7\n}\n")
    for turn in range(rounds):
        site.start()
        for i in range(5):
            data = rows(50, chance.choice(["school-1", "school-2"]),
                        lambda n: n * 100 + turn * 10 + i, start=i)
            want.update(expected(data))
            table(tmp_path / "f.csv", data).rename(
                site.drop / f"f{files:04}.csv")
            files += 1
            time.sleep(chance.random() * 0.05)
        time.sleep(chance.random() * 0.3)
        first, second = chance.sample([site.kill, daemon.kill], 2)
        first()
        if chance.random() < 0.5:
            time.sleep(chance.random() * 0.1)
        second()
        daemon.start()
    site.start()
    assert wait(lambda: not list(site.drop.glob("*.csv")))
    assert wait(lambda: site.status()["waiting_frames"] == 0, 40)
    assert values(daemon) == want
    site.end()


def test_centre_from_a_backup_gets_the_rest_again(site, daemon, tmp_path):
    first, second = rows(30, "school-1"), rows(30, "school-1", start=30)
    assert site.push(table(tmp_path / "a.csv", first)).returncode == 0
    daemon.stop()
    shutil.copytree(daemon.state, tmp_path / "backup")
    daemon.start()
    assert site.push(table(tmp_path / "b.csv", second)).returncode == 0
    assert values(daemon) == expected(first + second)
    daemon.stop()
    shutil.rmtree(daemon.state)
    shutil.copytree(tmp_path / "backup", daemon.state)
    daemon.start()
    third = rows(1, "school-2")
    assert site.push(table(tmp_path / "c.csv", third)).returncode == 0
    assert values(daemon) == expected(first + second + third)
