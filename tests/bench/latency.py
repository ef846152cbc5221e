#!/usr/bin/python3
"""From source line to stored episode: agent, correlator and sink run with default settings, a file grows by so many
lines a second, every second line completes an episode, and a reader of the store sees when. Prints one JSON object.

usage: latency.py [--rate LINES_A_SECOND] [--seconds N] [--bin FOLDER]      (1000, 20, build/release/bin)"""

import argparse
import datetime
import json
import os
import pathlib
import sqlite3
import sys
import tempfile
import time

parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("--rate", type=int, default=1000)
parser.add_argument("--seconds", type=int, default=20)
parser.add_argument("--bin", default="build/release/bin")
options = parser.parse_args()
os.environ.setdefault("VEDETTE_BIN", str(pathlib.Path(options.bin).resolve()))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
from fleet import Fleet, Installation  # noqa: E402
from harness import incident, rule, where  # noqa: E402

POLL_S = 0.005


def line(number, now):
    """Two lines tell of one place, in two countries."""
    place, country = number // 2, ("PL", "DE")[number % 2]
    start = datetime.datetime.fromtimestamp(now - 60, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(incident("desk", f"n{number}", "air.drone.sighting", start, -60 + place // 1000 * 0.1,
                               -170 + place % 1000 * 0.3, countries=where(country))) + "\n"


def stored(store):
    try:
        with sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=0.2) as base:
            return base.execute("SELECT count(*) FROM episodes WHERE state = 'flagged'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def measure(folder):
    place = Installation(folder, [rule("pair", ["air.drone.*"], 2, "1h")])
    source = place.folder / "in.jsonl"
    source.touch()
    sources = [{"name": "desk", "type": "jsonl", "path": str(source), "follow": True}]
    fleet = Fleet([place.agent("agent", sources), place.correlator(sources), place.sink()])
    fleet.start()
    while not all(member.is_ready() for member in fleet):
        time.sleep(0.1)
    written, seen, latencies = [], 0, []
    lines = options.rate * options.seconds
    started = time.monotonic()
    with source.open("a", buffering=1) as file:
        while seen < lines // 2 and time.monotonic() - started < options.seconds + 60:
            now = time.monotonic()
            due = min(lines, int((now - started) * options.rate))
            while len(written) < due:
                file.write(line(len(written), time.time()))
                written.append(time.monotonic())
            count = stored(place.store)
            now = time.monotonic()
            latencies += [now - written[2 * episode + 1] for episode in range(seen, min(count, len(written) // 2))]
            seen = max(seen, count)
            time.sleep(POLL_S)
    fleet.end()
    return latencies


def main():
    with tempfile.TemporaryDirectory(prefix="vedette-latency-", dir=".") as folder:
        latencies = sorted(measure(pathlib.Path(folder).resolve()))
    if not latencies:
        sys.exit("nothing was stored")
    at = {name: round(latencies[min(len(latencies) - 1, int(len(latencies) * share))] * 1000, 1)
          for name, share in (("p50_ms", 0.5), ("p90_ms", 0.9), ("p99_ms", 0.99), ("max_ms", 1.0))}
    print(json.dumps({"bench": "latency", "lines_per_s": options.rate, "episodes": len(latencies), **at}))


main()
