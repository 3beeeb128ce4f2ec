"""New York's counts of 2020 by three ways: as a back-test, pushed by
tocsin-collect over ZeroMQ, and over Kafka.  All ring the same alerts."""
import collections
import csv
import datetime
import json
import pathlib
import subprocess
import time

import pytest

from broker import Broker
from daemon import BIN, Daemon

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "nyc"
TRIGGER = ROOT / "etc" / "triggers.d" / "respiratory.conf"
LAST = "2020-03-12"

pytestmark = pytest.mark.skipif(not DATA.exists(),
                                reason=f"{DATA} is not here")


def rows(name):
    with open(DATA / name, newline="") as f:
        return list(csv.DictReader(f))


def shortened(x):
    """As the back-test prints: 12 significant digits."""
    if isinstance(x, float):
        return float(f"{x:.12g}")
    if isinstance(x, list):
        return [shortened(i) for i in x]
    if isinstance(x, dict):
        return {k: shortened(v) for k, v in x.items()}
    return x


@pytest.fixture(scope="module")
def expected():
    done = subprocess.run([BIN / "tocsin", "backtest", DATA, "--triggers",
                           TRIGGER, "--to", LAST], capture_output=True,
                          text=True, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    city = [e for e in events if e["area"] == "36-nyc"]
    strong = [e for e in city if e["grade"] in ("orange", "red")]
    assert strong and strong[0]["as_of"] <= "2020-03-09"
    assert strong[0]["as_of"] >= "2020-03-01"
    first = [e for e in strong if e["as_of"] <= "2020-03-09"][-1]
    assert len({e["area"] for e in first["evidence"]}) >= 3
    return shortened(events)


def borough(site):
    return "gw-" + site["area"]


class City:
    """Boroughs, each with a gateway that runs tocsin-collect."""

    def __init__(self, folder):
        self.folder = folder
        self.sites = {s["site"]: s for s in rows("sites.csv")}
        self.days = collections.defaultdict(
            lambda: collections.defaultdict(list))
        for r in rows("counts.csv"):
            if r["date"] <= LAST:
                gate = borough(self.sites[r["site"]])
                self.days[r["date"]][gate].append(r)

    def site_csv(self):
        out = ["site,kind,area,name,gateway"]
        for s in self.sites.values():
            out.append(f"{s['site']},{s['kind']},{s['area']},"
                       f"\"{s['name']}\",{borough(s)}")
        return "\n".join(out) + "\n"

    def push(self, day, *options):
        """One tocsin-collect a borough, at the same time."""
        running = []
        for gate, counts in self.days[day].items():
            path = self.folder / f"{gate}.csv"
            path.write_text("date,site,indicator,count\n" + "".join(
                f"{c['date']},{c['site']},{c['indicator']},{c['count']}\n"
                for c in counts))
            running.append(subprocess.Popen(
                [BIN / "tocsin-collect", "--site", gate, "--state",
                 self.folder / gate, "--county", gate[3:], *options, "push",
                 path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True))
        for p in running:
            said = p.communicate(timeout=60)[0]
            assert p.returncode == 0, said

    def run(self, daemon, pushed, *options):
        daemon.world((DATA / "areas.csv").read_text(), self.site_csv())
        first = min(self.days)
        before = datetime.date.fromisoformat(first) - datetime.timedelta(1)
        daemon.advance(before.isoformat())
        for day in sorted(self.days):
            self.push(day, *options)
            pushed(day)
            daemon.advance(day)
        assert daemon.status()["intake"]["refused"] == {}
        return shortened([json.loads(body) for body, in daemon.rows(
            "SELECT body FROM alert_event ORDER BY number")])


def test_over_zeromq(tmp_path, expected):
    city = City(tmp_path)
    with Daemon(tmp_path, tocsind_triggers=TRIGGER) as d:
        assert city.run(d, lambda day: None, "--centre",
                        d.address()) == expected


def test_over_kafka(tmp_path, expected):
    city = City(tmp_path)
    total = 0

    def wait(day):
        nonlocal total
        total += sum(len(c) for c in city.days[day].values())
        until = time.monotonic() + 30
        while d.status()["intake"]["counts"] < total:
            assert time.monotonic() < until, d.status()
            time.sleep(0.02)

    with Broker(2) as broker, Daemon(
            tmp_path, tocsind_triggers=TRIGGER, zmq_listen="",
            kafka_brokers=broker.address,
            kafka_properties="session.timeout.ms=6000") as d:
        assert city.run(d, wait, "--kafka", broker.address) == expected
