"""docs/detectors.md says of every method what it must: formula, origin,
deviation, p, when to use it, its defaults; and names every parameter.

Usage: methods.py TOCSIN
"""
import json
import pathlib
import re
import subprocess
import sys

DOC = pathlib.Path(__file__).resolve().parents[2] / "docs/detectors.md"
PARTS = ["Formula", "Origin", "Deviation", "p", "When to use", "Defaults"]


def main():
    sections = {}
    for text in re.split(r"^##+ ", DOC.read_text(), flags=re.M)[1:]:
        title, _, body = text.partition("\n")
        for name in title.split(", "):
            sections[name] = body
    out = subprocess.run([sys.argv[1], "methods", "--json"], check=True,
                         capture_output=True, text=True).stdout
    methods = json.loads(out)
    wrong = []
    for m in methods:
        body = sections.get(m["name"])
        if body is None:
            wrong.append(f"{m['name']} has no section")
            continue
        wrong += [f"{m['name']}: no '{part}'" for part in PARTS
                  if f"**{part}.**" not in body]
        wrong += [f"{m['name']}: no word of {p['name']}"
                  for p in m["parameters"] if f"`{p['name']}" not in body]
    print("\n".join(wrong) or f"{len(methods)} methods")
    return 1 if wrong or len(methods) < 30 else 0


sys.exit(main())
