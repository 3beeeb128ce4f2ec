"""The commands of tocsin that ask a running daemon."""
import datetime
import json
import os
import re
import subprocess

import alarm
import pytest
import sheets
from daemon import BIN, Daemon


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("cli")) as daemon:
        daemon.alert = alarm.ring(daemon)
        yield daemon


def tocsin(d, *words, lang="C.UTF-8", stdin=None):
    env = {**os.environ, "TOCSIN_SOCKET": str(d.state / "tocsin.sock"),
           "LC_ALL": lang}
    return subprocess.run([BIN / "tocsin", *words], text=True, env=env,
                          capture_output=True, timeout=60, input=stdin)


def good(d, *words, **kw):
    r = tocsin(d, *words, **kw)
    assert r.returncode == 0, (words, r.returncode, r.stderr)
    assert r.stderr == ""
    return r.stdout


def cells(line):
    """A terminal's cells: Chinese characters take two."""
    return sum(2 if "\u2e80" <= c <= "\uffef" else 1 for c in line)


def test_status(d, tmp_path):
    assert "2025-03-11" in good(d, "status")
    s = json.loads(good(d, "status", "--json"))
    assert s["sites"] == 6 and s["ready"] is True
    r = tocsin(d, "status", "--socket", str(tmp_path / "none"))
    assert r.returncode == 3 and "--socket" in r.stderr
    assert r.stdout == ""


def test_words_come_before_numbers(d):
    text = good(d, "alert", "show", d.alert["id"][:6])
    words = text.split("\n\n")[0]
    assert not re.search(r"\d", words), words
    assert "Qinghe" in words and "Nobody has acknowledged it" in words
    assert all(cells(line) <= 80 for line in words.splitlines())
    assert d.alert["id"] in text and "influenza-like" in text
    zh = good(d, "alert", "show", d.alert["id"], lang="zh_CN.UTF-8")
    assert "清河县" in zh and "信号" in zh and "预警" not in zh
    # Names, not codes; and how much time is left, by the centre's clock.
    assert "发热门诊" in zh.split("证据")[1]
    assert "流感样病例就诊" in zh.split("证据")[1]
    assert "确认  已超时 2 天 20 小时" in zh
    assert "处置  剩余 4 天 0 小时" in zh


@pytest.mark.parametrize("lang", ("C.UTF-8", "zh_CN.UTF-8"))
def test_a_list_fits_a_terminal(d, lang):
    """Whole words of the language, the id long enough to be asked for."""
    text = good(d, "alert", "list", lang=lang)
    assert all(cells(line) <= 80 for line in text.splitlines()), text
    line = next(l for l in text.splitlines() if l.startswith(d.alert["id"][:8]))
    if lang == "C.UTF-8":
        assert re.search(r"  (blue|yellow|orange|red) +Qinghe  ", line), line
    else:
        assert re.search("  [蓝黄橙红]色  清河县  呼吸道", line), line
        assert text.startswith("id        信号  地区")


def test_tasks_and_clocks(d):
    """A site's answer, and the report upwards, are written down."""
    id = d.alert["id"][:6]
    text = good(d, "alert", "show", id)
    assert "Tasks for townships and sites" in text
    # The manual clock has gone days beyond the four hours.
    assert re.search(r"acknowledge  \d d \d+ h late", text), text
    assert "no rule sets hours" in text
    assert all(cells(line) <= 80 for line in text.splitlines())
    r = tocsin(d, "alert", "task", id, "1")
    assert r.returncode != 0 and "what was found" in r.stderr
    good(d, "alert", "task", id, "1", "--note", "a promotion")
    r = tocsin(d, "alert", "task", id, "1", "--note", "once more")
    assert r.returncode != 0 and "done already" in r.stderr
    good(d, "alert", "report", id, "--note", "told the city")
    alert = json.loads(good(d, "alert", "show", id, "--json"))
    assert alert["tasks"][0]["state"] == "done"
    assert alert["tasks"][0]["note"] == "a promotion"
    assert [e["event"] for e in alert["events"]][-2:] == \
        ["task-done", "reported"]
    zh = good(d, "alert", "show", id, lang="zh_CN.UTF-8")
    assert "核实任务" in zh and "已核实" in zh and "办理时限" in zh


def test_why_it_rang_and_why_not(d):
    """Any area and day: what each kind said and what the next colour lacked,
    from the daemon, in both languages."""
    text = good(d, "trigger", "explain", "K1", "2025-03-10")
    rang = text.split("Nobody here reports")[0]
    assert re.search(r"^Respiratory .*: \w+ signal$", rang, re.M), rang
    assert re.search(r"^  pharmacy: p [\d.e-]+ from 1 series$", rang, re.M)
    assert "of the expected reports are in" in rang
    assert re.search(r"^  for \w+ signal it would have to be rarer: once in "
                     r"[\d.]+ (days|months|years), p", rang, re.M)
    assert "at one site within 7 days: 10 (Yellow signal), 30 (Orange" in rang
    assert "Qinghe nursing-home (nursing-home-K1): cases: " in rang
    assert f"its alert {d.alert['id']}" in rang
    assert "Dengue" in text.split("Nobody here reports")[1]
    # No alert, no evidence: the same words, in Chinese.
    zh = good(d, "trigger", "explain", "K2", "2025-03-11",
              lang="zh_CN.UTF-8")
    assert "呼吸道症状异常增多：无信号" in zh and "要达到蓝色信号" in zh
    assert "距橙色信号还差" in zh and "（共 30 例）" in zh
    # While all series were still learning.
    early = str(alarm.FIRST + datetime.timedelta(7))
    text = good(d, "trigger", "explain", "K1", early)
    assert ("pharmacy: still learning, and saying nothing yet: 1 series"
            in text)
    assert re.search("^Respiratory .*: unknown, nothing could be judged$",
                     text, re.M)
    assert "nothing is known" in text
    found = json.loads(good(d, "trigger", "explain", "K2", "2025-03-11",
                            "--json"))
    mine = next(t for t in found if t["trigger"] == "respiratory")
    assert mine["colour"] == "none" and mine["next"]["colour"] == "blue"
    assert mine["next"]["lacks"] == "rarity"
    assert mine["next"]["p"] < mine["p"]
    assert {k["kind"]: k["reporting"] for k in mine["kinds"]} == {
        "pharmacy": 1, "fever-clinic": 1, "nursing-home": 1}
    for words, why in ((("K9", "2025-03-10"), 'did you mean "K1"'),
                       (("K1", "2031-01-01"), "has not come yet"),
                       (("K1", "2011-01-01"), "before what is kept"),
                       (("K1", "yesterday"), "a date as 2026-03-09")):
        r = tocsin(d, "trigger", "explain", *words)
        assert r.returncode == 2 and why in r.stderr, r.stderr


def test_an_alert_from_open_to_closed(d):
    id = d.alert["id"]
    assert id[:8] in good(d, "alert", "list")
    good(d, "alert", "ack", id, "--note", "ringing them")
    r = tocsin(d, "alert", "close", id, "--outcome", "outbreak")
    assert r.returncode != 0 and "note" in r.stderr
    r = tocsin(d, "alert", "close", id, "--note", "confirmed",
               "--outcome", "foo")
    assert r.returncode == 2 and "known-event" in r.stderr, r.stderr
    good(d, "alert", "close", id, "--outcome", "outbreak",
         "--note", "confirmed")
    assert id[:8] not in good(d, "alert", "list")
    assert id[:8] in good(d, "alert", "list", "--state", "all")
    events = json.loads(good(d, "alert", "show", id, "--json"))["events"]
    assert [e["event"] for e in events][-2:] == ["acknowledged", "closed"]
    assert events[-1]["note"] == "confirmed" and events[-1]["actor"]
    r = tocsin(d, "alert", "show", "ffffff")
    assert r.returncode == 2 and "alert list" in r.stderr


def test_the_gravest_stand_first(d):
    reply = d.get("/api/v1/alerts?state=all&route=all")
    colours = ["blue", "yellow", "orange", "red"]

    def overdue(a):
        return any(s["met_ms"] is None and not s["off"]
                   and s["due_ms"] < reply["now_ms"]
                   for s in a.get("deadlines", {}).get("steps", []))

    want = sorted(reply["alerts"], reverse=False, key=lambda a: (
        -colours.index(a["grade"]) if a.get("grade") in colours else 1,
        not overdue(a)))
    ids = [a["id"] for a in want]
    words = ("alert", "list", "--state", "all", "--route", "all", "--json")
    assert [a["id"] for a in json.loads(good(d, *words))] == ids
    newest = [a["id"] for a in reply["alerts"]]
    assert len(newest) > 1
    assert [a["id"] for a in json.loads(
        good(d, *words, "--order", "newest"))] == newest
    r = tocsin(d, *words, "--order", "size")
    assert r.returncode == 2 and "newest and rank" in r.stderr


def test_what_is_too_large_is_told_so(d, tmp_path):
    (tmp_path / "large.csv").write_text(
        "date,site,indicator,count\n"
        + "2025-03-01,pharmacy-K1,otc-fever,1\n" * 130000)
    r = tocsin(d, "counts", "post", str(tmp_path / "large.csv"))
    assert r.returncode == 1 and "takes at" in r.stderr, r.stderr


def test_areas_sites_series(d):
    assert "Qinghe" in good(d, "area", "list")
    assert len(json.loads(good(d, "area", "list", "--json"))) == 4
    assert "pharmacy-K1" in good(d, "site", "list")
    text = good(d, "series", "show", "pharmacy-K1", "otc-cough-cold")
    assert "2025-03-10" in text
    r = tocsin(d, "series", "show", "pharmacy-K9", "otc-cough-cold")
    assert r.returncode != 0 and "pharmacy-K" in r.stderr


def test_lists_as_csv(d):
    """The rows of the daemon's answer; all of them, and what is no list is
    told so."""
    points = "pharmacy-K1 otc-cough-cold --from 2025-02-20"
    for words, path, name, around in (
            ("area list", "areas", "areas", ()),
            ("site list --area K1", "sites?area=K1", "sites", ()),
            ("series list", "series", "series", ()),
            (f"series show {points}", "series/points?site=pharmacy-K1&"
             "indicator=otc-cough-cold&from=2025-02-20", "points",
             ("site", "site_name", "area", "kind", "indicator", "stratum",
              "period")),
            ("alert list --state all", "alerts?state=all&order=rank",
             "alerts", ()),
            (f"alert show {d.alert['id'][:8]}", f"alerts/{d.alert['id']}",
             "evidence", {"alert": "id"}),
            ("trigger score", "scorecard", "triggers", ("from", "to")),
            ("trigger advise respiratory", "advice?trigger=respiratory",
             "triggers", ("from", "to")),
            ("trigger explain K1 2025-03-10",
             "explain?area=K1&day=2025-03-10", "triggers", ("area", "day")),
            ("rota", "rota", "rota", ()),
            ("site key pharmacy-K1", "sites/pharmacy-K1/keys", "keys", ())):
        text = good(d, *words.split(), "--csv")
        assert "\r" not in text  # as the lines of every command
        if not isinstance(around, dict):
            around = {k: True for k in around}
        n, _ = sheets.same(text, d.get(f"/api/v1/{path}"), [name], around)
        assert n > 0 or name in ("rota", "keys"), words
    rules = json.loads(good(d, "trigger", "list", "--json"))
    sheets.same(good(d, "trigger", "list", "--csv"), {"all": rules}, ["all"])
    assert "\n2025-03-11,,sites," in good(d, "status", "--csv")
    for words in ("clock advance 2025-03-11", "area import x.csv",
                  "alert follow", "site show pharmacy-K1", "trigger test",
                  "counts post x.csv", f"alert ack {d.alert['id']}"):
        r = tocsin(d, *words.split(), "--csv")
        assert r.returncode == 2 and "--csv is for lists" in r.stderr, words
        assert r.stdout == ""
    assert tocsin(d, "area", "list", "--csv", "--json").returncode == 2


def test_what_is_listed_can_be_imported(d):
    for what in ("area", "site"):
        before = good(d, what, "list", "--csv")
        assert good(d, what, "import", "-", stdin=before) == \
            "0 added, 0 changed\n"
        assert good(d, what, "list", "--csv") == before


def test_imports_refuse_bad_rows_whole(d, tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text("site,kind,area,name\nnew-1,school,K1,New\n"
                    "new-2,schol,K1,Bad kind\n")
    r = tocsin(d, "site", "import", str(path))
    assert r.returncode != 0 and "school" in r.stderr
    assert "new-1" not in good(d, "site", "list")
    path.write_text("site,kind,area,name\nnew-1,school,K1,New\n")
    assert "1" in good(d, "site", "import", str(path))
    assert "new-1" in good(d, "site", "list")


def test_one_site(d):
    text = good(d, "site", "show", "pharmacy-K1")
    assert text.startswith("pharmacy-K1 ") and "2025-03-1" in text
    assert json.loads(good(d, "site", "show", "pharmacy-K1",
                           "--json"))["site"] == "pharmacy-K1"
    r = tocsin(d, "site", "show", "pharmacy-K9")
    assert r.returncode != 0 and "pharmacy-K" in r.stderr
    r = tocsin(d, "site", "add", "zoned-1", "--kind", "school", "--area", "K1",
               "--zone", "Asia/Tokio")
    assert r.returncode != 0 and "Asia/Tokyo" in r.stderr
    # The site is known although this daemon, without CURVE, invites nobody.
    tocsin(d, "site", "add", "zoned-1", "--kind", "school", "--area", "K1",
           "--zone", "Asia/Tokyo", "--calendar", "us")
    text = good(d, "site", "show", "zoned-1")
    assert "(Asia/Tokyo)" in text and "Calendar: us" in text
    zh = good(d, "site", "show", "zoned-1", lang="zh_CN.UTF-8")
    assert "当地日期" in zh and "清河县" in zh


def test_counts_and_clock(d, tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("date,site,indicator,count\n"
                    "2025-03-11,pharmacy-K2,otc-cough-cold,31\n")
    good(d, "counts", "post", str(path))
    good(d, "clock", "advance", "2025-03-12")
    text = good(d, "series", "show", "pharmacy-K2", "otc-cough-cold",
                "--from", "2025-03-11")
    assert "31" in text
    r = tocsin(d, "clock", "advance", "2025-03-01")
    assert r.returncode != 0 and "2025-03-01" in r.stderr
    r = tocsin(d, "counts", "post", str(tmp_path / "no such file"))
    assert r.returncode == 2


def test_refused_counts_are_all_counted(d, tmp_path):
    path = tmp_path / "late.csv"
    path.write_text("date,site,indicator,count\n" + "".join(
        f"2035-01-{1 + i % 28:02},pharmacy-K2,otc-cough-cold,{i}\n"
        for i in range(80)))
    r = tocsin(d, "counts", "post", str(path))
    assert r.returncode == 65
    assert r.stdout == "0 accepted, 80 refused\n"
    assert "beyond tomorrow" in r.stderr
    assert "and 16 more" in r.stderr
    text = good(d, "status")
    assert re.search(r"refused day +80", text)
    assert "80 of 80 counts were refused" in " ".join(text.split())
    assert "Tell the site the reason" in text
    assert "被拒收的数据" in good(d, "status", lang="zh_CN.UTF-8")


def test_what_became_of_a_trigger_s_alerts(tmp_path):
    """Rang, answered, and found: what the score counts, each by itself."""
    with Daemon(tmp_path) as d:
        alarm.ring(d)
        alerts = json.loads(good(d, "alert", "list", "--json"))
        mine = [a for a in alerts if a["trigger"] == "respiratory"]
        by = {a["area"]: a for a in mine}
        assert sorted(by) == ["C", "K1"] and not any(
            a["merged_below"] for a in mine)
        good(d, "alert", "ack", by["K1"]["id"])
        good(d, "alert", "close", by["K1"]["id"], "--outcome", "outbreak",
             "--note", "confirmed")
        good(d, "alert", "close", by["C"]["id"], "--outcome", "artefact",
             "--note", "entered twice")
        reply = json.loads(good(d, "trigger", "score", "--json"))
        assert reply["to"] == "2025-03-11" and reply["from"] == "2024-03-12"
        rows = {t["trigger"]: t for t in reply["triggers"]}
        own = rows["respiratory"]
        assert {k: own[k] for k in ("areas", "opened", "acknowledged",
                                    "closed", "outcomes", "confirmed",
                                    "budget", "statutory")} == {
            "areas": 3, "opened": 2, "acknowledged": 1, "closed": 2,
            "outcomes": {"outbreak": 1, "artefact": 1}, "confirmed": 0.5,
            "budget": 2, "statutory": False}
        assert own["per_area_year"] == pytest.approx(2 / 3 / (365 / 365.25))
        assert own["colours"][by["K1"]["grade"]] >= 1
        assert sum(own["colours"].values()) == 2
        assert own["median_minutes"] >= 0
        homes = rows["nursing-home-influenza-like"]
        assert homes["statutory"] and homes["budget"] is None
        assert homes["opened"] == 2 and homes["acknowledged"] == 0
        assert homes["median_minutes"] is None and homes["confirmed"] is None
        assert "dengue" not in rows  # nobody reports it
        # Nothing opened before; what is heard has its line all the same.
        early = json.loads(good(d, "trigger", "score", "--json", "--to",
                                "2025-02-01"))
        assert {t["opened"] for t in early["triggers"]} == {0}
        assert {t["trigger"] for t in early["triggers"]} == set(rows)
        for lang in ("C.UTF-8", "zh_CN.UTF-8"):
            text = good(d, "trigger", "score", lang=lang)
            assert all(cells(line) <= 80 for line in text.splitlines()), text
            assert re.search(r"^(respiratory|呼吸道\S+) +2 +0.67 +2 +50% +"
                             r"\d+ +2 +50%$", text, re.M), text
        r = tocsin(d, "trigger", "score", "--from", "2026-01-01")
        assert r.returncode != 0 and "after" in r.stderr
        advice_of_what_was_found(d, by)


def advice_of_what_was_found(d, by):
    """Two findings are no ground for advice; the figures are told anyway."""
    reply = json.loads(good(d, "trigger", "advise", "respiratory", "--json"))
    [own] = reply["triggers"]
    assert reply["from"] == "2022-03-12" and reply["to"] == "2025-03-11"
    assert (own["closed"], own["outbreaks"], own["advice"]) == (
        2, 1, "too-few")
    assert own["file"] is None  # built in
    assert own["new_budget"] is None and own["missed"] == [] and own["groups"] == []
    peaks = [d.get(f"/api/v1/alerts/{by[a]['id']}")["peak_years"]
             for a in ("K1", "C")]
    assert [b["budget"] for b in own["budgets"]] == [2, 1, .5]
    for b in own["budgets"]:
        assert [b["outbreaks"], b["others"]] == [
            int(peak * b["budget"] >= 1) for peak in peaks]
    city = json.loads(good(d, "trigger", "advise", "--area", "K1", "--json"))
    assert [t["closed"] for t in city["triggers"]] == [1]
    for lang in ("C.UTF-8", "zh_CN.UTF-8"):
        text = good(d, "trigger", "advise", lang=lang)
        assert all(cells(line) <= 80 for line in text.splitlines()), text
        assert ("Too few" if lang[0] == "C" else "数量太少") in text
        text = good(d, "trigger", "advise", "dengue", lang=lang)
        assert ("from a norm" if lang[0] == "C" else "来自规定") in text
    text = good(d, "trigger", "advise", "--to", "2025-02-01")
    assert "No alert was closed" in text
    for words, why in ((("respiratry",), 'did you mean "respiratory"'),
                       (("--area", "nowhere"), "no area"),
                       (("--from", "2026-01-01"), "after")):
        r = tocsin(d, "trigger", "advise", *words)
        assert r.returncode != 0 and why in r.stderr, r.stderr
