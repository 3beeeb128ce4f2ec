"""A wall clock that jumps by two hours, back and forth, across midnight."""
import datetime

from faults import Daemon, Shim, load, reckon, report, rounds, wait

HOUR = 3600 * 1000000  # in microseconds
LATE = datetime.datetime(2026, 3, 2, 23, tzinfo=datetime.timezone.utc)


def today(daemon):
    return datetime.date.fromisoformat(daemon.status()["today"])


def test_steps_of_two_hours(tmp_path):
    """Whatever the machine's clock says, the daemon's begins at LATE."""
    turns = rounds(4, 40)
    shim = Shim(tmp_path / "shim")
    now = datetime.datetime.now(datetime.timezone.utc)
    base = (LATE - now) // datetime.timedelta(microseconds=1)
    shim.set(clock_us=base)
    daemon = Daemon(tmp_path, clock="system", env={**shim.env, "TZ": "UTC"},
                    intake_horizon_days=36525).start()
    daemon.world()
    first, second = LATE.date(), LATE.date() + datetime.timedelta(1)
    assert today(daemon) == first
    pushers = load(daemon, 2)
    for turn in range(turns):
        ahead = turn % 2 == 0
        shim.set(clock_us=base + (2 * HOUR if ahead else -2 * HOUR))
        assert wait(lambda: today(daemon) == second)
        moved_on(daemon, pushers)
        assert today(daemon) == second, "a day came back"
        assert daemon.status()["ready"]
    for p in pushers:
        p.finish()
        p.settle()
        p.sender.close()
    assert daemon.stop() == 0
    report("clock steps of two hours", f"{turns} steps",
           reckon(daemon, pushers))


def moved_on(daemon, pushers):
    """Its seconds have ticked, and each site has been acknowledged more."""
    up = daemon.status()["uptime_s"]
    before = [p.sender.durable for p in pushers]
    assert wait(lambda: daemon.status()["uptime_s"] >= up + 2)
    assert wait(lambda: all(p.sender.durable >= n + 10
                            for p, n in zip(pushers, before)))
