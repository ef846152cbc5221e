#!/usr/bin/python3
"""`vedette run`: four processes on one machine, live, drained, stopped, and refused where they must be."""

import json
import os
import signal
import subprocess
import time

from harness import BIN, Case, Running, bus_block, incident, main, rule, vedette, where

RULE = rule("campaign", ["air.drone.*"], 1000, "14d")
TWO = [incident("t", "pl", "air.drone.incursion", "2025-09-09T21:30Z", 51.6, 23.2, countries=where("PL")),
       incident("t", "ro", "air.drone.incursion", "2025-09-13T15:23Z", 45.29, 29.12, countries=where("RO"))]


class Run(Case):
    def live(self, follow=True, **blocks):
        desk = self.desk([RULE])
        (desk.folder / "in").mkdir()
        desk.write_config([RULE], bus=bus_block(), state="./state",
                          sources=[{"name": "desk", "type": "jsonl", "path": "./in/*.jsonl", "follow": follow}],
                          sink={"store": "./store.gpkg", **blocks})
        return desk

    def test_drain_reads_stores_and_exits(self):
        desk = self.live(follow=False)
        desk.file("in/a.jsonl", TWO)
        vedette("run", "--config", desk.config, "--drain")
        self.assertEqual(self.one(desk.episodes())["countries"], ["PL", "RO"])

    def test_a_second_drain_on_the_same_store_changes_nothing(self):
        desk = self.live(follow=False)
        desk.file("in/a.jsonl", TWO)
        vedette("run", "--config", desk.config, "--drain")
        before = desk.contents()
        vedette("run", "--config", desk.config, "--drain")
        self.assertEqual(desk.contents(), before)

    def test_a_store_that_was_removed_is_told_everything_anew(self):
        desk = self.live(follow=False)
        desk.file("in/a.jsonl", TWO)
        for _ in range(2):  # the second time there is a checkpoint to begin from
            vedette("run", "--config", desk.config, "--drain")
        before = desk.contents()
        for path in desk.folder.glob("store.gpkg*"):
            path.unlink()
        vedette("run", "--config", desk.config, "--drain")
        self.assertEqual(desk.contents(), before)

    def test_what_is_appended_and_added_is_followed_and_SIGTERM_stops_cleanly(self):
        desk = self.live()
        recent = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 86400))
        now = [{**one, "occurred": {"start": recent}} for one in TWO]
        path = desk.file("in/a.jsonl", now[:1])
        running = Running("run", "--config", desk.config)
        self.addCleanup(running.stop, check=None)
        running.wait_for(lambda: desk.store.exists() and len(desk.incidents()) == 1)
        self.assertEqual(desk.episodes(), [])
        desk.file("in/b.jsonl", now[1:])
        running.wait_for(lambda: len(desk.episodes()) == 1)
        with path.open("a") as stream:
            stream.write(json.dumps({"source": "t", "source_id": "ro", "revision": 1, "status": "retracted"}) + "\n")
        running.wait_for(lambda: desk.episodes() == [])
        running.stop(signal.SIGTERM, check=0)

    def test_a_port_in_use_is_said_and_ends_it(self):
        desk = self.live()
        first = Running("run", "--config", desk.config)
        self.addCleanup(first.stop, check=None)
        first.wait_for(lambda: desk.store.exists())
        other = self.desk([RULE])
        other.write_config([RULE], bus=json.loads(desk.config.read_text())["bus"], state="./state", sources=[],
                           sink={"store": "./store.gpkg"})
        refused = vedette("run", "--config", other.config, check=None)
        self.assertIn(refused.returncode, (1, 2))
        self.assertIn("in use", refused.stderr)

    def test_two_programs_on_one_store_are_refused(self):
        desk = self.live()
        first = Running("run", "--config", desk.config)
        self.addCleanup(first.stop, check=None)
        first.wait_for(lambda: desk.store.exists())
        config = json.loads(desk.config.read_text())
        other = self.desk([RULE])
        other.write_config([RULE], bus=bus_block(), state="./state", sources=[], sink={"store": str(desk.store)})
        refused = vedette("run", "--config", other.config, check=None)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("written by another program", refused.stderr)
        replayed = vedette("replay", "--config", desk.config, "--store", desk.store, desk.file("x.jsonl", TWO), check=1)
        self.assertIn("written by another program", replayed.stderr)
        self.assertTrue(config)

    def test_a_program_that_dies_is_named_and_the_rest_stops(self):
        desk = self.live()
        running = Running("run", "--config", desk.config)
        self.addCleanup(running.stop, check=None)
        running.wait_for(lambda: desk.store.exists())
        children = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid", str(running.process.pid)], capture_output=True,
                                  text=True, check=True).stdout.split()
        pids = dict(zip(children[1::2], children[0::2]))
        victim = [pid for name, pid in pids.items() if name.startswith("vedette-corr")]
        os.kill(int(victim[0]), signal.SIGKILL)
        running.process.wait(60)
        self.assertIn("vedette-correlator", running.text())
        self.assertEqual(running.process.returncode, 1)
        for pid in pids.values():
            self.assertRaises(ProcessLookupError, os.kill, int(pid), 0)

    def test_the_four_programs_say_what_they_are(self):
        for program in ("vedette", "vedette-agent", "vedette-correlator", "vedette-sink"):
            self.assertIn("0.1.0", vedette("--version", program=program).stdout)
            self.assertIn("--", vedette("--help", program=program).stdout)
            vedette("--no-such-option", program=program, check=2)
        self.assertTrue((BIN / "vedette").exists())


if __name__ == "__main__":
    main()
