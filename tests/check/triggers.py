"""The shipped triggers listen to every indicator, and speak both languages.

Counts that are only a denominator or background (total visits, deaths of all
causes, media, heat) are the exception, and are named here.
"""
import csv
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What people read, each beside the same in Chinese under key_zh.
READ = re.compile(r'(?m)^\t(title|basis)(_zh)? = "(.*)"$')
CHINESE = re.compile("[\u4e00-\u9fff]")
BACKGROUND = {"volume", "death", "media", "heat"}


def one_language(path, text):
    """Blocks that say something in one language only."""
    for block in re.split(r"(?m)^(?=\w+ .*\{$)", text):
        said = {key + zh: words for key, zh, words in READ.findall(block)}
        head = block.split("{")[0].strip()
        for key in ("title", "basis"):
            both = said.get(key, ""), said.get(key + "_zh", "")
            if any(both) and (not all(both) or CHINESE.search(both[0])
                              or not CHINESE.search(both[1])):
                yield f"{path.name}: {head}: {key} is in one language only"


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
        wrong += one_language(path, text)
        for words in re.findall(r"indicators\s*=\s*\{([^}]*)\}", text):
            heard |= {w.strip().strip('"') for w in words.split(",")}
    for name, of in group.items():
        if of not in BACKGROUND and not heard & {name, of}:
            wrong.append(f"no shipped trigger listens to {name} ({of})")
    print("\n".join(wrong) or f"{len(group)} indicators, "
          f"{len(heard)} words heard")
    return 1 if wrong else 0


sys.exit(main())
