#!/usr/bin/python3
"""A disk that is full, a folder that cannot be written to, a clock that jumps: it stops and says why, or goes on; and what is
stored in the end is what it would be without.

Small disks are mounted in a mount namespace of this test's own: it needs root, and is skipped (and says so) without."""

import os
import pathlib
import random
import subprocess
import tempfile
import time

from fleet import Fleet, Installation, content, difference, settle
from harness import SANITIZED, Case, main
from namespaces import own
from season import RULES, Desk, Season, Writer, stamp

FAKETIME = pathlib.Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
DAY_S = 86400
FULL = ("no space", "No space", "is full")


class Disk:
    """A small disk at that folder."""

    def __init__(self, folder, megabytes):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], check=True)

    def fill(self):
        with (self.folder / "filler").open("ab", buffering=0) as stream:
            try:
                while True:
                    stream.write(b"x" * 4096)
            except OSError:
                pass

    def make_room(self):
        (self.folder / "filler").unlink()

    def grow(self, megabytes):
        subprocess.run(["mount", "-o", f"remount,size={megabytes}m", self.folder], check=True)

    def read_only(self):
        subprocess.run(["mount", "-o", "remount,ro", self.folder], check=True)

    def close(self):
        subprocess.run(["umount", "-l", self.folder], check=False)


class Faults(Case):
    def set_up(self, count=2000, **agent):
        """A season of one desk, and the three programs; what it comes to is in self.expected."""
        folder = tempfile.TemporaryDirectory(prefix="vedette-faults-")
        self.addCleanup(folder.cleanup)
        self.place = Installation(folder.name, RULES)
        self.season = Season(5, count, ["desk"], int(time.time()) - 3600)
        before = self.place.folder / "undisturbed"
        before.mkdir()
        quiet = {"desk": Desk(before, "desk", "jsonl")}
        Writer(self.season, quiet, 0, 1).write_all()
        quiet["desk"].stream.close()
        self.expected = self.place.replayed([quiet["desk"].path()])
        self.desk = Desk(self.place.folder, "desk", "jsonl")
        self.addCleanup(lambda: self.desk.stream.close())
        sources = [{"name": "desk", "type": "jsonl", "path": self.desk.glob(), "follow": True, "lateness": "400d"}]
        self.fleet = Fleet([self.place.agent("agent", sources, **agent), self.place.correlator(sources), self.place.sink()])
        self.addCleanup(self.fleet.close)

    def disk(self, name, megabytes):
        disk = Disk(self.place.folder / name, megabytes)
        self.addCleanup(disk.close)
        return disk

    def write(self, first, last):
        """That part of the season, in tenths."""
        reports = self.season.reports
        lines = [self.desk.line(report) for _, _, report in reports[len(reports) * first // 10:len(reports) * last // 10]]
        if last == 10:
            lines.append(self.desk.line(self.season.sentinel("desk")))
        self.desk.write(b"".join(lines), random.Random(1))

    def wait_for(self, what, timeout=60):
        deadline = time.monotonic() + timeout
        while not what():
            self.assertLess(time.monotonic(), deadline, "\n".join(member.tail() for member in self.fleet))
            self.fleet.tick()
            time.sleep(0.05)

    def says(self, name, words):
        return any(word in self.fleet[name].text() for word in words)

    def stored(self):
        return len(content(self.place.store)["incidents"]) if self.place.store.exists() else 0

    def ends_as_expected(self, complaints=True):
        wrong = settle(lambda: not self.place.store.exists() or difference(content(self.place.store), self.expected), self.fleet)
        self.assertFalse(wrong, "\n".join(map(str, wrong)))
        self.fleet.end()
        if complaints:
            self.fleet.expect_no_complaint()

    def test_the_sinks_disk_is_full(self):
        self.set_up()
        disk = self.disk("disk", 8)
        self.place.store = disk.folder / "store.gpkg"
        self.fleet.members["sink"] = self.place.sink()
        self.fleet.start()
        self.write(0, 3)
        self.wait_for(self.stored)
        disk.fill()
        self.write(3, 10)
        self.wait_for(lambda: self.says("sink", FULL))
        disk.make_room()
        self.ends_as_expected()

    def spooled(self, policy):
        """An agent whose spool is small and full, and the correlator comes only then. Its own words in the end."""
        self.set_up(count=12000, agent={"name": "agent", "spool": {"size": "1MiB", "full": policy}})
        self.write(0, 10)
        self.fleet["agent"].start()
        self.wait_for(lambda: self.says("agent", ["id=spool.full", "id=spool.dropped"]))
        self.fleet["correlator"].start()
        self.fleet["sink"].start()

    def agents_table(self):
        status = self.fleet["agent"].status()
        return {**status["tables"]["link"], **status["tables"]["agent"]} if status else None

    def test_the_spool_is_full_and_blocks(self):
        self.spooled("block")
        self.ends_as_expected()

    def loses_and_says_so(self, policy):
        self.spooled(policy)
        last = self.season.reports[-1][2]["source_id"] if policy == "drop_oldest" else self.season.reports[0][2]["source_id"]
        settle(lambda: self.agents_table()["waiting"] != 0, self.fleet)
        self.wait_for(lambda: any(one["id"].endswith(":" + last) for one in content(self.place.store)["incidents"]))
        self.assertEqual(self.fleet.wrong_in_ledgers(), [])
        self.assertGreater(self.agents_table()["dropped"], 0)
        expected = {one["id"] for one in self.expected["incidents"]}
        there = {one["id"] for one in content(self.place.store)["incidents"]}
        self.assertLess(there, expected)
        self.fleet.end()
        self.fleet.expect_no_complaint()

    def test_the_spool_is_full_and_drops_the_oldest(self):
        self.loses_and_says_so("drop_oldest")

    def test_the_spool_is_full_and_rejects(self):
        self.loses_and_says_so("reject")

    def test_the_agents_disk_is_full(self):
        self.set_up(count=12000, agent={"name": "agent", "spool": {"size": "8MiB"}})
        disk = self.disk("state-agent", 16)
        self.fleet["agent"].start()
        self.write(0, 1)
        self.wait_for(lambda: self.agents_table() and self.agents_table()["waiting"] > 0)
        disk.fill()
        self.write(1, 10)
        self.wait_for(lambda: self.says("agent", ["id=spool.full"]))
        disk.make_room()
        self.fleet["correlator"].start()
        self.fleet["sink"].start()
        self.ends_as_expected()

    def test_the_correlators_disk_has_no_room_for_a_journal_and_then_has(self):
        self.set_up()
        disk = self.disk("state-correlator", 16)
        for member in self.fleet:
            member.start()
        self.write(0, 10)
        self.assertEqual(self.fleet["correlator"].process.wait(60), 1)
        self.assertTrue(self.says("correlator", FULL), self.fleet["correlator"].tail())
        disk.grow(200)
        self.fleet["correlator"].kill(0)
        self.ends_as_expected()

    def test_the_correlators_disk_is_full_and_it_is_killed(self):
        self.set_up(count=6000)
        disk = self.disk("state-correlator", 160)
        self.fleet.start()
        self.write(0, 1)
        self.wait_for(self.stored)
        disk.fill()  # behind the segment that is being written: no checkpoint is taken
        self.write(1, 5)
        self.fleet["correlator"].kill(0)
        self.wait_for(lambda: self.fleet["correlator"].lives == 2)
        self.write(5, 10)
        self.ends_as_expected()

    def test_a_state_folder_that_cannot_be_written_to_is_refused_in_a_sentence(self):
        self.set_up(count=100)
        for member in self.fleet:
            disk = self.disk(f"state-{member.name}", 1)
            disk.read_only()
            member.start()
        for name in ("agent", "correlator"):
            self.assertEqual(self.fleet[name].process.wait(60), 1, self.fleet[name].tail())
            self.assertIn("ead-only", self.fleet[name].text())

    def test_the_clock_jumps_a_day_either_way(self):
        if not FAKETIME.exists() or SANITIZED:
            self.skipTest("needs the package faketime, which does not go together with a sanitizer")
        self.set_up()
        clock = self.place.folder / "clock"
        clock.write_text("+0d\n")
        for member in self.fleet:
            member.environment = {**os.environ, "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock),
                                  "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.fleet.start()
        for step, jump in enumerate(["+0d", "+1d", "+0d", "-1d", "+1d"]):
            clock.write_text(jump + "\n")
            before = self.stored()
            self.write(2 * step, 2 * step + 2)
            self.wait_for(lambda then=before: self.stored() > then)
            time.sleep(1.5)  # beyond the next heartbeat, so that a promise is made at this hour
            for member in self.fleet:
                member.hang_up()
                today = stamp(time.time() + int(jump[:-1]) * DAY_S)[:10]
                self.wait_for(lambda: today in member.text())  # the clock that it reads did jump
        self.ends_as_expected()


if __name__ == "__main__":
    own("m", "system_faults mounts small disks")
    main()
