"""A wall clock that jumps by two hours, back and forth, across midnight."""
import datetime
import time

from faults import Daemon, Shim, load, reckon, report, rounds


def today(daemon):
    return datetime.date.fromisoformat(daemon.status()["today"])


def test_steps_of_two_hours(tmp_path):
    turns = rounds(4, 40)
    hour = 3600 * 1000000
    shim = Shim(tmp_path / "shim")
    now = datetime.datetime.now()
    late = now.replace(hour=23, minute=0, second=0)
    base = int((late - now).total_seconds()) * 1000000
    shim.set(clock_us=base)
    daemon = Daemon(tmp_path, clock="system", env=shim.env,
                    intake_horizon_days=36525).start()
    daemon.world()
    first = today(daemon)
    assert first == now.date()
    pushers = load(daemon, 2)
    days = []
    for turn in range(turns):
        time.sleep(0.6)
        shim.set(clock_us=base + (2 * hour if turn % 2 == 0 else -2 * hour))
        time.sleep(1.2)
        days.append(today(daemon))
        assert daemon.status()["ready"]
    for p in pushers:
        p.finish()
        p.settle()
        p.sender.close()
    assert days == sorted(days), "a day came back"
    assert days[-1] == first + datetime.timedelta(1)
    assert daemon.stop() == 0
    report("clock steps of two hours", f"{turns} steps",
           reckon(daemon, pushers))
