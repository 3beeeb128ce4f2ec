"""etc/tocsin.conf names every key of tocsind with its default, and no other.

Usage: tocsin_conf.py TOCSIND
"""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILE = ROOT / "etc/tocsin.conf"
# Set for the packaged daemon, where the default is another; and examples.
SET = {"http.socket", "rota.area", "rota.week", "rota.except"}
# What a block needs that has no default.
LEAST = """receiver "x" {
	type = journal
}
rota "x" {
	area = "x"
	week = { "daily 00:00-24:00 x" }
}
"""


def show(tocsind, text):
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as f:
        f.write(text)
        f.flush()
        run = subprocess.run([tocsind, "-c", f.name, "--show-config"],
                             capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"not taken:\n{run.stderr}")
    return run.stdout


def values(shown):
    """block.key -> what is in force; the default's mark is taken off."""
    found, block = {}, ""
    for line in shown.splitlines():
        if head := re.match(r"(\w+)( \".*\")? \{", line):
            block = head.group(1)
        elif key := re.match(r"\t(\w+) = (.*?)( # default)?$", line):
            found[f"{block}.{key.group(1)}"] = key.group(2)
    return found


def uncommented(text):
    """Every key that stands in a comment becomes one in force."""
    text = re.sub(r"^# ((receiver|rota) .*\{|\})$", r"\1", text, flags=re.M)
    text = re.sub(r"^#(\t(\t.*|\}))$", r"\1", text, flags=re.M)
    return re.sub(r"^(#?\t)(# )?(\w+ = )", r"\t\3", text, flags=re.M)


def keys(text):
    found, block = set(), ""
    for line in text.splitlines():
        if head := re.match(r"(\w+)( \".*\")? \{", line):
            block = head.group(1)
        elif key := re.match(r"\t(\w+) = ", line):
            found.add(f"{block}.{key.group(1)}")
    return found


def main():
    tocsind = sys.argv[1]
    text = FILE.read_text()
    whole = uncommented(text)
    defaults = values(show(tocsind, LEAST))
    written = values(show(tocsind, whole))
    wrong = [f"{k} is not in {FILE.name}" for k in defaults.keys() - keys(whole)]
    wrong += [f"{k} is no key of tocsind" for k in keys(whole) - defaults.keys()]
    wrong += [f"{k}: {FILE.name} says {written[k]}, the default is {v}"
              for k, v in defaults.items()
              if k in written and written[k] != v and k not in SET]
    for key, value in values(show(tocsind, text)).items():
        if key not in SET and value != defaults[key]:
            wrong.append(f"{key} is set to {value}")
    print("\n".join(sorted(wrong)) or f"{len(defaults)} keys")
    return 1 if wrong or len(defaults) < 40 else 0


sys.exit(main())
