"""tocsin detect and tocsin methods as a person or a script meets them."""

import csv
import io
import json
import os
import shutil
import subprocess

import pytest

TOCSIN = os.path.join(os.environ["TOCSIN_BIN"], "tocsin")


def tocsin(*args, stdin=""):
    return subprocess.run([TOCSIN, *args], input=stdin, text=True,
                          capture_output=True, timeout=60)


def detect(text, *args):
    done = tocsin("detect", *args, "-", stdin=text)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return list(csv.DictReader(io.StringIO(done.stdout)))


X = [3, 0, 2, 5, 1, 4, 2, 6, 3, 2, 9, 4, 0, 0, 1, 7, 12, 15, 5, 3]
BY_T = "t,count\n" + "".join(f"{i + 1},{x}\n" for i, x in enumerate(X))


def test_every_period_is_judged():
    rows = detect(BY_T, "--method", "ears-c2", "--set", "min_sigma=0.1")
    assert list(rows[0]) == ["series", "t", "count", "method", "expected",
                             "upper", "statistic", "p", "level"]
    assert [r["t"] for r in rows] == [str(i + 1) for i in range(len(X))]
    assert {r["level"] for r in rows[:9]} == {"unknown"}
    assert [r["level"] for r in rows[9:]].count("unknown") == 0
    assert rows[17]["level"] == "alert"
    assert abs(float(rows[17]["statistic"]) - 2.903718) < 1e-6
    assert len(rows[17]["expected"].replace(".", "").lstrip("0")) >= 12


def test_gaps_and_empty_counts_are_missing():
    rows = detect('series,count,t\n"a, b",1,1\n"a, b",,3\nc,4,2\n"a, b",2,4\n',
                  "--method", "ears-c1")
    assert [(r["series"], r["t"], r["count"]) for r in rows] == [
        ("a, b", "1", "1"), ("a, b", "2", ""), ("a, b", "3", ""),
        ("a, b", "4", "2"), ("c", "2", "4")]
    assert {r["level"] for r in rows} == {"unknown"}


def test_weeks_of_dates_are_iso_weeks():
    rows = detect("date,count,note\r\n2020-12-28,1,x\r\n2021-01-12,2,y\r\n",
                  "--method", "ears-c1", "--period", "week")
    assert [r["date"] for r in rows] == ["2020-12-28", "2021-01-04",
                                         "2021-01-12"]


def test_json_says_what_csv_says():
    text = 'series,count,t\n"a, b",1,1\n"a, b",,3\n"a, b",2.5,4\nc,4,2\n'
    done = tocsin("detect", "--method", "ears-c1", "--set", "baseline=2",
                  "--json", "-", stdin=text)
    rows = detect(text, "--method", "ears-c1", "--set", "baseline=2")
    assert done.returncode == 0 and done.stderr == ""
    said = json.loads(done.stdout)
    assert [list(o) for o in said] == [list(r) for r in rows]
    for o, r in zip(said, rows):
        assert (o["series"], o["level"]) == (r["series"], r["level"])
        for key in ("count", "expected", "upper", "statistic", "p"):
            assert o[key] == (float(r[key]) if r[key] else None)
    assert said[3]["level"] != "unknown" or said[3]["p"] is None
    assert tocsin("detect", "--method", "ears-c1", "--json", "-",
                  stdin="t,count\n").stdout == "[]\n"


def test_simulate_says_what_it_wrote(tmp_path):
    done = tocsin("simulate", "--out", str(tmp_path / "d"), "--days", "20",
                  "--outbreak", "enteric,2023-01-05", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    sites = (tmp_path / "d" / "sites.csv").read_text().splitlines()
    assert said["sites"] == len(sites) - 1
    assert said["first_day"] == "2023-01-01"
    assert said["last_day"] == "2023-01-20"
    assert said["outbreaks"] == 1


def test_no_rows_are_no_error():
    assert detect("t,count\n", "--method", "ears-c1") == []


@pytest.mark.parametrize("args, text, says", [
    (["--method", "ears-c9"], BY_T, "did you mean 'ears-c1'?"),
    (["--method", "nonsense"], BY_T, "tocsin methods"),
    (["--method", "ears-c1", "--set", "basline=9"], BY_T, "'baseline'"),
    (["--method", "ears-c1", "--set", "baseline"], BY_T, "KEY=VALUE"),
    (["--method", "ears-c1", "--set", "baseline=1"], BY_T, "from 2 to"),
    (["--method", "ears-c1", "--set", "k=nan"], BY_T, "not 'nan'"),
    (["--method", "ears-c1", "--set", "k=1x"], BY_T, "not '1x'"),
    (["--method", "ears-c1", "--period", "hour"], BY_T, "day or week"),
    (["--method", "ears-c1", "--colour"], BY_T, "--colour"),
    ([], BY_T, "--method NAME"),
    (["--method", "ears-c1"], "", "not even a header"),
    (["--method", "ears-c1"], "count\n1\n", "no column t or date"),
    (["--method", "ears-c1"], "t\n1\n", "no column count"),
    (["--method", "ears-c1"], "t,count\n1,2\n1,3\n", "-:3: a second row"),
    (["--method", "ears-c1"], "t,count\n1,two\n", "-:2: count is not"),
    (["--method", "ears-c1"], "t,count\n1,-2\n", "-:2: count is not"),
    (["--method", "ears-c1"], "t,count\n1,inf\n", "-:2: count is not"),
    (["--method", "ears-c1"], "t,count\n0,2\n", "-:2: t is not"),
    (["--method", "ears-c1"], "t,count\n1\n", "-:2: the row has no field"),
    (["--method", "ears-c1"], "t,count\n1,2,3\n", "more fields"),
    (["--method", "ears-c1"], "date,count\n2021-02-29,2\n", "not a date"),
    (["--method", "ears-c1"], "t,count\n1,2\n9000000,3\n", "1000000 periods"),
    (["--method", "ears-c1"], 't,count\n1,"2\n', "-:2: "),
])
def test_bad_input_is_one_line_and_nothing_on_stdout(args, text, says):
    done = tocsin("detect", *args, "-", stdin=text)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_an_unreadable_file():
    done = tocsin("detect", "--method", "ears-c1", "/nonexistent/x.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert "/nonexistent/x.csv" in done.stderr


def test_a_full_disk_is_no_success():
    with open("/dev/full", "w") as full:
        done = subprocess.run([TOCSIN, "detect", "--method", "ears-c1", "-"],
                              input=BY_T, text=True, stdout=full,
                              stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 1
    assert "cannot write" in done.stderr


def test_methods_as_json():
    done = tocsin("methods", "--json")
    assert done.returncode == 0
    methods = json.loads(done.stdout)
    names = [m["name"] for m in methods]
    assert len(set(names)) == len(names)
    assert {"ears-c1", "ears-c2", "ears-c3"} <= set(names)
    for m in methods:
        assert set(m) == {"name", "summary", "parameters", "reach",
                          "reference"}
        assert m["summary"] and m["reference"]
        assert m["reach"] is None or m["reach"] >= 1
        for p in m["parameters"]:
            assert p["help"]
            if "choices" in p:
                assert p["default"] in p["choices"]
            else:
                assert p["min"] <= p["default"] <= p["max"]


def test_methods_for_people_fit_80_columns():
    for m in json.loads(tocsin("methods", "--json").stdout):
        done = tocsin("methods", m["name"])
        assert done.returncode == 0
        assert max(map(len, done.stdout.splitlines())) <= 80, done.stdout
        for p in m["parameters"]:
            assert p["name"] in done.stdout
    table = tocsin("methods").stdout
    assert max(map(len, table.splitlines())) <= 80


def test_the_manual_page_has_every_method_and_key():
    page = tocsin("methods", "--man").stdout
    for m in json.loads(tocsin("methods", "--json").stdout):
        assert f"\n.Ss {m['name']}\n" in page
        for p in m["parameters"]:
            assert f"\n.It Cm {p['name']}\n" in page
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-z", "-ww", "-mandoc", "-Tutf8"],
                              input=page, text=True, capture_output=True,
                              timeout=60)
        assert (done.returncode, done.stderr) == (0, "")


def test_commands_and_help():
    assert tocsin().returncode == 2
    assert "detect" in tocsin("help").stdout
    assert tocsin("detect", "--help").stdout.startswith("Usage:")
    done = tocsin("detct")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'detect'?" in done.stderr
