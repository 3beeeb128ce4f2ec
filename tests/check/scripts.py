"""Every shell script passes shellcheck and is executable where it is run."""
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    if not shutil.which("shellcheck"):
        print("skipped: shellcheck is not installed")
        return 77
    names = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "scripts/*", ".ci/*"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()
    shell, wrong = [], []
    for name in names:
        path = ROOT / name
        if not path.is_file():
            continue
        first = path.read_text(errors="replace").splitlines()[:1]
        if first and first[0].startswith("#!"):
            if not os.access(path, os.X_OK):
                wrong.append(f"{name}: starts with #! but is not executable")
        if name.endswith(".sh") or (first and first[0].endswith("bash")):
            shell.append(name)
    run = subprocess.run(["shellcheck", "-x", *shell], cwd=ROOT,
                         capture_output=True, text=True)
    if run.returncode:
        wrong.append(run.stdout)
    print("\n".join(wrong) or f"{len(shell)} scripts")
    return 1 if wrong else 0


sys.exit(main())
