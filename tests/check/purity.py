"""A pure library calls nothing but what it is allowed: nm says what it wants.

purity.py LIBRARY NAME...: the archive's undefined symbols, without those it
defines itself, are among the names.  No malloc, no file, no clock, no lock.
"""
import re
import subprocess
import sys

# What the compiler itself puts in: sanitizers, the stack protector, and the
# checked forms of the string functions under _FORTIFY_SOURCE.
COMPILER = re.compile(r"^(__asan_|__ubsan_|__sanitizer_|__stack_chk_fail|"
                      r"_GLOBAL_OFFSET_TABLE_|__odr_asan)")
FORTIFIED = re.compile(r"^__(\w+)_chk$")


def symbols(library, *options):
    out = subprocess.run(["nm", "--format=posix", *options, library],
                         check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in out.splitlines()
            if line and not line.endswith(":")}


def main():
    library, allowed = sys.argv[1], set(sys.argv[2:])
    defined = symbols(library, "--defined-only")
    if not defined:
        print(f"{library} defines nothing: the check is broken")
        return 1
    wanted = {FORTIFIED.sub(r"\1", name)
              for name in symbols(library, "--undefined-only") - defined
              if not COMPILER.match(name)}
    wrong = sorted(wanted - allowed)
    for name in wrong:
        print(f"{library} calls {name}, which is not allowed")
    if not wrong:
        print(f"{library} calls {' '.join(sorted(wanted)) or 'nothing'}")
    return 1 if wrong else 0


sys.exit(main())
