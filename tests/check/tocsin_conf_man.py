"""tocsin.conf(5) names every key that tocsind knows, and no other."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def manual(text):
    found, block = set(), None
    for line in text.splitlines():
        begin = re.match(r"^\.Sh BLOCK (\w+)", line)
        key = re.match(r"^\.It Cm (\w+)", line)
        if begin:
            block = begin.group(1).lower()
        elif key and block:
            found.add((block, key.group(1)))
    return found


def main():
    out = subprocess.run([sys.argv[1], "--list-keys"], check=True, text=True,
                         capture_output=True).stdout
    known = {(line.split("\t")[0].split()[0], line.split("\t")[1])
             for line in out.splitlines()}
    page = manual((ROOT / "docs" / "man" / "tocsin.conf.5").read_text())
    wrong = [f"tocsin.conf(5) lacks {w}" for w in known - page]
    wrong += [f"tocsin.conf(5): {w} is no key" for w in page - known]
    if not known:
        wrong.append("no key was read: the check is broken")
    print("\n".join(wrong) or f"{len(known)} keys stand in the manual")
    return 1 if wrong else 0


sys.exit(main())
