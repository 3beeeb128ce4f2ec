"""Functions of at most 60 lines and files of at most 600.

A longer function is allowed only where it is a table, a boot list or a switch
of one line a case, and says so: a comment with the words "long:" and the
reason stands in its first five lines or right above it.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_FUNCTION, MAX_FILE = 60, 600


def main():
    files = [f for f in subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h", "*.js",
         "*.py"], cwd=ROOT, check=True, capture_output=True,
        text=True).stdout.split()
        if "/vendor/" not in f and (ROOT / f).exists()]
    wrong = []
    for name in files:
        n = len((ROOT / name).read_text().splitlines())
        if n > MAX_FILE:
            wrong.append(f"{name}: {n} lines, more than {MAX_FILE}")
    sources = [f for f in files if f.endswith(".c")]
    tags = subprocess.run(
        ["ctags", "--kinds-C=f", "--fields=+ne", "-o", "-",
         "--output-format=u-ctags", *sources], cwd=ROOT, check=True,
        capture_output=True, text=True).stdout
    functions = 0
    for line in tags.splitlines():
        first = re.search(r"\tline:(\d+)", line)
        last = re.search(r"\tend:(\d+)", line)
        if line.startswith("!") or not first or not last:
            continue
        functions += 1
        start, end = int(first.group(1)), int(last.group(1))
        name, path = line.split("\t")[:2]
        if end - start + 1 <= MAX_FUNCTION:
            continue
        around = (ROOT / path).read_text().splitlines()
        if "long:" in "\n".join(around[max(0, start - 8):start + 5]):
            continue
        wrong.append(f"{path}:{start}: {name} has {end - start + 1} lines")
    if functions == 0:
        wrong.append("no function was read: the check is broken")
    print("\n".join(wrong) or f"{functions} functions, {len(files)} files")
    return 1 if wrong else 0


sys.exit(main())
