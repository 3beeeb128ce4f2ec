"""Whatever the order, repetition and door by which counts arrive within a
day, the counts kept and the alerts rung are those of a plain delivery, and
the counts those of a small model."""
import json
import random

import pytest

from daemon import Daemon
from sender import Sender

FIRST = 18323  # 2020-03-02
DAYS = 14
SITES = ["clinic-1", "clinic-2", "school-1", "school-2"]
WITHDRAWN, CONFLICT = 2, 8


def history(rng):
    """Lists of reports by the day they come; a report is
    (site, indicator, day, value, denominator or None, revision, withdrawn)."""
    by_day = [[] for _ in range(DAYS)]
    for site in SITES:
        indicator = "ill-absence" if "school" in site else "ili-visit"
        for day in range(DAYS):
            revision = 0
            for came in sorted(rng.sample(range(day, DAYS + 4),
                                          rng.choice([0, 1, 1, 2, 3])
                                          if day < DAYS - 2 else 1)):
                if came >= DAYS:
                    continue
                # Sometimes one revision with two values.
                revision += rng.choice([0, 1, 1, 1]) if revision else 1
                by_day[came].append((
                    site, indicator, FIRST + day,
                    rng.randrange(40) + (60 if day > 10 else 0),
                    rng.choice([None, 100, 200]), revision,
                    rng.random() < 0.1))
    by_day[6].append(("clinic-2", "plague-case", FIRST + 6, 1, None, 1, False))
    return by_day


def model(reports):
    """What must hold: (site, indicator, "", day) -> (value, flags)."""
    kept = {}
    for site, indicator, day, value, denominator, revision, gone in reports:
        flags = (denominator is not None) | (WITHDRAWN if gone else 0)
        new = (0 if gone else value, denominator or 0, flags)
        cell = (site, indicator, "", day)
        seen = kept.setdefault(cell, {}).setdefault(revision, set())
        seen.add(new)
    out = {}
    for cell, revisions in kept.items():
        tuples = revisions[max(revisions)]
        value, _, flags = max(tuples)
        out[cell] = (value, flags | (CONFLICT if len(tuples) > 1 else 0))
    return out


def row(report):
    site, indicator, day, value, denominator, revision, gone = report
    return {"site": site, "indicator": indicator, "date": day,
            "count": None if gone else value, "denominator": denominator,
            "revision": revision}


def post(daemon, reports):
    counts = []
    for r in map(row, reports):
        import datetime
        r["date"] = str(datetime.date(1970, 1, 1) +
                        datetime.timedelta(r["date"]))
        counts.append({k: v for k, v in r.items()
                       if v is not None or k == "count"})
    status, body = daemon.ask("POST", "/api/v1/counts",
                              json.dumps({"counts": counts}).encode())
    assert status == 202 and body["refused"] == [], body


def gate(site):
    return "gate-1" if "school" in site else site


def deliver_plainly(daemon, reports):
    if reports:
        post(daemon, reports)


def deliver_wildly(daemon, reports, rng, senders):
    """In any order, in frames of any size, twice, by two doors."""
    reports = reports + rng.sample(reports, len(reports) // 2)
    rng.shuffle(reports)
    while reports:
        n = rng.randrange(1, 6)
        some, reports = reports[:n], reports[n:]
        if rng.random() < 0.4:
            post(daemon, some)
            continue
        for name in {gate(r[0]) for r in some}:
            s = senders[name]
            seq = s.send([row(r) for r in some if gate(r[0]) == name])
            if rng.random() < 0.5:
                s.wait_ack()
            if rng.random() < 0.3:
                s.socket.send(s.outbox[seq])  # the same frame again
    for s in senders.values():
        s.wait_ack()


def run(folder, by_day, rng):
    import datetime
    folder.mkdir()
    # The wild one puts every frame in place after its acknowledgement.
    with Daemon(folder, intake_at_once=1000 if rng is None else 0) as d:
        d.world()
        d.advance("2020-03-01")
        senders = {n: Sender(d.address(), n, epoch=i + 1) for i, n in
                   enumerate(sorted({gate(s) for s in SITES}))}
        for s in senders.values():
            s.connect()
            s.hello()
        for i, reports in enumerate(by_day):
            if rng is None:
                deliver_plainly(d, reports)
            else:
                deliver_wildly(d, reports, rng, senders)
            d.advance(str(datetime.date(2020, 3, 2) + datetime.timedelta(i)))
            if rng is not None and rng.random() < 0.15:
                d.kill()
                d.start()
                for s in senders.values():
                    s.address = d.address()
                    s.connect()
                    s.hello()
        for s in senders.values():
            s.close()
        return d.counts(), d.rows("SELECT number, alert, version, body"
                                  " FROM alert_event WHERE"
                                  " json_extract(body, '$.route') IS NULL"
                                  " ORDER BY number")


@pytest.mark.parametrize("seed", range(4))
def test_any_schedule_ends_the_same(tmp_path, seed):
    by_day = history(random.Random(seed))
    counts, alerts = run(tmp_path / "plain", by_day, None)
    assert counts == model([r for day in by_day for r in day])
    assert alerts
    wild_counts, wild_alerts = run(tmp_path / "wild", by_day,
                                   random.Random(1000 + seed))
    assert wild_counts == counts
    assert wild_alerts == alerts
