"""etc/calendars/cn.conf against sun and moon: each year it lists gives the
festivals of the lunar calendar and the fixed days off, weekend days are worked
only outside holidays, and the winter holiday of schools lies around the lunar
new year.

Formulas: J. Meeus, Astronomical Algorithms, 2nd edition, chapters 25 (the sun's
longitude) and 49 (new moons), as far as hours matter.  China reckons the day
at 120 degrees east.  The first month holds the sun's 330 degrees, the fifth
its 90, the eighth its 180; that is so until 2033.
"""
import datetime
import math
import pathlib
import re
import sys

FILE = pathlib.Path(__file__).resolve().parents[2] / "etc/calendars/cn.conf"
DAY = datetime.timedelta(1)


def sind(x):
    return math.sin(math.radians(x))


def beijing(jd):
    """The day in China at a Julian date of the Ephemeris."""
    return (datetime.datetime(2000, 1, 1, 12)
            + datetime.timedelta(jd - 2451545 + 8 / 24 - 70 / 86400)).date()


def sun(jd):
    t = (jd - 2451545) / 36525
    mean = 280.46646 + 36000.76983 * t
    m = 357.52911 + 35999.05029 * t
    node = 125.04 - 1934.136 * t
    return (mean + (1.914602 - 0.004817 * t) * sind(m)
            + 0.019993 * sind(2 * m) + 0.000289 * sind(3 * m)
            - 0.00569 - 0.00478 * sind(node)) % 360


def sun_reaches(year, longitude):
    """The day on which the sun's longitude is first at least that."""
    lo = 2451535 + 365.25 * (year - 2000 + (longitude + 80) % 360 / 360)
    hi = lo + 20
    for _ in range(40):
        mid = (lo + hi) / 2
        if (sun(mid) - longitude) % 360 < 180:
            hi = mid
        else:
            lo = mid
    return beijing(hi)


def new_moon(k):
    t = k / 1236.85
    e = 1 - 0.002516 * t
    s = 2.5534 + 29.1053567 * k
    m = 201.5643 + 385.81693528 * k + 0.0107582 * t * t
    f = 160.7108 + 390.67050284 * k - 0.0016118 * t * t
    o = 124.7746 - 1.56375588 * k
    return (2451550.09766 + 29.530588861 * k + 0.00015437 * t * t
            - 0.40720 * sind(m) + 0.17241 * e * sind(s)
            + 0.01608 * sind(2 * m) + 0.01039 * sind(2 * f)
            + 0.00739 * e * sind(m - s) - 0.00514 * e * sind(m + s)
            + 0.00208 * e * e * sind(2 * s) - 0.00111 * sind(m - 2 * f)
            - 0.00057 * sind(m + 2 * f) + 0.00056 * e * sind(2 * m + s)
            - 0.00042 * sind(3 * m) + 0.00042 * e * sind(s + 2 * f)
            + 0.00038 * e * sind(s - 2 * f) - 0.00024 * e * sind(2 * m - s)
            - 0.00017 * sind(o))


def month_of(term):
    """The first day of the lunar month that holds the day."""
    k = round((term.toordinal() - 730125) / 29.530588861) + 1
    while beijing(new_moon(k)) > term:
        k -= 1
    return beijing(new_moon(k))


def spans(text, key):
    days = set()
    words = re.search(rf"\b{key} = \{{(.*?)\}}", text, re.S).group(1)
    for word in re.findall(r'"([^"]+)"', words):
        first, _, last = word.partition("..")
        first = datetime.date.fromisoformat(first)
        last = datetime.date.fromisoformat(last) if last else first
        while first <= last:
            days.add(first)
            first += DAY
    return days


def festivals(year):
    new_year = month_of(sun_reaches(year, 330))
    yield "lunar new year", new_year
    for n in (1, 2):
        yield "spring festival", new_year + n * DAY
    yield "qingming", sun_reaches(year, 15)
    yield "dragon boat", month_of(sun_reaches(year, 90)) + 4 * DAY
    yield "mid-autumn", month_of(sun_reaches(year, 180)) + 14 * DAY
    for month, day in ((1, 1), (5, 1), (10, 1), (10, 2), (10, 3)):
        yield "fixed", datetime.date(year, month, day)


def main():
    text = re.sub(r"(?m)^\s*#.*$", "", FILE.read_text())
    off, worked = spans(text, "holidays"), spans(text, "workdays")
    no_school = spans(text, "no_school")
    wrong = [f"{d} is off and worked" for d in sorted(off & worked)]
    wrong += [f"{d} is worked, but no weekend" for d in sorted(worked)
              if d.weekday() < 5]
    years = sorted({d.year for d in off if d.month == 10})
    for year in years:
        for name, day in festivals(year):
            # One on a weekend needs no day off of its own.
            if day not in off and (day.weekday() < 5 or day in worked):
                wrong.append(f"{day} ({name}) is not off")
            if name == "lunar new year":
                around = {day + n * DAY for n in range(-14, 19)}
                if not around <= no_school:
                    wrong.append(f"schools are open around {day}")
    print("\n".join(wrong) or f"{years[0]} to {years[-1]}: {len(off)} days "
          f"off, {len(worked)} weekend days worked")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
