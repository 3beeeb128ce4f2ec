"""tocsin calibrate: a table before and after, and keys that a file accepts."""

import os
import re
import subprocess

TOCSIN = os.path.join(os.environ["TOCSIN_BIN"], "tocsin")
TRIGGER = """trigger "{name}" {{
\tindicators = {{ ili-residents, gi-residents }}
\tkinds = {{ nursing-home }}
\twhere = {{ county }}
\twindow = 5d
\tquiet_days = {quiet}
\tbudget = {budget}
{keys}
\ttell = {{ duty }}
}}
"""


def run(*args):
    return subprocess.run([TOCSIN, *args], text=True, capture_output=True,
                          timeout=300)


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def calibrate(*paths, counties=4):
    args = [a for p in paths for a in ("--triggers", p)]
    done = run("calibrate", *args, "--counties", str(counties), "--years", "1",
               "--seed", "7")
    assert done.returncode == 0, done.stderr
    return done.stdout


def rates(text):
    """Colour: wanted, as it is, calibrated, in other years."""
    rows = re.findall(r"^  (blue|yellow|orange|red) +(.*)$", text, re.M)
    return {c: [float(x) for x in r.split()] for c, r in rows}


def test_thresholds_keep_a_trigger_to_its_budget(tmp_path):
    plain = TRIGGER.format(name="homes", quiet=5, budget=10, keys="")
    text = calibrate(write(tmp_path, "plain.conf", plain), counties=14)
    assert "homes, county and below: 14 area-years, budget 10" in text
    table = rates(text)
    assert list(table) == ["blue", "yellow", "orange", "red"]
    wanted, before, after, other = table["blue"]
    assert wanted == 10 and abs(after - 10) < abs(before - 10)
    assert 7.5 <= after <= 12.5 and other > 0
    assert "thin" not in text
    keys = [k for k in text.splitlines()
            if re.match(r"\t(calib|tail|kind_tails)", k)]
    assert len(keys) == 3
    tails = re.search(r'kind_tails = { "nursing-home:([0-9.:]+)" }', keys[2])
    scores = [float(x) for x in tails.group(1).split(":")]
    assert len(scores) == 3 and 0 < scores[0] < scores[1] < scores[2]

    fitted = TRIGGER.format(name="homes", quiet=5, budget=10,
                            keys="\n".join(keys))
    again = rates(calibrate(write(tmp_path, "fitted.conf", fitted),
                            counties=14))
    for colour, row in again.items():
        # What it is, is what it became, but for the keys' three digits.
        assert abs(row[1] - table[colour][2]) <= 0.3


def test_few_days_leave_a_kind_s_p_at_its_word(tmp_path):
    plain = TRIGGER.format(name="homes", quiet=5, budget=2, keys="")
    text = calibrate(write(tmp_path, "plain.conf", plain))
    assert "calibration = " in text and "kind_tails" not in text
    # Four area-years of two openings each: the budget is beyond the fit.
    assert "Too thin to rely on" in text
    behind = re.search(r"only (\S+) openings stand behind the budget, 40 are",
                       text)
    assert 7.5 < float(behind.group(1)) < 8.5
    assert "some 5 times as many county-years (--counties 4, --years 1" in text
    one = len(re.findall(r'"[0-9.]+:[0-9.]+"', text.split("tail")[0])) == 1
    assert one == ("one point, and a tail of 1.000 that is assumed" in text)
    assert all(len(line) <= 80 for line in text.splitlines()
               if line[:1] != "\t"), text


def test_a_desk_s_budget_is_shared(tmp_path):
    both = "".join(TRIGGER.format(name=n, quiet=14, budget=b, keys="")
                   for n, b in (("homes", 1), ("wards", 3)))
    text = calibrate(write(tmp_path, "both.conf", both),
                     write(tmp_path, "desk.conf", "desk { budget = 1 }\n"))
    assert "homes, county and below: 4 area-years, budget 0.25" in text
    assert "wards, county and below: 4 area-years, budget 0.75" in text
    assert text.count("too few days or openings") == 2


def test_a_trigger_that_is_none(tmp_path):
    path = write(tmp_path, "t.conf", TRIGGER.format(
        name="beds", quiet=7, budget=2, keys="\tpart_of = { respiratry }"))
    done = run("calibrate", "--triggers", path)
    assert done.returncode == 2
    assert 'unknown "respiratry", did you mean "respiratory"?' in done.stderr
    done = run("calibrate", "--trigger", "resporatory")
    assert done.returncode == 2 and done.stdout == ""
    assert 'did you mean "respiratory"?' in done.stderr
    done = run("calibrate", "--trigger", "single-case")
    assert done.returncode == 2 and done.stdout == ""
