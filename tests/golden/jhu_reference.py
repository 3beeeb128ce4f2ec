#!/usr/bin/python3
"""Reference results of JHU/APL's EARS, CUSUM and EWMA, written out naively.

usage: jhu_reference.py jhu_cusum_p.csv > jhu.csv

made the file beside it.  An independent reading of openessence-legacy 822b5e8 (Ears, CusumSagesDetector,
EWMASagesDetector, FilterBaselineZeros3): lists and indices as there, every
sum made anew each day.  The counts are drawn here, with Python's own seeded
generator, Student's t by its continued fraction.
"""

import csv
import functools
import math
import random
import statistics
import sys

OUT = "series,t,count,method,params,expected,upper,statistic,p,level"


def poisson(rng, mean):
    limit, n, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        n += 1
        product *= rng.random()
    return n


def draw():
    rng = random.Random(20240229)
    dense = [poisson(rng, 12 + 6 * math.sin(t / 40) + 3 * (t % 7 < 5))
             for t in range(300)]
    sparse = [poisson(rng, 0.2) for _ in range(300)]
    for t in range(200, 212):
        sparse[t] += poisson(rng, 2)
    shut = [0 if t % 50 < 9 else poisson(rng, 9) for t in range(300)]
    quiet = [0] * 60 + [poisson(rng, 0.05) for _ in range(140)] + [3, 0, 0, 5]
    flat = [4] * 50 + [5, 6, 4, 4, 12] + [4] * 40
    return {"d-dense": dense, "d-sparse": sparse, "d-shut": shut,
            "d-quiet": quiet, "d-flat": flat}


def runs(x):
    found, start = [], None
    for i, value in enumerate(x + [1]):
        if value == 0 and start is None:
            start = i
        elif value != 0 and start is not None:
            found.append((start, i - 1))
            start = None
    return sorted(found, key=lambda r: r[0] - r[1])


def without_long_runs(x):
    keep = list(range(len(x)))
    for first, last in runs(x):
        left = [i for i in keep if not first <= i <= last]
        if not left:
            break
        zeros = max(1, sum(x[i] == 0 for i in left))
        if (zeros / len(left)) ** (last - first + 1) > 0.01:
            break
        keep = left
    kept = [x[i] for i in keep]
    return kept if sum(v > 0 for v in kept) >= 2 else []


def interpolate(table, s):
    if s >= table[-1][0]:
        return table[-1][1]
    for (s0, p0), (s1, p1) in zip(table, table[1:]):
        if s0 <= s <= s1:
            return p0 + (s - s0) / (s1 - s0) * (p1 - p0)
    raise ValueError(s)


def colour(x, p):
    if x <= 0 or p > 0.05:
        return "normal"
    return "alert" if p <= 0.01 else "warning"


def cusum(x, table):
    s = 0.0
    for i, today in enumerate(x):
        if i < 30:
            yield None
            continue
        base = without_long_runs(x[i - 30:i - 2])
        if len(base) > 1:
            m = statistics.fmean(base)
            sd = max(statistics.stdev(base), 0.5)
            carry = 2.0 if s > 4 else s
            s = max(0.0, carry + (today - m) / sd - 0.5)
        else:
            m, s = 0.0, float(today)
        p = interpolate(table, s)
        yield m, s, p, colour(today, p)


def ears(x, guard, summed, min_sigma):
    c0 = c1 = 0.0
    for i, today in enumerate(x):
        if i < 7 + guard:
            yield None
            continue
        base = x[i - guard - 7:i - guard]
        m = statistics.fmean(base)
        sd = max(statistics.stdev(base), min_sigma)
        part = max(0.0, (today - m - sd) / sd)
        stat = part + (c0 + c1 if summed else 0.0)
        level = "normal"
        if today > 0 and stat >= 1.5:
            level = "alert" if stat >= 2 else "warning"
        z = 1 + stat if stat > 0 else min(1.0, (today - m) / sd)
        yield m, stat, 0.5 * math.erfc(z / math.sqrt(2)), level
        c0, c1 = c1, 0.0 if part >= 2 else part


def beta_fraction(a, b, x):
    """Lentz's method for the incomplete beta function's fraction."""
    c, d = 1.0, 1.0 / (1.0 - (a + b) * x / (a + 1.0))
    h = d
    for m in range(1, 500):
        for k in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
                  -(a + m) * (a + b + m) * x /
                  ((a + 2 * m) * (a + 2 * m + 1))):
            d = 1.0 / (1.0 + k * d)
            c = 1.0 + k / c
            h *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return h


def incomplete_beta(a, b, x):
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) +
                     a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * beta_fraction(a, b, x) / a
    return 1.0 - front * beta_fraction(b, a, 1.0 - x) / b


def student_tail(t, df):
    half = incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2
    return half if t > 0 else 1 - half


@functools.lru_cache(None)
def student_limit(p, df):
    low, high = 0.0, 1000.0
    while high - low > 1e-14 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = ((middle, high) if student_tail(middle, df) > p
                     else (low, middle))
    return (low + high) / 2


def ewma(x):
    omega, guard = 0.4, 2
    z = 0.0
    for i, today in enumerate(x):
        if i > 0:
            z = omega * today + (1 - omega) * z
        if i < 5:
            yield None
            continue
        base = x[max(0, i - 30):i - 2]
        positive = [v for v in base if v != 0]
        if statistics.median(base) > 0 or (
                positive and statistics.median(positive) > 4):
            base = without_long_runs(base)
        df = len(base) - 1
        if not any(base) or df < 2:
            yield None
            continue
        red, yellow = student_limit(0.01, df), student_limit(0.05, df)
        c = math.sqrt(omega / (2 - omega) + 1 / df - 2 * (1 - omega) **
                      (guard + 1) * (1 - (1 - omega) ** df) / df)
        add = omega / yellow * (0.1289 - (0.2414 - 0.1826 * (1 - omega) ** 4)
                                * math.log(10 * 0.05))
        least = omega / yellow * (1 + 0.5 * (1 - omega) ** 2)
        m = statistics.fmean(base)
        sigma = max(c * statistics.stdev(base) + add, least)
        stat = (z - m) / sigma
        if abs(stat) > red:
            z = m + math.copysign(red, stat) * sigma
        p = student_tail(stat, df)
        yield m, stat, p, colour(today, p)


def main():
    with open(sys.argv[1], newline="") as f:
        table = [(float(s), float(p)) for s, p in list(csv.reader(f))[1:]]
    print(OUT)
    for name, x in draw().items():
        for method, params, rows in (
                ("ears-c1", "min_sigma=0.1", ears(x, 0, False, 0.1)),
                ("ears-c2", "min_sigma=0.5", ears(x, 2, False, 0.5)),
                ("ears-c3", "min_sigma=0.5", ears(x, 2, True, 0.5)),
                ("cusum", "horizon=364", cusum(x, table)),
                ("ewma-jhu", "horizon=364", ewma(x))):
            for t, (count, row) in enumerate(zip(x, rows), 1):
                if row is None:
                    print(f"{name},{t},{count},{method},{params},,,,,unknown")
                    continue
                m, stat, p, level = row
                print(f"{name},{t},{count},{method},{params},{m:.12g},,"
                      f"{stat:.12g},{p:.12g},{level}")


if __name__ == "__main__":
    main()
