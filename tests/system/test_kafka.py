"""Frames out of Kafka: each counts once, whatever is killed when."""
import random
import time

import pytest

from broker import Broker
from daemon import Daemon
from sender import BATCH, batch, frame

DAY = "2020-03-02"


@pytest.fixture
def broker():
    with Broker() as b:
        yield b


def daemon_for(broker, folder):
    # The mock never lets a member with a session below 6 s join.
    return Daemon(folder, zmq_listen="", kafka_brokers=broker.address,
                  kafka_properties="session.timeout.ms=6000")


def frames(name, first, n, epoch=1, counts=10):
    out = []
    for seq in range(first, first + n):
        rows = [{"date": DAY, "indicator": "ili-visit", "count": seq,
                 "stratum": f"s{i}", "revision": seq} for i in range(counts)]
        out.append(frame(BATCH, epoch, seq,
                         batch(name, rows).SerializeToString()))
    return out


def wait(daemon, what, timeout=60):
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        if what():
            return
        time.sleep(0.1)
    raise TimeoutError(str(daemon.status().get("kafka")) + daemon.text())


def ledger(daemon):
    return daemon.rows("SELECT count(*) FROM ledger")[0][0]


def test_records_become_counts_once(broker, tmp_path):
    with daemon_for(broker, tmp_path) as d:
        d.world()
        d.advance(DAY)
        broker.put(frames("clinic-1", 1, 50), "clinic-1", 0)
        broker.put(frames("clinic-2", 1, 50), "clinic-2", 1)
        wait(d, lambda: ledger(d) == 100)
        # A producer that died between sending and hearing sends again.
        broker.put(frames("clinic-1", 41, 12), "clinic-1", 0)
        wait(d, lambda: ledger(d) == 102)
        wait(d, lambda: d.status()["kafka"]["under_way"] == 0)
        assert d.status()["kafka"]["again"] == 10
        assert d.counts()[("clinic-1", "ili-visit", "s0", 18323)][0] == 52
        assert d.rows("SELECT partition, next FROM kafka_offset"
                      " ORDER BY partition") == [(0, 62), (1, 50)]


def test_gaps_in_the_sequence_are_allowed(broker, tmp_path):
    with daemon_for(broker, tmp_path) as d:
        d.world()
        d.advance(DAY)
        broker.put(frames("clinic-1", 1, 1) + frames("clinic-1", 5, 1),
                   "clinic-1")
        wait(d, lambda: ledger(d) == 2)


@pytest.mark.parametrize("data, reason", [
    (b"not a frame", "truncated"),
    (frames("clinic-1", 1, 1)[0][:-1] + b"\1", "crc"),
    (frames("clinic-2", 1, 1)[0], "key"),
], ids=["short", "crc", "key"])
def test_a_bad_record_is_passed_over_and_written_down(broker, tmp_path, data,
                                                      reason):
    with daemon_for(broker, tmp_path) as d:
        d.world()
        d.advance(DAY)
        broker.put([data] + frames("clinic-1", 1, 1), "clinic-1")
        wait(d, lambda: ledger(d) == 1)
        rejected = d.rows("SELECT count_index, reason FROM rejected")
        assert len(rejected) == 1 and rejected[0][0] == -1
        assert reason in rejected[0][1]
        assert d.status()["kafka"]["bad"] == 1


def test_kill_while_reading(broker, tmp_path):
    rounds, each = 2, 150
    rng = random.Random(3)
    d = daemon_for(broker, tmp_path).start()
    d.world()
    d.advance(DAY)
    for r in range(rounds):
        for partition, name in enumerate(["clinic-1", "clinic-2"]):
            broker.put(frames(name, 1 + r * each, each), name, partition)
        before = ledger(d)
        wait(d, lambda: ledger(d) > before)
        time.sleep(rng.uniform(0, 0.02))
        d.kill()
        d.start()
    wait(d, lambda: ledger(d) == 2 * rounds * each)
    d.kill()
    assert d.rows("SELECT count(DISTINCT seq), count(*), max(seq) FROM ledger"
                  " GROUP BY sender") == [(rounds * each,) * 3] * 2
    kept = d.counts()
    for name in "clinic-1", "clinic-2":
        assert kept[(name, "ili-visit", "s3", 18323)][0] == rounds * each
