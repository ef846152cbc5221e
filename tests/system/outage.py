#!/usr/bin/python3
"""A program is away while the others go on as fast as they can: memory stays bounded, and when it is back nothing is
missing. 20,000 reports; 3,600,000 where VEDETTE_SOAK=1. What was measured is printed."""

import hashlib
import json
import os
import subprocess
import tempfile
import time

from fleet import Fleet, Installation, content, difference, settle
from harness import BIN, SANITIZED, SOAK, VOLATILE, Case, main, rule
from season import torrent

REPORTS = int(os.environ.get("VEDETTE_OUTAGE", 3_600_000 if SOAK else 20_000))
RULES = [rule("swarm", ["air.drone.*"], 60, "6h", caps={"duration": "3d"}),
         rule("sea", ["sea.*", "cyber.attack"], 80, "12h", caps={"duration": "3d"})]
# Of what waits, nothing grows with its number; a sanitizer's own memory is not counted.
MEMORY_MB = {"agent": 200, "correlator": 500, "sink": 200}


def digest(store):
    """Of the content, line by line: it may be large."""
    found = hashlib.sha256()
    for command in (["episodes", "--all"], ["incidents"]):
        with subprocess.Popen([str(BIN / "vedette"), *command, "--store", str(store), "--json"], stdout=subprocess.PIPE) as reader:
            for line in reader.stdout:
                found.update(json.dumps({key: value for key, value in json.loads(line).items() if key not in VOLATILE},
                                        sort_keys=True).encode())
    return found.hexdigest()


class Outage(Case):
    def set_up(self):
        folder = tempfile.TemporaryDirectory(prefix="vedette-outage-")
        self.addCleanup(folder.cleanup)
        place = Installation(folder.name, RULES)
        torrent(place.folder / "torrent.jsonl", REPORTS, 1, int(time.time()) - 3600)
        place.replay([place.folder / "torrent.jsonl"])
        sources = [{"name": "desk", "type": "jsonl", "path": str(place.folder / "torrent.jsonl"), "follow": True}]
        fleet = Fleet([place.agent("agent", sources), place.correlator(sources), place.sink()])
        self.addCleanup(fleet.close)
        return place, fleet

    def wait_until_nothing_moves(self, place, *members):
        """Neither memory nor disk has grown for three seconds."""
        def measures():
            return [member.memory_mb() for member in members] + [
                sum(path.stat().st_size for path in place.folder.rglob("*.wal"))]
        before, since = measures(), time.monotonic()
        while time.monotonic() - since < 3:
            time.sleep(0.2)
            now = measures()
            if any(abs(one - other) > 1 for one, other in zip(now, before)):
                before, since = now, time.monotonic()

    def difference_to(self, place, expected):
        """While the store is written it is not read: what is asked then is only whether it has changed."""
        before = []

        def look():
            now = [path.stat().st_size for path in sorted(place.folder.glob("*.gpkg*"))], place.store.exists() and place.store.stat().st_mtime
            if now != (before and before[-1]):
                before[:] = [now]
                return now
            return digest(place.store) != expected
        return look

    def catches_up(self, place, fleet, late, others):
        started = time.monotonic()
        for member in others:
            member.start()
        self.wait_until_nothing_moves(place, *others)
        waited = time.monotonic() - started
        most = {member.name: member.memory_mb("VmHWM") for member in others}
        disk = sum(path.stat().st_size for path in place.folder.rglob("*.wal")) >> 20
        started = time.monotonic()
        late.start()
        expected = digest(place.folder / "undisturbed.gpkg")
        wrong = settle(self.difference_to(place, expected), fleet, patience_s=60)
        caught_up = time.monotonic() - started
        meanwhile = {member.name: member.memory_mb("VmHWM") for member in [late, *others]}
        print(f"{REPORTS} reports, {late.name} away for {waited:.0f} s: at most {most} MB of memory, {disk} MB of log; "
              f"caught up in {caught_up:.0f} s, at most {meanwhile} MB", flush=True)
        if wrong and REPORTS <= 100_000:
            self.fail("\n".join(difference(content(place.store), content(place.folder / "undisturbed.gpkg"))))
        self.assertFalse(wrong)
        if not SANITIZED:
            for name, used in [*most.items(), *meanwhile.items()]:
                self.assertLess(used, MEMORY_MB[name], f"{name} while {late.name} was away, or caught up")
        fleet.end()
        fleet.expect_no_complaint()

    def test_the_correlator_is_away(self):
        place, fleet = self.set_up()
        self.catches_up(place, fleet, fleet["correlator"], [fleet["agent"], fleet["sink"]])

    def test_the_sink_is_away(self):
        place, fleet = self.set_up()
        self.catches_up(place, fleet, fleet["sink"], [fleet["agent"], fleet["correlator"]])


if __name__ == "__main__":
    main()
