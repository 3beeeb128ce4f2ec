"""tocsind as a service: signals, configuration, systemd's messages."""
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

import pytest

from daemon import BIN, Daemon

ROOT = pathlib.Path(__file__).resolve().parents[2]


def lines(daemon, words, timeout=30):
    until = time.monotonic() + timeout
    while words not in daemon.text():
        assert time.monotonic() < until, daemon.text()
        time.sleep(0.02)


def test_systemd_hears_ready_watchdog_and_stopping(tmp_path):
    path = str(tmp_path / "notify")
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    s.settimeout(10)
    with Daemon(tmp_path, env={"NOTIFY_SOCKET": path,
                               "WATCHDOG_USEC": "4000000"}) as d:
        heard = set()
        while not {"READY=1", "WATCHDOG=1"} <= heard:
            heard.add(s.recv(200).decode())
        d.process.send_signal(signal.SIGHUP)
        while not any(h.startswith("RELOADING=1\nMONOTONIC_USEC=")
                      for h in heard):
            heard.add(s.recv(200).decode())
        assert d.stop(10) == 0
        while "STOPPING=1" not in heard:
            heard.add(s.recv(200).decode())


def hand_over(d, *listening):
    """Starts it as systemd does that has made its sockets."""
    # Their numbers are not among those that they are given.
    fds = [fcntl.fcntl(s, fcntl.F_DUPFD, 20) for s in listening]
    command = ["bash", "-c", f"export LISTEN_PID=$$ LISTEN_FDS={len(fds)}"
               '; exec "$0" "$@" ' + " ".join(
                   f"{3 + i}<&{fd}" for i, fd in enumerate(fds)),
               str(BIN / "tocsind"), "--state", str(d.state)]
    for key, value in d.settings.items():
        command += ["--set", f"{key}={value}"]
    with open(d.log, "ab") as log:
        d.process = subprocess.Popen(command, stderr=log, pass_fds=fds)
    for fd in fds:
        os.close(fd)


def test_systemd_may_make_the_sockets(tmp_path):
    """Who asks before the daemon is there is answered by it, and so is who
    asks between two of its lives."""
    d = Daemon(tmp_path)
    d.state.mkdir()
    tcp = socket.create_server(("127.0.0.1", 0))
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(str(d.state / "tocsin.sock"))
    unix.listen()
    for _ in range(2):
        asking = []
        for server in tcp, unix:
            s = socket.socket(server.family)
            s.settimeout(60)
            s.connect(server.getsockname())
            s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            asking.append(s)
        hand_over(d, tcp, unix)
        for s in asking:
            assert s.recv(100).startswith(b"HTTP/1.1 ")
            s.close()
        d.wait_ready()
        assert d.address("http") == "http://%s:%d" % tcp.getsockname()
        assert d.stop() == 0
        assert (d.state / "tocsin.sock").exists()


def test_a_socket_of_another_kind_is_refused(tmp_path):
    d = Daemon(tmp_path)
    d.state.mkdir()
    wrong = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    wrong.bind(str(tmp_path / "datagrams"))
    hand_over(d, wrong)
    assert d.process.wait(60) == 78
    assert "descriptor 3" in d.text()


def test_a_reload_with_an_error_changes_nothing(tmp_path):
    conf = tmp_path / "tocsin.conf"
    conf.write_text('tocsind {\n\tlog_level = "info"\n}\n')
    d = Daemon(tmp_path)
    d.state.mkdir()
    command = [str(BIN / "tocsind"), "-c", str(conf), "--state", str(d.state)]
    for key, value in d.settings.items():
        command += ["--set", f"{key}={value}"]
    with open(d.log, "ab") as log:
        d.process = subprocess.Popen(command, stderr=log)
    d.wait_ready()
    try:
        conf.write_text('tocsind {\n\tlog_levl = "info"\n}\n')
        d.process.send_signal(signal.SIGHUP)
        lines(d, "the old one stays")
        assert "log_level" in d.text()  # the nearest key is named
        status = d.status()
        assert status["ready"]
        assert "log_level" in status["reload"]["failed"]
        assert "needs a restart" not in d.text()
        conf.write_text('tocsind {\n\tzone = "UTC"\n}\n'
                        'quality {\n\tdue_days = 4\n}\n'
                        'receiver "x" {\n\ttype = journal\n}\n')
        d.process.send_signal(signal.SIGHUP)
        lines(d, 'receiver "x" changed: needs a restart')
        lines(d, "quality.due_days changed: needs a restart")
        lines(d, "tocsind.zone changed: needs a restart")
        assert d.text().count("needs a restart") == 3
        assert "failed" not in d.status()["reload"]
    finally:
        assert d.stop() == 0


TRIGGER = """trigger "{name}" {{
	title = "A case of plague"
	title_zh = "A case of plague"
	indicators = {{ plague-case }}
	where = {{ county }}
	rule = cases
	window = 7d
	cases = {{ "1 red" }}
	basis = "the norm of this test"
	quiet_days = 14
	tell = {{ duty }}
}}
"""


def test_a_reload_takes_new_triggers(tmp_path):
    """At once, without a restart; after an error the old ones hold."""
    triggers = tmp_path / "triggers.conf"
    triggers.write_text(TRIGGER.format(name="one"))
    with Daemon(tmp_path, tocsind_triggers=triggers) as d:
        def rung():
            return sorted(a["trigger"]
                          for a in d.get("/api/v1/alerts")["alerts"])

        def said(*words):
            return subprocess.run(
                [str(BIN / "tocsin"), *words, "--lang", "en", "--socket",
                 str(d.state / "tocsin.sock")], capture_output=True,
                text=True, check=True).stdout

        assert said("trigger", "list").startswith("What the daemon goes by")
        assert f"\n    {triggers}:1\n" in said("trigger", "list")
        d.world()
        d.advance("2020-03-02")
        status, _ = d.post_csv("date,site,indicator,count\n"
                               "2020-03-02,clinic-1,plague-case,1\n")
        assert status == 202
        d.advance("2020-03-03")
        assert rung() == ["one"]
        triggers.write_text(TRIGGER.format(name="two")[:-3])
        d.process.send_signal(signal.SIGHUP)
        lines(d, "the triggers have errors; the old ones stay")
        for words in ("status",), ("trigger", "list"):
            text = " ".join(said(*words).split())
            assert "The last reload failed (" in text, text
            assert f"{triggers}:" in text, text
        assert "tocsin_reload_failed 1\n" in d.ask("GET", "/metrics")[1]
        triggers.write_text(TRIGGER.format(name="two"))
        d.process.send_signal(signal.SIGHUP)
        lines(d, "reloaded triggers=1")
        assert "last reload failed" not in said("status")
        text = said("trigger", "list")
        assert "\ntwo " in text and "\none " not in text
        d.advance("2020-03-04")
        assert rung() == ["one", "two"]
        assert "needs a restart" not in d.text()
    with d:
        assert rung() == ["one", "two"]


CALENDAR = 'calendar "{name}" {{\n\tholidays = {{ "{days}" }}\n}}\n'


def test_a_reload_takes_calendars(tmp_path):
    """A day that turns out to be a holiday was never due; by the centre's
    calendar or by the site's own."""
    centre, own = tmp_path / "centre.conf", tmp_path / "own.conf"
    centre.write_text(CALENDAR.format(name="c", days="2020-01-01"))
    own.write_text(CALENDAR.format(name="o", days="2020-01-01"))
    with Daemon(tmp_path, tocsind_calendar=centre,
                tocsind_calendars=own) as d:
        def missing():
            return [s["missing"] for s in d.get("/api/v1/sites")["sites"]
                    if s["site"].startswith("office")]

        def reload(said):
            d.process.send_signal(signal.SIGHUP)
            lines(d, said)

        d.world()
        d.post_csv("site,kind,area,reports_on,calendar\n"
                   "office-1,school,K1,workdays,\n"
                   "office-2,school,K1,workdays,o\n", "/api/v1/sites")
        d.advance("2020-03-02")
        d.post_csv("date,site,indicator,count\n"
                   "2020-03-02,office-1,ill-absence,3\n"
                   "2020-03-02,office-2,ill-absence,3\n")
        d.advance("2020-03-06")
        assert missing() == [2, 2]
        centre.write_text(CALENDAR.format(name="c",
                                          days="2020-03-03..2020-03-04"))
        reload("reloaded calendars")
        assert missing() == [0, 2]
        own.write_text(CALENDAR.format(name="o", days="2020-03-35"))
        reload("the calendars have errors; the old ones stay")
        assert f'{own}:1: "2020-03-35" is not a day' in d.text()
        assert missing() == [0, 2]
        own.write_text(CALENDAR.format(name="o",
                                       days="2020-03-03..2020-03-03"))
        # The second time: it is there once already.
        until = time.monotonic() + 60
        d.process.send_signal(signal.SIGHUP)
        while missing() != [0, 1]:
            assert time.monotonic() < until, d.text()
            time.sleep(0.02)
        # What is gone is the centre's.
        own.write_text(CALENDAR.format(name="p", days="2020-01-01"))
        d.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 60
        while missing() != [0, 0]:
            assert time.monotonic() < until, d.text()
            time.sleep(0.02)
        assert "needs a restart" not in d.text()


def test_a_reload_takes_the_vocabulary(tmp_path):
    """New words count at once, by triggers too; an error leaves all as it
    was, and what is gone stays until the restart."""
    words = tmp_path / "words"
    words.mkdir()
    for name in "kinds.csv", "indicators.csv":
        shutil.copy(ROOT / "etc" / name, words)
    triggers = tmp_path / "triggers.conf"
    triggers.write_text(TRIGGER.format(name="one"))
    with Daemon(tmp_path, tocsind_vocabulary=words,
                tocsind_triggers=triggers) as d:
        def refused():
            return [r["detail"] for r in d.post_csv(
                "date,site,indicator,count\n"
                "2020-03-02,clinic-1,star-pox,1\n")[1]["refused"]]

        def reload(said):
            d.process.send_signal(signal.SIGHUP)
            lines(d, said)

        d.world()
        d.advance("2020-03-02")
        assert "unknown indicator star-pox" in refused()[0]
        with open(words / "indicators.csv", "a") as f:
            f.write("star-pox,single,sideways,cases,,Star pox,\n")
        reload("the kinds and indicators have errors; the old ones stay")
        assert "unknown indicator star-pox" in refused()[0]
        text = (words / "indicators.csv").read_text()
        (words / "indicators.csv").write_text(
            text.replace("sideways", "high"))
        triggers.write_text(TRIGGER.format(name="two").replace(
            "plague-case", "star-pox"))
        reload("reloaded kinds=")
        assert refused() == []
        d.advance("2020-03-03")
        assert [a["trigger"] for a in d.get("/api/v1/alerts")["alerts"]] == [
            "two"]
        # Triggers of a vocabulary that is refused are refused with it.
        text = (words / "indicators.csv").read_text()
        (words / "indicators.csv").write_text("\n".join(
            ln for ln in text.splitlines() if "star-pox" not in ln) + "\n")
        reload("the triggers have errors; the old ones stay")
        assert "indicator star-pox is gone" not in d.text()
        triggers.write_text(TRIGGER.format(name="one"))
        reload("indicator star-pox is gone: it stays until a restart")
        assert refused() == []


def test_usr1_prints_the_state(tmp_path):
    with Daemon(tmp_path) as d:
        d.process.send_signal(signal.SIGUSR1)
        lines(d, "intake frames=0")
        lines(d, "store commits=")


@pytest.mark.parametrize("text, words", [
    ("zmq {\n\tlisen = \"x\"\n}\n", "listen"),
    ("intake {\n\twindow = many\n}\n", "window"),
    ("intake {\n\twindow = 0\n}\n", "window"),
    ("zmq {\n\tlisten = \"x\"\n", "'}'"),
    ("zmq {\n\tcurve = no\n\tlisten = \"tcp://0.0.0.0:1\"\n}\n", "loopback"),
    ("tocsind {\n\tclock = manual\n}\nzmq {\n\t"
     "listen = \"tcp://0.0.0.0:1\"\n}\n", "loopback"),
], ids=["key", "word", "range", "brace", "curve", "clock"])
def test_a_wrong_configuration_is_named(tmp_path, text, words):
    conf = tmp_path / "wrong.conf"
    conf.write_text(text)
    done = subprocess.run([BIN / "tocsind", "-c", conf, "--check-config"],
                          capture_output=True, text=True)
    assert done.returncode == 78
    assert words in done.stderr
    assert done.stdout == ""


def test_two_daemons_do_not_share_a_state(tmp_path):
    with Daemon(tmp_path) as d:
        other = Daemon(tmp_path)
        other.log = tmp_path / "other.log"
        command = [str(BIN / "tocsind"), "--state", str(d.state)]
        for key, value in d.settings.items():
            command += ["--set", f"{key}={value}"]
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=20)
        assert done.returncode == 78
        assert "another" in done.stderr
        assert d.status()["ready"]


def test_a_newer_database_is_refused(tmp_path):
    d = Daemon(tmp_path).start()
    d.stop()
    import sqlite3
    db = sqlite3.connect(d.state / "tocsin.db")
    db.execute("PRAGMA user_version=999")
    db.close()
    d.start(wait=False)
    assert d.process.wait(20) == 78
    assert "schema 999" in d.text()


def test_descriptors_stay_flat(tmp_path):
    from sender import Sender
    with Daemon(tmp_path) as d:
        d.world()
        d.advance("2020-03-02")

        def once(n):
            for i in range(n):
                with Sender(d.address(), "clinic-1", epoch=1000 + i) as s:
                    s.hello()
                    d.status()
        def fds():
            return len(os.listdir(f"/proc/{d.process.pid}/fd"))
        before = fds()
        once(150)
        until = time.monotonic() + 60
        while fds() > before:
            assert time.monotonic() < until, (before, fds())
            time.sleep(0.1)
