"""The commands of docs/collect.md, exactly as they stand."""
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from collect_site import BIN, number  # noqa: E402
from daemon import Daemon  # noqa: E402

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "collect.md"


def test_page(tmp_path):
    (tmp_path / "centre").mkdir()
    work = tmp_path / "work"
    work.mkdir()
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    assert len(blocks) == 3
    with Daemon(tmp_path / "centre") as daemon:
        daemon.world()
        daemon.advance("2026-03-20")
        env = dict(os.environ, CENTRE=daemon.address("zmq"),
                   PATH=f"{BIN.parent.resolve()}:{os.environ['PATH']}")
        outputs = []
        for block in blocks:
            done = subprocess.run(["bash", "-e", "-c", block], cwd=work,
                                  env=env, text=True, timeout=60,
                                  capture_output=True)
            assert done.returncode == 0, done.stderr
            outputs.append(done.stdout)
        assert "2 rows taken and acknowledged, 0 bad" in outputs[0]
        assert "Everything has been delivered." in outputs[1]
        counts = daemon.counts()
    key = ("school-1", "ill-absence", "", number("2026-03-01"))
    assert counts[key][0] == 14
    assert len(counts) == 3
