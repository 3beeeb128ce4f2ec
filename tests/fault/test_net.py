"""A bad network, hostile peers, peers that do not read, and very many."""
import json
import os
import pathlib
import random
import resource
import socket
import struct
import time
import urllib.parse

import pytest
import zmq

from faults import (DATE, FIRST, Daemon, Reckoning, load, reckon, report,
                    rounds, sanitized, wait)
from proxy import Proxy
from sender import (ACK, BATCH, HELLO, PING, WELCOME, batch, frame, messages,
                    parse)
from test_kill import Collector


@pytest.fixture(name="daemon")
def make_daemon(tmp_path):
    with Daemon(tmp_path, http_listen="127.0.0.1:0",
                env=sanitized("quarantine_size_mb=64"),
                intake_series_per_site=10000) as d:
        d.world()
        d.advance(DATE)
        yield d


def host_port(address):
    parts = urllib.parse.urlsplit(address)
    return parts.hostname, parts.port


def rss_kib(daemon):
    text = pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0])


def may_grow_kib(daemon):
    """An address sanitizer keeps what was freed, and more beside all else."""
    maps = pathlib.Path(f"/proc/{daemon.process.pid}/maps").read_text()
    return 400 * 1024 if "libasan" in maps else 50 * 1024


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def test_bad_network(daemon, tmp_path):
    seconds = rounds(6, 120)
    with Proxy(lambda: host_port(daemon.address()), 3) as proxy:
        pushers = load(daemon, 3, address=lambda: proxy.address)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(0.1)
        for p in pushers:
            p.finish()
        proxy.faults = []
        for p in pushers:
            p.settle()
            p.sender.close()
        done = dict(proxy.done)
    assert min(done.values()) > 0, done
    assert daemon.process.poll() is None
    report("bad network", ", ".join(f"{k} {v}" for k, v in done.items()),
           reckon(daemon, pushers))


def test_bad_network_and_the_collector(daemon, tmp_path):
    files, expected = rounds(20, 200), {}
    with Proxy(lambda: host_port(daemon.address()), 5, 0.1) as proxy:
        proxy.faults = ["delay", "halve", "reset"]
        c = Collector(tmp_path, daemon)
        c.common[-1] = proxy.address
        c.start()
        for n in range(files):
            expected.update(c.give(n))
            time.sleep(0.02)
            if n % 5 == 4:
                proxy.cut_all()
        proxy.faults = []
        assert wait(lambda: not list(c.drop.glob("*.csv")), 60)
        assert wait(lambda: c.status()["waiting_frames"] == 0, 90)
        c.end()
    kept = daemon.counts()
    wrong = [(cell, kept.get(cell), n) for cell, n in expected.items()
             if kept.get(cell, (None,))[0] != n]
    report("bad network and the collector", f"{files} files",
           Reckoning(len(expected), len(expected), len(kept), wrong))


def hostile_frame(rng, good):
    """Bytes that a DEALER sends: noise, a damaged frame, or a whole frame
    whose body means nothing."""
    kind = rng.randrange(6)
    if kind == 0:
        return rng.randbytes(rng.randrange(200))
    if kind == 1:
        return good[:rng.randrange(len(good))]
    data = bytearray(good)
    if kind == 2:
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        return bytes(data)
    if kind == 3:
        return struct.pack("<4sBBHQQII", b"TCSN", 1, rng.randrange(256), 0,
                           rng.getrandbits(64), rng.getrandbits(64),
                           rng.choice([0, 1, 2**31, 2**32 - 1]), 0)
    body = data[32:]
    for _ in range(rng.randrange(1, 10)):
        at = rng.randrange(len(body))
        if rng.random() < 0.3:
            body[at:at + rng.randrange(4)] = rng.randbytes(rng.randrange(4))
        elif body:
            body[at] = rng.choice([0, 1, 127, 128, 255, rng.randrange(256)])
        if not body:
            body = bytearray(b"\0")
    return frame(rng.choice([BATCH, BATCH, HELLO, PING, 2, 4, 5, 7]),
                 rng.choice([7, rng.getrandbits(64)]),
                 rng.choice([0, 1, 2, 2**63, 2**64 - 1]), bytes(body))


def hostile_request(rng):
    """Bytes that an HTTP client sends."""
    body = rng.choice([
        b'{"counts": [{"date": "2020-03-02", "count": 1}]}',
        b"date,site,indicator,count\n2020-03-02,school-1,ill-absence,1\n",
        b"[" * 5000, b'{"a":' * 900, b'"' + b"\\u0000" * 50 + b'"',
        b"\xff\xfe" * 100, b"1e999", b"date,site\n" + b'"' * 3001])
    body = bytearray(body)
    for _ in range(rng.randrange(6)):
        body[rng.randrange(len(body))] = rng.randrange(256)
    kind = rng.randrange(7)
    length = str(len(body)).encode()
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 400))
    if kind == 1:
        length = rng.choice([b"-1", b"99999999999999999999", b"0x10", b"1e3",
                             b"16777217", b"5, 6", b""])
    head = (b"%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
            b"Content-Length: %s\r\nConnection: close\r\n" % (
                rng.choice([b"POST", b"POST", b"GET", b"PUT", b"DELETE",
                            b"BREW", b"\x00"]),
                rng.choice([b"/api/v1/counts", b"/api/v1/alerts/%00",
                            b"/../../etc/passwd", b"/" + b"a" * 3000,
                            b"*", b"/api/v1/series?x=%zz", b"//\xff"]),
                rng.choice([b"application/json", b"text/csv", b"\x01"]),
                length))
    if kind == 2:
        head += b"X: " + b"y" * 20000 + b"\r\n"
    if kind == 3:
        head += b"Transfer-Encoding: chunked\r\n"
    if kind == 4:
        head += b"A: b\r\n" * 400
    data = head + b"\r\n" + bytes(body)
    return data[:rng.randrange(1, len(data))] if kind == 5 else data


def hostile_tcp(rng):
    """Bytes on the ZeroMQ port: no ZMTP, half of it, or huge frames."""
    greeting = (b"\xff" + b"\0" * 8 + b"\x7f" + b"\3\0" + b"NULL" +
                b"\0" * 48)
    ready = b"\4\x19\5READY\x0bSocket-Type\0\0\0\6DEALER"
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randbytes(rng.randrange(1, 300))
    if kind == 1:
        return greeting[:rng.randrange(1, 64)]
    if kind == 2:
        return greeting + rng.randbytes(rng.randrange(1, 200))
    if kind == 3:
        return greeting + ready + b"\2" + struct.pack(
            ">Q", rng.choice([2**20 + 1, 2**32, 2**63, 2**64 - 1]))
    return greeting + ready + b"\0" + bytes([9]) + b"GET / HT"


def knock(address, data):
    try:
        with socket.create_connection(address, 5) as s:
            s.settimeout(0.005)
            s.sendall(data)
            try:
                s.recv(1000)
            except TimeoutError:
                pass
    except OSError:
        pass


def test_garbage(daemon):
    """Ten thousand in the long form, while an honest sender goes on."""
    each = rounds(1000, 3400)
    rng = random.Random(31)
    good = frame(BATCH, 7, 1, batch("school-1", [
        {"date": DATE, "indicator": "ill-absence", "count": i, "stratum": f"s{i}",
         "denominator": 400, "revision": 5} for i in range(5)],
        closed=[("", DATE)]).SerializeToString())
    pushers = load(daemon, 2)
    before, before_fds = rss_kib(daemon), descriptors(daemon)
    peer = zmq.Context.instance().socket(zmq.DEALER)
    peer.linger = 0
    peer.sndtimeo = 10000
    peer.connect(daemon.address())
    for _ in range(each):
        peer.send(hostile_frame(rng, good))
        while peer.poll(0):
            parse(peer.recv())  # its answers are frames, whatever it was
    web = host_port(daemon.address("http"))
    for _ in range(each):
        knock(web, hostile_request(rng))
    for _ in range(each):
        knock(host_port(daemon.address()), hostile_tcp(rng))
    for p in pushers:
        p.finish()
        p.settle()
        p.sender.close()
    peer.close()
    assert daemon.process.poll() is None, daemon.text()[-3000:]
    grown = rss_kib(daemon) - before
    assert grown < may_grow_kib(daemon)
    assert wait(lambda: descriptors(daemon) < before_fds + 20)
    report("garbage", f"{each} frames, {each} requests, {each} connections, "
           f"resident {grown:+} KiB", reckon(daemon, pushers))


def test_a_reader_that_stalls(daemon):
    """It sends and never reads its answers, here and at the event stream."""
    seconds = rounds(4, 60)
    pushers = load(daemon, 2)
    wait(lambda: all(p.sender.durable > 20 for p in pushers))
    before = rss_kib(daemon)
    deaf = zmq.Context.instance().socket(zmq.DEALER)
    deaf.linger, deaf.rcvhwm, deaf.rcvbuf, deaf.sndtimeo = 0, 1, 4096, 100
    deaf.connect(daemon.address())
    silent = []
    for _ in range(5):
        s = socket.create_connection(host_port(daemon.address("http")))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        s.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        silent.append(s)
    sent, slowest = 0, 0.0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            for _ in range(200):
                deaf.send(frame(PING, 9, 0))
                sent += 1
        except zmq.Again:
            pass
        began = time.monotonic()
        assert daemon.status()["ready"]
        slowest = max(slowest, time.monotonic() - began)
    for p in pushers:
        p.finish()
        p.settle()
        p.sender.close()
    deaf.close()
    for s in silent:
        s.close()
    grown = rss_kib(daemon) - before
    assert grown < may_grow_kib(daemon)
    assert slowest < 5
    report("a reader that stalls", f"{sent} pings unread, slowest answer to "
           f"others {slowest * 1000:.0f} ms, resident {grown:+} KiB",
           reckon(daemon, pushers))


class Crowd:
    """Very many sites in one thread: each greets, sends one frame whenever
    it is told to, and waits for its acknowledgement."""

    def __init__(self, daemon, names, keys):
        self.context = zmq.Context(io_threads=2)
        self.context.max_sockets = 2 * len(names) + 100
        self.poller = zmq.Poller()
        self.sites = {}
        self.pb = messages()
        for i, name in enumerate(names):
            s = self.context.socket(zmq.DEALER)
            s.linger, s.immediate, s.sndhwm = 0, 1, 4
            s.reconnect_ivl, s.reconnect_ivl_max = 100, 1000
            s.handshake_ivl = 5000
            s.curve_publickey, s.curve_secretkey = keys[i]
            s.curve_serverkey = daemon.address("zmq-key").encode()
            s.connect(daemon.address())
            self.poller.register(s, zmq.POLLIN)
            self.sites[s] = {"name": name, "epoch": i + 1, "durable": 0,
                             "sent": 0, "greeted": False}

    def frame_of(self, site, seq):
        return frame(BATCH, site["epoch"], seq, batch(site["name"], [
            {"date": DATE, "indicator": "ill-absence", "count": seq,
             "revision": seq}]).SerializeToString())

    def say(self, s, site, seq):
        """HELLO, or the frame seq once welcomed; again each two seconds."""
        now = time.monotonic()
        if site["durable"] >= seq or now < site.get("again", 0):
            return
        try:
            if not site["greeted"]:
                s.send(frame(HELLO, site["epoch"], 1, self.pb.Hello(
                    sender=site["name"], first_seq=1).SerializeToString()),
                    zmq.DONTWAIT)
            else:
                s.send(self.frame_of(site, seq), zmq.DONTWAIT)
                site["sent"] = seq
            site["again"] = now + 2
        except zmq.Again:
            pass

    def hear(self, s, site):
        got = parse(s.recv())
        if got.kind == WELCOME:
            site["greeted"] = True
            site["again"] = 0
        elif got.kind == ACK:
            site["durable"] = max(site["durable"], got.seq)

    def push(self, seq, timeout):
        """Until the frame seq of every site is durable; seconds it took."""
        began = time.monotonic()
        while any(x["durable"] < seq for x in self.sites.values()):
            assert time.monotonic() - began < timeout, sum(
                x["durable"] < seq for x in self.sites.values())
            for s, site in self.sites.items():
                self.say(s, site, seq)
            for s, _ in self.poller.poll(20):
                self.hear(s, self.sites[s])
                self.say(s, self.sites[s], seq)
        return time.monotonic() - began

    def close(self):
        for s in self.sites:
            s.close()
        self.context.term()


def test_many_sites_reconnect_at_once(tmp_path):
    """2,000 sites with CURVE keys of their own (fewer in the short form):
    the centre is killed, and all of them are back at the same moment."""
    n, restarts = rounds(400, 2000), rounds(1, 5)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 4 * n + 200:
        pytest.skip(f"{hard} descriptors are not enough for {n} sites")
    daemon = Daemon(tmp_path, curve=True).start()
    daemon.settings["zmq.listen"] = daemon.address()
    names = [f"school-{i}" for i in range(n)]
    daemon.world(sites="site,kind,area,name\n" + "".join(
        f"{name},school,K1,{name}\n" for name in names))
    daemon.advance(DATE)
    keys = [zmq.curve_keypair() for _ in names]
    for name, pair in zip(names, keys):
        status, body = daemon.ask("POST", f"/api/v1/sites/{name}/keys",
                                  json.dumps({"key": pair[0].decode()}))
        assert status == 201, body
    crowd = Crowd(daemon, names, keys)
    took = [crowd.push(1, 120)]
    for turn in range(restarts):
        daemon.kill()
        daemon.start()
        for site in crowd.sites.values():
            site["greeted"] = False
        took.append(crowd.push(2 + turn, 120))
    open_files = descriptors(daemon)
    crowd.close()
    assert wait(lambda: descriptors(daemon) < 60)
    daemon.kill()
    ledger = dict(daemon.rows("SELECT sender, count(*) FROM ledger"
                              " GROUP BY sender"))
    kept = daemon.counts()
    wrong = [(x["name"], ledger.get(x["name"])) for x in crowd.sites.values()
             if ledger.get(x["name"]) != restarts + 1]
    wrong += [(name, "count") for name in names if kept.get(
        (name, "ill-absence", "", FIRST), (None,))[0] != restarts + 1]
    report(f"{n} sites reconnect at once", f"{restarts} kills, all durable "
           f"after {', '.join(f'{t:.1f} s' for t in took)}, "
           f"{open_files} descriptors",
           Reckoning(n * (restarts + 1), sum(
               x["durable"] for x in crowd.sites.values()),
               sum(ledger.values()), wrong))
