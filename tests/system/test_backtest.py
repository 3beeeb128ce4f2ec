"""tocsin backtest: real counts of New York, hand-made ones, and bad ones."""

import datetime
import json
import os
import re
import subprocess
import xml.etree.ElementTree

import pytest
import sheets

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
NYC = os.path.join(TOP, "..", "shared", "data", "nyc")
TOCSIN = os.path.join(os.environ["TOCSIN_BIN"], "tocsin")
RESPIRATORY = os.path.join(TOP, "etc", "triggers.d", "respiratory.conf")
HIGH = ("orange", "red")
CITY = "36-nyc"


def backtest(folder, *args):
    return subprocess.run([TOCSIN, "backtest", folder, *args], text=True,
                          capture_output=True, timeout=600,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})


def events_of(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module", params=["alone", "shipped"])
def nyc(request):
    """By the respiratory trigger alone, and beside all that are shipped."""
    if not os.path.isdir(NYC):
        pytest.skip("the counts of New York (../shared) are not here")
    alone = ["--triggers", RESPIRATORY] if request.param == "alone" else []
    done = backtest(NYC, *alone)
    assert done.returncode == 0, done.stderr
    return [e for e in events_of(done)
            if e["area"] == CITY and e["trigger"] == "respiratory"]


def reaches(events):
    """Days on which an episode of the city first is orange or higher."""
    seen, days = set(), []
    for e in events:
        if e["grade"] in HIGH and e["id"] not in seen:
            seen.add(e["id"])
            days.append(e["as_of"])
    return days


def test_new_york_rings_in_march_2020_and_not_in_february(nyc):
    high = [e for e in nyc if e["grade"] in HIGH]
    assert not [e for e in high if e["as_of"] < "2020-03-01"]
    early = [e for e in high if e["as_of"] <= "2020-03-09"]
    assert early
    boroughs = {i["area"] for e in early for i in e["evidence"]} - {CITY}
    assert len(boroughs) >= 3


@pytest.mark.parametrize("run", ["2020-11-11", "2021-07-19", "2021-11-29",
                                 "2022-03-23"])
def test_new_york_rings_around_each_wave(nyc, run):
    day = datetime.date.fromisoformat(run)
    lo = (day - datetime.timedelta(21)).isoformat()
    hi = (day + datetime.timedelta(14)).isoformat()
    assert [e for e in nyc
            if e["event"] in ("opened", "grew", "regraded")
            and e["grade"] in HIGH and lo <= e["as_of"] <= hi]


@pytest.mark.parametrize("lo,hi", [("2021-02", "2021-06"),
                                   ("2023-02", "2023-06"),
                                   ("2024-02", "2024-05")])
def test_new_york_is_quiet_between_the_waves(nyc, lo, hi):
    """No episode opens at orange, and none that is open becomes it."""
    assert not [e for e in nyc
                if e["event"] in ("opened", "grew", "regraded")
                and e["grade"] in HIGH and lo <= e["as_of"][:7] <= hi]


def test_new_york_by_year(nyc, capsys):
    years = {str(y): [] for y in range(2020, 2026)}
    for day in reaches(nyc):
        years[day[:4]].append(day)
    with capsys.disabled():
        for year, days in sorted(years.items()):
            print(f"\nNew York, orange or higher in {year}: {len(days)}:"
                  f" {' '.join(days)}", end="")
        print()
    assert all(len(days) <= 5 for days in years.values())


FIELDS = ["event", "as_of", "id", "trigger", "area", "level", "grade",
          "kinds", "points", "p", "coverage", "first_day", "last_day",
          "evidence"]
EVIDENCE = ["site", "area", "kind", "indicator", "day", "observed",
            "expected", "upper", "p", "method"]


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(text)


def made(folder, days=90, extra=""):
    """A county whose clinic, school and pharmacy rise on day 70."""
    write(folder, "areas.csv", "name,level,area,parent,population\n"
          "County,county,c1,city,100000\nCity,city,city,,500000\n")
    write(folder, "sites.csv", "site,kind,area,name\nfc,fever-clinic,c1,F\n"
          "sc,school,c1,S\nph,pharmacy,c1,P\n")
    rows = ["site,date,count,indicator"]
    start = datetime.date(2024, 1, 1)
    for d in range(days):
        day = start + datetime.timedelta(d)
        for i, (site, ind) in enumerate([("fc", "ili-visit"),
                                         ("sc", "resp-absence"),
                                         ("ph", "otc-cough-cold")]):
            count = 30 + (d * 7 + i * 3) % 5 + (40 if 70 <= d < 76 else 0)
            rows.append(f"{site},{day},{count},{ind}")
    write(folder, "counts.csv", "\n".join(rows) + "\n" + extra)


def test_events_have_their_fields(tmp_path):
    made(tmp_path, days=110)
    done = backtest(tmp_path)
    assert done.returncode == 0, done.stderr
    events = events_of(done)
    first = events[0]
    assert first["event"] == "opened" and first["as_of"] == "2024-03-11"
    assert first["trigger"] == "respiratory" and first["grade"] == "red"
    assert set(first["kinds"]) == {"fever-clinic", "school", "pharmacy"}
    assert first["points"] == 3 and first["coverage"] == 1
    for e in events:
        assert [k for k in FIELDS if k not in e] == []
        for item in e["evidence"]:
            assert [k for k in EVIDENCE if k not in item] == []
    assert "ended" in [e["event"] for e in events if e["id"] == first["id"]]
    # The same a row an event, for a spreadsheet.
    table = backtest(tmp_path, "--csv")
    assert table.returncode == 0 and table.stderr == ""
    n, head = sheets.same(table.stdout, {"events": events}, ["events"])
    assert n == len(events) and head[0] == "event"
    both = backtest(tmp_path, "--csv", "--table")
    assert both.returncode == 2 and both.stdout == ""


def test_the_same_twice(tmp_path):
    made(tmp_path)
    assert backtest(tmp_path).stdout == backtest(tmp_path).stdout


def test_a_chart_for_people(tmp_path):
    made(tmp_path, days=110)
    done = backtest(tmp_path, "--chart", "--triggers", RESPIRATORY)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("respiratory: Respiratory illness")
    assert "red) in 0.3 years of 2 areas" in lines[1]
    assert lines[2].endswith("an area and year, budget 2")
    lanes = {ln[:18].strip(): ln[19:] for ln in lines[4:6]}
    assert sorted(lanes) == ["City", "County"]
    # 110 days in 61 cells of two; it opened on the 71st and ended on the 93rd.
    assert lanes["County"] == "." * 35 + "R" + "-" * 11 + "." * 8
    assert max(map(len, lines)) <= 80
    assert "\033" not in done.stdout


def test_a_chart_as_a_picture(tmp_path):
    made(tmp_path, days=110)
    text = (tmp_path / "areas.csv").read_text()
    (tmp_path / "areas.csv").write_text(text.replace("County,", "A<&>B,", 1))
    picture = tmp_path / "mine.svg"
    done = backtest(tmp_path, "--triggers", RESPIRATORY, "--svg", picture)
    assert done.stdout == backtest(tmp_path, "--triggers", RESPIRATORY).stdout
    root = xml.etree.ElementTree.parse(picture).getroot()
    texts = [t.text for t in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "A<&>B" in texts and "City" in texts
    bars = [t.text for t in root.iter("{http://www.w3.org/2000/svg}title")]
    assert bars[0].startswith("2024-03-11 red, points: 3, ended 2024-")
    done = backtest(tmp_path, "--svg", tmp_path / "no" / "folder.svg")
    assert done.returncode == 1 and "could not be written" in done.stderr


def cells(line):
    """A terminal's cells: Chinese characters take two."""
    return sum(2 if "\u2e80" <= c <= "\uffef" else 1 for c in line)


def test_tables_and_charts_in_chinese(tmp_path):
    """Columns stand under each other, and a line fits a terminal."""
    made(tmp_path, days=110)
    text = (tmp_path / "areas.csv").read_text().splitlines()
    (tmp_path / "areas.csv").write_text("\n".join(
        [text[0] + ",name_zh", text[1] + ",清河县", text[2] + ",白沙市"]) + "\n")
    for lang, signal, place, kind in (("en", "red ", "County", "pharmacy"),
                                      ("zh-CN", "红色", "清河县", "药店")):
        done = backtest(tmp_path, "--table", "--lang", lang, "--triggers",
                        RESPIRATORY)
        head, *rows = done.stdout.splitlines()
        assert rows and max(map(cells, [head, *rows])) <= 80
        mine = [r for r in rows if f"  {place}  " in r and signal in r]
        assert mine and kind in "".join(rows), rows
        # The day, the event and the signal begin where their heads do.
        at = {cells(r[:re.search("  (blue|yellow|orange|red|[蓝黄橙红]色)",
                                 r).start()]) for r in rows}
        assert len(at) == 1, rows
    done = backtest(tmp_path, "--chart", "--lang", "zh-CN", "--triggers",
                    RESPIRATORY)
    lines = done.stdout.splitlines()
    assert lines[0] == "respiratory: 呼吸道症状异常增多"
    assert "预算 2 次" in lines[2] and max(map(cells, lines)) <= 80
    lanes = [ln for ln in lines if ln.startswith(("清河县", "白沙市"))]
    assert len(lanes) == 2 and {cells(ln) for ln in lanes} == {19 + 55}


def test_a_norm_has_no_points_and_no_years(tmp_path):
    made(tmp_path)
    (tmp_path / "t.conf").write_text(
        'trigger "t" {\nindicators = { ili-visit }\nwhere = { county }\n'
        'rule = cases\ncases = { "1 red" }\nbasis = x\ntell = { duty }\n}\n')
    done = backtest(tmp_path, "--table", "--triggers", tmp_path / "t.conf")
    assert re.search(r"  opened +red +County +- +-  fever-clinic$",
                     done.stdout, re.M), done.stdout


def test_a_chart_of_nothing(tmp_path):
    made(tmp_path, days=60)
    done = backtest(tmp_path, "--chart", "--triggers", RESPIRATORY)
    assert done.returncode == 0 and done.stdout == "Nothing rang.\n"
    write(tmp_path, "counts.csv", "site,date,count,indicator\n")
    done = backtest(tmp_path, "--chart")
    assert done.returncode == 1 and "no day to draw" in done.stderr


def test_order_of_rows_does_not_matter(tmp_path):
    made(tmp_path)
    first = backtest(tmp_path).stdout
    with open(tmp_path / "counts.csv", encoding="utf-8") as f:
        head, *rows = f.read().splitlines()
    write(tmp_path, "counts.csv",
          "\n".join([head] + rows[::-1] + rows[40:90]) + "\n")
    assert backtest(tmp_path).stdout == first


def test_from_and_to(tmp_path):
    made(tmp_path)
    assert events_of(backtest(tmp_path, "--to", "2024-03-10")) == []
    late = events_of(backtest(tmp_path, "--from", "2024-03-12"))
    assert late[0]["as_of"] == "2024-03-12"
    assert backtest(tmp_path, "--from", "soon").returncode == 2


def test_what_came_late_is_seen_late(tmp_path):
    made(tmp_path)
    with open(tmp_path / "counts.csv", encoding="utf-8") as f:
        head, *rows = f.read().splitlines()
    late = [r + (",2024-03-13" if "2024-03-10" < r.split(",")[1] < "2024-03-13"
                 else ",") for r in rows]
    write(tmp_path, "counts.csv",
          "\n".join([head + ",received"] + late) + "\n")
    events = events_of(backtest(tmp_path))
    assert events[0]["as_of"] == "2024-03-13"


def test_corrected_data_make_no_other_events(tmp_path):
    made(tmp_path)
    head, *rows = (tmp_path / "counts.csv").read_text().splitlines()
    lines = [head + ",received"] + [f"{r},{r.split(',')[1]}" for r in rows]
    for r in rows:  # two days later the rise is taken back
        site, date, count, indicator = r.split(",")
        if int(count) > 60:
            lines.append(f"{site},{date},30,{indicator},2024-03-17")
    write(tmp_path, "counts.csv", "\n".join(lines) + "\n")
    done = backtest(tmp_path)
    assert done.returncode == 0, done.stderr
    names = [e["event"] for e in events_of(done)]
    assert names[0] == "opened"
    assert set(names) <= {"opened", "grew", "regraded", "ended"}


def test_bad_rows_are_all_named(tmp_path):
    made(tmp_path, extra="fc,2024-02-30,1,ili-visit\nfx,2024-02-03,1,"
         "ili-visit\nfc,2024-02-03,1,ili-vist\nfc,2024-02-03,x,ili-visit\n")
    with open(tmp_path / "sites.csv", "a", encoding="utf-8") as f:
        f.write("zz,fever-clinik,c1,Z\n")
    done = backtest(tmp_path)
    assert done.returncode == 65
    assert events_of(done)[0]["event"] == "opened"
    for text in ["sites.csv:5: unknown kind", '"fever-clinic"',
                 "counts.csv:272: date", "counts.csv:273: unknown site",
                 'did you mean "ili-visit"', "counts.csv:275: count"]:
        assert text in done.stderr


@pytest.mark.parametrize("row,says", [
    ("fc,2024-02-03,1,ili-visit,2024-02-09", "5 fields, and the header has 4"),
    ("fc,2024-02-03,1", "3 fields, and the header has 4"),
    ('fc,2024-02-03,1,"ili-visit" x', "a quotation mark is not closed"),
    ("fc,2024-02-03,0x10,ili-visit", 'count "0x10" is no whole number'),
])
def test_a_bad_row_does_not_hide_the_next(tmp_path, row, says):
    made(tmp_path, extra=row + "\nfx,2024-02-03,1,ili-visit\n")
    done = backtest(tmp_path)
    assert done.returncode == 65
    assert f"counts.csv:272: {says}" in done.stderr
    assert "counts.csv:273: unknown site" in done.stderr
    assert "2 bad rows" in done.stderr
    assert events_of(done)[0]["event"] == "opened"


def test_a_quotation_mark_that_is_never_closed(tmp_path):
    made(tmp_path, extra='fc,2024-02-03,1,"ili-visit\n')
    done = backtest(tmp_path)
    assert done.returncode == 65
    assert "counts.csv:272: a quotation mark is not closed" in done.stderr


def test_counts_need_their_column(tmp_path):
    made(tmp_path)
    text = (tmp_path / "counts.csv").read_text()
    (tmp_path / "counts.csv").write_text(text.replace("count", "cnt", 1))
    done = backtest(tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert 'counts.csv:1: column "count" is missing' in done.stderr


def test_to_before_from(tmp_path):
    made(tmp_path)
    for words in ("--from", "2034-03-02"), ("--to", "2004-03-02"):
        done = backtest(tmp_path, *words)
        assert done.returncode == 2 and done.stdout == ""
        assert "no day to weigh: the data set goes from" in done.stderr
    done = backtest(tmp_path, "--from", "2024-03-02", "--to", "2024-03-01")
    assert done.returncode == 2 and "--to is before --from" in done.stderr


def test_unknown_columns_are_a_warning(tmp_path):
    made(tmp_path)
    with open(tmp_path / "counts.csv", encoding="utf-8") as f:
        head, *rows = f.read().splitlines()
    write(tmp_path, "counts.csv",
          "\n".join([head + ",weather"] + [r + ",rain" for r in rows]) + "\n")
    done = backtest(tmp_path)
    assert done.returncode == 0
    assert 'warning' in done.stderr and '"weather"' in done.stderr


def test_unreadable_is_status_2(tmp_path):
    done = backtest(tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert "areas.csv" in done.stderr
    made(tmp_path)
    write(tmp_path, "bad.conf", "trigger \"x\" { rule = fusoin }\n")
    done = backtest(tmp_path, "--triggers", str(tmp_path / "bad.conf"))
    assert done.returncode == 2 and "fusion" in done.stderr


def test_one_case_of_plague(tmp_path):
    made(tmp_path, extra="fc,2024-01-05,1,plague-case\n")
    events = [e for e in events_of(backtest(tmp_path))
              if e["trigger"] == "single-case"]
    assert events[0]["as_of"] == "2024-01-05"
    assert events[0]["grade"] == "red" and events[0]["p"] is None
