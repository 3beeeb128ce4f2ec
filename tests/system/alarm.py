"""A daemon with an alert: three kinds of source in one county agree.

    with Daemon(tmp_path, http_listen="127.0.0.1:0") as d:
        alert = alarm.ring(d)       # the alert as the API lists it
"""
import datetime

FIRST = datetime.date(2025, 1, 6)
DAYS = 60
MISSING = 50
AREAS = """area,parent,level,name,population,lat,lon,name_zh
P,,province,Linhai,,,,临海省
C,P,city,Baisha,900000,30.0,110.0,白沙市
K1,C,county,Qinghe,300000,30.1,110.1,清河县
K2,C,county,Dongshan,300000,30.2,110.2,东山区
"""
NAMES = {"K1": "Qinghe", "K2": "Dongshan"}
REPORTS = [("pharmacy", "otc-cough-cold", 30), ("fever-clinic", "ili-visit", 12),
           ("nursing-home", "ili-residents", 4)]


def sites():
    lines = ["site,kind,area,name,phone"]
    for county in ("K1", "K2"):
        for kind, _, _ in REPORTS:
            lines.append(f"{kind}-{county},{kind},{county},"
                         f"{NAMES[county]} {kind},0790-5550100")
    return "\n".join(lines) + "\n"


def counts(day, factor):
    """One day's rows; counts wander a little, the same on every run."""
    rows = []
    for county in ("K1", "K2"):
        for k, (kind, indicator, mean) in enumerate(REPORTS):
            wander = (day * 7 + k * 5 + len(county)) % 5 - 2
            value = mean + wander * max(1, mean // 10)
            if county == "K1":
                value = round(value * factor)
            rows.append(f"{FIRST + datetime.timedelta(day)},{kind}-{county},"
                        f"{indicator},{max(value, 0)}")
    return rows


def post(d, rows):
    status, body = d.post_csv("date,site,indicator,count\n"
                              + "\n".join(rows) + "\n")
    assert status == 202, (status, body)
    assert not body["refused"], body


def ring(d):
    d.world(AREAS, sites())
    day = FIRST + datetime.timedelta(DAYS - 1)
    d.advance(str(day))
    # One day has no report of anybody: unknown, and not zero.
    post(d, [row for i in range(DAYS) if i != MISSING for row in counts(i, 1)])
    d.advance(str(day))
    for i in range(DAYS, DAYS + 4):
        d.advance(str(FIRST + datetime.timedelta(i)))
        post(d, counts(i, 2.5))
    d.advance(str(FIRST + datetime.timedelta(DAYS + 4)))
    alerts = d.get("/api/v1/alerts")["alerts"]
    mine = [a for a in alerts if a["area"] == "K1"
            and a["trigger"] == "respiratory"]
    assert mine, alerts
    return mine[0]
