"""Every rule of a trigger through tocsin backtest: it rings when it should,
and one step below it does not."""
import datetime
import json
import math
import os
import pathlib
import subprocess

import pytest

TOCSIN = os.path.join(os.environ["TOCSIN_BIN"], "tocsin")
SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "etc" / "triggers.d"
FIRST = datetime.date(2024, 1, 1)  # a Monday
DAYS = 91
LAST = DAYS - 1


def date(n):
    return (FIRST + datetime.timedelta(n)).isoformat()


class World:
    """A data set: places, sites, and what was counted on which day."""

    def __init__(self, folder):
        self.folder = folder
        self.areas, self.sites, self.counts = [], [], {}

    def area(self, code, level="county", parent="", place=("", "")):
        self.areas.append(f"{code},{parent},{level},{code},100000,"
                          f"{place[0]},{place[1]}")

    def site(self, code, kind, area="c"):
        self.sites.append(f"{code},{kind},{area},{code}")

    def count(self, site, indicator, day, n):
        self.counts[site, indicator, day] = n

    def steady(self, site, indicator, n=20, days=DAYS):
        for d in range(days):
            self.count(site, indicator, d, n)

    def write(self):
        (self.folder / "areas.csv").write_text(
            "area,parent,level,name,population,lat,lon\n"
            + "\n".join(self.areas) + "\n")
        (self.folder / "sites.csv").write_text(
            "site,kind,area,name\n" + "\n".join(self.sites) + "\n")
        (self.folder / "counts.csv").write_text(
            "date,site,indicator,count\n" + "".join(
                f"{date(d)},{s},{i},{n}\n"
                for (s, i, d), n in self.counts.items()))

    def ring(self, trigger, *options):
        """The events of a trigger given as text, or of a file or folder."""
        self.write()
        if isinstance(trigger, str):
            path = self.folder / "t.conf"
            path.write_text('trigger "t" {\n' + trigger + "\n}\n")
        else:
            path = trigger
        done = subprocess.run([TOCSIN, "backtest", self.folder, "--triggers",
                               path, *options], capture_output=True,
                              text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(name="world")
def a_world(tmp_path):
    return World(tmp_path)


def opened(events, *keys):
    return [tuple(e[k] for k in keys) for e in events
            if e["event"] == "opened"]


# Cases


@pytest.mark.parametrize("silent", [7, 40])
@pytest.mark.parametrize("rule,n", [
    ('rule = cases\ncases = { "5 yellow" }\nbasis = "made up"\n', 0), ("", 20)])
def test_silence_is_unknown_and_no_signal(world, rule, n, silent):
    for county, days in (("a", DAYS - silent), ("b", DAYS)):
        world.area(county)
        world.site(county, "fever-clinic", county)
        world.steady(county, "ili-visit", n, days)
    assert world.ring(rule + 'indicators = { ili-visit }\nwindow = 7d\n'
                      'where = { county }\ntell = { duty }') == []
    said = explained(world, "a")
    assert said.startswith("t: unknown, too few usable reports (0% of those")
    assert f"whole window: a (a) since {date(LAST - silent)}\n" in said
    assert "learning" not in said and "7 days: 0" not in said
    assert ("no report within 7 days" in said) == (rule != "")
    said = explained(world, "b")
    assert said.startswith("t: no signal\n")
    assert ("cases within 7 days: 0" in said) == (rule != "")


def test_one_case(world):
    world.area("c")
    world.area("d")
    for site, n in (("c", 1), ("d", 0)):
        world.site(f"lab-{site}", "lab", site)
        world.steady(f"lab-{site}", "plague-case", 0)
        world.count(f"lab-{site}", "plague-case", 40, n)
    events = world.ring('indicators = { plague-case }\nwhere = { county }\n'
                        'rule = cases\nwindow = 1d\ncases = { "1 red" }\n'
                        'basis = "one case"\ntell = { duty }')
    assert opened(events, "area", "as_of", "grade", "p") == [
        ("c", date(40), "red", None)]


def test_k_cases_in_w_days(world):
    """Five within seven days; not four, and not five within eight."""
    spread = {"five": [30, 31, 33, 35, 36], "four": [30, 31, 33, 36],
              "eight": [30, 31, 33, 35, 37], "grows": [30, 30, 30, 31, 32]}
    for name, days in spread.items():
        world.area(name)
        world.site(name, "fever-clinic", name)
        world.steady(name, "ili-visit", 0)
        for d in days:
            world.count(name, "ili-visit", d, days.count(d))
    world.count("grows", "ili-visit", 34, 5)
    events = world.ring('indicators = { ili-visit }\nwhere = { county }\n'
                        'rule = cases\nwindow = 7d\n'
                        'cases = { "5 yellow", "10 red" }\n'
                        'basis = "made up"\ntell = { duty }')
    assert opened(events, "area", "as_of", "grade", "cases") == [
        ("grows", date(32), "yellow", 5), ("five", date(36), "yellow", 5)]
    assert [(i["first_day"], i["day"]) for i in opened(events, "evidence")[1][0]
            ] == [(date(30), date(36))]
    assert [(e["area"], e["as_of"], e["grade"], e["cases"]) for e in events
            if e["event"] == "regraded"] == [("grows", date(34), "red", 10)]


def test_cases_take_a_late_kind_s_lag_and_a_week_s_sunday(world):
    world.area("c")
    world.site("lab", "lab")
    world.site("vet", "vet")
    world.steady("lab", "ili-visit", 0)
    world.count("lab", "ili-visit", 40, 3)
    for monday in range(0, DAYS, 7):
        world.count("vet", "poultry-death", monday, 2 * (monday == 42))
    rule = ('indicators = { ili-visit, poultry-death }\nwhere = { county }\n'
            'rule = cases\nwindow = 7d\nbasis = "made up"\n'
            'cases = { "5 yellow" }\ntell = { duty }\n')
    # The week from day 42 is counted on day 48, eight days after day 40.
    assert world.ring(rule) == []
    events = world.ring(rule + 'lag = { "lab:2" }')
    assert opened(events, "as_of", "cases") == [(date(48), 5)]


def percentile(past, share):
    past = sorted(past)
    at = share / 100 * (len(past) - 1)
    low = int(at)
    high = min(low + 1, len(past) - 1)
    return past[low] + (at - low) * (past[high] - past[low])


@pytest.mark.parametrize("share", [50, 80])
def test_moving_percentile(world, share):
    """Seven days against the same weeks of three years; weeks without enough
    reports take no part."""
    today = 3 * 364 + 40
    counts = {d: (d * 13 + d // 7 * 5) % 9 for d in range(today - 6)}
    past = [sum(counts.get(d, 0) for d in range(end - 6, end + 1))
            for y in (1, 2, 3) for k in range(-2, 3)
            for end in [today - 364 * y + 7 * k]]
    limit = percentile(past, share)
    most = math.floor(limit)  # on the limit is not above it
    for name, total in (("at", most), ("above", most + 1)):
        world.area(name)
        world.site(name, "registry", name)
        for d, n in counts.items():
            world.count(name, "dysentery-case", d, n)
        for d in range(today - 6, today + 1):
            world.count(name, "dysentery-case", d, 0)
        world.count(name, "dysentery-case", today - 3, total)
    events = world.ring('indicators = { dysentery-case }\n'
                        'where = { county }\nrule = percentile\n'
                        f'window = 7d\npercentile = {share}\nyears = 3\n'
                        'grade = yellow\nbasis = "CIDARS"\ntell = { duty }',
                        "--from", date(today))
    assert opened(events, "area", "grade", "p", "cases") == [
        ("above", "yellow", None, most + 1)]


def test_a_norm_asks_for_no_budget_points_or_coverage(world):
    """One site of ten still reports, the desk's budget is next to nothing."""
    world.area("c")
    for i in range(10):
        world.site(f"s{i}", "fever-clinic")
        world.steady(f"s{i}", "ili-visit", 0, DAYS if i == 0 else 30)
    world.count("s0", "ili-visit", 60, 10)
    events = world.ring('indicators = { ili-visit }\nwhere = { county }\n'
                        'rule = cases\nwindow = 7d\ncases = { "10 red" }\n'
                        'basis = "a norm"\ntell = { duty }\n}\n'
                        'desk {\nbudget = 0.01')
    assert opened(events, "as_of", "grade", "p", "points") == [
        (date(60), "red", None, 0)]
    assert events[0]["coverage"] == pytest.approx(0.1)


# What ships: (trigger, kind, indicator, days, cases, colour, colour below).

NORMS = [
    ("school-influenza-like", "school", "ili-visit", 7, 30, "orange",
     "yellow"),
    ("school-influenza-like", "school", "flu-case", 7, 10, "yellow", None),
    ("school-mumps", "school", "mumps-case", 7, 10, "orange", None),
    ("school-varicella", "school", "varicella-case", 7, 10, "orange", None),
    ("school-rubella", "school", "rubella-case", 7, 10, "orange", None),
    ("school-measles", "school", "measles-case", 7, 10, "orange", "yellow"),
    ("school-diarrhoea", "school", "diarrhoea-case", 7, 20, "orange", None),
    ("school-dysentery", "school", "dysentery-case", 3, 10, "orange", None),
    ("school-hand-foot-mouth", "school", "hfmd-case", 7, 10, "orange",
     "yellow"),
    ("school-hepatitis", "nursing-home", "hepatitis-ae-case", 7, 5, "orange", None),
    ("school-typhoid", "school", "typhoid-case", 7, 5, "orange", None),
    ("food-poisoning", "ed", "food-event-case", 3, 30, "orange", "yellow"),
    ("food-poisoning", "ed", "food-event-case", 3, 100, "red", "orange"),
    ("food-poisoning-institution", "school", "foodborne-case", 3, 5,
     "orange", None),
    ("nursing-home-influenza-like", "nursing-home", "ili-residents", 7, 30,
     "orange", "yellow"),
    ("hospital-acquired", "hospital", "hai-linked-case", 7, 3, "yellow",
     None),
    ("acute-flaccid-paralysis", "registry", "afp-case", 7, 1, "yellow", None),
    ("haemorrhagic", "hospital", "haem-visit", 14, 5, "orange", "yellow"),
    ("dengue", "registry", "dengue-case", 7, 5, "orange", "yellow"),
    ("malaria", "registry", "malaria-case", 28, 5, "orange", "yellow"),
    ("schistosomiasis", "registry", "schistosomiasis-case", 14, 3, "orange",
     "yellow"),
    ("carbon-monoxide", "ems", "co-poisoning", 2, 3, "orange", None),
    ("carbon-monoxide-county", "ed", "co-poisoning", 2, 10, "yellow", None),
    ("radiation", "radiation", "radiation-alarm", 2, 1, "orange", None),
    ("pneumonia-unknown", "hospital", "puo-case", 14, 1, "orange", None),
    ("pneumonia-unknown", "hospital", "puo-case", 14, 3, "red", "orange"),
    ("imported-case", "port", "imported-case", 14, 1, "yellow", None),
] + [("single-case", "registry", f"{disease}-case", 7, 1, "red", None)
     for disease in ("plague", "cholera", "anthrax", "h5n1", "polio",
                     "mpox")]


def put_cases(world, place, row, cases, days):
    """Half of them on one day, the rest on the last of so many."""
    _, kind, indicator = row[:3]
    world.area(place)
    world.site(place, kind, place)
    for d in range(20, 20 + 30):
        world.count(place, indicator, d, 0)
    world.count(place, indicator, 20, cases // 2)
    world.count(place, indicator, 20 + days - 1, cases - cases // 2)


def test_shipped_norms(world):
    """At the number of cases within the days, one below, and a day longer."""
    want = {}
    for i, row in enumerate(NORMS):
        trigger, _, _, days, cases, at, below = row
        put_cases(world, f"at{i}", row, cases, days)
        put_cases(world, f"below{i}", row, cases - 1, days)
        want |= {(trigger, f"at{i}"): at, (trigger, f"below{i}"): below}
        if cases > 1:
            put_cases(world, f"longer{i}", row, cases, days + 1)
            # Half the cases may reach a lower step.
            want[trigger, f"longer{i}"] = (below, None)
    got = {}
    rank = ["blue", "yellow", "orange", "red"]
    for e in world.ring(SHIPPED):
        key = e["trigger"], e["area"]
        if key in want:
            assert e["p"] is None
            got[key] = max(got.get(key, "blue"), e["grade"], key=rank.index)
    for key, grade in want.items():
        allowed = grade if isinstance(grade, tuple) else (grade,)
        assert got.get(key) in allowed, key


def test_a_chart_names_sites_by_their_ends(world):
    world.area("c")
    for i in (1, 2):
        site = f"a-school-with-a-long-code-{i}"
        world.site(site, "school")
        world.steady(site, "mumps-case", 0, 60)
        world.count(site, "mumps-case", 20 * i, 10)
    world.write()
    done = subprocess.run([TOCSIN, "backtest", world.folder, "--chart"],
                          capture_output=True, text=True, check=True)
    lanes = [ln for ln in done.stdout.splitlines() if "long-code" in ln]
    # Ten stay in the window for six days more, and 25 quiet ones follow.
    assert lanes == [
        "with-a-long-code-1 " + "." * 20 + "O" + "-" * 31 + "." * 8,
        "with-a-long-code-2 " + "." * 40 + "O" + "-" * 19]
    assert "2 openings (0 blue, 0 yellow, 2 orange, 0 red)" in done.stdout
    assert "years of 2 sites" in done.stdout


def test_triggers_as_json(tmp_path):
    """A test prints what a list does; mistakes are told beside it."""
    path = SHIPPED / "respiratory.conf"
    done = subprocess.run([TOCSIN, "trigger", "test", path, "--json"],
                          capture_output=True, text=True, check=True)
    [one] = json.loads(done.stdout)
    assert one["name"] == "respiratory" and one["rule"] == "fusion"
    assert one["budget"] == 2 and one["levels"] == ["city", "county"]
    assert "ili-visit" in one["indicators"] and "school" in one["kinds"]
    bad = tmp_path / "bad.conf"
    bad.write_text('trigger "t" {\n\tindicators = { fevr }\n'
                   '\ttell = { duty }\n}\n')
    done = subprocess.run([TOCSIN, "trigger", "test", bad, path, "--json"],
                          capture_output=True, text=True)
    assert done.returncode == 2 and 'did you mean "fever"' in done.stderr
    assert [t["name"] for t in json.loads(done.stdout)] == ["respiratory"]


def test_an_explanation_knows_where_its_data_end(world):
    world.area("c")
    world.site("s", "fever-clinic")
    world.steady("s", "ili-visit")
    world.write()
    for day in (-1, DAYS):
        done = subprocess.run([TOCSIN, "trigger", "explain", "c", date(day),
                               "--data", world.folder], capture_output=True,
                              text=True)
        assert done.returncode == 2 and done.stdout == ""
        assert (f"the data set goes from {date(0)} to {date(LAST)}"
                in done.stderr)


def test_shipped_norms_state_their_basis():
    done = subprocess.run([TOCSIN, "trigger", "list", "--json"],
                          capture_output=True, text=True, check=True)
    listed = {t["name"]: t for t in json.loads(done.stdout)}
    norms = {n for n, t in listed.items()
             if t["rule"] in ("cases", "percentile")}
    assert norms == {n for n, t in listed.items() if t["budget"] is None}
    assert norms == {n for n, t in listed.items() if t["basis"]}
    assert norms == {n for n, t in listed.items() if t["basis_zh"]}
    done = subprocess.run([TOCSIN, "trigger", "list", "--lang", "zh-CN"],
                          capture_output=True, text=True, check=True)
    assert "按规定" in done.stdout and "by norm" not in done.stdout
    assert done.stdout.count("依据：") == len(norms)
    assert "Stands on" not in done.stdout
    assert {row[0] for row in NORMS} <= norms


# Statistical rules: places of steady counts, some of which rise.

KINDS = [("fever-clinic", "ili-visit"), ("school", "resp-absence"),
         ("pharmacy", "otc-cough-cold")]


def kinds_rise(world, rise):
    """area -> kinds that rise there, from 20 to a number on the last day."""
    for area, raised in rise.items():
        world.area(area)
        for i, (kind, indicator) in enumerate(KINDS):
            site = f"{area}-{kind}"
            world.site(site, kind, area)
            world.steady(site, indicator)
            world.count(site, indicator, LAST, raised.get(i, 20))


def kinds_rule(at_least, kinds="fever-clinic, school, pharmacy"):
    return (f'indicators = {{ respiratory }}\nkinds = {{ {kinds} }}\n'
            'where = { county }\nrule = kinds\nwindow = 3d\nbudget = 100\n'
            f'at_least = {at_least}\nalpha = 0.01\ntell = {{ duty }}')


@pytest.mark.parametrize("at_least,rings", [
    (1, ["one", "two", "three"]),  # parallel: any of them, OR
    (2, ["two", "three"]),
    (3, ["three"]),                # series: all of them, AND
])
def test_k_of_n_kinds(world, at_least, rings):
    kinds_rise(world, {"none": {}, "weak": {0: 31, 1: 31, 2: 31},
                       "one": {0: 60}, "two": {0: 60, 2: 60},
                       "three": {0: 60, 1: 60, 2: 60}})
    events = world.ring(kinds_rule(at_least))
    assert sorted(opened(events, "area")) == sorted((r,) for r in rings)


def test_weighted_kinds(world):
    """A pharmacy is half a vote: two votes are needed."""
    kinds_rise(world, {"clinic-school": {0: 60, 1: 60},
                       "clinic-pharmacy": {0: 60, 2: 60},
                       "all": {0: 60, 1: 60, 2: 60}})
    events = world.ring(kinds_rule(
        2, 'fever-clinic, school, "pharmacy:0.5"'))
    assert sorted(opened(events, "area")) == [
        ("all",), ("clinic-school",)]
    events = world.ring(kinds_rule(
        2, 'fever-clinic, school, "pharmacy:2"'))
    assert len(opened(events, "area")) == 3


def test_fusion_sees_what_no_kind_shows(world):
    """Counties with higher and higher counts on the last three days; three
    kinds together ring at a lower one than any by itself."""
    levels = range(20, 60, 2)
    for n in levels:
        for name, raised in (("one", [0]), ("all", [0, 1, 2])):
            area = f"{name}{n}"
            world.area(area)
            for i, (kind, indicator) in enumerate(KINDS):
                world.site(f"{area}-{kind}", kind, area)
                world.steady(f"{area}-{kind}", indicator)
                for d in range(LAST - 2, DAYS):
                    world.count(f"{area}-{kind}", indicator, d,
                                n if i in raised else 20)
    events = world.ring('indicators = { respiratory }\nwhere = { county }\n'
                        'rule = fusion\nwindow = 7d\nbudget = 2\n'
                        'tell = { duty }')
    least = {}
    for name in ("one", "all"):
        rung = sorted(int(a[3:]) for (a,) in opened(events, "area")
                      if a.startswith(name))
        assert rung == [n for n in levels if n >= rung[0]]
        least[name] = rung[0]
    assert 20 < least["all"] < least["one"]


# Space: a city of counties on a line, ten kilometres apart.

WHERE = [(31 + i * 10 / 111.2, 121.0) for i in range(8)]


def city(world, rise, days=7):
    """rise[i]: what the i-th county counts on each of the last days."""
    world.area("city", "city")
    for i, place in enumerate(WHERE):
        world.area(f"c{i}", "county", "city", place)
        world.site(f"s{i}", "fever-clinic", f"c{i}")
        world.steady(f"s{i}", "ili-visit")
        for d in range(DAYS - days, DAYS):
            world.count(f"s{i}", "ili-visit", d, rise.get(i, 20))


def space_rule(rule, km, more=""):
    return (f'indicators = {{ ili-visit }}\nwhere = {{ city }}\n'
            f'rule = {rule}\nwindow = 7d\nbudget = 2\n'
            f'distance_km = {km}\n{more}\ntell = {{ duty }}')


@pytest.mark.parametrize("rise,rings", [
    ([2, 3], True),      # side by side
    ([2], False),        # one by itself
    ([2, 4], False),     # twenty kilometres apart
    ([1, 3, 5], False),  # three, none beside another
    ([4, 5, 6], True),
])
def test_neighbours(world, rise, rings):
    city(world, {i: 60 for i in rise}, days=2)
    events = world.ring(space_rule("neighbours", 15,
                                   "at_least = 2\nalpha = 0.01"))
    assert bool(opened(events, "area")) == rings
    if rings:
        assert {i["area"] for i in events[-1]["evidence"]} == {
            f"c{i}" for i in rise}


def test_counties_of_several_cities(world):
    """Cities and the province gather what they do not see by themselves."""
    world.area("province", "province")
    for c in ("a", "b"):
        world.area(c, "city", "province")
        for county in (c + "1", c + "2"):
            world.area(county, "county", c)
            world.site(county, "fever-clinic", county)
            world.steady(county, "ili-visit")
            world.count(county, "ili-visit", 60, 60)
    events = world.ring('indicators = { ili-visit }\nrule = fusion\n'
                        'where = { county, city, province }\nwindow = 3d\n'
                        'calibration = { "1:40", "2:4" }\n'
                        'calibration_wide = { "30:4", "40:0.4" }\n'
                        'tell = { duty }')
    assert sorted(opened(events, "area", "as_of")) == [
        (county, date(60)) for county in ("a1", "a2", "b1", "b2")]


def ebp(observed, expected):
    if observed <= expected:
        return 0
    return observed * math.log(observed / expected) + expected - observed


def chi_square_tail(x, k):
    """P(chi-square with k degrees of freedom > x), by its recurrence."""
    if x == 0:
        return 1
    tail = math.erfc(math.sqrt(x / 2)) if k % 2 else math.exp(-x / 2)
    for i in range(2 - k % 2, k, 2):
        tail += math.exp(i / 2 * math.log(x / 2) - x / 2
                         - math.lgamma(i / 2 + 1))
    return tail


SPANS = 4  # one day, two, four and the window of seven


def scan(observed, expected, near):
    """Best score over every subset of every neighbourhood, and its p."""
    best = (2.0, 0.0, ())
    for around in near:
        top = (0.0, ())
        for bits in range(1, 1 << len(around)):
            group = [p for i, p in enumerate(around) if bits >> i & 1]
            score = ebp(sum(observed[p] for p in group),
                        sum(expected[p] for p in group))
            top = max(top, (score, tuple(group)))
        m = len(around)
        p = SPANS * len(near) * sum(math.comb(m, k) / 2 ** m
                                    * chi_square_tail(2 * top[0], k)
                                    for k in range(1, m + 1))
        if p < best[0]:
            best = (p,) + top
    return best


def explained(world, area):
    return subprocess.run([TOCSIN, "trigger", "explain", area, date(LAST),
                           "--data", world.folder, "--triggers",
                           world.folder / "t.conf", "--lang", "en"],
                          capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("days,each", [(7, 7), (2, 9)])
def test_scan_finds_the_planted_group(world, days, each):
    """Its statistic is that of the formula, over the days that it lasted."""
    planted = {3: 20 + each, 4: 21 + each, 5: 20 + each}
    city(world, planted, days)
    events = world.ring(space_rule("scan", 25))
    observed = [days * planted.get(i, 20) for i in range(8)]
    expected = [days * 20] * 8  # none of these days is in a baseline
    near = [[j for j in range(8) if abs(i - j) <= 2] for i in range(8)]
    p, score, group = scan(observed, expected, near)
    assert group == (3, 4, 5) and score > 6
    assert events[-1]["area"] == "city" and events[-1]["p"] is not None
    said = explained(world, "city")
    assert f"group: c3 c4 c5, score {score:.3g} over {days} days" in said
    assert f"all together p {p:.3g}" in said


def sites_in(world, area, n, rise):
    """n clinics in the area; rise[i]: what the i-th counts in the last week."""
    for i in range(n):
        site = f"{area}-{i}"
        world.site(site, "fever-clinic", area)
        world.steady(site, "ili-visit")
        for d in range(DAYS - 7, DAYS):
            world.count(site, "ili-visit", d, rise.get(i, 20))


def test_scan_finds_sites_within_an_area(world):
    """A county without areas below: its sites are the places."""
    for county, rise in (("a", {1: 28, 4: 28}), ("b", {})):
        world.area(county)
        sites_in(world, county, 6, rise)
    events = world.ring(space_rule("scan", 25).replace("city", "county"))
    assert {a for (a,) in opened(events, "area")} == {"a"}
    observed = [7 * 20, 7 * 28, 7 * 20, 7 * 20, 7 * 28, 7 * 20]
    p, score, group = scan(observed, [7 * 20] * 6, [list(range(6))])
    assert group == (1, 4)
    said = explained(world, "a")
    assert f"group: a-1 a-4, score {score:.3g} over 7 days" in said
    assert f"all together p {p:.3g}" in said


def test_scan_looks_as_far_down_as_there_are_sites(world):
    """Townships of two counties on both sides of their border, seen by the
    city; one site lies right in a county."""
    world.area("city", "city")
    for i, place in enumerate(WHERE):
        county = "west" if i < 4 else "east"
        if i % 4 == 0:
            world.area(county, "county", "city", WHERE[i + 1])
        world.area(f"t{i}", "township", county, place)
        sites_in(world, f"t{i}", 1, {0: 28} if i in (3, 4) else {})
    sites_in(world, "west", 1, {})
    events = world.ring(space_rule("scan", 15))
    assert {a for (a,) in opened(events, "area")} == {"city"}
    assert "group: t3 t4, score" in explained(world, "city")
    assert {i["area"] for i in events[-1]["evidence"]} <= {"t3", "t4"}


@pytest.mark.parametrize("rise", [
    {},
    {3: 21, 4: 21, 5: 21},
    {0: 23},           # what the group carries, in one place
])
def test_scan_is_quiet_below(world, rise):
    city(world, rise)
    assert world.ring(space_rule("scan", 25)) == []
