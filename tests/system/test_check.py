"""What is wrong is named at check time, with its file and line: before a
daemon starts, and by the command that checks triggers."""
import os
import re
import sqlite3
import subprocess

import pytest
from daemon import AREAS, BIN, SITES, Daemon

TRIGGER = """# A comment.

trigger "t" {{
	indicators = {{ {indicators} }}
	tell = {{ duty }}
{more}
}}
"""


def trigger(more="", indicators="fever"):
    return TRIGGER.format(indicators=indicators, more=more)


def check(folder, conf="", triggers=None, code=78, env=None):
    """tocsind --check-config; what it says."""
    path = folder / "tocsin.conf"
    path.write_text(conf)
    words = ["--set", f"tocsind.triggers={triggers}"] if triggers else []
    done = subprocess.run([BIN / "tocsind", "-c", path, "--state",
                           folder / "state", *words, "--check-config"],
                          capture_output=True, text=True,
                          env={**os.environ, **(env or {})})
    assert done.returncode == code, done.stderr
    return done.stderr


WRONG = {
    "indicator": (trigger(indicators="fevr"), 'did you mean "fever"'),
    "kind": (trigger("\tkinds = { scool }"), 'did you mean "school"'),
    "level": (trigger("\twhere = { countty }"), 'did you mean "county"'),
    "whole": (trigger("\tpart_of = { respirtory }"), 'unknown "respirtory"'),
    "deadlines": (trigger("\tdeadlines = two-ours"), 'unknown "two-ours"'),
    "escalate": (trigger('}\ndeadlines "x" {\n\tescalate = { verfy }'),
                 'escalate: unknown "verfy", did you mean "verify"?'),
    "budget": (trigger("\tbudget = 0"), "budget = 0 is out of its range"),
    "kinds": (trigger('\trule = kinds\n\tkinds = { ed }\n\tat_least = 2'),
              "it can never fire"),
    "neighbours": (trigger("\trule = neighbours\n\twhere = { township }"),
                   "it can never fire"),
    "no budget": (trigger('\trule = cases\n\tcases = { "1 red" }\n'
                          '\tbasis = "x"\n\tbudget = 1'),
                  "budget: rule cases does not read this key"),
    "two rules": (trigger('\trule = scan\n\tcases = { "1 red" }'),
                  "cases: rule scan does not read this key"),
    "twice": (trigger("\tbudget = 1\n\tbudget = 2"),
              "budget stands twice in one block"),
    "kind twice": (trigger('\tkinds = { "lab:2", ed, lab }'),
                   'kinds: "lab" stands there twice'),
    "lag": (trigger('\tkinds = { school }\n\tlag = { "lab:3" }'),
            'lag: it does not listen to "lab"'),
    "window": (trigger("\twindow = 300d"),
               "window = 300d is out of its range, 1d to 28d"),
    "escape": (trigger('\ttitle = "a \\q"'),
               "has a backslash before what means nothing there"),
    "silent": (trigger(indicators=""), "indicators"),
    "nowhere": (trigger("\twhere = { }").replace("tell = { duty }", ""),
                "needs the key tell"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_trigger_is_refused_by_both(tmp_path, name):
    text, why = WRONG[name]
    path = tmp_path / "bad.conf"
    path.write_text(text)
    done = subprocess.run([BIN / "tocsin", "trigger", "test", path],
                          capture_output=True, text=True)
    assert done.returncode == 2 and done.stdout == ""
    for said in (done.stderr, check(tmp_path, triggers=path)):
        line = re.search(rf"{path}:(\d+): .*{re.escape(why)}", said)
        # The line of the key, or that of the block that holds it.
        assert line and int(line[1]) in range(3, 9), said
        if name == "budget":
            assert line[1] == "6", said


def test_what_is_no_trigger_at_all(tmp_path):
    """Files of other kinds, and folders without any."""
    path = tmp_path / "t.conf"
    empty = tmp_path / "empty"
    empty.mkdir()
    cases = [(b"", "there is no trigger"), (b"# only words\n", "no trigger"),
             (trigger().replace("fever", "\xff").encode("latin-1"),
              "is not UTF-8 here"),
             (b"\x7fELF\0\0", "has a NUL byte")]
    for text, why in cases:
        path.write_bytes(text)
        done = subprocess.run([BIN / "tocsin", "trigger", "test", path],
                              capture_output=True, text=True)
        assert done.returncode == 2
        assert re.search(rf"{path}:(\d+:)? .*{why}", done.stderr), done.stderr
    done = subprocess.run([BIN / "tocsin", "trigger", "test", empty],
                          capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{empty}: there is no trigger" in done.stderr


def test_one_mistake_is_told_once(tmp_path):
    """Neither what stands behind it, nor each key of a second block."""
    path = tmp_path / "t"
    path.mkdir()
    (path / "a.conf").write_text(trigger("\tbudgte = 1"))
    done = subprocess.run([BIN / "tocsin", "trigger", "test", path],
                          capture_output=True, text=True)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for name in ("a.conf", "b.conf"):
        (path / name).write_text(trigger("\tbudget = 1"))
    done = subprocess.run([BIN / "tocsin", "trigger", "test", path],
                          capture_output=True, text=True)
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert f"is there already, at {path}/a.conf:3" in done.stderr


ROTA = """receiver "day" {
	type = journal
	areas = { "C" }
}
receiver "night" {
	type = journal
	areas = { "C" }
}
rota "city" {
	area = "C"
	week = { %s }
}
"""


def test_a_rota_is_read(tmp_path):
    """An empty slot and a mistake are named with file and line."""
    whole = '"daily 08:00-18:00 day", "daily 18:00-08:00 night"'
    check(tmp_path, ROTA % whole, code=0)
    said = check(tmp_path, ROTA % '"daily 08:00-18:00 day", '
                                  '"mon-fri 18:00-08:00 night"')
    where = f'{tmp_path}/tocsin.conf:9: rota "city": week: '
    assert f"{where}nobody is on duty from sat 18:00 to sun 08:00" in said
    assert f"{where}nobody is on duty from sun 18:00 to mon 08:00" in said
    said = check(tmp_path, ROTA % '"daily 00:00-24:00 dya"')
    assert f'{where}"dya" is no receiver, did you mean "day"?' in said
    assert said.count("dya") == 1


def test_a_trigger_that_nobody_receives(tmp_path):
    path = tmp_path / "t.conf"
    path.write_text(trigger())
    receiver = 'receiver "x" {{\n\ttype = journal\n{}}}\n'
    # Without receivers the page alone shows what rings.
    check(tmp_path, triggers=path, code=0)
    check(tmp_path, receiver.format(""), path, code=0)
    check(tmp_path, receiver.format("\troutes = { duty, leader }\n"), path,
          code=0)
    said = check(tmp_path, receiver.format("\troutes = { leader }\n"), path)
    assert re.search(rf'{path}:3: trigger "t": tell: nobody receives it: no '
                     'receiver takes "duty"', said), said
    said = check(tmp_path, receiver.format("\ttell = operator\n")
                 + receiver.format("\troutes = { leader }\n")
                 .replace('"x"', '"y"'), path)
    assert "nobody receives it" in said


def test_an_area_that_there_is_not(tmp_path):
    """Known once areas are; before that any code may come."""
    conf = ('# The county\'s officer.\n\n'
            'receiver "officer" {\n\ttype = journal\n\tareas = {"K11"}\n}\n')
    check(tmp_path, conf, code=0)
    with Daemon(tmp_path) as d:
        d.world()
    said = check(tmp_path, conf)
    assert re.search(rf'{tmp_path}/tocsin.conf:3: receiver "officer": areas:'
                     r' unknown "K11", did you mean "K1"\?', said), said
    check(tmp_path, conf.replace("K11", "K1"), code=0)
    with Daemon(tmp_path, conf=conf) as d:
        assert 'areas: unknown "K11"' in d.text()


def test_a_cycle_of_areas(tmp_path):
    """In a data set and in what is imported, by file and line."""
    cycle = AREAS.replace("N,,nation", "N,K1,nation")
    (tmp_path / "areas.csv").write_text(cycle)
    (tmp_path / "sites.csv").write_text(SITES)
    (tmp_path / "counts.csv").write_text("date,site,indicator,count\n")
    done = subprocess.run([BIN / "tocsin", "backtest", tmp_path],
                          capture_output=True, text=True)
    assert done.returncode == 65
    assert re.search(r"areas\.csv:\d+: ", done.stderr), done.stderr
    assert "K1" in done.stderr or "cycle" in done.stderr
    with Daemon(tmp_path) as d:
        d.world()
        status, body = d.post_csv("area,parent,level,name\n"
                                  "P,C,province,Province\n",
                                  "/api/v1/areas")
        assert status == 422 and "cycle" in str(body), body
        # Nothing has changed.
        area = next(a for a in d.get("/api/v1/areas")["areas"]
                    if a["area"] == "P")
        assert area["parent"] == "N"


def test_time_zones_and_calendars_are_known_ones(tmp_path):
    """The centre's by file and line, a site's by its row; one that came in
    before they were checked is named, and the daemon starts all the same."""
    said = check(tmp_path, 'tocsind {\n\tzone = "Asia/Shangai"\n}\n')
    assert ('tocsin.conf:2: zone: unknown time zone "Asia/Shangai", did you '
            'mean "Asia/Shanghai"?') in said, said
    for zone in "CST-8", "../etc/passwd", "/etc/localtime":
        said = check(tmp_path, f'tocsind {{\n\tzone = "{zone}"\n}}\n')
        assert 'tocsin.conf:2: ' in said and zone in said, said
    check(tmp_path, 'tocsind {\n\tzone = "Asia/Shanghai"\n}\n', code=0)
    empty = {"TZDIR": str(tmp_path / "no-zones")}
    said = check(tmp_path, 'tocsind {\n\tzone = "Asia/Shanghai"\n}\n',
                 env=empty)
    assert "install the package tzdata" in said, said
    check(tmp_path, 'tocsind {\n\tzone = "UTC"\n}\n', code=0, env=empty)
    with Daemon(tmp_path) as d:
        d.world()
        status, body = d.post_csv("site,kind,area,zone\n"
                                  "east,school,K1,Asia/Tokyo\n"
                                  "west,school,K1,America/Nuk\n",
                                  "/api/v1/sites")
        assert status == 422 and body["errors"] == [{
            "at": "line 3",
            "detail": 'unknown time zone "America/Nuk", did you mean '
                      '"America/Nuuk"?'}], body
        status, body = d.post_csv("site,kind,area,calendar\n"
                                  "west,school,K1,uss\n", "/api/v1/sites")
        assert status == 422 and body["errors"] == [{
            "at": "line 2",
            "detail": 'unknown calendar "uss", did you mean "us"?'}], body
        status, body = d.post_csv("site,kind,area,zone,calendar\n"
                                  "east,school,K1,Asia/Tokyo,us\n",
                                  "/api/v1/sites")
        assert status == 200, body
    with sqlite3.connect(tmp_path / "state" / "tocsin.db") as db:
        db.execute("UPDATE site SET zone='Asia/Tokio' WHERE code='east'")
    said = check(tmp_path, code=0)
    assert 'site east: unknown time zone "Asia/Tokio"' in said, said
    with Daemon(tmp_path) as d:
        assert 'restore: site east: unknown time zone "Asia/Tokio"' in d.text()
        east = d.get("/api/v1/sites?site=east")["sites"][0]
        assert east["today"] == d.status()["today"]
        assert east["calendar"] == "us"
