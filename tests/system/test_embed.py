"""libtocsin-detect as installed, embedded by the example of the manual."""

import os
import pathlib
import re
import subprocess

BUILD = pathlib.Path(os.environ["TOCSIN_BIN"]).parent
EXAMPLE = pathlib.Path(__file__).parents[2] / "docs/examples/embed.c"


def sanitizers():
    cache = (BUILD / "CMakeCache.txt").read_text()
    found = re.search(r"^SANITIZE:STRING=(.+)$", cache, re.M)
    return [f"-fsanitize={found.group(1)}"] if found else []


def test_the_example_builds_and_judges(tmp_path):
    subprocess.run(["cmake", "--install", BUILD, "--component", "detect",
                    "--prefix", "/opt/somewhere"], check=True,
                   env={**os.environ, "DESTDIR": str(tmp_path)},
                   stdout=subprocess.PIPE)
    pc, = tmp_path.rglob("tocsin-detect.pc")
    flags = subprocess.run(
        ["pkg-config", "--static", "--cflags", "--libs", "tocsin-detect"],
        env={**os.environ, "PKG_CONFIG_PATH": str(pc.parent)}, check=True,
        capture_output=True, text=True).stdout.split()
    program = tmp_path / "embed"
    subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror",
                    *sanitizers(), EXAMPLE, "-o", program, *flags], check=True)
    run = subprocess.run([program, *"3 4 3 - 5 4 3 4 2 3 4 12".split()],
                         capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (1, "")
    assert re.fullmatch(r"alert: expected [\d.]+, limit [\d.]+, p \S+\n",
                        run.stdout)
    assert subprocess.run([program, "3"], capture_output=True,
                          text=True).stdout.startswith("unknown:")
