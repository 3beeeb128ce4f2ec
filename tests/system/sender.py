"""A sender of counts over ZeroMQ, made from proto/README.md and tocsin.proto.

    sender = Sender("tcp://127.0.0.1:8651", "school-7")
    sender.connect()
    sender.hello()
    seq = sender.send([{"date": "2020-03-02", "indicator": "ill-absence",
                        "count": 12}])
    sender.wait_ack(seq)

Its outbox is in memory: what a test sends lives as long as the test.
"""
import collections
import datetime
import importlib
import pathlib
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import zmq

PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"
HELLO, WELCOME, BATCH, ACK, NACK, PING, PONG = range(1, 8)
EXPECTED, REJECT, FORK, BUSY = 1, 2, 3, 8
HEADER = struct.Struct("<4sBBHQQII")
DENOMINATOR, WITHDRAWN, PARTIAL = 1, 2, 4

Frame = collections.namedtuple("Frame", "kind epoch seq body crc")


class Refused(Exception):
    """The centre will not have us: its NACK's code and reason."""

    def __init__(self, nack):
        super().__init__(f"{nack.code}: {nack.reason}")
        self.code = nack.code
        self.reason = nack.reason


def messages():
    """The module that protoc makes of tocsin.proto."""
    if "tocsin_pb2" not in sys.modules:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["protoc", f"-I{PROTO}", f"--python_out={folder}",
                            "tocsin.proto"], check=True)
            sys.path.insert(0, folder)
            importlib.import_module("tocsin_pb2")
            sys.path.remove(folder)
    return sys.modules["tocsin_pb2"]


def frame(kind, epoch, seq, body=b""):
    """The bytes of a frame."""
    head = struct.pack("<4sBBHQQI", b"TCSN", 1, kind, 0, epoch, seq, len(body))
    return head + struct.pack("<I", zlib.crc32(head + body)) + body


def parse(data):
    """The frame in data; ValueError where it is none."""
    if len(data) < HEADER.size:
        raise ValueError("shorter than an envelope")
    magic, version, kind, flags, epoch, seq, length, crc = HEADER.unpack(
        data[:HEADER.size])
    body = data[HEADER.size:]
    if magic != b"TCSN" or version != 1 or flags != 0 or length != len(body):
        raise ValueError("not an envelope")
    if zlib.crc32(data[:28] + body) != crc:
        raise ValueError("crc")
    return Frame(kind, epoch, seq, body, crc)


def day_number(date):
    """Days since 1970-01-01 of a date or its ISO text."""
    if isinstance(date, int):
        return date
    if isinstance(date, str):
        date = datetime.date.fromisoformat(date)
    return (date - datetime.date(1970, 1, 1)).days


def flags_of(row):
    flags = 0
    if row.get("denominator") is not None:
        flags |= DENOMINATOR
    if row.get("count") is None:
        flags |= WITHDRAWN
    if row.get("partial"):
        flags |= PARTIAL
    return flags


def batch(sender, rows, closed=()):
    """A Batch of rows as in the JSON of README.md; closed: (site, date)."""
    out = messages().Batch(sender=sender)
    index = {}
    for row in rows:
        key = (row.get("site", ""), row["indicator"], row.get("stratum", ""))
        if key not in index:
            index[key] = len(index)
            out.series.add(site=key[0], indicator=key[1], stratum=key[2])
        out.series_index.append(index[key])
        out.day.append(day_number(row["date"]))
        out.value.append(row.get("count") or 0)
        out.denominator.append(row.get("denominator") or 0)
        out.revision.append(row.get("revision") or 0)
        out.flags.append(flags_of(row))
    for site, date in closed:
        out.closed.add(site=site, day=day_number(date))
    return out


class Sender:
    """One outbox, one connection.

    keys is (public, secret) and server_key the centre's, all in Z85; without
    them the connection is not secured.  first_seq is the first frame the
    outbox still has.
    """

    def __init__(self, address, name, epoch=None, server_key=None, keys=None,
                 first_seq=1):
        self.address, self.name = address, name
        self.epoch = epoch or time.time_ns() // 1000
        self.server_key, self.keys = server_key, keys
        self.pb = messages()
        self.outbox = {}  # seq -> bytes, until acknowledged
        self.crcs = {}
        self.first, self.last = first_seq, first_seq - 1
        self.durable = first_seq - 1
        self.next = first_seq
        self.window = 0
        self.max_frame = 262144
        self.database_id = None
        self.welcomed = False
        self.refused = []  # of all ACKs: Refused messages
        self.refused_total = 0
        self.older = 0
        self.hints = []
        self.rejected = {}  # seq -> reason
        self.socket = None

    def connect(self):
        self.close()
        self.socket = zmq.Context.instance().socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.setsockopt(zmq.SNDHWM, 16)
        self.socket.setsockopt(zmq.MAXMSGSIZE, 65536)
        self.socket.setsockopt(zmq.SNDTIMEO, 10000)
        if self.server_key:
            self.socket.curve_publickey, self.socket.curve_secretkey = self.keys
            self.socket.curve_serverkey = self.server_key
        self.socket.connect(self.address)
        self.welcomed = False

    def close(self):
        if self.socket is not None:
            self.socket.close(0)
            self.socket = None

    def __enter__(self):
        self.connect()
        return self

    def __exit__(self, *_):
        self.close()

    def send_hello(self):
        hello = self.pb.Hello(sender=self.name, first_seq=self.first,
                              last_acked_seq=max(0, self.durable),
                              last_acked_crc=self.crcs.get(self.durable, 0),
                              software="sender.py")
        if self.durable not in self.crcs:
            hello.last_acked_seq = 0
        self.socket.send(frame(HELLO, self.epoch, self.first,
                               hello.SerializeToString()))

    def hello(self, timeout=30.0):
        """Greets until welcomed; TimeoutError or Refused where it is not."""
        until = time.monotonic() + timeout
        while not self.welcomed:
            if time.monotonic() >= until:
                raise TimeoutError("no WELCOME")
            self.send_hello()
            self.pump(min(until, time.monotonic() + 1.0),
                      lambda: self.welcomed)
        return self

    def put(self, rows, closed=()):
        """Puts a frame into the outbox; its seq."""
        message = rows if hasattr(rows, "SerializeToString") else batch(
            self.name, rows, closed)
        data = frame(BATCH, self.epoch, self.last + 1,
                     message.SerializeToString())
        if len(data) > self.max_frame:
            raise ValueError(f"a frame of {len(data)} bytes is too large")
        self.last += 1
        self.outbox[self.last] = data
        self.crcs[self.last] = parse(data).crc
        return self.last

    def send(self, rows, closed=()):
        """put(), and sends what the window allows."""
        seq = self.put(rows, closed)
        self.flush()
        return seq

    def flush(self):
        while (self.welcomed and self.next <= self.last and
               self.next <= self.durable + self.window):
            self.socket.send(self.outbox[self.next])
            self.next += 1

    def wait_ack(self, seq=None, timeout=30.0):
        """Until seq (default: all) is durable; TimeoutError where it is not."""
        seq = self.last if seq is None else seq
        until = time.monotonic() + timeout
        resend = time.monotonic() + 10.0
        while self.durable < seq:
            now = time.monotonic()
            if now >= until:
                raise TimeoutError(f"{self.durable} durable, {seq} awaited")
            if now >= resend:
                self.next = self.durable + 1
                resend = now + 10.0
            self.flush()
            self.pump(min(until, now + 0.5), lambda: self.durable >= seq)
        return self.durable

    def ping(self, timeout=30.0):
        """True when a PONG came."""
        got = []
        self.socket.send(frame(PING, self.epoch, 0))
        self.pump(time.monotonic() + timeout, lambda: bool(got), got)
        return bool(got)

    def raw(self, data, timeout=30.0):
        """Sends any bytes as a message; the frame that answers, or None."""
        self.socket.send(data)
        if not self.socket.poll(int(timeout * 1000)):
            return None
        return parse(self.socket.recv())

    def pump(self, until, enough, pongs=None):
        """Takes answers until enough() or the time is over."""
        while not enough():
            left = until - time.monotonic()
            if left <= 0 or not self.socket.poll(int(left * 1000) + 1):
                return
            answer = parse(self.socket.recv())
            if answer.epoch != self.epoch:
                continue
            if answer.kind == PONG and pongs is not None:
                pongs.append(answer)
            self.take(answer)

    def take(self, answer):
        if answer.kind == WELCOME:
            self.take_welcome(self.pb.Welcome.FromString(answer.body))
        elif answer.kind == ACK:
            ack = self.pb.Ack.FromString(answer.body)
            self.window = ack.window
            self.refused += ack.refused
            self.refused_total += ack.refused_total
            self.older += ack.older
            self.hints += [ack.hint] * bool(ack.hint)
            self.advance(answer.seq)
        elif answer.kind == NACK:
            self.take_nack(answer, self.pb.Nack.FromString(answer.body))

    def take_welcome(self, welcome):
        if welcome.durable_seq > self.last:
            raise ValueError("the centre knows frames that were never sent")
        self.database_id = welcome.database_id
        self.window = welcome.window
        self.max_frame = min(welcome.max_frame_bytes, 262144)
        self.welcomed = True
        self.durable = max(welcome.durable_seq, self.first - 1)
        self.next = self.durable + 1
        self.flush()

    def take_nack(self, answer, nack):
        if nack.code == EXPECTED:
            if self.durable < nack.expected_seq <= self.last:
                self.next = min(self.next, nack.expected_seq)
        elif nack.code == REJECT:
            self.rejected[answer.seq] = nack.reason
            if answer.seq == self.durable + 1:
                self.advance(answer.seq)
        elif nack.code == BUSY:
            self.window = 0
            self.next = self.durable + 1
        else:
            raise Refused(nack)
        self.flush()

    def advance(self, seq):
        """Everything up to seq is durable; the frames stay, for a restore."""
        self.durable = max(self.durable, seq)
        while self.durable + 1 in self.rejected:
            self.durable += 1
        self.next = max(self.next, self.durable + 1)
        self.flush()
