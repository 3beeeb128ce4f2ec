"""The intake's bench: limits beside tocsind end to end, in one run.

    scripts/bench ingest [--quick] [--json]

Each row takes the same stream of keys: 8 senders, days in order.  "judged"
means: all windows are set and judged again when the clock stops.
"""
import argparse
import json
import os
import pathlib
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


def load(*args):
    done = subprocess.run([BIN / "bench-ingest", *map(str, args)],
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout) if done.stdout else None


def memory(pid):
    """Resident MiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0


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


def end_to_end(window, frame, plan, curve):
    per, days = plan
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with Daemon(folder, curve=curve, intake_window=window,
                    intake_backlog=1000000) as d:
            d.world(areas(SENDERS), sites(SENDERS, per))
            d.advance(date(FIRST + days))
            more = []
            if curve:
                more = [d.address("zmq-key"), keys_for(d, folder)]
            out = load("send", d.address(), SENDERS, per, INDICATORS, days,
                       frame, FIRST, *more)
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
        time.sleep(0.002)


def raw(plan):
    per, days = plan
    with tempfile.TemporaryDirectory() as folder:
        return load("raw", f"{folder}/raw.db", SENDERS, per, INDICATORS, days)


def rebuild(per, days):
    with tempfile.TemporaryDirectory() as folder:
        d = Daemon(folder).start()
        d.world(areas(SENDERS), sites(SENDERS, per))
        d.advance(date(FIRST + days))
        d.stop()
        load("fill", d.state / "tocsin.db", SENDERS, per, INDICATORS, days,
             FIRST + days)
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
        return out


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--quick", action="store_true", help="a tenth of it")
    ap.add_argument("--json", action="store_true")
    ap.add_argument("--only", help="raw, rebuild, or a window")
    args = ap.parse_args()
    plan = (125, 6) if args.quick else (125, 60)
    result = {"plan": {"senders": SENDERS, "series": SENDERS * plan[0] *
                       INDICATORS, "days": plan[1]}}
    limit = raw(plan)
    result["raw_upsert"] = limit["counts"] / limit["seconds"]
    print(f"raw SQLite upsert       {result['raw_upsert']:>10,.0f} counts/s")
    result["end_to_end"] = []
    if args.only != "rebuild":
        runs = [(w, f, c) for c in (False, True) for w in (1, 8, 64)
                for f in (1000,)] + [(16, 100, False)]
        if args.only:
            runs = [(int(args.only), f, c) for f in (100, 1000) for c in (False, True)]
        for window, frame, curve in runs:
            r = end_to_end(window, frame, plan, curve)
            rate = r["counts"] / r["until_judged_s"]
            result["end_to_end"].append({"window": window, "frame": frame,
                                         "curve": curve, "rate": rate, **r})
            print(f"end to end, window {window:>2}, frame {frame:>4}, "
                  f"{'CURVE' if curve else 'plain'} {rate:>10,.0f} counts/s "
                  f"({rate / result['raw_upsert']:.0%} of raw)  ack p50 "
                  f"{r['ack_p50_ms']:.1f} ms p99 {r['ack_p99_ms']:.1f} ms  "
                  f"{r['memory_mib']:.0f} MiB  "
                  f"{r['disk_bytes'] / r['counts']:.1f} B/count  CPU/count "
                  f"loop {r['loop_cpu_s'] / r['counts'] * 1e6:.1f} us, store "
                  f"{r['store_cpu_s'] / r['counts'] * 1e6:.1f} us")
    if args.only in (None, "rebuild"):
        per = 156 if args.quick else 1563
        result["rebuild"] = rebuild(per, 60)
        r = result["rebuild"]
        print(f"rebuild of windows: {r['series']:,} series, "
              f"{r['counts']:,} counts in {r['ms'] / 1000:.2f} s, "
              f"{r['memory_mib']:.0f} MiB resident, "
              f"{r['memory_judged_mib']:.0f} MiB when judged")
        print(f"judged after it     {r['judged']:>14,.0f} series-days/s")
    if args.json:
        print(json.dumps(result))


main()
