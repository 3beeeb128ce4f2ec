"""New York's counts, 2020 to 2025, by three ways: as a back-test, pushed by
tocsin-collect over ZeroMQ, and over Kafka (to save time, up to the end of the
wave of 2022).  All ring the same alerts.

A collector runs in each borough all the time and takes a file a day."""
import collections
import csv
import datetime
import json
import math
import pathlib
import subprocess
import time

import pytest

from broker import Broker
from daemon import BIN, Daemon

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "nyc"
TRIGGER = ROOT / "etc" / "triggers.d" / "respiratory.conf"
LAST = "2025-10-15"
LAST_KAFKA = "2022-03-31"

pytestmark = pytest.mark.skipif(not DATA.exists(),
                                reason=f"{DATA} is not here")


def rows(name):
    with open(DATA / name, newline="") as f:
        return list(csv.DictReader(f))


def differences(a, b, where=""):
    """Where two differ; the back-test prints 12 significant digits."""
    if isinstance(a, float) and isinstance(b, (int, float)):
        if math.isclose(a, b, rel_tol=1e-11):
            return []
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [d for i, (x, y) in enumerate(zip(a, b))
                for d in differences(x, y, f"{where}[{i}]")]
    elif isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [d for k in a for d in differences(a[k], b[k], f"{where}.{k}")]
    return [] if a == b else [f"{where}: {a!r:.99} is not {b!r:.99}"]


@pytest.fixture(scope="module")
def expected():
    done = subprocess.run([BIN / "tocsin", "backtest", DATA, "--triggers",
                           TRIGGER], capture_output=True, text=True,
                          check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    city = [e for e in events if e["area"] == "36-nyc"]
    strong = [e for e in city if e["grade"] in ("orange", "red")]
    assert strong and strong[0]["as_of"] <= "2020-03-09"
    assert strong[0]["as_of"] >= "2020-03-01"
    assert max(e["as_of"] for e in events) >= "2025-01-01"
    first = [e for e in strong if e["as_of"] <= "2020-03-09"][-1]
    assert len({e["area"] for e in first["evidence"]}) >= 3
    return events


def borough(site):
    return "gw-" + site["area"]


class City:
    """Boroughs, each with a gateway that runs tocsin-collect."""

    def __init__(self, folder, last=LAST):
        self.folder = folder
        self.sites = {s["site"]: s for s in rows("sites.csv")}
        self.days = collections.defaultdict(
            lambda: collections.defaultdict(list))
        for r in rows("counts.csv"):
            if r["date"] <= last:
                gate = borough(self.sites[r["site"]])
                self.days[r["date"]][gate].append(r)
        self.gates = sorted({borough(s) for s in self.sites.values()})
        self.running = []

    def site_csv(self):
        out = ["site,kind,area,name,gateway"]
        for s in self.sites.values():
            out.append(f"{s['site']},{s['kind']},{s['area']},"
                       f"\"{s['name']}\",{borough(s)}")
        return "\n".join(out) + "\n"

    def collect(self, *options):
        """One tocsin-collect a borough, until the city is left."""
        for gate in self.gates:
            home = self.folder / gate
            log = open(self.folder / f"{gate}.log", "wb")
            self.running.append(subprocess.Popen(
                [BIN / "tocsin-collect", "--site", gate, "--state", home,
                 "--drop", home / "drop", "--county", gate[3:], *options,
                 "run"], stdout=log, stderr=log))
            log.close()
            until(lambda: (home / "drop" / "failed").exists(), self.said)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for p in self.running:
            p.terminate()
        for p in self.running:
            p.wait(60)

    def said(self):
        return [(gate, (self.folder / f"{gate}.log").read_text())
                for gate in self.gates]

    def push(self, day):
        """A file a borough, whole when it is seen; how many counts."""
        for gate, counts in self.days[day].items():
            whole = self.folder / gate / f"{day}.csv"
            whole.write_text("date,site,indicator,count\n" + "".join(
                f"{c['date']},{c['site']},{c['indicator']},{c['count']}\n"
                for c in counts))
            whole.rename(self.folder / gate / "drop" / whole.name)
        return sum(len(counts) for counts in self.days[day].values())

    def run(self, daemon, *options):
        daemon.world((DATA / "areas.csv").read_text(), self.site_csv())
        first = min(self.days)
        before = datetime.date.fromisoformat(first) - datetime.timedelta(1)
        daemon.advance(before.isoformat())
        self.collect(*options)
        total = 0

        def arrived():
            return daemon.status()["intake"]["counts"] == total

        for day in sorted(self.days):
            total += self.push(day)
            until(arrived, lambda: (day, total, daemon.status(), self.said()))
            daemon.advance(day)
        assert daemon.status()["intake"]["refused"] == {}
        events = [json.loads(body) for body, in daemon.rows(
            "SELECT body FROM alert_event ORDER BY number")]
        # What the operator is told of the reports is no business of triggers,
        # and a back-test does not merge what the boroughs rang.
        return [e for e in events if e.get("route") != "operator"
                and not e.get("merged_below")]


def until(true, why):
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, why()
        time.sleep(0.004)


def test_over_zeromq(tmp_path, expected):
    with Daemon(tmp_path, tocsind_triggers=TRIGGER) as d, \
            City(tmp_path) as city:
        assert not differences(city.run(d, "--centre", d.address()), expected)


# The mock broker answers a fetch that finds nothing when its wait is over.
KAFKA = """kafka {
	properties = { "session.timeout.ms=6000", "fetch.wait.max.ms=5" }
}
"""


def test_over_kafka(tmp_path, expected):
    with Broker(2) as broker, Daemon(
            tmp_path, conf=KAFKA, tocsind_triggers=TRIGGER, zmq_listen="",
            kafka_brokers=broker.address) as d, \
            City(tmp_path, LAST_KAFKA) as city:
        assert not differences(
            city.run(d, "--kafka", broker.address),
            [e for e in expected if e["as_of"] <= LAST_KAFKA])
