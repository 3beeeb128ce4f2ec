#!/usr/bin/python3
"""zmq-sender.py ADDRESS SENDER DATE INDICATOR=COUNT[/DENOMINATOR]...

tocsin_pb2 comes from: protoc --python_out=. tocsin.proto.  For CURVE the file
that SENDER_KEYS names has the centre's key, ours, and our secret, in Z85.
"""
import datetime, os, struct, sys, time, zlib
import zmq, tocsin_pb2 as pb

address, sender, date, *counts = sys.argv[1:]
epoch = time.time_ns() // 1000  # a new outbox every time, with one frame

def ask(socket, kind, message, wanted, answer):
    body = message.SerializeToString()
    head = b"TCSN" + struct.pack("<BBHQQI", 1, kind, 0, epoch, 1, len(body))
    socket.send(head + struct.pack("<I", zlib.crc32(head + body)) + body)
    while socket.poll(30000):
        frame = socket.recv()
        if frame[5] == wanted:
            return answer.FromString(frame[32:])
        if frame[5] == 5:
            sys.exit("refused: " + pb.Nack.FromString(frame[32:]).reason)
    sys.exit("no answer")

batch = pb.Batch(sender=sender, base_day=(datetime.date.fromisoformat(date) - datetime.date(1970, 1, 1)).days)
for i, (indicator, value) in enumerate(c.split("=") for c in counts):
    value, _, of = value.partition("/")
    batch.series.add(indicator=indicator)
    batch.series_index.append(i), batch.day.append(0), batch.value.append(int(value))
    batch.denominator.append(int(of or 0)), batch.flags.append(1 if of else 0)
dealer = zmq.Context.instance().socket(zmq.DEALER)
dealer.linger = 0
if "SENDER_KEYS" in os.environ:
    keys = open(os.environ["SENDER_KEYS"], "rb").read().split()
    dealer.curve_serverkey, dealer.curve_publickey, dealer.curve_secretkey = keys
dealer.connect(address)
ask(dealer, 1, pb.Hello(sender=sender, first_seq=1), 2, pb.Welcome)
ack = ask(dealer, 3, batch, 4, pb.Ack)
aside = [f"{ack.older} counts left aside: {ack.hint}"] if ack.hint else []
print("durable", *("not counted: " + r.reason for r in ack.refused), *aside, sep="\n")
