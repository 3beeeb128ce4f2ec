"""A school that began to report four days ago: judged against the schools of
its city, live, after a restart and in a back-test alike, and said so."""
import datetime
import json
import os
import subprocess

from daemon import BIN, Daemon

FIRST = datetime.date(2025, 1, 6)
DAYS = 60
NEW = DAYS - 4
AREAS = """area,parent,level,name,population,lat,lon,name_zh
P,,province,Linhai,,,,临海省
C,P,city,Baisha,900000,,,白沙市
K1,C,county,Qinghe,300000,,,清河县
K2,C,county,Dongshan,300000,,,东山区
"""
SITES = "site,kind,area,name\n" + "".join(
    f"s{i},school,{'K1' if i in (0, 1, 6) else 'K2'},School {i}\n"
    for i in range(7))
TRIGGER = """trigger "schools" {
	indicators = { resp-absence }
	where = { county }
	rule = kinds
	kinds = { school }
	at_least = 1
	alpha = 0.01
	window = 3d
	budget = 100
	tell = { duty }
}
"""
ASKED = "/api/v1/series/points?site=s6&indicator=resp-absence&from=2025-03-01"


def rows(day):
    date = FIRST + datetime.timedelta(day)
    counts = {i: 8 + i % 3 + (day * 7 + i * 5) % 5 for i in range(6)}
    if day >= NEW:
        counts[6] = 45 if day == DAYS - 1 else 11
    return [f"{date},s{i},resp-absence,{n}" for i, n in counts.items()]


def csv(days):
    return "date,site,indicator,count\n" + "\n".join(
        row for d in days for row in rows(d)) + "\n"


def tocsin(d, *words, lang="C.UTF-8"):
    env = {**os.environ, "TOCSIN_SOCKET": str(d.state / "tocsin.sock"),
           "LC_ALL": lang, "COLUMNS": "80"}
    r = subprocess.run([BIN / "tocsin", *words], text=True, env=env,
                       capture_output=True, timeout=60)
    assert r.returncode == 0, (words, r.stderr)
    return r.stdout


def replayed(folder):
    (folder / "areas.csv").write_text(AREAS)
    (folder / "sites.csv").write_text(SITES)
    (folder / "counts.csv").write_text(csv(range(DAYS)))
    r = subprocess.run([BIN / "tocsin", "backtest", folder, "--triggers",
                        folder / "t.conf"], capture_output=True, text=True,
                       timeout=120)
    assert r.returncode == 0, r.stderr
    return [json.loads(line) for line in r.stdout.splitlines()]


def test_a_new_school_is_heard_in_its_first_week(tmp_path):
    (tmp_path / "t.conf").write_text(TRIGGER)
    today = str(FIRST + datetime.timedelta(DAYS - 1))
    with Daemon(tmp_path, tocsind_triggers=tmp_path / "t.conf") as d:
        d.world(AREAS, SITES)
        for days in (range(DAYS - 1), [DAYS - 1]):
            d.advance(str(FIRST + datetime.timedelta(days[-1])))
            status, body = d.post_csv(csv(days))
            assert status == 202 and not body["refused"], body
        d.advance(today)
        alerts = d.get("/api/v1/alerts")["alerts"]
        assert [(a["trigger"], a["area"]) for a in alerts] == [
            ("schools", "K1")]
        alert = d.get("/api/v1/alerts/" + alerts[0]["id"])
        row = alert["evidence"][0]
        assert row["site"] == "s6" and row["observed"] == 45
        assert row["method"] == "peers" and row["p"] < 0.01
        assert row["borrowed"]["peers"] == 6 and row["borrowed"]["own"] == 3
        assert row["borrowed"]["area"] == "C"
        assert row["borrowed"]["area_name_zh"] == "白沙市"
        assert 8 < row["expected"] < 16 < row["upper"] < 45

        shown = tocsin(d, "alert", "show", alert["id"])
        assert "which is new and judged against others of its" in shown
        assert ("* School 6 is new here: judged against 6 others of its kind "
                "(school or kindergarten) in Baisha; 3 earlier reports of "
                "its own"
                in " ".join(shown.split())), shown
        assert f"{row['expected']:.1f}*" in shown
        assert all(len(line) <= 80 for line in shown.splitlines())
        zh = tocsin(d, "alert", "show", alert["id"], lang="zh_CN.UTF-8")
        assert "School 6为新设监测点：依据白沙市同类点" in zh.replace("\n", "")
        assert "above the limit, by 6 peers" in tocsin(d, "series", "show", "s6",
                                             "resp-absence")
        for day in (today, str(FIRST + datetime.timedelta(DAYS - 2))):
            # A day that is over is judged anew from the county's own counts
            # and those of the peers, who are elsewhere.
            said = tocsin(d, "trigger", "explain", "K1", day)
            assert ("school or kindergarten: new, and judged against others of "
                    "their kind: 1 series" in said), said

        points = d.get(ASKED)["points"]
        assert [p["borrowed"]["own"] for p in points[-4:]] == [0, 1, 2, 3]
        d.kill()
        d.start()
        assert d.get(ASKED)["points"] == points
    events = replayed(tmp_path)
    assert [(e["event"], e["area"], e["as_of"]) for e in events] == [
        ("opened", "K1", today)]
    assert events[0]["p"] == alert["p"]
