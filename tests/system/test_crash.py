"""kill -9 of tocsind at any moment: nothing acknowledged is lost, nothing is
doubled, no alert is missed."""
import json
import random
import threading
import time

import pytest
import zmq

from daemon import Daemon
from sender import Sender

FIRST = 18323  # 2020-03-02


class Pusher(threading.Thread):
    """A site that sends frame after frame and survives its centre."""

    def __init__(self, daemon, name, seed):
        super().__init__(daemon=True)
        self.centre, self.rng = daemon, random.Random(seed)
        self.ending = False
        self.sender = Sender("", name, epoch=seed)
        self.error = None

    def run(self):
        try:
            while not self.ending:
                self.once()
        except Exception as e:  # shown by the test
            self.error = e

    def once(self):
        s = self.sender
        for _ in range(5):
            n = s.last + 1
            s.put([{"date": FIRST - n % 30, "indicator": "ili-visit",
                    "count": n, "stratum": f"s{i}", "revision": n}
                   for i in range(20)])
        try:
            s.address = self.centre.address()
            s.connect()
            s.socket.sndtimeo = 500
            s.hello(timeout=1.0)
            s.wait_ack(timeout=1.0)
        except (TimeoutError, OSError, KeyError, zmq.ZMQError):
            pass

    def finish(self):
        self.ending = True
        self.join(60)
        assert self.error is None, self.error


def test_nothing_acknowledged_is_lost_and_nothing_doubled(tmp_path):
    rounds = 12
    rng = random.Random(7)
    # What is acknowledged is put in place afterwards, if need be by a start.
    daemon = Daemon(tmp_path, intake_at_once=0).start()
    daemon.world()
    daemon.advance("2020-03-02")
    pushers = [Pusher(daemon, name, seed)
               for seed, name in enumerate(["clinic-1", "clinic-2"], 1)]
    for p in pushers:
        p.start()
    for _ in range(rounds):
        time.sleep(rng.uniform(0.02, 0.25))
        daemon.kill()
        daemon.start()
    for p in pushers:
        p.finish()
    acked = {p.sender.name: p.sender.durable for p in pushers}
    daemon.kill()
    daemon.start()
    daemon.kill()
    stored = {s: (n, last, distinct) for s, n, last, distinct in daemon.rows(
        "SELECT sender, count(*), max(seq), count(DISTINCT seq) FROM ledger"
        " GROUP BY sender")}
    for name, seq in acked.items():
        n, last, distinct = stored[name]
        assert n == last == distinct, "a hole, or a frame twice"
        assert last >= seq, "acknowledged, but lost"
    # The counts are those of the frames, the last revision of each cell.
    kept = daemon.counts()
    for name, (_, last, _) in stored.items():
        for n in range(max(1, last - 29), last + 1):
            assert kept[(name, "ili-visit", "s0", FIRST - n % 30)][0] == n
    print(f"rounds {rounds}, acknowledged {acked}, stored {stored}")


def outbreak(day):
    """One case of plague: rung at once, whatever the history."""
    return f"date,site,indicator,count\n{day},clinic-1,plague-case,1\n"


def alerts(daemon):
    return [(a["trigger"], a["area"]) for a in
            daemon.get("/api/v1/alerts")["alerts"]]


@pytest.mark.parametrize("pause", [0.0, 0.01, 0.05, 0.2])
def test_killed_between_acknowledgement_and_judging(tmp_path, pause):
    daemon = Daemon(tmp_path).start()
    daemon.world()
    daemon.advance("2020-03-02")
    assert daemon.post_csv(outbreak("2020-03-02"))[0] == 202
    daemon.kill()  # committed, never weighed
    daemon.start()
    asked = threading.Thread(target=lambda: quiet(daemon, "2020-03-02"))
    asked.start()
    time.sleep(pause)
    daemon.kill()  # while it is judged and weighed, or just after
    asked.join()
    daemon.start()
    daemon.advance("2020-03-02")
    found = alerts(daemon)
    assert len(found) == 1 and found[0][0] == "single-case"
    assert daemon.rows("SELECT count(*) FROM alert_event"
                       " WHERE name='opened'") == [(1,)]
    daemon.stop()


def quiet(daemon, day):
    try:
        daemon.ask("POST", "/api/v1/clock", json.dumps({"to": day}).encode())
    except OSError:
        pass


def test_under_the_system_clock_a_start_weighs_what_is_left(tmp_path):
    import datetime
    today = datetime.date.today().isoformat()
    daemon = Daemon(tmp_path, clock="system").start()
    daemon.world()
    assert daemon.post_csv(outbreak(today))[0] == 202
    daemon.kill()  # a second before it would have been weighed
    daemon.start()
    until = time.monotonic() + 60
    while not alerts(daemon) and time.monotonic() < until:
        time.sleep(0.1)
    assert len(alerts(daemon)) == 1
    assert daemon.stop() == 0
