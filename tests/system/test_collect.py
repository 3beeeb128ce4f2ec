"""tocsin-collect from a file to a centre's acknowledgement."""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from centre import Centre  # noqa: E402
from collect_site import (BIN, Site, cell, days, number, table,  # noqa: E402
                          wait)


@pytest.fixture
def centre():
    c = Centre().start()
    yield c
    c.stop()


@pytest.fixture
def site(tmp_path, centre):
    s = Site(tmp_path, centre.endpoint)
    yield s
    s.kill()


def test_push(site, centre, tmp_path):
    rows = days(2500)
    done = site.push(table(tmp_path / "a.csv", rows))
    assert done.returncode == 0, done.stderr
    assert "2500 rows taken and acknowledged" in done.stdout
    got = centre.counts()
    assert len(got) == 2500
    assert all(got[cell(r)][0] == r[3] for r in rows)
    assert centre.hellos[0].sender == "school-7"
    assert centre.hellos[0].software.startswith("tocsin-collect")
    # Once more: a full value with a larger revision, not a double.
    rows = days(2500, value=lambda i: i + 1)
    assert site.push(table(tmp_path / "b.csv", rows)).returncode == 0
    got = centre.counts()
    assert len(got) == 2500
    assert all(got[cell(r)][0] == r[3] for r in rows)
    assert centre.duplicates() == 0


def test_no_frame_is_larger_than_the_centre_takes(site, centre, tmp_path):
    centre.max_frame = 3000
    small = table(tmp_path / "small.csv", days(1))
    assert site.push(small).returncode == 0  # learns it
    rows = days(2500)
    done = site.push(table(tmp_path / "a.csv", rows))
    assert done.returncode == 0, done.stderr
    assert centre.largest <= 3000
    got = centre.counts()
    assert len(got) == 2500
    assert all(got[cell(r)][0] == r[3] for r in rows)


def test_a_frame_that_was_made_too_large_stays(site, centre, tmp_path):
    """It cannot be cut; status says whom to ask, and it goes once it may."""
    centre.stop()
    f = table(tmp_path / "a.csv", days(2500))
    assert site.push(f, "--wait", "1").returncode != 0
    centre.max_frame = 3000
    centre.start()
    site.start()
    assert wait(lambda: "at most 3000 bytes" in json.dumps(site.status()))
    assert site.status()["waiting_frames"] > 0 and centre.received == 0
    site.end()
    centre.max_frame = 262144
    site.start()
    assert wait(lambda: site.status()["waiting_frames"] == 0)
    assert len(centre.counts()) == 2500


def test_progress_on_a_terminal(site, centre, tmp_path):
    import pty
    centre.hold = True
    leader, follower = pty.openpty()
    f = table(tmp_path / "a.csv", days(2500))
    push = subprocess.Popen([BIN, *site.common, "push", str(f)],
                            stderr=follower, stdout=subprocess.PIPE, text=True)
    os.close(follower)
    seen = b""
    while b"0/2500 counts" not in seen:
        seen += os.read(leader, 4096)
    centre.hold = False
    while b"[########################] 2500/2500 counts" not in seen:
        seen += os.read(leader, 4096)
    out, _ = push.communicate(timeout=20)
    os.close(leader)
    assert push.returncode == 0 and "2500 rows taken" in out


def test_no_site_column_and_optional_columns(site, centre, tmp_path):
    f = tmp_path / "a.csv"
    f.write_text("indicator,date,count,denominator,stratum,revision\r\n"
                 "absence,2026-03-01,0,400,,\r\n"
                 "absence,2026-03-02,,400,,\r\n"
                 "\"absence\",2026-03-03,7,400,grade-1,5\r\n")
    done = site.push(f)
    assert done.returncode == 0, done.stderr
    got = centre.counts()
    day = number("2026-03-01")
    zero = got[("school-7", "absence", "", day)]
    assert zero[0] == 0 and zero[2] == 1 and zero[3] == 400
    assert got[("school-7", "absence", "", day + 1)][2] & 2  # withdrawn
    assert got[("school-7", "absence", "grade-1", day + 2)][:2] == (7, 5)


def test_later_row_of_a_file_wins(site, centre, tmp_path):
    rows = days(1, value=lambda i: 9) + days(1, value=lambda i: 4)
    assert site.push(table(tmp_path / "a.csv", rows)).returncode == 0
    assert centre.counts()[cell(rows[0])][0] == 4


def test_json_file(site, centre, tmp_path):
    f = tmp_path / "a.json"
    f.write_text(json.dumps({"site": "school-7", "indicator": "absence",
                             "counts": [{"date": "2026-03-01", "count": 3},
                                        {"date": "2026-03-02",
                                         "count": None}]}))
    done = site.push(f)
    assert done.returncode == 0, done.stderr
    assert len(centre.counts()) == 2


def test_bad_rows_are_listed_and_good_ones_taken(site, centre, tmp_path):
    rows = days(10)
    rows[3] = ("2026-02-30", "school-7", "absence", 1)
    rows[7] = (rows[7][0], "school-7", "absence", "many")
    done = site.push(table(tmp_path / "a.csv", rows))
    assert done.returncode == 65
    assert "a.csv: line 5: " in done.stderr
    assert "a.csv: line 9: " in done.stderr
    assert len(centre.counts()) == 8
    f = tmp_path / "b.csv"
    f.write_text("this is,no table\n1,2\n")
    done = site.push(f)
    assert done.returncode == 65
    assert "nothing of it was taken" in done.stderr
    assert site.push(tmp_path / "missing.csv").returncode == 66


def test_centre_refuses_a_count_and_a_frame(site, centre, tmp_path):
    centre.refused_counts = lambda counts: [
        (i, f"no indicator like absence-x; did you mean absence ({c[0][1]})")
        for i, c in enumerate(counts) if c[0][1] == "absence-x"]
    rows = days(5) + [("2026-03-09", "school-7", "absence-x", 1)]
    done = site.push(table(tmp_path / "a.csv", rows))
    assert done.returncode == 65
    assert "did you mean absence" in done.stderr
    centre.refused_counts = lambda counts: []
    centre.reject = lambda seq, counts: "this frame is not for us"
    done = site.push(table(tmp_path / "b.csv", days(5)))
    assert done.returncode == 65
    assert "this frame is not for us" in done.stderr
    status = site.status()
    assert status["refused"] == 2 and status["waiting_frames"] == 0
    centre.reject = lambda seq, counts: None
    assert site.push(table(tmp_path / "c.csv", days(5))).returncode == 0


def test_refused_sender_and_unreachable_centre(site, centre, tmp_path):
    centre.refuse = 5
    done = site.push(table(tmp_path / "a.csv", days(5)))
    assert done.returncode == 69
    assert "unknown-site" in done.stderr
    assert "5 counts wait safely" in done.stdout
    centre.stop()
    done = site.push(table(tmp_path / "b.csv", days(5, start=5)), "--wait", "1")
    assert done.returncode == 75
    assert "10 counts wait safely" in done.stdout
    text = site.command("status").stdout
    assert "10 counts in 2 frames" in text and "never" in text
    centre.refuse = None
    centre.start()
    assert site.push(table(tmp_path / "c.csv", days(1, start=20))).returncode == 0
    assert len(centre.counts()) == 11
    assert "Everything has been delivered." in site.command("status").stdout


def test_drop_folder(site, centre, tmp_path):
    site.start()
    table(tmp_path / "x.csv", days(10)).rename(site.drop / "x.csv")
    assert wait(lambda: len(centre.counts()) == 10)
    assert wait(lambda: (site.drop / "done" / "x.csv").exists())
    rows = days(3, start=20)
    rows[1] = (rows[1][0], "school-7", "absence", -4)
    table(site.drop / "y.csv", rows)  # written in place
    assert wait(lambda: (site.drop / "failed" / "y.csv.ERROR").exists())
    text = (site.drop / "failed" / "y.csv.ERROR").read_text()
    assert text.startswith("2 rows were taken, 1 were not.")
    assert "line 3: " in text
    assert wait(lambda: len(centre.counts()) == 12)
    # A file that is still being written is left alone.
    with open(site.drop / "z.csv", "w") as f:
        f.write("date,indicator,count\n2026-05-01,absence,1\n")
        f.flush()
        time.sleep(3)
        assert len(centre.counts()) == 12
        f.write("2026-05-02,absence,2\n")
    assert wait(lambda: len(centre.counts()) == 14)
    log = site.end()
    assert site.process.returncode == 0
    assert "took file=x.csv rows=10 bad=0" in log


def test_older_files_are_taken_first(site, centre, tmp_path):
    # While nobody runs: renamed in, then another, names against the order.
    site.drop.mkdir()
    table(tmp_path / "f", days(1, value=lambda i: 1)).rename(site.drop / "z.csv")
    time.sleep(0.05)
    table(tmp_path / "f", days(1, value=lambda i: 2)).rename(site.drop / "a.csv")
    process = site.start()
    time.sleep(0.1)
    table(tmp_path / "f", days(1, value=lambda i: 3)).rename(site.drop / "m.csv")
    assert wait(lambda: len(list((site.drop / "done").iterdir())) == 3)
    assert wait(lambda: site.status()["waiting_frames"] == 0)
    assert centre.counts()[cell(days(1)[0])][0] == 3
    process.terminate()
    order = [line.split("file=")[1].split()[0]
             for line in process.communicate()[1].splitlines()
             if "took file=" in line]
    assert order == ["z.csv", "a.csv", "m.csv"]


def test_done_is_tidied(site, centre, tmp_path):
    site.conf("drop {\n\tkeep-done = 1s\n\trescan = 200ms\n}\n")
    for name in ("done", "failed"):
        (site.drop / name).mkdir(parents=True)
        (site.drop / name / "old.csv").write_text("x")
    time.sleep(2.2)
    site.start()
    assert wait(lambda: not (site.drop / "done" / "old.csv").exists())
    assert (site.drop / "failed" / "old.csv").exists()


def test_push_through_a_running_collector(site, centre, tmp_path):
    site.start()
    rows = days(20)
    rows[4] = (rows[4][0], "school-7", "absence", "x")
    done = site.push(table(tmp_path / "a.csv", rows))
    assert done.returncode == 65, done.stderr
    assert "line 6: " in done.stderr
    assert "19 rows taken and acknowledged" in done.stdout
    assert len(centre.counts()) == 19
    assert site.process.poll() is None
    assert not list((site.state / "handover").iterdir())
    # The running one dies while a push waits for it.
    centre.hold = True
    push = subprocess.Popen([BIN, *site.common, "push",
                             str(table(tmp_path / "b.csv",
                                       days(7, start=40)))],
                            stdout=subprocess.PIPE, text=True)
    assert wait(lambda: site.status()["waiting_counts"] == 7)
    site.process.kill()
    site.process.wait()
    centre.hold = False
    out, _ = push.communicate(timeout=30)
    assert push.returncode == 0
    assert len(centre.counts()) == 26


def test_push_while_run_starts(tmp_path, centre):
    for i in range(12):
        folder = tmp_path / str(i)
        folder.mkdir()
        site = Site(folder, centre.endpoint, code=f"s{i}")
        f = table(folder / "a.csv", days(5, site=f"s{i}"))
        run = subprocess.Popen([BIN, *site.common, "run"],
                               stderr=subprocess.PIPE, text=True)
        time.sleep(0.004 * i)
        done = site.push(f)
        status = site.command("status")
        run.terminate()
        errors = run.communicate(timeout=60)[1]
        assert done.returncode == 0, done.stderr + errors
        # Or it had not begun: the push had the outbox until just now.
        assert run.returncode in (0, -signal.SIGTERM), errors
        assert status.returncode == 0, status.stderr
    assert len(centre.counts()) == 60


def test_two_runs_do_not_share_an_outbox(site, centre):
    site.start()
    second = site.command("run")
    assert second.returncode == 75
    assert "another tocsin-collect has the outbox" in second.stderr


def test_restored_centre_gets_everything_again(site, centre, tmp_path):
    site.start()
    for i in range(5):
        assert site.push(table(tmp_path / "a.csv",
                               days(10, start=10 * i))).returncode == 0
    before = centre.counts()
    (key, frames), = centre.frames.items()
    centre.stop()
    centre.frames = {key: frames[:2]}
    centre.database_id = 78
    centre.start()
    assert wait(lambda: centre.counts() == before)
    assert centre.hellos[-1].first_seq == 1
    assert centre.hellos[-1].last_acked_seq == 5
    assert centre.hellos[-1].last_acked_crc == frames[4][0]


def test_several_centres(site, centre, tmp_path):
    second = Centre(database_id=5).start()
    site.common += ["--centre", second.endpoint]
    try:
        centre.refuse = 4
        assert site.push(table(tmp_path / "a.csv", days(6))).returncode == 0
        assert len(second.counts()) == 6 and not centre.counts()
        # The preferred one is back, and lacks all of it.
        centre.refuse = None
        f = table(tmp_path / "b.csv", days(6, start=6))
        assert site.push(f).returncode == 0
        assert len(centre.counts()) == 12 and len(second.counts()) == 6
        assert centre.hellos[-1].last_acked_seq == 0
        # And away again: the second goes on where it was.
        centre.refuse = 4
        received = second.received
        f = table(tmp_path / "c.csv", days(6, start=12))
        assert site.push(f).returncode == 0
        assert len(second.counts()) == 18
        assert second.received - received == 2
        assert second.hellos[-1].last_acked_seq == 1
    finally:
        second.stop()


def test_copied_outbox_is_a_fork(site, centre, tmp_path):
    assert site.push(table(tmp_path / "a.csv", days(3))).returncode == 0
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", site.state, copy], check=True)
    assert site.push(table(tmp_path / "b.csv", days(3, start=3))).returncode == 0
    other = Site(tmp_path / "other", centre.endpoint)
    other.common[3] = str(copy)
    done = other.push(table(tmp_path / "c.csv", days(3, start=6)))
    assert done.returncode == 69
    assert "tocsin-collect renew" in done.stderr
    done = other.command("renew")
    assert done.returncode == 0 and "2 frames" in done.stdout
    assert other.push(table(tmp_path / "d.csv", days(3, start=9))).returncode == 0
    assert len(centre.counts()) == 12


def test_full_outbox_refuses_and_loses_nothing(site, centre, tmp_path):
    site.conf("outbox {\n\tmax = 64KiB\n}\ndrop {\n\trescan = 1s\n"
              "\tsettle = 100ms\n}\n")
    centre.stop()
    site.start()
    expected = {}
    for i in range(12):
        rows = [(r[0], f"s{j}-{i}", r[2], r[3]) for j, r in
                enumerate(days(900))]
        expected.update({cell(r): r[3] for r in rows})
        table(tmp_path / "f.csv", rows).rename(site.drop / f"f{i}.csv")
    assert wait(lambda: len(list(site.drop.glob("f*.csv"))) > 0)
    done = site.push(table(tmp_path / "x.csv", [
        (r[0], f"x{j}", r[2], r[3]) for j, r in enumerate(days(900))]))
    assert done.returncode == 75
    assert "nothing is lost" in done.stderr
    assert len(list(site.drop.glob("f*.csv"))) > 0
    centre.start()
    assert wait(lambda: len(centre.counts()) == len(expected))
    assert {k: v[0] for k, v in centre.counts().items()} == expected
    site.end()


def test_kill_9_in_a_loop_loses_nothing(site, centre, tmp_path):
    rounds = int(os.environ.get("TOCSIN_FAULT_ROUNDS", "12"))
    chance = random.Random(20260301)
    expected = {}
    n = 0
    centre.window = 4
    for turn in range(rounds):
        site.start()
        for _ in range(4):
            rows = days(30, site=f"s{n}", value=lambda i: i * 7 + turn)
            expected.update({cell(r): r[3] for r in rows})
            table(tmp_path / "f.csv", rows).rename(site.drop / f"f{n}.csv")
            n += 1
            time.sleep(chance.random() * 0.03)
        if chance.random() < 0.5:
            centre.stop()
            centre.start()
        time.sleep(chance.random() * 0.2)
        site.kill()
    site.start()
    assert wait(lambda: len(centre.counts()) == len(expected))
    assert wait(lambda: site.status()["waiting_frames"] == 0)
    site.end()
    assert {k: v[0] for k, v in centre.counts().items()} == expected
    assert centre.duplicates() == 0
    assert not list(site.drop.glob("*.csv"))
    assert len(list((site.drop / "done").iterdir())) == n


def test_gateway(tmp_path, centre):
    gateway = Site(tmp_path, centre.endpoint, code="county-gate")
    rows = days(3, site="school-1") + days(3, site="school-2")
    assert gateway.push(table(tmp_path / "a.csv", rows)).returncode == 0
    assert centre.hellos[0].sender == "county-gate"
    assert {c[0] for c in centre.counts()} == {"school-1", "school-2"}


def test_wrong_usage_and_configuration(site, tmp_path):
    assert subprocess.run([BIN], capture_output=True).returncode == 64
    assert site.command("dance").returncode == 64
    assert site.command("push").returncode == 64
    bad = tmp_path / "bad.conf"
    bad.write_text("site {\n\tcolour = blue\n}\n")
    done = subprocess.run([BIN, "-c", bad, "check"], capture_output=True,
                          text=True)
    assert done.returncode == 78 and "colour" in done.stderr
    assert site.command("check").returncode == 0
    done = subprocess.run([BIN, "--state", tmp_path / "s", "push", bad],
                          capture_output=True, text=True)
    assert done.returncode == 78 and "no centre" in done.stderr


def test_notify_socket(site, centre, tmp_path):
    import socket
    path = str(tmp_path / "notify")
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(path)
    sock.settimeout(10)
    env = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC="600000")
    site.start(env=env)
    seen = []
    while not any("WATCHDOG=1" in s for s in seen):
        seen.append(sock.recv(4096).decode())
    assert any("READY=1" in s for s in seen)
    site.end()
    while not any("STOPPING=1" in s for s in seen):
        seen.append(sock.recv(4096).decode())


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to change users")
def test_root_leaves_another_users_outbox_alone(centre):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        site = Site(folder, centre.endpoint)
        for part in (site.state, site.drop):
            part.mkdir()
            os.chown(part, 65534, 65534)
        f = table(folder / "a.csv", days(3))
        f.chmod(0o600)
        done = site.push(f)
        assert done.returncode == 73
        assert "belongs to another user" in done.stderr
        assert list(site.state.iterdir()) == []
        try:
            site.start(user=65534, group=65534, extra_groups=[])
        except PermissionError:
            pytest.skip("the build folder is closed to other users")
        try:
            # Through the running collector of that user.
            done = site.push(f)
            assert done.returncode == 0, done.stderr
            assert len(centre.counts()) == 3
            assert all(p.stat().st_uid == 65534
                       for p in site.state.rglob("*"))
        finally:
            site.kill()
