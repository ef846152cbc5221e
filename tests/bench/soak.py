#!/usr/bin/python3
"""Reports at a steady rate for a long time: what memory each program takes, minute by minute, and what still waits.

    tests/bench/soak.py [--minutes 30] [--rate 5000] [--folder F]

Incidents happen now, everywhere in Europe; windows are short, so that what is live is bounded early. The file that is
followed is rotated, and what is read is deleted. One JSON object a minute on stdout, and a verdict: memory of each
program in the last third of the time against the middle third. Memory is what only the process has (RssAnon); pages of
files that are mapped (the journal's indices, which grow with the journal) are the system's to take back, and shown
beside. Exit status 1 where it grew by more than 10 % and 4 MB, or where reports are missing in the end. It needs some
2 KB of disk a report."""

import argparse
import json
import pathlib
import random
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "system"))
from fleet import Fleet, Installation  # noqa: E402
from harness import rule  # noqa: E402

RULES = [rule("swarm", ["air.drone.*"], 4, "10s", caps={"duration": "60s"})]
ROTATED_AFTER = 100_000  # lines
GROWN_MB = 4  # less is the filling of buffers that have a limit
KEPT = 4  # rotated files; the agent is long done with what is older


class Source(threading.Thread):
    def __init__(self, path, rate, seconds):
        super().__init__(daemon=True)
        self.path, self.rate, self.seconds = path, rate, seconds
        self.written = 0
        self.behind_s = 0.0  # of the writer itself: the machine is too busy for the rate

    def lines(self, count, dice):
        now = time.time()
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}Z"
        for number in range(self.written, self.written + count):
            yield (f'{{"source":"desk","source_id":"s{number}","category":"air.drone.sighting","occurred":{{"start":"{when}"}},'
                   f'"reported_at":"{when}","place":{{"lat":{dice.uniform(36, 70):.3f},"lon":{dice.uniform(-9, 40):.3f},"radius_km":1}},'
                   f'"countries":[{{"code":"{dice.choice(("PL", "LT", "DE", "SE"))}","role":"where"}}],"headline":"number {number}"}}\n')

    def run(self):
        dice, start, in_file, files = random.Random(1), time.monotonic(), 0, 0
        stream = self.path.open("a", encoding="utf-8")
        while (now := time.monotonic() - start) < self.seconds:
            due = int(now * self.rate) - self.written
            self.behind_s = max(0, due / self.rate - 0.2)
            stream.writelines(self.lines(due, dice))
            stream.flush()
            self.written += due
            in_file += due
            if in_file >= ROTATED_AFTER:
                files, in_file = files + 1, 0
                self.path.rename(self.path.with_name(f"desk-{files}.jsonl"))
                stream.close()
                stream = self.path.open("a", encoding="utf-8")
                self.path.with_name(f"desk-{files - KEPT}.jsonl").unlink(missing_ok=True)
            time.sleep(0.02)
        stream.close()


def ledger(member, table, *names):
    status = member.status() or {"tables": {table: {}}}
    return {name: status["tables"][table].get(name) for name in names}


def megabytes(folder, pattern):
    total = 0
    for path in folder.glob(pattern):
        try:
            total += path.stat().st_size
        except OSError:
            pass  # went meanwhile
    return total >> 20


def look(place, fleet, source, minute):
    line = {"minute": minute, "written": source.written, "writer_behind_s": round(source.behind_s, 1),
            **{f"{member.name}_mb": member.memory_mb("RssAnon") for member in fleet},
            **{f"{member.name}_mapped_mb": member.memory_mb("RssFile") for member in fleet},
            **ledger(fleet["agent"], "agent", "submitted", "waiting"), **ledger(fleet["correlator"], "correlator", "applied", "incidents"),
            "stored": (ledger(fleet["sink"], "sink", "applied"))["applied"], "spool_mb": megabytes(place.folder, "state-agent/**/*.wal"),
            "journal_mb": megabytes(place.folder, "state-correlator/**/*.wal"), "store_mb": megabytes(place.folder, "store.gpkg*")}
    print(json.dumps(line), flush=True)
    return line


def verdict(lines, fleet):
    third = max(1, len(lines) // 3)
    grown = {}
    for member in fleet:
        middle, last = (sum(line[f"{member.name}_mb"] for line in part) / len(part) for part in (lines[-2 * third:-third] or lines, lines[-third:]))
        grown[member.name] = round(last / max(middle, 1) - 1, 3) if last - middle > GROWN_MB else 0
    return grown


def main():
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--minutes", type=int, default=30)
    reader.add_argument("--rate", type=int, default=5000)
    reader.add_argument("--folder", default=None)
    arguments = reader.parse_args()
    with tempfile.TemporaryDirectory(prefix="vedette-soak-", dir=arguments.folder) as folder:
        place = Installation(folder, RULES)
        (place.folder / "in").mkdir()
        source = Source(place.folder / "in/desk.jsonl", arguments.rate, arguments.minutes * 60)
        sources = [{"name": "desk", "type": "jsonl", "path": str(place.folder / "in/desk.jsonl"), "follow": True, "lateness": "5s"}]
        fleet = Fleet([place.agent("agent", sources), place.correlator(sources), place.sink()])
        try:
            fleet.start()
            source.start()
            lines, start = [], time.monotonic()
            while source.is_alive():
                fleet.tick(restart=False)
                fleet.expect_no_complaint()
                time.sleep(0.2)
                if time.monotonic() - start > 60 * (len(lines) + 1):
                    lines.append(look(place, fleet, source, len(lines) + 1))
            end = time.monotonic() + 120
            while time.monotonic() < end and (ledger(fleet["correlator"], "correlator", "applied")["applied"] or 0) < source.written:
                time.sleep(1)
            last = look(place, fleet, source, "after")
            grown = verdict(lines, fleet)
            fleet.end()
            fleet.expect_no_complaint()
        finally:
            fleet.close()
    fine = all(growth <= 0.1 for growth in grown.values()) and last["applied"] == source.written
    print(json.dumps({"grown": grown, "written": source.written, "applied": last["applied"], "flat_and_whole": fine}))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
