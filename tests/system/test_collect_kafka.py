"""From a gateway's files through Kafka into the centre, killed on the way."""
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from broker import Broker  # noqa: E402
from collect_site import Site, number, table, wait  # noqa: E402
from daemon import SITES, Daemon  # noqa: E402


def rows(turn):
    return [(f"2026-03-{d:02}", site, "ill-absence", 100 * turn + d)
            for site in ("school-1", "school-2") for d in range(1, 21)]


def test_gateway_through_kafka(tmp_path):
    chance = random.Random(7)
    (tmp_path / "centre").mkdir()
    (tmp_path / "sites.csv").write_text(SITES)
    with Broker() as broker, Daemon(
            tmp_path / "centre", zmq_listen="", kafka_brokers=broker.address,
            kafka_properties="session.timeout.ms=6000") as daemon:
        daemon.world()
        daemon.advance("2026-03-20")
        site = Site(tmp_path, None, code="gate-1")
        site.common += ["--kafka", broker.address]
        site.conf(f'site {{\n\tcounties = "{tmp_path}/sites.csv"\n'
                  "\tframe-counts = 5\n}\n")
        try:
            for turn in range(4):
                site.start()
                table(tmp_path / "f.csv", rows(turn)).rename(
                    site.drop / f"f{turn}.csv")
                time.sleep(chance.random() * 0.4)
                site.kill()
            done = site.push(table(tmp_path / "last.csv", rows(4)))
            assert done.returncode == 0, done.stderr
            want = {(r[1], r[2], "", number(r[0])): r[3] for r in rows(4)}
            assert wait(lambda: {k: v[0] for k, v in
                                 daemon.counts().items()} == want, 60)
            assert site.status()["waiting_frames"] == 0
            parts = daemon.rows("SELECT count(*) FROM kafka_offset"
                                " WHERE next > 0")[0][0]
            assert parts == 2  # one for each county
            doubles = daemon.rows(
                "SELECT count(*) - count(DISTINCT seq) FROM ledger")[0][0]
            assert doubles == 0
        finally:
            site.kill()
