"""The shipped triggers listen to every indicator of the vocabulary.

Counts that are only a denominator or background (total visits, deaths of all
causes, media, heat) are the exception, and are named here.
"""
import csv
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BACKGROUND = {"volume", "death", "media", "heat"}


def main():
    with open(ROOT / "etc" / "indicators.csv", encoding="utf-8") as f:
        group = {row["indicator"]: row["group"] for row in csv.DictReader(f)}
    heard = set()
    shipped = (ROOT / "daemon" / "desk" / "CMakeLists.txt").read_text()
    wrong = []
    for path in sorted((ROOT / "etc" / "triggers.d").glob("*.conf")):
        text = re.sub(r"(?m)^\s*#.*$", "", path.read_text(encoding="utf-8"))
        if "trigger " in text and \
                not re.search(rf"\b{path.stem}\b", shipped):
            wrong.append(f"{path.name} is not built in")
        for words in re.findall(r"indicators\s*=\s*\{([^}]*)\}", text):
            heard |= {w.strip().strip('"') for w in words.split(",")}
    for name, of in group.items():
        if of not in BACKGROUND and not heard & {name, of}:
            wrong.append(f"no shipped trigger listens to {name} ({of})")
    print("\n".join(wrong) or f"{len(group)} indicators, "
          f"{len(heard)} words heard")
    return 1 if wrong else 0


sys.exit(main())
