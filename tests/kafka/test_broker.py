"""Counts through a real Kafka broker: once each, whoever is killed when."""
import json
import random
import subprocess
import time

import pytest

from real_broker import RealBroker, Unavailable  # sets the path
from daemon import BIN, Daemon
from sender import BATCH, batch, frame

DAY, FIRST = "2020-03-02", 18323
NAMES = ["clinic-1", "clinic-2", "school-1"]  # one a partition


@pytest.fixture(name="broker", scope="module")
def make_broker(tmp_path_factory):
    try:
        broker = RealBroker(tmp_path_factory.mktemp("kafka") / "broker")
    except Unavailable as why:
        pytest.skip(f"no Kafka broker: {why}")
    with broker:
        yield broker


class Flow:
    """Frames of three sites; an outbox (epoch) of its own each test."""

    def __init__(self, broker, epoch):
        self.broker, self.epoch = broker, epoch
        self.sent = dict.fromkeys(NAMES, 0)
        self.records = 0

    def frame(self, name, seq):
        rows = [{"date": DAY, "indicator": "ili-visit", "count": seq,
                 "stratum": f"e{self.epoch}-{i}", "revision": seq}
                for i in range(10)]
        return frame(BATCH, self.epoch, seq,
                     batch(name, rows).SerializeToString())

    def put(self, n, again=0):
        """n frames more of each; before them the last few once more."""
        for partition, name in enumerate(NAMES):
            last = self.sent[name]
            first = max(1, last + 1 - again)
            frames = [self.frame(name, s) for s in range(first, last + n + 1)]
            self.broker.put(frames, name, partition)
            self.records += len(frames)
            self.sent[name] = last + n

    def have(self, daemon):
        return {name: n for name, n in daemon.rows(
            "SELECT sender, count(*) FROM ledger WHERE epoch=?"
            " GROUP BY sender", self.epoch)}

    def wait(self, daemon, timeout=60):
        until = time.monotonic() + timeout
        while self.have(daemon) != self.sent:
            assert daemon.process.poll() is None, daemon.text()[-2000:]
            assert time.monotonic() < until, (self.have(daemon), self.sent)
            time.sleep(0.1)

    def wrong(self, daemon):
        """What of the database differs from what was sent."""
        out = []
        kept = daemon.counts()
        for name, last in self.sent.items():
            seqs = [s for s, in daemon.rows(
                "SELECT seq FROM ledger WHERE epoch=? AND sender=?"
                " ORDER BY id", self.epoch, name)]
            if seqs != list(range(1, last + 1)):
                out.append((name, "frames", len(seqs), last))
            for i in range(10):
                cell = (name, "ili-visit", f"e{self.epoch}-{i}", FIRST)
                if kept.get(cell, (None,))[0] != last:
                    out.append((cell, kept.get(cell), last))
        return out


def daemon_for(broker, folder, member=None, group="tocsin"):
    """member makes the membership static: no rebalance at a quick restart."""
    folder.mkdir(exist_ok=True)
    d = Daemon(folder, zmq_listen="", kafka_brokers=broker.address,
               kafka_group=group)
    properties = ["session.timeout.ms=6000", "heartbeat.interval.ms=500"]
    if member:
        properties.append(f"group.instance.id={member}")
    conf = folder / "kafka.conf"
    listed = ", ".join(f'"{p}"' for p in properties)
    conf.write_text(f"kafka {{\n\tproperties = {{ {listed} }}\n}}\n")
    d.options = ["--config", str(conf)]
    return d


def begin(d):
    d.start()
    d.world()
    d.advance(DAY)
    return d


def test_exactly_once(broker, tmp_path):
    """The daemon is killed while it reads; some records come twice."""
    flow, rng = Flow(broker, 11), random.Random(5)
    d = begin(daemon_for(broker, tmp_path / "a", "a", "once"))
    for _ in range(5):
        flow.put(60, again=rng.randrange(20))
        time.sleep(rng.uniform(0.0, 0.8))
        d.kill()
        d.start()
    flow.wait(d)
    d.stop()
    assert flow.wrong(d) == []
    read = sum(n for n, in d.rows("SELECT next FROM kafka_offset"))
    assert read == flow.records
    print(f"exactly once: {flow.records} records read, "
          f"{sum(flow.sent.values())} frames kept, 5 kills, difference 0")


def partitions(d, epoch):
    """Partitions of which the daemon has frames of the epoch."""
    return {p for p, in d.rows("SELECT DISTINCT partition FROM ledger"
                               " WHERE epoch=?", epoch)}


def test_rebalance(broker, tmp_path):
    """A second daemon takes partitions over and has all of them from their
    beginning; when it is killed, the first goes on where it stopped."""
    flow = Flow(broker, 12)
    a = begin(daemon_for(broker, tmp_path / "a", group="rebalance"))
    flow.put(50)
    flow.wait(a)
    b = begin(daemon_for(broker, tmp_path / "b", group="rebalance"))
    until = time.monotonic() + 90
    while not partitions(b, 12):
        assert time.monotonic() < until, b.text()
        time.sleep(0.1)
    flow.put(50)
    until = time.monotonic() + 90
    while any(max(flow.have(d).get(name, 0) for d in (a, b)) < 100
              for name in NAMES):
        assert time.monotonic() < until, (flow.have(a), flow.have(b))
        time.sleep(0.1)
    moved = partitions(b, 12)
    assert 0 < len(moved) < 3
    assert all(flow.have(b)[NAMES[p]] == 100 for p in moved)
    b.kill()
    flow.put(50)
    flow.wait(a)  # after b's session has lapsed
    a.stop()
    assert flow.wrong(a) == []
    # What b had is a beginning of each partition, without holes or doubles.
    for name, n, distinct, last in b.rows(
            "SELECT sender, count(*), count(DISTINCT seq), max(seq)"
            " FROM ledger WHERE epoch=12 GROUP BY sender"):
        assert n == distinct == last, name
    print(f"rebalance: {flow.records} records, {len(moved)} partitions moved "
          "there and back, difference 0")


class Collector:
    """A school's collector that produces to Kafka."""

    def __init__(self, folder, broker):
        self.folder = folder
        self.common = [str(BIN / "tocsin-collect"), "--site", "school-2",
                       "--county", "K2", "--kafka", broker.address,
                       "--state", str(folder / "outbox"),
                       "--drop", str(folder / "drop")]

    def start(self):
        with open(self.folder / "collect.log", "ab") as log:
            self.process = subprocess.Popen([*self.common, "run"], stderr=log)

    def drop(self, n):
        text = "date,indicator,stratum,count,revision\n" + "".join(
            f"{DAY},ill-absence,c{i},{n},{n}\n" for i in range(20))
        new = self.folder / "new.csv"
        new.write_text(text)
        (self.folder / "drop").mkdir(exist_ok=True)
        new.rename(self.folder / "drop" / f"{n}.csv")

    def waiting(self):
        out = subprocess.run([*self.common, "status", "--json"], check=True,
                             capture_output=True, text=True).stdout
        return json.loads(out)["waiting_frames"]


def test_broker_restart(broker, tmp_path):
    """The broker is killed and comes back while a collector produces and the
    daemon reads: what was dropped into the folder arrives, once."""
    d = begin(daemon_for(broker, tmp_path / "a", "a", "restart"))
    flow = Flow(broker, 13)
    flow.put(40)
    c = Collector(tmp_path, broker)
    c.start()
    for n in range(1, 21):
        c.drop(n)
        time.sleep(0.05)
    broker.kill()
    for n in range(21, 31):
        c.drop(n)
    c.process.kill()
    c.process.wait()
    c.start()
    took = broker.start()
    for n in range(31, 41):
        c.drop(n)
    flow.put(40, again=40)
    flow.wait(d)
    until = time.monotonic() + 90
    cell = ("school-2", "ill-absence", "c19", FIRST)
    while (c.waiting() > 0 or list((tmp_path / "drop").glob("*.csv")) or
           d.counts().get(cell, (0,))[0] != 40):
        assert time.monotonic() < until, d.text()[-2000:]
        time.sleep(0.2)
    c.process.terminate()
    c.process.wait(20)
    d.stop()
    assert flow.wrong(d) == []
    frames, distinct = d.rows("SELECT count(*), count(DISTINCT seq) FROM"
                              " ledger WHERE sender='school-2'")[0]
    assert frames == distinct
    kept = d.counts()
    assert all(kept[cell[:2] + (f"c{i}", FIRST)][0] == 40 for i in range(20))
    print(f"broker killed: back after {took:.1f} s; 40 files, {frames} frames "
          f"of the collector, {sum(flow.sent.values())} of others, "
          "difference 0")
