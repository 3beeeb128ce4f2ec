"""The direction of dependencies, read from the includes.

detectors, proto and base do not know each other and know nothing above them;
collectors stand on base and proto; inside daemon the arrows go one way and
each foreign library has one home.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.M)

# folder -> folders whose headers it may include besides its own
MAY = {
    "base": set(),
    "proto": set(),
    "detectors": set(),
    "docs": {"detectors"},  # its examples
    "collectors": {"base", "proto"},
    "daemon/store": {"base", "proto"},
    "daemon/judge": {"base", "detectors", "daemon/store", "proto"},
    "daemon/intake": {"base", "proto", "daemon/store", "daemon/judge"},
    # the desk hands events to a sink and so knows nobody who is told
    "daemon/desk": {"base", "detectors", "daemon/store", "daemon/judge",
                    "daemon/console"},
    "daemon/notify": {"base", "daemon/store", "daemon/judge", "daemon/desk",
                      "daemon/console"},
    "daemon/console": {"base", "daemon/judge"},
    "daemon/api": {"base", "proto", "detectors", "daemon/store",
                   "daemon/judge", "daemon/intake", "daemon/desk",
                   "daemon/notify", "daemon/console"},
    "daemon/cli": {"base", "proto", "detectors", "daemon/judge",
                   "daemon/desk", "daemon/console"},
    # main, loop, conf and what wires the parts together
    "daemon": {"base", "proto", "detectors", "daemon/store", "daemon/judge",
               "daemon/intake", "daemon/desk", "daemon/notify", "daemon/api",
               "daemon/console"},
}

# library header -> files that may include it
HOME = {
    "sqlite3.h": r"base/db\.c|tests/.*",
    "zmq.h": r"base/zsock\.c|daemon/intake/zmq.*|daemon/intake/zap.*|"
             r"daemon/intake/enrol.*|daemon/main\.c|daemon/loop\.c|"
             r"collectors/.*zmq.*|collectors/enroll?\.c|"
             r"daemon/cli/(site|keys?)\.c|tests/.*",
    "librdkafka/rdkafka.h": r".*kafka.*|tests/.*",
    "curl/curl.h": r"daemon/notify/.*|daemon/cli/.*|tests/.*",
    "confuse.h": r"base/conf\.c",
    "Rmath.h": r"detectors/.*|daemon/cli/sim\.c|tests/.*",
}


def folder_of(path):
    parts = path.split("/")
    if parts[0] == "daemon" and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def main():
    files = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.c", "*.h"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    wrong = []
    seen = 0
    for name in files:
        path = ROOT / name
        if not path.exists():
            continue
        own = folder_of(name)
        for header in INCLUDE.findall(path.read_text()):
            seen += 1
            home = HOME.get(header)
            if home and not re.fullmatch(home, name):
                wrong.append(f"{name}: {header} belongs to {home}")
            if own == "tests" or not (ROOT / header).exists():
                continue
            target = folder_of(header)
            if target != own and target not in MAY[own]:
                wrong.append(f"{name}: {own} must not include {header}")
    if seen == 0:
        wrong.append("no include was read: the check is broken")
    print("\n".join(wrong) or f"{seen} includes point the right way")
    return 1 if wrong else 0


sys.exit(main())
