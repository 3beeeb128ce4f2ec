"""A centre for the tests of tocsin-collect: the other half of the protocol.

A thread with a ROUTER socket that keeps what it acknowledges in memory.  It
may be told to forget, to refuse, to be slow, and to lose what it has not
committed.  It shares no code with tocsind.
"""
import importlib.util
import pathlib
import struct
import subprocess
import tempfile
import threading
import time
import zlib

import zmq

ROOT = pathlib.Path(__file__).resolve().parents[2]
HELLO, WELCOME, BATCH, ACK, NACK, PING, PONG = range(1, 8)
EXPECTED, REJECT, FORK = 1, 2, 3
HEADER = struct.Struct("<4sBBHQQII")


def _generated():
    folder = tempfile.mkdtemp(prefix="tocsin-pb-")
    subprocess.run(["protoc", f"--python_out={folder}", f"-I{ROOT}/proto",
                    "tocsin.proto"], check=True)
    spec = importlib.util.spec_from_file_location(
        "tocsin_pb2", f"{folder}/tocsin_pb2.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


pb = _generated()


def envelope(kind, epoch, seq, body=b""):
    head = HEADER.pack(b"TCSN", 1, kind, 0, epoch, seq, len(body), 0)[:28]
    crc = zlib.crc32(body, zlib.crc32(head))
    return head + struct.pack("<I", crc) + body


def opened(frame):
    magic, version, kind, flags, epoch, seq, size, crc = \
        HEADER.unpack_from(frame)
    body = frame[HEADER.size:]
    assert magic == b"TCSN" and version == 1 and flags == 0
    assert size == len(body) and len(frame) <= 256 * 1024
    assert zlib.crc32(body, zlib.crc32(frame[:28])) == crc
    return kind, epoch, seq, crc, body


def counts_of(body):
    """(site, indicator, stratum, day) -> (value, revision, flags, denom)."""
    b = pb.Batch()
    b.ParseFromString(body)
    out = []
    for i, value in enumerate(b.value):
        s = b.series[b.series_index[i]]
        revision = b.revision[i] + (b.base_revision if b.revision[i] else 0) \
            if b.revision else 0
        flags = b.flags[i] if b.flags else 0
        denominator = b.denominator[i] if b.denominator else 0
        out.append(((s.site or b.sender, s.indicator, s.stratum,
                     b.day[i] + b.base_day),
                    (value, revision, flags, denominator)))
    return b.sender, out


class Centre:
    def __init__(self, window=8, database_id=77, curve=None):
        self.context = zmq.Context.instance()
        self.window = window
        self.database_id = database_id
        self.curve = curve
        self.frames = {}        # (sender, epoch) -> [(crc, body)], durable
        self.staged = []        # not yet committed
        self.hellos = []
        self.max_frame = 262144
        self.largest = 0        # frame of a BATCH
        self.received = 0       # BATCH frames, doubles too
        self.hold = False       # take in, commit nothing
        self.refuse = None      # Reason for every HELLO
        self.reject = lambda seq, counts: None  # a sentence, or None
        self.refused_counts = lambda counts: []  # [(index, sentence)]
        self.endpoint = "tcp://127.0.0.1:*"
        self.stop_flag = False
        self.thread = None

    def start(self):
        self.sock = self.context.socket(zmq.ROUTER)
        self.sock.linger = 0
        if self.curve:
            self.sock.curve_server = True
            self.sock.curve_publickey, self.sock.curve_secretkey = self.curve
            self.sock.zap_domain = b"counts"
        for _ in range(100):
            try:
                self.sock.bind(self.endpoint)
                break
            except zmq.ZMQError:
                time.sleep(0.05)
        self.endpoint = self.sock.last_endpoint.decode()
        self.stop_flag = False
        self.staged = []
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def stop(self):
        """As kill -9: what is not committed is gone."""
        self.stop_flag = True
        self.thread.join()
        self.sock.close()

    def run(self):
        while not self.stop_flag:
            if self.sock.poll(5):
                for _ in range(50):
                    try:
                        peer, frame = self.sock.recv_multipart(zmq.NOBLOCK)
                    except zmq.Again:
                        break
                    self.take(peer, frame)
            if self.staged and not self.hold:
                self.commit()

    def send(self, peer, kind, epoch, seq, body=b""):
        try:
            self.sock.send_multipart([peer, envelope(kind, epoch, seq, body)],
                                     zmq.NOBLOCK)
        except zmq.ZMQError:
            pass

    def nack(self, peer, epoch, seq, code, expected, reason):
        self.send(peer, NACK, epoch, seq, pb.Nack(
            code=code, expected_seq=expected,
            reason=reason).SerializeToString())

    def sender_of(self, body):
        return pb.Batch.FromString(body).sender

    def take(self, peer, frame):
        kind, epoch, seq, crc, body = opened(frame)
        if kind == PING:
            self.send(peer, PONG, epoch, 0)
        elif kind == HELLO:
            self.hello(peer, epoch, pb.Hello.FromString(body))
        elif kind == BATCH:
            self.received += 1
            self.largest = max(self.largest, len(frame))
            self.batch(peer, epoch, seq, crc, body)

    def hello(self, peer, epoch, h):
        self.hellos.append(h)
        if self.refuse is not None:
            self.nack(peer, epoch, 0, self.refuse, 0, "not welcome")
            return
        have = self.frames.setdefault((h.sender, epoch), [])
        while len(have) + 1 < h.first_seq:
            have.append((0, b""))  # a recorded gap
        self.send(peer, WELCOME, epoch, len(have), pb.Welcome(
            database_id=self.database_id, durable_seq=len(have),
            window=self.window, max_frame_bytes=self.max_frame).SerializeToString())

    def batch(self, peer, epoch, seq, crc, body):
        sender = self.sender_of(body)
        have = self.frames.setdefault((sender, epoch), [])
        staged = [s for s in self.staged if s[1:3] == (sender, epoch)]
        expected = len(have) + len(staged) + 1
        if seq <= len(have):
            if have[seq - 1][0] not in (0, crc):
                self.nack(peer, epoch, seq, FORK, 0, "another frame")
            else:
                self.ack(peer, epoch, len(have))
        elif seq == expected:
            self.staged.append((peer, sender, epoch, seq, crc, body))
        elif seq > expected:
            self.nack(peer, epoch, seq, EXPECTED, expected, "a frame is missing")

    def ack(self, peer, epoch, seq, refused=()):
        a = pb.Ack(window=self.window, refused_total=len(refused))
        for at, index, why in refused:
            a.refused.add(seq=at, index=index, code=6, reason=why)
        self.send(peer, ACK, epoch, seq, a.SerializeToString())

    def commit(self):
        batch, self.staged = self.staged, []
        last = {}
        refused = {}
        for peer, sender, epoch, seq, crc, body in batch:
            self.frames[(sender, epoch)].append((crc, body))
            counts = counts_of(body)[1]
            why = self.reject(seq, counts)
            if why:
                self.nack(peer, epoch, seq, REJECT, 0, why)
            for index, text in self.refused_counts(counts):
                refused.setdefault((peer, epoch), []).append((seq, index, text))
            last[(peer, epoch)] = seq
        for (peer, epoch), seq in last.items():
            self.ack(peer, epoch, seq, refused.get((peer, epoch), ()))

    def counts(self):
        """What the centre believes: the largest revision of each cell."""
        out = {}
        for frames in list(self.frames.values()):
            for _, body in frames:
                for cell, tuple_ in counts_of(body)[1] if body else []:
                    old = out.get(cell)
                    if old is None or (tuple_[1], tuple_) > (old[1], old):
                        out[cell] = tuple_
        return out

    def duplicates(self):
        """Frames that were stored more than once, by their crc."""
        crcs = [crc for f in self.frames.values() for crc, _ in f if crc]
        return len(crcs) - len(set(crcs))
