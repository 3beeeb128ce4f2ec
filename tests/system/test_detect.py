"""tocsin detect and tocsin methods as a person or a script meets them."""

import csv
import datetime
import io
import json
import os
import pathlib
import re
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


def test_without_a_method_it_is_tocsin():
    text = "t,count\n" + "".join(f"{t},{t % 5}\n" for t in range(1, 41))
    rows = detect(text)
    assert rows == detect(text, "--method", "tocsin")
    assert {r["method"] for r in rows} == {"tocsin"}


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
    assert [list(o) for o in said] == [[*r, "reason"] for r in rows]
    for o, r in zip(said, rows):
        assert (o["series"], o["level"]) == (r["series"], r["level"])
        for key in ("count", "expected", "upper", "statistic", "p"):
            assert o[key] == (float(r[key]) if r[key] else None)
    assert said[3]["level"] != "unknown" or said[3]["p"] is None
    assert [o["reason"] for o in said[:3]] == ["learning", "report missing",
                                               "report missing"]
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


def simulated(folder, *args):
    done = tocsin("simulate", "--out", str(folder), "--days", "120",
                  "--counties", "2", *args)
    assert done.returncode == 0, done.stderr
    sites = (folder / "sites.csv").read_text().splitlines()
    return sites, (folder / "counts.csv").read_text().splitlines()


def test_more_sources_change_no_count_of_the_others(tmp_path):
    ill = ("--outbreak", "respiratory,2023-02-10,4000,21,2")
    sites, counts = simulated(tmp_path / "usual", *ill)
    all_sites, all_counts = simulated(tmp_path / "all", "--all-sources", *ill)
    assert all_sites[:len(sites)] == sites
    usual = set(counts)
    assert [c for c in all_counts if c in usual] == counts
    kind = dict(s.split(",")[:2] for s in all_sites)
    weekly = [c.split(",") for c in all_counts[1:]
              if kind[c.split(",")[1]] == "wastewater"]
    assert weekly
    for date, _, _, _, _, received in weekly:
        monday = datetime.date.fromisoformat(date)
        assert monday.weekday() == 0
        assert (datetime.date.fromisoformat(received) - monday).days >= 6
    # The outbreak is seen in the waste water too.
    calm = simulated(tmp_path / "calm", "--all-sources")[1]
    assert sum(int(c.split(",")[3]) for c in all_counts[1:]
               if ",ww-flu," in c) > sum(
                   int(c.split(",")[3]) for c in calm[1:] if ",ww-flu," in c)


def test_every_statistical_trigger_hears_some_source(tmp_path):
    sites, counts = simulated(tmp_path / "all", "--all-sources")
    kind = dict(s.split(",")[:2] for s in sites)
    heard = {(kind[c.split(",")[1]], c.split(",")[2]) for c in counts[1:]}
    done = tocsin("trigger", "list", "--json")
    assert done.returncode == 0, done.stderr
    statistical = [t for t in json.loads(done.stdout)
                   if t["rule"] not in ("cases", "percentile")]
    assert len(statistical) > 15
    for t in statistical:
        assert any(k in t["kinds"] and i in t["indicators"]
                   for k, i in heard), t["name"]


def test_an_outbreak_that_nobody_counts_is_refused(tmp_path):
    words = ["simulate", "--out", str(tmp_path / "d"), "--days", "60",
             "--outbreak", "neurological,2023-02-01,300"]
    done = tocsin(*words)
    assert done.returncode == 2
    assert "--all-sources" in done.stderr
    done = tocsin(*words, "--all-sources")
    assert done.returncode == 0, done.stderr
    labels = (tmp_path / "d" / "labels.csv").read_text().splitlines()
    assert labels[1].startswith("1,neurological,")
    assert labels[1].endswith(",ed;hospital")


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


def methods():
    return json.loads(tocsin("methods", "--json").stdout)


MOST = 2**31 - 1
N = 140
HOSTILE = {
    "missing": [""] * N,
    "one": [3],
    "short": [1, 2, 3],
    "zero": [0] * N,
    "most": [MOST] * N,
    "zero-or-most": [(0, MOST, "")[i * i % 7 % 3] for i in range(N)],
    "flat": [4] * N,
    "spike": [0] * (N - 1) + [MOST],
    "exact": [2**53] * N,
    "late": [""] * (N - 1) + [5],
    "part": [i % 13 / 4 for i in range(N)],
    "good": [(i * 7 + i * i) % 11 for i in range(N)],
}


def table(series):
    return "series,t,count\n" + "".join(
        f"{name},{i + 1},{x}\n" for name in series
        for i, x in enumerate(HOSTILE[name]))


@pytest.mark.parametrize("period", ["day", "week"])
@pytest.mark.parametrize("method", [m["name"] for m in methods()])
def test_series_without_an_answer_are_unknown_and_others_judged(method,
                                                                period):
    args = ["--method", method, "--period", period]
    rows = detect(table(HOSTILE), *args)
    assert [r["series"] for r in rows] == [
        name for name, counts in HOSTILE.items() for _ in counts]
    for r in rows:
        assert r["level"] in ("unknown", "normal", "warning", "alert"), r
        if r["count"] == "":
            assert r["level"] == "unknown", r
        for key in ("expected", "upper", "statistic", "p"):
            assert r[key] == "" or float(r[key]) == float(r[key]), r
    assert [r for r in rows if r["series"] == "good"] == detect(
        table(["good"]), *args)
    if method != "fixed":
        assert {r["level"] for r in rows
                if r["series"] in ("one", "short", "late")} == {"unknown"}
    assert detect("series,t,count\n", *args) == []


@pytest.mark.parametrize("method", methods(), ids=lambda m: m["name"])
def test_parameters_are_checked_by_name_and_range(method):
    for p in method["parameters"]:
        wrong = "many" if "choices" in p else repr(p["max"] * 2 + 1)
        done = tocsin("detect", "--method", method["name"], "--set",
                      f"{p['name']}={wrong}", "-", stdin=BY_T)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1
        assert p["name"] in done.stderr
    for end in ("default", "min", "max"):
        sets = [arg for p in method["parameters"] if p[end] is not None
                for arg in ("--set", f"{p['name']}={p[end]}")]
        detect(BY_T, "--method", method["name"], *sets)
    done = tocsin("detect", "--method", method["name"], "--set",
                  "no_such_key=1", "-", stdin=BY_T)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no_such_key" in done.stderr


NAMES = """ears-c1 ears-c2 ears-c3 w2 cusum ewma-jhu holt-winters r-ears-c1
    r-ears-c2 r-ears-c3 r-cusum r-lr r-glr r-farrington r-farrington-flexible
    r-bayes1 r-bayes2 r-bayes3 r-rki1 r-rki2 r-rki3 r-cdc rnssp-ewma
    rnssp-regression rnssp-switch glm-nb nb-cusum poisson-cusum fixed
    percentile drop tocsin"""
KEYS = {
    "ears-c1": "baseline guard min_sigma k",
    "ears-c2": "baseline guard min_sigma k",
    "ears-c3": "baseline guard min_sigma k",
    "r-ears-c1": "baseline min_sigma alpha",
    "r-ears-c2": "baseline min_sigma alpha",
    "r-ears-c3": "baseline min_sigma alpha",
    "r-cusum": "k h transform nb_alpha start",
    "r-lr": "c nb_alpha theta start",
    "r-glr": "c nb_alpha start",
    "r-farrington": "b w alpha power start",
    "r-farrington-flexible": "b w periods past weights p_trend threshold "
                             "power alpha start",
    "nb-cusum": "arl0",
    "poisson-cusum": "arl0",
    "fixed": "n window",
    "percentile": "percentile years windows",
    "drop": "window",
}


def test_names_keys_and_choices_that_others_rely_on():
    listed = {m["name"]: m for m in methods()}
    assert set(listed) == set(NAMES.split())
    for name, keys in KEYS.items():
        have = {p["name"]: p for p in listed[name]["parameters"]}
        assert set(keys.split()) <= set(have), name
    def find(name, key):
        return next(p for p in listed[name]["parameters"] if p["name"] == key)
    assert find("r-cusum", "transform")["choices"] == [
        "standard", "rossi", "anscombe", "anscombe2nd", "pearsonNegBin",
        "anscombeNegBin", "none"]
    assert find("r-farrington-flexible", "threshold")["choices"] == [
        "delta", "nbPlugin", "muan"]
    for name in ("r-farrington", "r-farrington-flexible"):
        assert find(name, "power")["choices"] == ["2/3", "1/2", "none"]
    for name in ("ears-c1", "ears-c2", "ears-c3"):
        assert find(name, "min_sigma")["default"] == 0.5
    assert find("percentile", "percentile")["default"] == 80
    assert find("fixed", "n")["default"] == 1


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


def test_the_installed_page_has_the_formulas():
    page = pathlib.Path(TOCSIN).parents[1] / "daemon/tocsin-methods.7"
    text = page.read_text()
    formulas = text[text.index("\n.Sh FORMULAS\n"):]
    for m in json.loads(tocsin("methods", "--json").stdout):
        assert re.search(r"^\.Ss .*\b" + re.escape(m["name"]) + r"\b",
                         formulas, re.M), m["name"]
    assert formulas.count("\n.Sy Formula.\n") >= 20
    assert "<su" not in formulas and "**" not in formulas
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-z", "-ww", "-Kutf8", "-mandoc",
                               "-Tutf8"], input=text, text=True,
                              capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, "")


def test_commands_and_help():
    assert tocsin().returncode == 2
    assert "detect" in tocsin("help").stdout
    assert tocsin("detect", "--help").stdout.startswith("Usage:")
    done = tocsin("detct")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'detect'?" in done.stderr
