#!/usr/bin/python3
"""frame.py SENDER SEQ DATE INDICATOR=COUNT[/DENOMINATOR]...: a frame for Kafka.

Writes the bytes of one record's value to standard output.  SEQ is larger than
that of any frame the same outbox sent; EPOCH in the environment names the
outbox.  tocsin_pb2 comes from: protoc --python_out=. tocsin.proto
"""
import datetime
import os
import struct
import sys
import zlib
import tocsin_pb2 as pb

sender, seq, date, *counts = sys.argv[1:]
batch = pb.Batch(sender=sender, base_day=(datetime.date.fromisoformat(date) - datetime.date(1970, 1, 1)).days)
for i, (indicator, value) in enumerate(c.split("=") for c in counts):
    value, _, of = value.partition("/")
    batch.series.add(indicator=indicator)
    batch.series_index.append(i), batch.day.append(0), batch.value.append(int(value))
    batch.denominator.append(int(of or 0)), batch.flags.append(1 if of else 0)
body = batch.SerializeToString()
head = b"TCSN" + struct.pack("<BBHQQI", 1, 3, 0, int(os.environ["EPOCH"]), int(seq), len(body))
sys.stdout.buffer.write(head + struct.pack("<I", zlib.crc32(head + body)) + body)
