"""tocsind meets a sender made from proto/README.md, and frames that are not.

Nothing is imported, so every count is of an unknown site: refused with its
reason, in frames that become durable all the same.
"""
import os
import pathlib
import re
import signal
import struct
import subprocess
import time
import zlib

import pytest

from sender import ACK, BATCH, HELLO, NACK, Sender, frame, messages, parse

BIN = pathlib.Path(os.environ["TOCSIN_BIN"])
ETC = pathlib.Path(__file__).resolve().parents[2] / "etc"
FRAME = 11


def ready(daemon, log):
    """The address it listens on, as soon as it is ready."""
    until = time.monotonic() + 60
    while daemon.poll() is None and time.monotonic() < until:
        text = log.read_text(encoding="utf-8")
        if "tocsind: ready" in text:
            return re.search(r"zmq: listening address=(\S+)", text).group(1)
        time.sleep(0.05)
    raise AssertionError("tocsind is not ready:\n" + log.read_text())


@pytest.fixture(name="address", scope="module")
def start(tmp_path_factory):
    state = tmp_path_factory.mktemp("state")
    log = state / "log"
    with open(log, "w", encoding="utf-8") as errors:
        with subprocess.Popen(
                [BIN / "tocsind", "--state", state, "--set", "zmq.curve=no",
                 "--set", "zmq.listen=tcp://127.0.0.1:*",
                 "--set", "http.listen=", "--set", f"http.socket={state}/s",
                 "--set", f"tocsind.vocabulary={ETC}"],
                stderr=errors) as daemon:
            try:
                yield ready(daemon, log)
                assert daemon.poll() is None, log.read_text()
            finally:
                daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(timeout=30) == 0, log.read_text()


@pytest.fixture(name="sender")
def connect(address):
    with Sender(address, "school-7") as sender:
        yield sender.hello()


def row(count, **more):
    return {"date": "2026-03-02", "indicator": "absence", "count": count,
            **more}


def test_frames_become_durable(sender):
    assert sender.window > 0 and sender.durable == 0
    for i in range(50):
        sender.send([row(i), row(None, stratum="grade-1")])
    sender.wait_ack()
    assert sender.durable == 50
    assert sender.refused_total == 100
    assert "school-7" in sender.refused[0].reason
    assert sender.ping()


def test_a_frame_counts_once(sender):
    sender.send([row(1)])
    sender.wait_ack()
    again = sender.raw(sender.outbox[1])
    assert (again.kind, again.seq) == (ACK, 1)
    other = frame(BATCH, sender.epoch, 1, messages().Batch(
        sender="school-7").SerializeToString())
    answer = sender.raw(other)
    assert answer.kind == NACK
    assert messages().Nack.FromString(answer.body).code == messages().FORK


def test_resume_after_reconnect(sender):
    sender.send([row(1)])
    sender.wait_ack()
    sender.connect()
    sender.hello()
    assert sender.durable == 1
    sender.send([row(2)])
    assert sender.wait_ack() == 2


def test_hole_is_asked_for(sender):
    sender.put([row(1)])
    sender.put([row(2)])
    answer = sender.raw(sender.outbox[2])
    nack = messages().Nack.FromString(answer.body)
    assert (answer.kind, nack.code, nack.expected_seq) == (NACK, 1, 1)
    assert sender.wait_ack() == 2


def sealed(head, body=b""):
    return head + struct.pack("<I", zlib.crc32(head + body)) + body


def head(magic=b"TCSN", version=1, kind=BATCH, flags=0, length=0):
    return struct.pack("<4sBBHQQI", magic, version, kind, flags, 5, 1, length)


BAD = {
    "truncated": [b"", b"TCSN", b"x" * 31, sealed(head(length=10), b"123")],
    "magic": [b"x" * 100, sealed(head(magic=b"TCSM"))],
    "version": [sealed(head(version=2))],
    "type": [sealed(head(kind=0)), sealed(head(kind=8)),
             sealed(head(kind=4))],
    "flags": [sealed(head(flags=1))],
    "trailing": [sealed(head(), b"12")],
    "crc": [head() + b"1234"],
    "oversized": [sealed(head(length=262113), b"x" * 262113),
                  head(length=2**32 - 1) + b"1234"],
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_frame_is_named(sender, name):
    for data in BAD[name]:
        answer = sender.raw(data)
        assert answer is not None, data[:64]
        nack = messages().Nack.FromString(answer.body)
        assert (answer.kind, nack.code) == (NACK, FRAME)
        assert name in nack.reason


def test_unequal_columns_are_passed_over(sender):
    bad = messages().Batch(sender="school-7", day=[1, 2], value=[3])
    bad.series.add(indicator="absence")
    bad.series_index.extend([0])
    sender.put(bad)
    sender.send([row(1)])
    assert sender.wait_ack() == 2
    assert "columns" in sender.rejected[1]


def test_hello_of_nobody(sender):
    answer = sender.raw(frame(HELLO, 9, 1))
    assert answer.kind == NACK
    assert messages().Nack.FromString(answer.body).code == FRAME


def test_above_a_mebibyte_the_connection_is_cut(address):
    with Sender(address, "school-8") as sender:
        sender.hello()
        assert sender.raw(b"x" * (1024 * 1024 + 1), timeout=1.0) is None
    with Sender(address, "school-8") as sender:
        sender.hello()
        sender.send([row(1)])
        assert sender.wait_ack() == 1


def test_parse_refuses_what_is_damaged():
    good = frame(BATCH, 1, 1, b"abc")
    assert parse(good).body == b"abc"
    for i in range(len(good)):
        with pytest.raises(ValueError):
            parse(good[:i] + bytes([good[i] ^ 1]) + good[i + 1:]
                  if i not in (5,) else good[:i])
