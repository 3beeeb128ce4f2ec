"""The console's page in a real browser: what it shows, that it can be used,
and that nothing breaks its content policy.  Pictures go to the folder of
TOCSIN_PICTURES, if it is set."""
import datetime
import json
import os
import pathlib

import alarm
import browser
import pytest
import sheets
from browser import Browser
from daemon import Daemon

pytestmark = pytest.mark.skipif(browser.PROGRAM is None,
                                reason="there is no chromium here")


CITY = """receiver "city-desk" {
	type = journal
	areas = { "C" }
}
rota "city" {
	area = "C"
	week = { "daily 00:00-24:00 city-desk" }
}
"""


@pytest.fixture(scope="module")
def d(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("page"), conf=CITY,
                http_listen="127.0.0.1:0") as daemon:
        daemon.alert = alarm.ring(daemon)
        yield daemon


def keep(b, name):
    folder = os.environ.get("TOCSIN_PICTURES")
    if folder:
        b.picture(pathlib.Path(folder) / f"{name}.png")


def url(d, hash="", lang="en"):
    return f"{d.address('http')}/?lang={lang}#/{hash}"


def fits(b):
    """Nothing is wider than the window."""
    return b.run("document.documentElement.scrollWidth"
                 " <= document.documentElement.clientWidth")


def csv_is_linked(d, b, place, path, name, **around):
    """The link leads to the rows, marked as UTF-8 for spreadsheets."""
    b.wait(f"document.querySelector('{place} a.csv')")
    status, text = d.ask("GET", b.run(
        f"document.querySelector('{place} a.csv').getAttribute('href')"))
    assert status == 200 and text.startswith("\ufeff")
    n, _ = sheets.same(text[1:], d.get(f"/api/v1/{path}"), [name], around)
    assert n > 0


def test_the_desk_in_both_languages(d):
    with Browser() as b:
        b.open(url(d))
        b.wait("document.querySelector('.alerts tbody tr')")
        text = b.text()
        assert "Needs me now" in text and "Qinghe" in text
        assert " signal" in text and "undefined" not in text
        b.run("[...document.querySelectorAll('button')]"
              ".find(x => x.lang === 'zh-CN').click()")
        b.wait("document.body.innerText.includes('待我处理')")
        assert "清河县" in b.text() and "信号" in b.text()
        assert b.run("document.documentElement.lang") == "zh-CN"
        keep(b, "desk-zh")
        csv_is_linked(d, b, ".keys", "alerts?state=all", "alerts")
        assert b.problems == []


def test_an_alert_with_charts_and_table(d):
    with Browser() as b:
        b.open(url(d, f"alerts/{d.alert['id']}"))
        b.wait("document.querySelectorAll('.chart canvas').length >= 3")
        text = b.text()
        assert "Why this rang" in text and "Evidence over time" in text
        rows = b.run("document.querySelectorAll('.main > .card table.dense"
                     " tbody tr').length")
        whole = d.get(f"/api/v1/alerts/{d.alert['id']}")
        assert rows >= len(whole["evidence"])
        assert "no report" in b.run(
            "document.querySelector('.twin').textContent")
        # Nobody has acknowledged it for days, and the city was told.
        assert "Baisha was told on" in b.run(
            "document.querySelector('.clocks .clock-late').textContent")
        assert "Baisha was told (city-desk)" in b.run(
            "document.querySelector('.activity').textContent")
        keep(b, "alert-en")
        csv_is_linked(d, b, ".card h2", f"alerts/{d.alert['id']}", "evidence",
                      alert="id")
        b.open(url(d, "sites/pharmacy-K1"))
        csv_is_linked(d, b, ".twin", "series/points?site=pharmacy-K1"
                      "&indicator=otc-cough-cold", "points",
                      **{k: True for k in ("site", "site_name", "area", "kind",
                                           "indicator", "stratum", "period")})
        assert b.problems == []


@pytest.mark.parametrize("width", [390, 1280])
def test_every_view_fits(d, width):
    views = {"desk": "", "places": "places", "status": "status",
             "alert": f"alerts/{d.alert['id']}", "site": "sites/pharmacy-K1",
             "why": "why/K1/2025-03-10", "map": "map/C",
             "score": "score/2025-01-01/2025-03-31"}
    with Browser(width=width) as b:
        for name, hash in views.items():
            b.open("about:blank")
            b.open(url(d, hash, "zh-CN"))
            b.wait("document.querySelector('main h1, main .tiles')")
            if name == "why":
                b.wait("document.querySelector('.answer h3')")
            b.wait("!document.querySelector('.waiting, .plot-wait')")
            assert fits(b), f"{name} is wider than {width} px"
            assert "undefined" not in b.text() and "NaN" not in b.text()
            keep(b, f"{name}-{width}")
        assert b.problems == []


def test_it_is_live_and_can_be_acted_on(d):
    secret = (d.state / "token").read_text().strip()
    with Browser() as b:
        b.open(url(d, f"alerts/{d.alert['id']}"))
        b.wait("document.querySelector('.live-live')")
        b.wait("document.querySelector('.actions .primary')")
        # Somebody else's note appears without loading the page again.
        d.ask("POST", f"/api/v1/alerts/{d.alert['id']}/events",
              json.dumps({"verb": "note", "note": "rang the county"}))
        b.wait("document.body.innerText.includes('rang the county')")
        # Acting asks who one is.
        b.run("document.querySelector('.actions .primary').click()")
        b.wait("document.querySelector('dialog[open]')")
        b.run("""(() => {
            const [name, token] = document.querySelectorAll('dialog input');
            const put = (node, text) => {
                node.value = text;
                node.dispatchEvent(new Event('input', { bubbles: true }));
            };
            put(name, '李伟');
            put(token, '%s');
        })()""" % secret)
        b.run("new Promise(r => setTimeout(r, 100))")
        b.run("document.querySelector('dialog .primary').click()")
        b.wait("!document.querySelector('dialog[open]')")
        b.wait("document.querySelector('.bar').innerText.includes('李伟')")
        b.run("document.querySelector('.actions .primary').click()")
        b.wait("document.querySelector('.actions [data-verb=verify]')")
        assert b.problems == []
    events = d.get(f"/api/v1/alerts/{d.alert['id']}/events")["events"]
    assert events[-1]["event"] == "acknowledged"
    assert events[-1]["actor"] == "李伟"


def put(b, selector, text):
    """Types a text into the field, or chooses it."""
    b.run("""(() => {
        const node = document.querySelector(`%s`);
        node.value = `%s`;
        for (const name of ['input', 'change'])
            node.dispatchEvent(new Event(name, { bubbles: true }));
    })()""" % (selector, text))


def click(b, selector):
    b.wait(f"document.querySelector('{selector}:not(:disabled)')")
    b.run(f"document.querySelector('{selector}').click()")


def state(b, name):
    b.wait(f"document.querySelector('.facts .state-{name}')")


@pytest.fixture(scope="module")
def officer(d):
    """A browser whose person has signed in."""
    secret = (d.state / "token").read_text().strip()
    with Browser() as b:
        b.open(url(d))
        b.wait("document.querySelector('.bar')")
        b.run("""fetch('/api/v1/session', { method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ name: '王芳', token: '%s' }) })""" % secret)
        yield b


@pytest.fixture
def b(officer):
    officer.open("about:blank")
    officer.problems.clear()
    yield officer
    assert officer.problems == []


def test_an_alert_is_worked_to_its_end(d, b):
    """Clocks, and the buttons that its states offer."""
    alert = next(a for a in d.get("/api/v1/alerts")["alerts"]
                 if a["trigger"] == "respiratory" and a["area"] == "C")
    b.open(url(d, f"alerts/{alert['id']}"))
    b.wait("document.querySelector('.clocks .clock-runs')")
    assert "acknowledge" in b.text() and "no rule sets hours" in b.text()
    click(b, "[data-verb=ack]")
    state(b, "acknowledged")
    b.wait("document.querySelector('.clocks .clock-over')")
    # Discarding asks for a note and an outcome.
    assert b.run("document.querySelector('[data-verb=discard]').disabled")
    click(b, "[data-verb=verify]")
    state(b, "verifying")
    click(b, "[data-verb=assess]")
    state(b, "assessing")
    assert b.run("document.querySelector('[data-verb=characterise]').disabled")
    b.run("[...document.querySelectorAll('.actions select')].at(-1)"
          ".id = 'risk'")
    put(b, "#risk", "medium")
    click(b, "[data-verb=characterise]")
    state(b, "characterised")
    put(b, ".actions textarea", "to the province, no. 7")
    click(b, "[data-verb=report]")
    b.wait("document.querySelector('.activity').innerText"
           ".includes('Reported upwards')")
    click(b, "[data-verb=respond]")
    state(b, "responding")
    keep(b, "alert-worked")
    whole = d.get(f"/api/v1/alerts/{alert['id']}")
    assert whole["state"] == "responding" and whole["risk"] == "medium"
    acts = [e for e in whole["events"] if "actor" in e]
    assert [e["event"] for e in acts] == [
        "acknowledged", "verifying", "assessing", "characterised", "reported",
        "responding"]
    assert {e["actor"] for e in acts} == {"王芳"}


def test_a_site_s_answer_is_written_down(d, b):
    b.open(url(d, f"alerts/{d.alert['id']}", "zh-CN"))
    b.wait("document.querySelector('.tasks li.open')")
    put(b, ".tasks li.open input", "促销活动，已核实")
    click(b, ".tasks li.open button")
    b.wait("document.querySelector('.tasks li.done')")
    assert "促销活动，已核实" in b.text() and "王芳" in b.text()
    tasks = d.get(f"/api/v1/alerts/{d.alert['id']}")["tasks"]
    assert [t["state"] for t in tasks].count("done") == 1


def test_charts_are_those_of_the_alert(d, b):
    b.open(url(d, f"alerts/{d.alert['id']}"))
    b.wait("document.querySelector('figure[data-frozen=yes] canvas')")
    assert "what was known when this alert last spoke" in b.text()
    b.run("[...document.querySelectorAll('button.link')].find("
          "x => x.innerText.includes('as it stands now')).click()")
    b.wait("document.querySelector('figure[data-frozen=no] canvas')")


def test_why_no_alert(d, b):
    """Any area and day, asked for in a box, in both languages."""
    b.open(url(d, "why"))
    b.wait("document.querySelector('#areas option')")
    put(b, ".why-form input[list]", "Dongshan")
    put(b, ".why-form input[type=date]", "2025-03-09")
    click(b, ".why-form button")
    b.wait("document.querySelector('.answer h3')")
    assert b.run("location.hash") == "#/why/K2/2025-03-09"
    assert "Respiratory illness above what is usual: no signal" in b.text()
    assert "for Blue signal it would have to be rarer" in b.text()
    assert "Nobody here reports what these listen to" in b.text()
    keep(b, "why-en")
    b.run("[...document.querySelectorAll('button')]"
          ".find(x => x.lang === 'zh-CN').click()")
    b.wait("document.body.innerText.includes('呼吸道症状异常增多：无信号')")


def tone(b, area):
    """The colour and the letter of an area's circle on the map."""
    return b.run("""(() => {
        const a = document.querySelector('.map a[href="#/map/%s"]');
        return a && [a.querySelector('.mark').className.baseVal.slice(10),
            a.querySelector('.letter').textContent];
    })()""" % area)


def test_the_map_goes_down_and_up(d, b):
    status, body = d.post_csv("area,parent,level,name,population,lat,lon\n"
                              "K3,C,county,Heishan,,,\n"
                              "K4,C,county,Anping,5000,30.1,110.15\n",
                              "/api/v1/areas")
    assert status == 200, body
    known = {a["area"]: a for a in d.get("/api/v1/map?area=C")["areas"]}
    signal = known["K1"]["signal"]
    b.open(url(d, "map"))  # the only root: the province
    b.wait("document.querySelector('.map a')")
    assert b.run("document.querySelector('h1').innerText").startswith("Linhai")
    # By key: Enter on the circle of the city.
    b.run("document.querySelector('.map a').focus()")
    for kind in ("keyDown", "keyUp"):
        b.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter",
               windowsVirtualKeyCode=13, text="\r" if kind == "keyDown" else "")
    b.wait("document.querySelector('.map a[href=\"#/map/K1\"]')")
    assert b.run("location.hash") == "#/map/C"
    b.wait("document.activeElement.tagName === 'H1'")
    assert tone(b, "K1") == [signal, signal[0].upper()]
    assert not b.run("document.querySelector('.map a[href=\"#/map/K1\"]"
                     " .mark-hatch')")
    # Nobody reports from K4: not known; K3 has no place, and is named.
    assert tone(b, "K4") == ["unknown", "?"]
    assert tone(b, "K3") is None
    assert "Heishan" in b.run(
        "document.querySelector('.map-with aside').innerText")
    rows = b.run("[...document.querySelectorAll('.map-table tbody tr')]"
                 ".map(r => [r.dataset.area, r.innerText])")
    assert [r[0] for r in rows][0] == "K1" and len(rows) == len(known)
    words = dict(rows)
    assert f"{signal.title()} signal" in words["K1"]
    assert "Not known" in words["K3"] and "no site" in words["K4"]
    keep(b, "map-en")
    b.run("document.querySelector('.map a[href=\"#/map/K1\"]')"
          ".dispatchEvent(new MouseEvent('click', { bubbles: true }))")
    b.wait("document.querySelector('main').innerText"
           ".includes('No areas lie below this one')")
    b.wait("document.querySelector('.leaf a[href=\"#/alerts/%s\"]')"
           % d.alert["id"])
    b.run("[...document.querySelectorAll('.crumb a')].at(-1).click()")
    b.wait("document.querySelector('.map a[href=\"#/map/K2\"]')")


def test_the_scorecard_explains_itself(d, b):
    b.open(url(d, "score/2025-01-01/2025-03-31"))
    b.wait("document.querySelector('.score tr[data-trigger=respiratory]')")
    card = d.get("/api/v1/scorecard?from=2025-01-01&to=2025-03-31")
    rang = [x for x in card["triggers"] if x["opened"]]
    assert b.run("document.querySelectorAll('.score tbody tr').length") == \
        len(rang)
    row = b.run("document.querySelector('.score "
                "tr[data-trigger=respiratory]').innerText")
    assert "none closed" in row and "too few to judge" in row
    assert "positive predictive value" in b.text()
    keep(b, "score-en")
    put(b, ".why-form input", "2024-06-01")
    put(b, ".why-form label:nth-of-type(2) input", "2024-07-01")
    b.wait("document.querySelector('.why-form input').value === '2024-06-01'")
    click(b, ".why-form button")
    b.wait("document.body.innerText.includes('No alert opened in these days')")
    assert b.run("location.hash") == "#/score/2024-06-01/2024-07-01"


def test_keys_move_over_the_desk(d):
    with Browser() as b:
        b.open(url(d))
        b.wait("document.querySelector('.alerts tbody tr')")
        b.run("document.body.dispatchEvent(new KeyboardEvent('keydown',"
              " { key: 'j', bubbles: true }))")
        b.wait("document.querySelector('tr.chosen')")
        b.run("document.body.dispatchEvent(new KeyboardEvent('keydown',"
              " { key: 'Enter', bubbles: true }))")
        b.wait("location.hash.startsWith('#/alerts/')")
        assert b.problems == []


def test_operators_alerts_stand_apart(d):
    today = datetime.date.fromisoformat(d.status()["today"])
    d.advance(str(today + datetime.timedelta(8)))
    silent = d.get("/api/v1/alerts?route=operator")["alerts"][0]
    with Browser(width=390) as b:
        b.open(url(d, "status"))
        b.wait(f"document.querySelector('a[href=\"#/alerts/{silent['id']}\"]')")
        assert silent["summary"] in b.text()
        assert "On duty now" in b.text() and "city-desk" in b.text()
        b.run(f"document.querySelector('a[href=\"#/alerts/{silent['id']}\"]')"
              ".click()")
        b.wait("document.querySelector('.why li')")
        assert silent["summary"] in b.text() and fits(b)
        assert "Evidence over time" not in b.text()
        assert "undefined" not in b.text() and "NaN" not in b.text()
        keep(b, "operator-390")
        # Nobody has reported for a week: no signal here says nothing.
        b.open("about:blank")
        b.open(url(d, "map/C", "zh-CN"))
        b.wait("document.querySelector('.map a[href=\"#/map/K2\"]')")
        hatched = "document.querySelector('.map a[href=\"#/map/%s\"] " \
            ".mark-hatch')"
        assert b.run(f"!!{hatched % 'K1'} && !!{hatched % 'K2'}")
        known = d.get("/api/v1/map?area=C")["areas"]
        assert {a["coverage"] for a in known if a["sites"]} == {0}
        assert fits(b)
        b.open("about:blank")
        b.open(url(d))
        b.wait("document.querySelector('.alerts tbody tr')")
        assert silent["summary"] not in b.text()
        assert b.problems == []
