#!/usr/bin/python3
"""Writes the golden frames beside it, without any code of tocsin's own.

make.py: protoc makes the messages from proto/tocsin.proto, zlib the crc.
Run it again only when the wire changes, and then with a new version.
"""
import importlib
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parents[2] / "proto"
EPOCH = 1582934400


def messages():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", f"-I{PROTO}", f"--python_out={folder}",
                        "tocsin.proto"], check=True)
        sys.path.insert(0, folder)
        return importlib.import_module("tocsin_pb2")


def frame(kind, seq, body, epoch=EPOCH):
    head = b"TCSN" + struct.pack("<BBHQQI", 1, kind, 0, epoch, seq, len(body))
    return head + struct.pack("<I", zlib.crc32(head + body)) + body


def batch(pb):
    b = pb.Batch(sender="school-7", base_day=18323, base_revision=1583193599)
    b.series.add(indicator="absence", stratum="grade-1")
    b.series.add(indicator="fever")
    b.series.add(site="school-8", indicator="fever")
    b.closed.add(day=18323)
    b.series_index.extend([0, 1, 2, 2])
    b.day.extend([0, 0, -1, 1])
    b.value.extend([12, 0, 0, 300])
    b.denominator.extend([41, 0, 0, 0])
    b.revision.extend([1, 1, 2, 0])
    b.flags.extend([1, 0, 2, 4])
    return b


def example(pb):
    b = pb.Batch(sender="school-7", base_day=18323)
    b.series.add(indicator="ill-absence")
    b.series_index.extend([0])
    b.day.extend([0])
    b.value.extend([12])
    return b


def ack(pb):
    a = pb.Ack(window=8, refused_total=2)
    a.refused.add(seq=41, index=3, code=pb.UNKNOWN_INDICATOR,
                  reason="indicator \"fevr\" is unknown; fever is meant?")
    a.refused.add(seq=42, index=0, code=pb.DAY, reason="day is in the future")
    return a


def main():
    pb = messages()
    hello = pb.Hello(sender="school-7", first_seq=41, last_acked_seq=40,
                     last_acked_crc=0xDEADBEEF, software="golden 1")
    welcome = pb.Welcome(database_id=0x0123456789ABCDEF, durable_seq=40,
                         window=8, max_frame_bytes=262144)
    nack = pb.Nack(code=pb.EXPECTED, expected_seq=43,
                   reason="frame 43 comes first")
    frames = {
        "hello": (1, 41, hello), "welcome": (2, 40, welcome),
        "batch": (3, 41, batch(pb)), "example": (3, 1, example(pb)),
        "ack": (4, 42, ack(pb)), "nack": (5, 44, nack),
        "ping": (6, 0, None), "pong": (7, 0, None),
    }
    for name, (kind, seq, message) in frames.items():
        body = message.SerializeToString() if message else b""
        text = frame(kind, seq, body).hex(" ")
        lines = [text[i:i + 48].rstrip() for i in range(0, len(text), 48)]
        (HERE / f"{name}.hex").write_text("\n".join(lines) + "\n")


main()
