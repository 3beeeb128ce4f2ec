"""The commands of docs/integrators.md, exactly as they stand, each way on a
centre of its own; what a block prints is compared with the block behind it."""
import os
import pathlib
import re
import subprocess
import sys
import time
import zlib

import pytest

from broker import Broker
from daemon import AREAS, BIN, Daemon

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "integrators.md").read_text()
DAY = {("school-1", f"{name}-absence", "", 20514): (count, 1, 612)
       for name, count in (("ill", 14), ("resp", 5), ("gi", 0))}


def section(title):
    """[(commands, what they print or None)]."""
    text = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE,
                     re.M | re.S).group(1)
    blocks = re.findall(r"^```(sh|text)\n(.*?)^```$", text, re.M | re.S)
    out = []
    for kind, body in blocks:
        if kind == "sh":
            out.append([body, None])
        else:
            out[-1][1] = body
    return out


@pytest.fixture(name="work")
def make_work(tmp_path):
    """The sources as an integrator has them, to write beside."""
    work = tmp_path / "work"
    work.mkdir()
    for name in "proto", "docs", "etc":
        (work / name).symlink_to(ROOT / name)
    return work


class Page:
    def __init__(self, work, daemon, **env):
        self.work, self.daemon = work, daemon
        # Debian's Python, which has the modules, whatever else is installed.
        (work / "bin").mkdir()
        (work / "bin" / "python3").symlink_to(sys.executable)
        self.env = dict(os.environ, **env, PYTHONDONTWRITEBYTECODE="1",
                        PATH=f"{work}/bin:{BIN.resolve()}:"
                             f"{os.environ['PATH']}")
        self.run(*section("The day")[0])

    def run(self, block, printed):
        done = subprocess.run(["bash", "-e", "-o", "pipefail", "-c", block],
                              cwd=self.work, env=self.env, text=True,
                              timeout=60, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        if printed is not None:
            assert done.stdout.strip() == printed.strip()

    def stored(self):
        return {(s, i, t, d): (v, f, n) for s, i, t, d, v, f, n in
                self.daemon.rows(
                    "SELECT site, indicator, stratum, day, value, flags,"
                    " denominator FROM counts JOIN series ON id=series")}


def centre(folder, **more):
    folder.mkdir()
    return Daemon(folder, **more)


def begin(daemon):
    daemon.world()
    daemon.advance("2026-03-20")


def token_of(daemon):
    assert "`tocsin site token school-1`" in PAGE
    return subprocess.run(
        [str(BIN / "tocsin"), "site", "token", "school-1", "--socket",
         str(daemon.state / "tocsin.sock")], check=True, text=True,
        capture_output=True).stdout.strip()


def test_every_block_is_run():
    titles = re.findall(r"^## (.*)$", PAGE, re.M)
    assert titles == ["The day", "With curl", "With tocsin-collect",
                      "With ZeroMQ, from Python", "Into Kafka, with kcat"]
    assert sum(len(section(t)) for t in titles) == len(
        re.findall(r"^```sh$", PAGE, re.M))


@pytest.mark.parametrize("blocks", [[0, 1, 2], [0, 3], [0, 1, 2, 3]],
                         ids=["csv", "json", "both"])
def test_curl(work, tmp_path, blocks):
    with centre(tmp_path / "centre", http_listen="127.0.0.1:0") as daemon:
        begin(daemon)
        page = Page(work, daemon, URL=daemon.address("http"),
                    TOKEN=token_of(daemon))
        for i in blocks:
            page.run(*section("With curl")[i])
        assert page.stored() == DAY


def test_collect(work, tmp_path):
    """From nothing but the areas: the site comes with its invitation."""
    *three, _ = section("With tocsin-collect")
    assert len(three) == 3
    with centre(tmp_path / "centre", curve=True) as daemon:
        assert daemon.post_csv(AREAS, "/api/v1/areas")[0] == 200
        daemon.advance("2026-03-20")
        page = Page(work, daemon,
                    TOCSIN_SOCKET=str(daemon.state / "tocsin.sock"))
        for block in three:
            page.run(*block)
        assert page.stored() == DAY


def test_collect_without_keys(work, tmp_path):
    with centre(tmp_path / "centre") as daemon:
        begin(daemon)
        page = Page(work, daemon, CENTRE=daemon.address())
        page.run(*section("With tocsin-collect")[-1])
        assert page.stored() == DAY


def test_zeromq(work, tmp_path):
    with centre(tmp_path / "centre") as daemon:
        begin(daemon)
        page = Page(work, daemon, CENTRE=daemon.address())
        page.run(*section("With ZeroMQ, from Python")[0])
        assert page.stored() == DAY


def test_zeromq_with_keys(work, tmp_path):
    plain, keys, operator, encrypted = section("With ZeroMQ, from Python")
    with centre(tmp_path / "centre", curve=True) as daemon:
        begin(daemon)
        page = Page(work, daemon, CENTRE=daemon.address(),
                    CENTRE_KEY=daemon.address("zmq-key"),
                    TOCSIN_SOCKET=str(daemon.state / "tocsin.sock"))
        page.run(plain[0].splitlines()[0], None)
        page.run(*keys)
        assert (work / "site.keys").stat().st_mode & 0o77 == 0
        page.run(*operator)
        page.run(*encrypted)
        assert page.stored() == DAY


def test_kafka(work, tmp_path):
    with Broker(3) as broker, centre(
            tmp_path / "centre", zmq_listen="", kafka_brokers=broker.address,
            kafka_properties="session.timeout.ms=6000") as daemon:
        begin(daemon)
        page = Page(work, daemon, BROKERS=broker.address)
        for block in section("Into Kafka, with kcat"):
            page.run(*block)
        for _ in range(300):
            if page.stored():
                break
            time.sleep(0.1)
        assert page.stored() == DAY
        (partition,), = daemon.rows("SELECT partition FROM ledger")
        assert partition == zlib.crc32(b"K1") % 3
