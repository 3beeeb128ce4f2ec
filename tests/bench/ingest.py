"""The intake's bench: limits beside tocsind end to end, in one run.

    scripts/bench ingest [--quick] [--rounds 3] [--json] [--only WHAT]
    scripts/bench ingest soak [--seconds 300] [--rounds 20]

Each row takes the same stream of keys: 8 gateways of 125 sites and 8 series
each, days in order; a frame is a gateway's day, 1,000 counts, or a tenth of
it, as smaller gateways send.  "judged" means: the clock stops when all counts
are in place and all series and sums are judged.
A machine is not the same from minute to minute.  So bare upserts are measured
just before and just after every run and compared with it alone, all cells of
the table are measured in turn, as many rounds as asked for, and the table has
the medians of the rounds, beside the least and the greatest ratio.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = ROOT / "build" / "bench" / "bin"
os.environ["TOCSIN_BIN"] = str(BIN)
sys.path.insert(0, str(ROOT / "tests" / "system"))
from daemon import Daemon  # noqa: E402

FIRST = 18263  # 2020-01-02
SENDERS, INDICATORS = 8, 8


def date(day):
    import datetime
    return (datetime.date(1970, 1, 1) + datetime.timedelta(day)).isoformat()


def areas(senders):
    return ("area,parent,level,name,population,lat,lon\nN,,nation,N,,,\n"
            "P,N,province,P,,,\nC,P,city,C,,,\n" +
            "".join(f"K{i},C,county,K{i},,,\n" for i in range(senders)))


def sites(senders, n):
    return "site,kind,area,name,gateway\n" + "".join(
        f"s-{s}-{i},fever-clinic,K{s},Site {s} {i},gate-{s}\n"
        for s in range(senders) for i in range(n))


def load(verb, **plan):
    done = subprocess.run([BIN / "bench-ingest", verb] +
                          [f"{k}={v}" for k, v in plan.items()],
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout) if done.stdout else None


def memory(pid):
    """Resident MiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


def descriptors(pid):
    return len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir()))


def cpu(pid):
    """Seconds of CPU by thread: the loop's, and the busiest other's."""
    tick = os.sysconf("SC_CLK_TCK")
    used = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        words = (task / "stat").read_text().rsplit(")", 1)[1].split()
        used[int(task.name)] = (int(words[11]) + int(words[12])) / tick
    loop = used.pop(pid)
    return loop, max(used.values())


def keys_for(daemon, folder):
    """A key pair a sender, known to the centre."""
    import zmq
    path = folder / "keys"
    with open(path, "w") as f:
        for s in range(SENDERS):
            public, secret = zmq.curve_keypair()
            status, body = daemon.ask(
                "POST", f"/api/v1/sites/gate-{s}/keys",
                json.dumps({"key": public.decode()}).encode())
            assert status == 201, body
            f.write(f"{public.decode()} {secret.decode()}\n")
    return path


@contextlib.contextmanager
def centre(plan, curve, window):
    """A daemon that knows the senders, and how they reach it."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with Daemon(folder, curve=curve, intake_window=window) as d:
            d.world(areas(SENDERS), sites(SENDERS, plan["sites"]))
            d.advance(date(FIRST + plan["days"]))
            way = {"to": d.address(), "first": FIRST, **plan}
            if curve:
                way["server"] = d.address("zmq-key")
                way["keys"] = keys_for(d, folder)
            yield d, way


def end_to_end(window, frame, plan, curve):
    with centre(plan, curve, window) as (d, way):
        out = load("send", frame=frame, **way)
        out["until_judged_s"] = out["seconds"] + settle(d, out["counts"])
        out["loop_cpu_s"], out["store_cpu_s"] = cpu(d.process.pid)
        status = d.status()
        assert status["intake"]["counts"] == out["counts"]
        out["memory_mib"] = memory(d.process.pid)
        out["verdicts"] = status["judge"]["verdicts"]
        out["disk_bytes"] = (status["store"]["file_bytes"] +
                             status["store"]["wal_bytes"])
        return out


def settle(daemon, counts=0):
    """Seconds until that many counts are in place and all is judged."""
    begin = time.monotonic()
    while True:
        status = daemon.status()
        if (status["intake"]["counts"] >= counts and
                status["judge"]["dirty"] == 0):
            return time.monotonic() - begin
        time.sleep(0.005)


def rate(result):
    return result["counts"] / result["seconds"]


def raw(plan):
    with tempfile.TemporaryDirectory() as folder:
        return rate(load("raw", to=f"{folder}/raw.db", **plan))


def limits(plan):
    out = {"sqlite": raw(plan), "zmq": rate(load("frames", **plan)),
           "http": rate(load("http", **plan))}
    print(f"limit: bare upserts, 10,000 a transaction {out['sqlite']:>12,.0f}"
          " counts/s")
    print(f"limit: bare ZeroMQ with CURVE, frame 100  {out['zmq']:>12,.0f}"
          " counts/s")
    print(f"limit: bare evhttp, 8 connections, 100    {out['http']:>12,.0f}"
          " counts/s")
    return out


HEAD = ("window frame   counts/s  of raw   (range)   ack p50   ack p99  memory"
        "  disk B  loop us  store us")


def say(r):
    """A line of the table, the rounds' medians."""
    low, high = r["ratio_range"]
    print(f"{r['window']:>6} {r['frame']:>5} {r['rate']:>10,.0f}  "
          f"{r['ratio']:>6.0%} {low:>4.0%}-{high:<4.0%} "
          f"{r['ack_p50_ms']:>6.1f} ms {r['ack_p99_ms']:>6.1f} ms "
          f"{r['memory_mib']:>3.0f} MiB  {r['disk_per_count']:>6.0f}  "
          f"{r['loop_us']:>7.2f}  {r['store_us']:>8.2f}", flush=True)


def one_round(plan, runs):
    """Every cell of the table once."""
    out = []
    before = raw(plan)
    for window, frame in runs:
        r = end_to_end(window, frame, plan, True)
        after = raw(plan)
        n = r["counts"]
        r.update(raw=(before + after) / 2, rate=n / r["until_judged_s"],
                 disk_per_count=r["disk_bytes"] / n,
                 loop_us=r["loop_cpu_s"] / n * 1e6,
                 store_us=r["store_cpu_s"] / n * 1e6)
        r["ratio"] = r["rate"] / r["raw"]
        before = after
        out.append(r)
    return out


def ends(plan, runs, rounds):
    print(f"{plan['senders']} senders, CURVE, FULL, judged; medians of "
          f"{rounds} rounds; memory at the end, disk with the log, CPU a count",
          HEAD, sep="\n", flush=True)
    each = list(zip(*(one_round(plan, runs) for _ in range(rounds))))
    out = []
    for (window, frame), cell in zip(runs, each):
        r = {key: statistics.median(one[key] for one in cell)
             for key in cell[0]}
        ratios = [one["ratio"] for one in cell]
        r.update(window=window, frame=frame,
                 ratio_range=(min(ratios), max(ratios)))
        say(r)
        out.append(r)
    raws = [one["raw"] for cell in each for one in cell]
    print(f"bare upserts, 10,000 a transaction: {statistics.median(raws):,.0f}"
          f" counts/s ({min(raws):,.0f} to {max(raws):,.0f})")
    for size in sorted({r["frame"] for r in out}, reverse=True):
        worst = min(r["ratio"] for r in out if r["frame"] == size)
        print(f"least ratio to bare upserts, frame {size:>4}: {worst:.0%}")
    return out


def rebuild(plan):
    with tempfile.TemporaryDirectory() as folder:
        d = Daemon(folder).start()
        d.world(areas(SENDERS), sites(SENDERS, plan["sites"]))
        d.advance(date(FIRST + plan["days"]))
        d.stop()
        load("fill", to=d.state / "tocsin.db", last=FIRST + plan["days"],
             **plan)
        d.start()
        line = [t for t in d.text().splitlines() if "windows rebuilt" in t][-1]
        words = dict(w.split("=") for w in line.split() if "=" in w)
        out = {"series": int(words["series"]), "counts": int(words["counts"]),
               "ms": int(words["ms"]), "memory_mib": memory(d.process.pid)}
        before, begin = d.status()["judge"], time.monotonic()
        settle(d)
        judged = d.status()["judge"]["verdicts"] - before["verdicts"]
        out["judged"] = judged / (time.monotonic() - begin)
        out["memory_judged_mib"] = memory(d.process.pid)
        d.stop()
    print(f"rebuild of windows: {out['series']:,} series, "
          f"{out['counts']:,} counts in {out['ms'] / 1000:.2f} s, "
          f"{out['memory_mib']:.0f} MiB resident, "
          f"{out['memory_judged_mib']:.0f} MiB when judged")
    print(f"judged after it     {out['judged']:>14,.0f} series-days/s")
    return out


def soak(seconds, rounds):
    """The same cells revised again and again, at a steady pace; requests are
    bounded by the rounds.  What the caches take at first is no growth."""
    plan = {"senders": SENDERS, "sites": 60, "indicators": INDICATORS,
            "days": 60}
    seen = []
    with centre(plan, True, 16) as (d, way):
        sender = subprocess.Popen(
            [BIN / "bench-ingest", "send", "frame=100", f"rounds={rounds}",
             f"seconds={seconds}"] + [f"{k}={v}" for k, v in way.items()],
            stdout=subprocess.PIPE, text=True)
        begin = time.monotonic()
        while sender.poll() is None:
            seen.append((time.monotonic() - begin, memory(d.process.pid),
                         descriptors(d.process.pid)))
            time.sleep(1)
        out = json.loads(sender.stdout.read())
        assert sender.returncode == 0, "a sender failed"
        settle(d, out["counts"])
        out["wal_bytes"] = d.status()["store"]["wal_bytes"]
    print(f"soak: {out['counts']:,} counts in {out['counts'] // 100:,} frames, "
          f"{rounds} rounds, {out['seconds']:.0f} s; ack p50 "
          f"{out['ack_p50_ms']:.1f} ms p99 {out['ack_p99_ms']:.1f} ms; log "
          f"{out['wal_bytes'] / 1048576:.0f} MiB")
    for name, part in (("start", 0), ("a quarter", 0.25), ("the middle", 0.5),
                       ("three quarters", 0.75), ("the end", 1)):
        at, rss, files = seen[min(int(part * len(seen)), len(seen) - 1)]
        print(f"at {name:<15} {at:>4.0f} s  {rss:>6.1f} MiB resident  "
              f"{files} descriptors")
    half = [rss for _, rss, _ in seen[len(seen) // 2:]]
    print(f"second half: {min(half):.1f} to {max(half):.1f} MiB, "
          f"{min(f for *_, f in seen[1:])} to {max(f for *_, f in seen)} "
          "descriptors")
    out["seen"] = seen
    return out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("what", nargs="?", choices=["table", "soak"],
                    default="table")
    ap.add_argument("--quick", action="store_true", help="a tenth of it")
    ap.add_argument("--json", action="store_true")
    ap.add_argument("--only", help="limits, rebuild, or a window")
    ap.add_argument("--seconds", type=int, default=300)
    ap.add_argument("--rounds", type=int)
    args = ap.parse_args()
    plan = {"senders": SENDERS, "sites": 125, "indicators": INDICATORS,
            "days": 12 if args.quick else 120}
    result = {"plan": plan}
    if args.what == "soak":
        result["soak"] = soak(args.seconds, args.rounds or 20)
    if args.what == "table" and args.only in (None, "limits"):
        result["limits"] = limits(plan)
    if args.what == "table" and args.only not in ("limits", "rebuild"):
        runs = [(w, f) for f in (1000, 100) for w in (1, 8, 64)]
        if args.only:
            runs = [r for r in runs if r[0] == int(args.only)]
        result["end_to_end"] = ends(plan, runs, args.rounds or 3)
    if args.what == "table" and args.only in (None, "rebuild"):
        result["rebuild"] = rebuild({**plan, "days": 60,
                                     "sites": 156 if args.quick else 1563})
    if args.json:
        print(json.dumps(result))


main()
