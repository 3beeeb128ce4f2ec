"""The texts for people: both languages whole, and every key used is there.

The same keys, the same "{names}" in a key's texts, no empty text, no word of
warning that only an authority may use for a signal, every key that the page
or the programs name, and the vendored files as their sums say.
"""
import hashlib
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CONSOLE = ROOT / "daemon/console"
NAME = re.compile(r"\{(\w+)\}")
# t('key'), plural('key', ...), word('prefix', ...) of the page
CALL = re.compile(r"\b(t|plural|word)\(\s*['`]([a-z_.]+)['`]")
# "explain.next.open" and the like in C
KEY_IN_C = re.compile(r'"((?:explain|ratio|list|mail|cli|why|score|advise)\.[a-z_.]+)"')


def load(name, wrong):
    pairs = json.loads((CONSOLE / "catalogue" / name).read_text(),
                       object_pairs_hook=list)
    keys = [k for k, _ in pairs]
    for key in {k for k in keys if keys.count(k) > 1}:
        wrong.append(f"{name}: {key} is there twice")
    return dict(pairs)


def main():
    wrong = []
    en, zh = load("en.json", wrong), load("zh-CN.json", wrong)
    for key in sorted(en.keys() ^ zh.keys()):
        wrong.append(f"{key} is in one language only")
    for key in sorted(en.keys() & zh.keys()):
        if not en[key].strip() or not zh[key].strip():
            wrong.append(f"{key} is empty")
        # the level may go without saying in one of the languages
        apart = set(NAME.findall(en[key])) ^ set(NAME.findall(zh[key]))
        if apart - {"level"}:
            wrong.append(f"{key}: {sorted(apart)} stand in one language only")
        if key.startswith(("signal.", "explain.signal")) and \
                "预警" in zh[key]:
            wrong.append(f"{key} calls a signal an official warning")
    uses = 0
    for path in sorted((CONSOLE / "page").glob("*.js")):
        for call, key in CALL.findall(path.read_text()):
            uses += 1
            there = {"t": key in en, "plural": f"{key}.other" in en,
                     "word": any(k.startswith(key + ".") for k in en)
                     or key.startswith("status.")}[call]
            if not there:
                wrong.append(f"{path.name}: {call}('{key}') has no text")
    for path in sorted(ROOT.glob("daemon/*/*.c")):
        for key in KEY_IN_C.findall(path.read_text()):
            uses += 1
            if key not in en:
                wrong.append(f"{path.name}: \"{key}\" has no text")
    for line in (CONSOLE / "vendor/SHA256SUMS").read_text().splitlines():
        digest, name = line.split()
        data = (CONSOLE / "vendor" / name).read_bytes()
        if hashlib.sha256(data).hexdigest() != digest:
            wrong.append(f"vendor/{name} is not what was vendored")
    if uses < 100:
        wrong.append(f"only {uses} uses of texts were found")
    print("\n".join(wrong) or f"{len(en)} texts, {uses} uses")
    return 1 if wrong else 0


sys.exit(main())
