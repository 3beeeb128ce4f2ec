"""sender.py and the README's example against a centre of a few lines.

The real centre is met in other tests; here the answers can be made to be
lost, late, doubled and wrong, which it does not do.
"""
import pathlib
import re
import subprocess
import sys
import threading

import pytest
import zmq

from sender import (ACK, BATCH, BUSY, EXPECTED, HELLO, NACK, PING, PONG,
                    PROTO, REJECT, WELCOME, Refused, Sender, batch, frame,
                    messages, parse)

GOLDEN = PROTO.parent / "tests/golden/wire"
EXAMPLE = PROTO.parent / "docs/examples/zmq-sender.py"


class Centre(threading.Thread):
    """A ROUTER with the receiver's rule, and faults that a test chooses.

    drop: sequence numbers whose first BATCH is lost on the way; deaf: how
    many ACKs are not sent; reject, busy: seqs answered so, the latter once;
    lazy: ACKs only when nothing more comes.
    """

    def __init__(self, window=8, keys=None, **faults):
        super().__init__(daemon=True)
        self.pb = messages()
        self.window = window
        self.drop = set(faults.get("drop", ()))
        self.deaf = faults.get("deaf", 0)
        self.reject = set(faults.get("reject", ()))
        self.busy = set(faults.get("busy", ()))
        self.refuse = faults.get("refuse")
        self.lazy = faults.get("lazy", False)
        self.owed = None
        self.durable = faults.get("durable", 0)
        self.crcs, self.stored, self.hellos = {}, [], []
        self.under_way = 0  # most frames seen beyond what was acknowledged
        self.acked = self.durable
        self.stopping = threading.Event()
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.socket.setsockopt(zmq.LINGER, 0)
        if keys:
            self.socket.curve_server = True
            self.socket.curve_publickey, self.socket.curve_secretkey = keys
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.address = f"tcp://127.0.0.1:{port}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.join()
        self.socket.close(0)

    def run(self):
        while not self.stopping.is_set():
            if self.socket.poll(20):
                peer, data = self.socket.recv_multipart()
                self.answer(peer, parse(data))
            elif self.owed:
                owed, self.owed, self.lazy = self.owed, None, False
                self.ack(*owed)
                self.lazy = True

    def say(self, peer, kind, got, seq, message=None):
        body = message.SerializeToString() if message else b""
        self.socket.send_multipart([peer, frame(kind, got.epoch, seq, body)])

    def nack(self, peer, got, code, expected=0, reason="because"):
        self.say(peer, NACK, got, got.seq, self.pb.Nack(
            code=code, expected_seq=expected, reason=reason))

    def ack(self, peer, got, refused=()):
        if self.lazy:
            self.owed = (peer, got)
            return
        if self.deaf > 0:
            self.deaf -= 1
            return
        self.acked = self.durable
        self.say(peer, ACK, got, self.durable, self.pb.Ack(
            window=self.window, refused=refused, refused_total=len(refused)))

    def answer(self, peer, got):
        if self.refuse:
            self.nack(peer, got, self.refuse)
        elif got.kind == HELLO:
            self.hellos.append(self.pb.Hello.FromString(got.body))
            self.say(peer, WELCOME, got, self.durable, self.pb.Welcome(
                database_id=77, durable_seq=self.durable, window=self.window,
                max_frame_bytes=262144))
        elif got.kind == PING:
            self.say(peer, PONG, got, 0)
        elif got.kind == BATCH:
            self.take(peer, got)

    def take(self, peer, got):
        self.under_way = max(self.under_way, got.seq - self.acked)
        if got.seq in self.drop:
            self.drop.remove(got.seq)
        elif got.seq <= self.durable:
            assert self.crcs[got.seq] == got.crc
            self.ack(peer, got)
        elif got.seq > self.durable + 1:
            self.nack(peer, got, EXPECTED, self.durable + 1)
        elif got.seq in self.busy:
            self.busy.remove(got.seq)
            self.nack(peer, got, BUSY, got.seq)
            self.ack(peer, got)
        else:
            self.store(peer, got)

    def store(self, peer, got):
        self.durable = got.seq
        self.crcs[got.seq] = got.crc
        if got.seq in self.reject:
            self.nack(peer, got, REJECT, got.seq + 1)
            return
        message = self.pb.Batch.FromString(got.body)
        self.stored.append((got.seq, list(message.value)))
        refused = [self.pb.Refused(seq=got.seq, index=i, code=6,
                                   reason="fever is meant?")
                   for i, k in enumerate(message.series_index)
                   if message.series[k].indicator == "fevr"]
        self.ack(peer, got, refused)


def rows(n, indicator="absence"):
    return [{"date": "2020-03-02", "indicator": indicator, "count": n}]


def send_all(centre, n, **options):
    with Sender(centre.address, "school-7", **options) as sender:
        sender.hello()
        for i in range(n):
            sender.send(rows(i))
        sender.wait_ack(timeout=20)
        assert sender.durable == sender.last
    assert centre.stored == [(i + 1, [i]) for i in range(n)]
    return sender


def test_all_arrives_once_and_in_order():
    with Centre() as centre:
        send_all(centre, 100)


def test_window_is_used_and_kept():
    with Centre(lazy=True) as centre:
        send_all(centre, 30)
        assert centre.under_way == 8


def test_window_of_one_and_ping():
    with Centre(window=1) as centre:
        send_all(centre, 10)
        assert centre.under_way == 1
        with Sender(centre.address, "school-7") as sender:
            assert sender.ping()


def test_lost_frames_make_it_go_back():
    with Centre(drop=[3, 4, 20]) as centre:
        send_all(centre, 40)


def test_lost_acks_are_covered_by_later_ones():
    with Centre(deaf=5) as centre:
        send_all(centre, 12)


def test_busy_centre_is_waited_for():
    with Centre(busy=[2, 5]) as centre:
        send_all(centre, 9)


def test_resume_after_a_break():
    with Centre() as centre:
        sender = Sender(centre.address, "school-7")
        sender.connect()
        sender.hello()
        sender.send(rows(0))
        sender.wait_ack()
        sender.put(rows(1))
        sender.connect()
        sender.hello()
        sender.send(rows(2))
        sender.wait_ack()
        sender.close()
        assert centre.stored == [(1, [0]), (2, [1]), (3, [2])]
        assert centre.hellos[-1].last_acked_seq == 1
        assert centre.hellos[-1].last_acked_crc == centre.crcs[1]


def test_restored_centre_gets_what_it_lacks():
    with Centre() as centre:
        sender = Sender(centre.address, "school-7")
        sender.connect()
        sender.hello()
        for i in range(6):
            sender.send(rows(i))
        sender.wait_ack()
        centre.durable, centre.acked = 3, 3
        del centre.stored[3:]
        sender.connect()
        sender.hello()
        sender.wait_ack()
        sender.close()
        assert centre.stored == [(i + 1, [i]) for i in range(6)]


def test_copied_outbox_is_noticed():
    with Centre(durable=9) as centre:
        with Sender(centre.address, "school-7") as sender:
            with pytest.raises(ValueError, match="never sent"):
                sender.hello()


def test_refused_counts_and_rejected_frames():
    with Centre(reject=[2]) as centre:
        with Sender(centre.address, "school-7") as sender:
            sender.hello()
            sender.send(rows(1, "fevr"))
            sender.send(rows(2))
            sender.send(rows(3))
            sender.wait_ack()
            assert sender.durable == 3
            assert list(sender.rejected) == [2]
            assert sender.refused_total == 1
            assert sender.refused[0].reason == "fever is meant?"


def test_refused_sender():
    with Centre(refuse=4) as centre:
        with Sender(centre.address, "school-7") as sender:
            with pytest.raises(Refused) as refused:
                sender.hello()
            assert refused.value.code == 4


def test_curve():
    if not zmq.has("curve"):
        pytest.skip("libzmq without CURVE")
    server, client = zmq.curve_keypair(), zmq.curve_keypair()
    with Centre(keys=server) as centre:
        send_all(centre, 5, server_key=server[0], keys=client)
        other = zmq.curve_keypair()[0]
        with Sender(centre.address, "school-7", server_key=other,
                    keys=client) as sender:
            with pytest.raises((TimeoutError, zmq.Again)):
                sender.socket.setsockopt(zmq.SNDTIMEO, 1000)
                sender.hello(timeout=1.0)


def golden(name):
    return bytes.fromhex((GOLDEN / f"{name}.hex").read_text())


def test_golden_frames():
    pb = messages()
    got = parse(golden("batch"))
    message = pb.Batch.FromString(got.body)
    assert (got.kind, got.seq, message.sender) == (BATCH, 41, "school-7")
    assert [message.base_day + d for d in message.day] == [
        18323, 18323, 18322, 18324]
    assert pb.Nack.FromString(parse(golden("nack")).body).expected_seq == 43
    ours = batch("school-7", [{"date": "2020-03-02",
                               "indicator": "ill-absence", "count": 12}])
    ours.base_day, ours.day[0] = 18323, 0
    for column in (ours.denominator, ours.revision, ours.flags):
        del column[:]
    assert frame(BATCH, 1582934400, 1,
                 ours.SerializeToString()) == golden("example")


def test_readme_shows_the_golden_example():
    text = (PROTO / "README.md").read_text()
    shown = re.search(r"```\n((?:[0-9a-f]{2}[ \n])+)```", text).group(1)
    assert bytes.fromhex(shown) == golden("example")
    table = text.split("| bytes | meaning |")[1].split("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    taken_apart = "".join(re.sub(r"[^0-9a-f]", "", cell) for cell in cells)
    assert bytes.fromhex(taken_apart) == golden("example")


def test_readme_speaks_of_indicators_that_ship():
    text = (PROTO / "README.md").read_text()
    named = set(re.findall(r"[a-z]*-?absence", text))
    shipped = (PROTO.parent / "etc" / "indicators.csv").read_text()
    assert named == {"ill-absence"}
    assert "\nill-absence," in shipped


def test_short_example(tmp_path):
    subprocess.run(["protoc", f"-I{PROTO}", f"--python_out={tmp_path}",
                    "tocsin.proto"], check=True)
    with Centre() as centre:
        run = subprocess.run(
            [sys.executable, str(EXAMPLE), centre.address, "school-7",
             "2020-03-02", "absence=12", "fevr=3"],
            env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "durable\nnot counted: fever is meant?\n"
    assert centre.stored == [(1, [12, 3])]


def test_short_example_is_short():
    lines = pathlib.Path(EXAMPLE).read_text().splitlines()
    assert len(lines) <= 40
