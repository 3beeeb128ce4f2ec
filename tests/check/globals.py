"""No mutable file-scope state in the libraries: the symbols say so.

Writable data is allowed only to the objects named in ALLOWED, each with its
reason.  Tables that only the linker writes (.data.rel.ro) are constant.
"""
import pathlib
import re
import subprocess
import sys

ALLOWED = {
    "log.c.o": {"max_level"},  # the one setting of all log lines
}
SANITIZER = re.compile(r"^(__asan|__odr_asan|__ubsan|\.L|\.Lubsan|__sancov|"
                       r"_?asan|__local_asan|___asan)|\.data\.rel")


def writable(library):
    out = subprocess.run(["nm", "--format=sysv", "--defined-only", library],
                         check=True, capture_output=True, text=True).stdout
    member = ""
    for line in out.splitlines():
        found = re.match(r"^Symbols from .*\[(.+)\]:", line)
        if found:
            member = found.group(1)
        cells = [c.strip() for c in line.split("|")]
        if len(cells) < 7 or cells[3] not in ("OBJECT", "TLS"):
            continue
        section = cells[6].split()[0] if cells[6] else ""
        if section.startswith((".data.rel.ro", ".rodata")):
            continue
        if section.startswith((".data", ".bss", ".tbss", ".tdata")):
            yield member, cells[0].split(".")[0]


def main():
    build = pathlib.Path(sys.argv[1])
    libraries = sorted(build.rglob("libtocsin-*.a"))
    if not libraries:
        print("no library was found: the check is broken")
        return 1
    wrong = []
    for library in libraries:
        for member, name in writable(str(library)):
            if SANITIZER.search(name) or name in ALLOWED.get(member, ()):
                continue
            wrong.append(f"{library.name}({member}): {name} can be written")
    print("\n".join(wrong) or f"{len(libraries)} libraries keep no state")
    return 1 if wrong else 0


sys.exit(main())
