"""Prints what the fault tests tried and found, also where all is well."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))


def pytest_terminal_summary(terminalreporter):
    import faults
    for line in faults.reports:
        terminalreporter.write_line(line)
