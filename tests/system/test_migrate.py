"""Databases of older and newer programs: today's opens the one with
everything in it, and leaves the other alone."""
import contextlib
import pathlib
import sqlite3

import pytest

import sender
from daemon import Daemon
from sender import Sender

OLD = pathlib.Path(__file__).parent / "old"


def stored(daemon, name):
    """Puts an old file where the daemon will find it; all its rows."""
    daemon.state.mkdir()
    with contextlib.closing(sqlite3.connect(daemon.state / "tocsin.db")) as db:
        db.executescript((OLD / name).read_text())
    return rows(daemon)


def rows(daemon):
    with contextlib.closing(sqlite3.connect(
            f"file:{daemon.state}/tocsin.db?mode=ro", uri=True)) as db:
        tables = [t for t, in db.execute(
            "SELECT name FROM sqlite_schema WHERE type='table'")]
        return {t: sorted(db.execute(f"SELECT * FROM {t}"), key=repr)
                for t in tables}


def version(daemon):
    return daemon.rows("PRAGMA user_version")[0][0]


@pytest.fixture(scope="module")
def latest(tmp_path_factory):
    with Daemon(tmp_path_factory.mktemp("new")) as daemon:
        return version(daemon)


@pytest.fixture(params=sorted(p.name for p in OLD.iterdir()))
def old(tmp_path, request):
    daemon = Daemon(tmp_path)
    before = stored(daemon, request.param)
    assert request.param == f"version-{version(daemon)}.sql"
    with daemon:
        yield daemon, before


def test_nothing_of_an_old_file_is_lost(old, latest):
    daemon, before = old
    after = rows(daemon)
    assert version(daemon) == latest
    for table in before.keys() - {"alert", "sqlite_sequence"}:
        # A later step may append columns.
        kept = [r[:len(before[table][0])] for r in after[table]]
        assert [r for r in before[table] if r not in kept] == [], table
    alerts = {a[0]: a[1] for a in after["alert"]}
    assert all(alerts[a[0]] >= a[1] for a in before["alert"])


def test_an_old_file_serves(old):
    """Its past, its alert, and what its senders were told."""
    daemon, _ = old
    assert daemon.status()["today"] == "2020-03-03"
    alerts = {a["id"]: a for a in daemon.get("/api/v1/alerts")["alerts"]}
    assert alerts["59beb6505f56703a"]["state"] == "acknowledged"
    assert "single-case" in {a["trigger"] for a in alerts.values()}
    with Sender(daemon.address(), "clinic-1", epoch=42, first_seq=7) as s:
        s.hello()
        assert s.durable == 6
        s.wait_ack(s.send([{"date": "2020-03-02", "indicator": "ili-visit",
                            "count": 6}]))
    assert daemon.counts()[("clinic-1", "ili-visit", "",
                            sender.day_number("2020-03-02"))] == (6, 0)
    daemon.advance("2020-03-04")


def test_a_file_of_a_newer_program_is_left_alone(tmp_path, latest):
    daemon = Daemon(tmp_path).start()
    daemon.world()
    daemon.stop()
    before = rows(daemon)
    with contextlib.closing(sqlite3.connect(daemon.state / "tocsin.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (latest,)
        db.execute(f"PRAGMA user_version={latest + 1}")
    daemon.start(wait=False)
    assert daemon.process.wait(60) == 78
    assert (f"has schema {latest + 1}, this program knows up to {latest};"
            " use the newer program") in daemon.text()
    assert rows(daemon) == before
    assert version(daemon) == latest + 1
