"""scripts/demo as a newcomer runs it, cut to a month and made to end."""

import os
import pathlib
import re
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "scripts" / "demo"


def run(tmp_path, *args):
    return subprocess.run([str(DEMO), *args], text=True, timeout=800,
                          capture_output=True,
                          env={**os.environ, "TMPDIR": str(tmp_path)})


def test_the_labelled_outbreak_is_rung(tmp_path):
    done = run(tmp_path, "--days", "30", "--exit")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert re.search(r"officer's page: http://127\.0\.0\.1:\d+", done.stdout)
    assert "<- the labelled outbreak" in done.stdout
    assert re.search(r"first rung on 2024-0[45]-\d\d\.", done.stdout)
    assert list(tmp_path.iterdir()) == []  # nothing is left behind


def test_before_the_outbreak_the_status_says_so(tmp_path):
    done = run(tmp_path, "--days", "3", "--exit")
    assert done.returncode == 1
    assert "it was not rung" in done.stdout


def test_an_interrupt_ends_all_of_it(tmp_path):
    demo = subprocess.Popen([str(DEMO), "--days", "400"], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            start_new_session=True,
                            env={**os.environ, "TMPDIR": str(tmp_path)})
    for line in demo.stdout:
        if "officer's page" in line:
            break
    os.killpg(demo.pid, signal.SIGINT)
    rest = demo.stdout.read()
    assert demo.wait(timeout=60) == 130, rest
    assert list(tmp_path.iterdir()) == []
    left = subprocess.run(["pgrep", "-g", str(demo.pid)],
                          capture_output=True, text=True)
    assert left.stdout == ""


def test_a_wrong_word_is_named(tmp_path):
    done = run(tmp_path, "--dyas", "3")
    assert done.returncode == 64
    assert "what is '--dyas'?" in done.stderr
