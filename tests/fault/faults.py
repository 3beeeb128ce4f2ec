"""What the fault tests share: the shim's controls, load, and the reckoning.

A reckoning compares what senders were told with what the database holds.
Each test hands it to report(), and the table is printed at the end.
"""
import itertools
import mmap
import os
import pathlib
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import zmq  # noqa: E402

import daemon  # noqa: E402
from daemon import BIN  # noqa: E402
from sender import Sender  # noqa: E402

FULL = os.environ.get("TOCSIN_FAULT") == "full"
FIRST = 18323  # 2020-03-02
DATE = "2020-03-02"
CONTROL = "clock_us sync_ms sync_fails cut_at operations syncs".split()
RECORD = struct.Struct("<c3xIqq")
SECTOR = 512

reports = []
started = []  # daemons and collectors that a failed test may leave behind


def rounds(short, full):
    return full if FULL else short


class Daemon(daemon.Daemon):
    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        started.append(self)


def kill_what_is_left():
    while started:
        process = started.pop().process
        if process is not None and process.poll() is None:
            process.kill()
            process.wait()


class Reckoning:
    """What was tried, what was acknowledged, what was found, and what of it
    is wrong: lost, doubled, or another value than it should be."""

    def __init__(self, tried=0, acknowledged=0, found=0, wrong=()):
        self.tried, self.acknowledged = tried, acknowledged
        self.found, self.wrong = found, list(wrong)

    def add(self, other):
        self.tried += other.tried
        self.acknowledged += other.acknowledged
        self.found += other.found
        self.wrong += other.wrong


def report(name, what, reckoning):
    """Keeps a line for the table; fails where there is a difference."""
    line = (f"{name}: {what}; tried {reckoning.tried}, "
            f"acknowledged {reckoning.acknowledged}, "
            f"found {reckoning.found}, difference {len(reckoning.wrong)}")
    reports.append(line)
    assert not reckoning.wrong, f"{line}: {reckoning.wrong[:10]}"


def sanitized(option):
    """The environment of a daemon whose address sanitizer has the option."""
    given = os.environ.get("ASAN_OPTIONS", "")
    return {"ASAN_OPTIONS": f"{option}:{given}"}


class Shim:
    """The controls of faultshim.so, and the environment that loads it."""

    def __init__(self, folder, trace=False):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(exist_ok=True)
        path = self.folder / "control"
        path.write_bytes(bytes(4096))
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), 4096)
        self.trace = self.folder / "trace"
        if trace:
            self.trace.write_bytes(b"")
        assert (BIN / "faultshim.so").exists(), "build the target faultshim"
        self.env = {"LD_PRELOAD": str(BIN / "faultshim.so"),
                    "FAULT_DIR": str(self.folder),
                    **sanitized("verify_asan_link_order=0")}

    def set(self, **values):
        for name, value in values.items():
            at = 8 * CONTROL.index(name)
            self.map[at:at + 8] = struct.pack("<q", value)

    def get(self, name):
        at = 8 * CONTROL.index(name)
        return struct.unpack("<q", self.map[at:at + 8])[0]


class Disk:
    """The files of one database as a disk that lost its power has them.

    before() is called with the programs down; after the kill, lose() plays
    the trace: what was synced holds, of the rest each sector holds with
    probability keep, and so does each change of a file's size.
    """

    def __init__(self, shim, database):
        self.shim, self.database = shim, pathlib.Path(database)
        self.image = {}

    def paths(self):
        return [self.database, pathlib.Path(f"{self.database}-wal"),
                pathlib.Path(f"{self.database}-journal")]

    def before(self):
        self.image = {str(p): bytearray(p.read_bytes())
                      for p in self.paths() if p.exists()}
        self.shim.trace.write_bytes(b"")

    def records(self):
        data = self.shim.trace.read_bytes()
        at = 0
        while at + RECORD.size <= len(data):
            kind, name_len, offset, length = RECORD.unpack_from(data, at)
            at += RECORD.size
            name = data[at:at + name_len].decode()
            at += name_len
            yield kind, name, offset, data[at:at + length]
            at += length

    def lose(self, rng, keep, honest=True):
        """How many bytes were lost.  Not honest: no sync ever held."""
        pending = {}
        for kind, name, offset, data in self.records():
            if kind == b"D":
                self.image.pop(name, None)
                pending.pop(name, None)
            elif kind == b"S":
                if honest:
                    for op in pending.pop(name, ()):
                        self.apply(name, *op)
            else:
                pending.setdefault(name, []).append((kind, offset, data))
        lost = 0
        for name, ops in pending.items():
            for op in ops:
                lost += self.apply_some(name, *op, rng, keep)
        for path in self.paths():
            path.unlink(missing_ok=True)
            if str(path) in self.image:
                path.write_bytes(self.image[str(path)])
        pathlib.Path(f"{self.database}-shm").unlink(missing_ok=True)
        return lost

    def apply(self, name, kind, offset, data):
        file = self.image.setdefault(name, bytearray())
        if kind == b"T":
            del file[offset:]
            return
        if len(file) < offset:
            file.extend(bytes(offset - len(file)))
        file[offset:offset + len(data)] = data

    def apply_some(self, name, kind, offset, data, rng, keep):
        if kind == b"T":
            if rng.random() < keep:
                self.apply(name, kind, offset, data)
            return 0
        lost = 0
        while data:
            size = min(len(data), SECTOR - offset % SECTOR)
            if rng.random() < keep:
                self.apply(name, kind, offset, data[:size])
            else:
                lost += size
            offset, data = offset + size, data[size:]
        return lost


class Outbox(Sender):
    """A sender that notices when an acknowledgement is taken back."""

    def __init__(self, *args, **more):
        super().__init__(*args, **more)
        self.taken_back = []

    def connect(self):
        super().connect()
        self.socket.setsockopt(zmq.SNDTIMEO, 200)

    def take_welcome(self, welcome):
        if welcome.durable_seq < self.durable:
            self.taken_back.append((self.durable, welcome.durable_seq))
        super().take_welcome(welcome)


class Pusher(threading.Thread):
    """A site that sends frame after frame and outlives its centre.  Its
    revision is the number of the frame, so that the last frame holds."""

    def __init__(self, address, name, epoch, rows=20, patience=1.0):
        super().__init__(daemon=True)
        self.address, self.rows, self.patience = address, rows, patience
        self.connections = 0
        self.ending, self.error = False, None
        self.idle = 0.0
        self.sender = Outbox("", name, epoch=epoch)

    def rows_of(self, n):
        return [{"date": FIRST - n % 30, "indicator": "ili-visit",
                 "count": n, "stratum": f"s{i}", "revision": n}
                for i in range(self.rows)]

    def run(self):
        try:
            while not self.ending:
                self.once()
                time.sleep(self.idle)
        except Exception as error:  # shown by finish()
            self.error = error

    def fill(self, frames=5):
        for _ in range(frames):
            self.sender.put(self.rows_of(self.sender.last + 1))

    def once(self, frames=5):
        """Five frames more; connects anew where the old one is broken."""
        s = self.sender
        self.fill(frames)
        try:
            if s.socket is None or s.address != self.address():
                s.address = self.address()
                s.connect()
                self.connections += 1
                s.hello(timeout=self.patience)
            s.wait_ack(timeout=self.patience)
        except (TimeoutError, OSError, KeyError, ValueError, zmq.Again):
            s.close()
            time.sleep(0.01)

    def finish(self):
        self.ending = True
        self.join(120)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error

    def settle(self, timeout=60):
        """Until all of the outbox is acknowledged."""
        until = time.monotonic() + timeout
        while self.sender.durable < self.sender.last:
            assert time.monotonic() < until, "never acknowledged"
            self.once(frames=0)


def numbers(blob):
    """The numbers of seven bits a byte in it."""
    x = shift = 0
    for byte in blob:
        x |= (byte & 0x7f) << shift
        shift += 7
        if byte < 0x80:
            yield x
            x = shift = 0


def unfolded(blob):
    """(day, series, value, revision, flags) of the rows in it."""
    at = numbers(blob)

    def signed(x):
        return -((x >> 1) + 1) if x & 1 else x >> 1

    day = series = revision = 0
    for first in at:
        day += signed(first)
        series += signed(next(at))
        value, flags = next(at), next(at)
        revision += signed(next(at))
        if flags & 1:
            next(at)  # the denominator
        yield day, series, value, revision, flags


def durable(centre):
    """The counts of a centre that may have died between acknowledging and
    putting in place: those of its table, and what the next start adds."""
    # In this order: one that lives may be putting them in place.
    left = centre.rows("SELECT rows FROM unfolded ORDER BY ledger")
    rows = {(series, day): held for series, day, *held in centre.rows(
        "SELECT series, day, revision, value, flags FROM counts")}
    for blob, in left:
        for day, series, value, revision, flags in unfolded(blob):
            if revision > rows.get((series, day), (0,))[0]:
                rows[series, day] = revision, value, flags
    names = {number: name for number, *name in centre.rows(
        "SELECT id, site, indicator, stratum FROM series")}
    return {(*names[series], day): (value, flags)
            for (series, day), (_, value, flags) in rows.items()}


def reckon(centre, pushers):
    """What the centre's database (it may be down) holds of what they sent."""
    out = Reckoning()
    stored = {}
    for name, seq, crc in centre.rows(
            "SELECT sender, seq, crc FROM ledger ORDER BY id"):
        stored.setdefault(name, []).append((seq, crc))
    kept = durable(centre)
    for p in pushers:
        s = p.sender
        have = stored.get(s.name, [])
        out.tried += s.last
        out.acknowledged += s.durable
        out.found += len(have)
        out.wrong += [(s.name, *pair, "taken back") for pair in s.taken_back]
        seqs = [seq for seq, _ in have]
        out.wrong += [(s.name, n, "lost")
                      for n in range(1, s.durable + 1) if n not in set(seqs)]
        out.wrong += [(s.name, n, "doubled or out of order")
                      for n, want in zip(seqs, itertools.count(1))
                      if n != want]
        out.wrong += [(s.name, n, "another frame")
                      for n, crc in have if s.crcs.get(n) != crc]
        last = seqs[-1] if seqs else 0
        for n in range(max(1, last - 29), last + 1):
            for row in p.rows_of(n):
                cell = (s.name, row["indicator"], row["stratum"], row["date"])
                if kept.get(cell, (None,))[0] != n:
                    out.wrong.append((cell, kept.get(cell), n))
    return out


def load(centre, n=2, address=None, **more):
    """n sites that push; started."""
    names = ["clinic-1", "clinic-2", "school-1", "school-2"]
    pushers = [Pusher(address or centre.address, names[i], i + 1, **more)
               for i in range(n)]
    for p in pushers:
        p.start()
    return pushers


def wait(check, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if check():
            return True
        time.sleep(0.02)
    return bool(check())
