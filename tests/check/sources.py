"""What a reader should never meet in the tree.

Formatting other than .clang-format's, promises of later work, paths of one
machine; headers that do not compile alone; what clang warns about.
Usage: sources.py format|words|headers|clang BUILD
"""
import json
import pathlib
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = re.compile(
    r"\b(TODO|FIXME|XXX|HACK|not (yet )?implemented|placeholder)\b"
    r"|/home/[a-z]+/|/root/|/work/", re.I)


def tracked(*patterns):
    out = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *patterns], cwd=ROOT,
        check=True, capture_output=True, text=True).stdout.split("\n")
    return [f for f in out if f and "/vendor/" not in f
            and (ROOT / f).is_file()]


def check_format(_build):
    files = tracked("*.c", "*.h")
    run = subprocess.run(["clang-format", "--dry-run", "--Werror", *files],
                         cwd=ROOT, capture_output=True, text=True)
    return [line for line in run.stderr.splitlines() if "error:" in line]


def check_words(_build):
    wrong = []
    for name in tracked("*.c", "*.h", "*.py", "*.md", "*.conf", "*.sh", "*.js",
                        "*.txt", "scripts/*", "*.proto", "*.html", "*.css"):
        if name.startswith("tests/check/"):
            continue
        text = (ROOT / name).read_text(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if WORDS.search(line) and "input placeholder" not in line \
                    and "placeholder=" not in line:
                wrong.append(f"{name}:{number}: {line.strip()[:90]}")
    return wrong


def flags_of(entry):
    """The include paths and definitions of one compilation."""
    words = shlex.split(entry["command"])
    flags = ["-Wno-unknown-warning-option"]
    for word, after in zip(words, words[1:] + [""]):
        if word == "-isystem":
            flags.append("-isystem" + after)
        elif word.startswith(("-I", "-D", "-isystem")):
            flags.append(word)
    return flags


def compile_one(args):
    run = subprocess.run(args, cwd=ROOT, capture_output=True, text=True)
    return run.stderr.strip() if run.returncode else ""


def check_headers(build):
    entries = json.loads((pathlib.Path(build) /
                          "compile_commands.json").read_text())
    flags = sorted({f for e in entries for f in flags_of(e)})
    jobs = [["clang", "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra",
             "-Werror", "-Wno-unused-function", *flags, h]
            for h in tracked("*.h")]
    with ThreadPoolExecutor(2) as pool:
        return [e for e in pool.map(compile_one, jobs) if e]


def check_clang(build):
    entries = json.loads((pathlib.Path(build) /
                          "compile_commands.json").read_text())
    warnings = ["-Wall", "-Wextra", "-Wshadow", "-Wstrict-prototypes",
                "-Wmissing-prototypes", "-Wconversion", "-Wvla", "-Werror"]
    jobs = [["clang", "-std=gnu11", "-fsyntax-only", *warnings, *flags_of(e),
             e["file"]] for e in entries
            if e["file"].endswith(".c") and "/build/" not in
            e["file"][len(str(ROOT)):]]
    if not jobs:
        return ["no source was compiled: the check is broken"]
    with ThreadPoolExecutor(2) as pool:
        return [e for e in pool.map(compile_one, jobs) if e]


def main():
    checks = {"format": check_format, "words": check_words,
              "headers": check_headers, "clang": check_clang}
    wrong = checks[sys.argv[1]](sys.argv[2])
    print("\n".join(wrong) or "ok")
    return 1 if wrong else 0


sys.exit(main())
