"""Prints what the fault tests tried and found, also where all is well."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))


@pytest.fixture(autouse=True)
def clean():
    yield
    import faults
    faults.kill_what_is_left()


def pytest_terminal_summary(terminalreporter):
    import faults
    for line in faults.reports:
        terminalreporter.write_line(line)
