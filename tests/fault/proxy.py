"""A TCP proxy between senders and a centre that treats connections badly."""
import random
import socket
import struct
import threading
import time

FAULTS = "delay", "drop", "halve", "reset", "swallow"


class Proxy(threading.Thread):
    """faults are chosen from at random for each chunk, with chance each:

    delay    the chunk waits up to 50 ms
    drop     nothing is forwarded any more, and the connection stays open
    halve    half of the chunk arrives, then the connection ends
    reset    both sides get a RST
    swallow  the chunk is missing from the stream
    """

    def __init__(self, target, seed, chance=0.03):
        super().__init__(daemon=True)
        self.target, self.chance = target, chance
        self.rng = random.Random(seed)
        self.faults = list(FAULTS)
        self.done = dict.fromkeys(FAULTS, 0)
        self.ending = False
        self.open = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "tcp://127.0.0.1:%d" % self.listener.getsockname()[1]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        # close() alone does not wake who waits in accept().
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut_all()

    def cut_all(self):
        for pair in list(self.open):
            self.end(pair)

    def run(self):
        while not self.ending:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.target())
            except OSError:
                continue
            pair = (near, far)
            self.open.append(pair)
            for a, b in (pair, pair[::-1]):
                threading.Thread(target=self.carry, args=(a, b, pair),
                                 daemon=True).start()

    def carry(self, source, sink, pair):
        try:
            while True:
                data = source.recv(16384)
                if not data or not self.pass_on(data, sink, pair):
                    break
        except OSError:
            pass
        self.end(pair)

    def pass_on(self, data, sink, pair):
        fault = None
        if self.faults and self.rng.random() < self.chance:
            fault = self.rng.choice(self.faults)
            self.done[fault] += 1
        if fault == "swallow":
            return True
        if fault == "drop":
            time.sleep(1.5)
            return False
        if fault == "delay":
            time.sleep(self.rng.random() * 0.05)
        elif fault == "halve":
            sink.sendall(data[:len(data) // 2])
            return False
        elif fault == "reset":
            for s in pair:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
            return False
        sink.sendall(data)
        return True

    def end(self, pair):
        for s in pair:
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()
        if pair in self.open:
            self.open.remove(pair)
