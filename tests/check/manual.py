"""docs/man/tocsin.1 and "tocsin help" list the same commands, and each tells
of itself with --help.

Usage: manual.py TOCSIN
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAN = ROOT / "docs/man/tocsin.1"


def said(*words):
    return subprocess.run(words, capture_output=True, text=True).stdout


def main():
    tocsin = sys.argv[1]
    listed = set(re.findall(r"^  tocsin (\w+) ", said(tocsin, "help"), re.M))
    manual = set(re.findall(r"^\.It Cm (\w+)", MAN.read_text(), re.M))
    wrong = [f"{c} is not in {MAN.name}" for c in listed - manual]
    wrong += [f"{c} is no command of tocsin" for c in manual - listed]
    wrong += [f"tocsin {c} --help says nothing" for c in listed
              if "sage:" not in said(tocsin, c, "--help")]
    print("\n".join(sorted(wrong)) or f"{len(listed)} commands")
    return 1 if wrong or len(listed) < 8 else 0


sys.exit(main())
