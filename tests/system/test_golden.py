"""The golden rows of every method, through `tocsin detect`: the numbers that
a person or a script reads are the numbers that were compared with R."""

import collections
import csv
import io
import os
import pathlib
import subprocess

import pytest

TOCSIN = os.path.join(os.environ["TOCSIN_BIN"], "tocsin")
OURS = pathlib.Path(__file__).parents[1] / "golden"
GIVEN = pathlib.Path(__file__).parents[3] / "shared/golden"
FILES = [(OURS / "jhu.csv", None, 1e-8),
         (OURS / "holt_winters.csv", None, 1e-8),
         (OURS / "special.csv", None, 1e-8),
         (OURS / "surveillance.csv", OURS / "surveillance_series.csv", 1e-8),
         (OURS / "rnssp.csv", None, 1e-6),
         (OURS / "glm_nb.csv", OURS / "glm_nb_series.csv", 1e-5),
         (GIVEN / "surveillance.csv", GIVEN / "surveillance_series.csv", 1e-8),
         (GIVEN / "rnssp.csv", None, 1e-6)]
SETS = 2  # parameter sets tried of a method and file
LEVELS = {"red": "alert", "1": "alert", "yellow": "warning", "blue": "normal",
          "0": "normal", "grey": "unknown", "NA": "unknown"}


def rows_of(path):
    with open(path) as file:
        lines = (line for line in file if not line.startswith("#"))
        return list(csv.DictReader(lines))


def number(text):
    return None if text in ("", "NA", "NaN", None) else float(text)


def judged(method, params, period, series, when):
    """{(series, t or date): row} of what the command prints."""
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(["series", when, "count"])
    for r in series:
        count = r["count"].strip()
        out.writerow([r["series"], r[when], "" if count == "NA" else count])
    sets = [arg for pair in params.split() for arg in ("--set", pair)]
    done = subprocess.run([TOCSIN, "detect", "--method", method, "--period",
                           period, *sets, "-"], input=text.getvalue(),
                          text=True, capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return {(r["series"], r[when]): r
            for r in csv.DictReader(io.StringIO(done.stdout))}


def wanted_level(row):
    level = row["alarm"] if "alarm" in row else row["level"]
    if level == "blue" and row["p"] == "":
        return "unknown"  # Rnssp's filter on its learning days
    return LEVELS.get(level, level)


def differs(want, got, tolerance):
    if got["level"] != wanted_level(want):
        return "level"
    if got["level"] == "unknown":
        return None
    for key in ("expected", "upper", "statistic"):
        x = number(want.get(key))
        y = number(got[key])
        if x is not None and not (
                y is not None and abs(x - y) <= tolerance * max(1, abs(x))):
            return key
    p = number(want.get("p"))
    if p is not None and abs(p - float(got["p"])) > 1e-8 + 1e-6 * p:
        return "p"
    return None


def compare(method, params, golden, series, tolerance):
    """How many of the golden rows agree; all must."""
    compared = 0
    when = "date" if "date" in golden[0] else "t"
    for period, weekly in (("week", True), ("day", False)):
        names = {r["series"] for r in golden
                 if r["series"].startswith("w-") == weekly}
        if not names:
            continue
        cells = [r for r in series if r["series"] in names]
        got = judged(method, params, period, cells, when)
        for want in golden:
            if want["series"] not in names:
                continue
            row = got[want["series"], want[when]]
            what = differs(want, row, tolerance)
            assert what is None, (what, params, want, row)
            compared += 1
    return compared


def cases():
    for path, whole, tolerance in FILES:
        if not path.exists():
            continue
        groups = collections.defaultdict(lambda: collections.defaultdict(list))
        for row in rows_of(path):
            groups[row["method"]][row.get("params", "")].append(row)
        where = path.parent.parent.name
        for method, sets in groups.items():
            yield pytest.param(method, list(sets.items())[:SETS], whole,
                               tolerance, id=f"{where}-{path.stem}-{method}")


@pytest.mark.parametrize("method, sets, whole, tolerance", cases())
def test_golden_rows_hold_through_the_command(method, sets, whole, tolerance):
    for params, golden in sets:
        series = golden
        if whole is not None:
            series = rows_of(whole)
        assert compare(method, params, golden, series, tolerance) > 0
