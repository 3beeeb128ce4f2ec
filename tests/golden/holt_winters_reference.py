#!/usr/bin/python3
"""Reference results of holt-winters, written out naively.

usage: holt_winters_reference.py > holt_winters.csv

made the file beside it.  An independent reading of what docs/detectors.md
says of JHU/APL's generalised adaptive smoothing: dictionaries by weekday,
everything made anew each day, the median and the quantile by Python's own
statistics.  The counts are drawn here, with Python's seeded generator; day 1
is a Monday.  What else is shared comes from jhu_reference.py.
"""

import math
import random
import statistics

from jhu_reference import (OUT, poisson, student_limit, without_long_runs)


def draw():
    rng = random.Random(20240303)
    week = [1.3, 1.2, 1.1, 1.1, 1.0, 0.4, 0.2]

    def series(mean, days):
        return [poisson(rng, mean(t) * week[t % 7]) for t in range(days)]

    clinic = series(lambda t: 20 + 8 * math.sin(t / 30), 200)
    clinic[120:124] = [70, 80, 60, 50]
    small = series(lambda t: 6, 180)
    city = series(lambda t: 230 + t, 150)
    city[100] = 2000
    sparse = [poisson(rng, 0.3) for _ in range(180)]
    sparse[140:146] = [2, 1, 3, 2, 0, 4]
    shut = series(lambda t: 12, 220)
    shut[150:170] = [0] * 20
    holes = [None if rng.random() < 0.1 else x
             for x in series(lambda t: 15, 180)]
    weekdays_only = [0 if t % 7 > 4 else x for t, x in
                     enumerate(series(lambda t: 18, 160))]
    return {"d-clinic": clinic, "d-small": small, "d-city": city,
            "d-sparse": sparse, "d-shut": shut, "d-holes": holes,
            "d-weekdays": weekdays_only}


def quantile_95(x):
    return statistics.quantiles(x, n=100, method="inclusive")[94]


def weights(mean, sparse):
    if sparse:
        return 0.4, 0.0
    for limit, a in ((1, 0.05), (10, 0.1), (100, 0.15), (math.inf, 0.4)):
        if mean < limit:
            return a, 0.1 if mean < 1 else 0.05


def deviation(y, t, factor):
    today = factor[t % 7]
    days = [d for d in range(max(0, t - 56), t) if y[d] is not None]
    like = [y[d] for d in days if abs(factor[d % 7] - today) < 0.1]
    if len(like) <= 4:
        like = [y[d] for d in days]
    return max(0.5, statistics.stdev(like))


def ewma_statistic(level, base):
    n = len(base)
    q = student_limit(0.05, n - 1)
    spread = math.sqrt(0.4 / 1.6 + 1 / n - 2 * 0.6 * (1 - 0.6 ** n) / n)
    add = 0.4 / q * (0.1289 - (0.2414 - 0.1826 * 0.6 ** 4) * math.log(0.5))
    floor = 0.4 / q * (1 + 0.5 * 0.6 ** 2)
    sigma = max(statistics.stdev(base) * spread + add, floor, 0.5)
    return (level - statistics.fmean(base)) / sigma


def smooth(x):
    start = [v for v in x[:56] if v is not None]
    mean = statistics.fmean(start)
    sparse = statistics.median_high(start) == 0
    a, g = weights(mean, sparse)
    added = 0.2 if sparse else 0.0
    y = [None if v is None else v + added for v in x]
    factor = {}
    for d in range(7):
        same = [x[t] for t in range(d, 56, 7) if x[t] is not None]
        factor[d] = max(0.01, statistics.fmean(same) / mean)
        if sparse:
            factor[d] = 1.0
    level = max(0.5, mean)
    for t in range(14, len(x)):
        if x[t] is None:
            yield t, None
            continue
        before = [x[d] for d in range(max(0, t - 56), t) if x[d] is not None]
        kept = without_long_runs(before)
        c = factor[t % 7]
        sd = deviation(y, t, factor)
        forecast = c * level
        stat = (y[t] - forecast) / sd
        if sparse:
            smoothed = max(0.5, a * y[t] + (1 - a) * level)
            stat = ewma_statistic(smoothed, [v + added for v in kept])
        if x[t] == 0:
            stat = 0.0
        yield t, (max(0.0, forecast - added), stat)
        if (len(kept) == len(before) and y[t] > c * quantile_95(before) and
                abs(y[t] - forecast) > 0.5 * sd):
            continue
        new = max(0.5, a * y[t] / c + (1 - a) * level)
        factor[t % 7] = max(0.01, g * y[t] / level + (1 - g) * c)
        if factor[t % 7] >= 0.05 and new <= 10 * level:
            level = new


def main():
    print(OUT)
    for name, x in draw().items():
        judged = {t: v for t, v in smooth(x) if t >= 56}
        for t, count in enumerate(x):
            row = f"{name},{t + 1},{'NA' if count is None else count}," \
                  "holt-winters,"
            if judged.get(t) is None:
                print(f"{row},,,,,unknown")
                continue
            expected, stat = judged[t]
            p = 0.5 * math.erfc(stat / math.sqrt(2))
            level = "normal"
            if count > 0 and p <= 0.05:
                level = "alert" if p <= 0.01 else "warning"
            print(f"{row},{expected:.12g},,{stat:.12g},{p:.12g},{level}")


if __name__ == "__main__":
    main()
