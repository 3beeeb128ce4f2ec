"""How methods judge the weekly series of the invented province: p-values by
chance against what they say, and outbreaks found at the same rate of false
ones.  Argument: the program tocsin."""

import collections
import csv
import os
import random
import statistics
import subprocess
import sys
import tempfile

TOCSIN = sys.argv[1]
METHODS = ["tocsin", "rnssp-ewma", "ears-c2", "glm-nb"]
INDICATORS = ["poultry-death", "animal-positive", "market-positive",
              "mosquito-index", "rodent-index", "ww-covid", "ww-flu"]
LEARN = 60                  # weeks that are not counted
SHAPE = (.6, 1, 1, .7)      # of an outbreak, in four weeks
HEIGHT = 2.5                # standard deviations of the ten weeks before


def simulate(folder):
    subprocess.run([TOCSIN, "simulate", "--out", folder, "--all-sources",
                    "--days", "1100", "--counties", "30", "--seed", "11"],
                   check=True, stdout=subprocess.DEVNULL)
    series = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(os.path.join(folder, "counts.csv"), encoding="utf-8") as f:
        for r in csv.DictReader(f):
            if r["indicator"] in INDICATORS:
                series[r["indicator"]][r["site"]].append(
                    (r["date"], int(r["count"])))
    return series


def infect(rows, rng):
    """The series with outbreaks, and the dates on which they were seen."""
    x, seen = [c for _, c in rows], []
    at = LEARN + rng.randrange(10)
    while at + len(SHAPE) < len(x):
        sd = statistics.pstdev(x[at - 10:at]) + .5
        for k, share in enumerate(SHAPE):
            x[at + k] += round(HEIGHT * sd * share)
        seen.append([rows[at + k][0] for k in range(len(SHAPE))])
        at += 22 + rng.randrange(8)
    return [(d, c) for (d, _), c in zip(rows, x)], seen


def judge(method, series):
    """p by series and date."""
    lines = ["series,date,count"]
    lines += [f"{s},{d},{c}" for s, rows in series.items() for d, c in rows]
    out = subprocess.run([TOCSIN, "detect", "--method", method, "--period",
                          "week", "-"], input="\n".join(lines) + "\n",
                         capture_output=True, text=True, check=True).stdout
    return {(r["series"], r["date"]): float(r["p"])
            for r in csv.DictReader(out.splitlines()) if r["p"]}


def measure(method, null, ill, seen):
    first = {s: rows[LEARN][0] for s, rows in null.items()
             if len(rows) > LEARN}
    p = sorted(v for (s, d), v in judge(method, null).items()
               if s in first and d >= first[s])
    ill_p = judge(method, ill)
    limit = p[int(len(p) * .02)]
    found = [any(ill_p.get((s, d), 1) < limit for d in weeks)
             for s, all_weeks in seen.items() for weeks in all_weeks]
    return [sum(v <= q for v in p) / len(p) / q for q in (.05, .01, .001)] + [
        100 * sum(found) / len(found)]


def main():
    rng = random.Random(5)
    print("| series | method | p <= .05 | p <= .01 | p <= .001 "
          "| found % |\n| --- | --- | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as folder:
        series = simulate(folder)
    for indicator in INDICATORS:
        null, ill, seen = series[indicator], {}, {}
        for site, rows in null.items():
            ill[site], seen[site] = infect(rows, rng)
        for method in METHODS:
            a, b, c, found = measure(method, null, ill, seen)
            print(f"| {indicator} | `{method}` | {a:.1f} | {b:.1f} | {c:.1f} "
                  f"| {found:.0f} |")


main()
