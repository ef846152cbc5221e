#!/usr/bin/python3
"""The agent's spool: whatever is killed, every line reaches the correlator once; and what it does when it is full."""

import csv
import gzip
import json
import os
import pathlib
import random
import tempfile
import threading
import time

from fleet import Fleet, Installation, settle
from harness import SANITIZED, Case, incident, main, rule

SEED = int(os.environ.get("VEDETTE_SEED", "0")) or random.randrange(1 << 30)
RULES = [rule("swarm", ["air.drone.*"], 60, "6h", caps={"duration": "3d"})]
LINES = 40_000 if SANITIZED else 150_000
KILLS = 15 if SANITIZED else 25


def report(number, now):
    """Far apart, so that nothing hangs together: the engine is not what is looked at."""
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 3600 + number % 3000))
    return incident("desk", f"r{number}", "em.gnss", start, round(-60 + number % 1200 / 10, 1),
                    round(-179 + number // 1200 % 3580 / 10, 1), countries=[])


def line(number, now):
    return json.dumps(report(number, now)) + "\n"


class Feeder(threading.Thread):
    """Appends to a file as a logger does: in pieces that may end within a line; renames it now and then."""

    def __init__(self, path, first, count, dice, now, rotates):
        super().__init__(daemon=True)
        self.path, self.numbers, self.dice, self.now, self.rotates = path, range(first, first + count), dice, now, rotates
        self.start()

    def run(self):
        stream = self.path.open("ab", buffering=0)
        for count, number in enumerate(self.numbers):
            text = line(number, self.now).encode()
            cut = self.dice.randrange(len(text))
            stream.write(text[:cut])
            stream.write(text[cut:])
            if count % 50 == 49:
                time.sleep(0.01)
            if self.rotates and count % 4000 == 3999:
                stream.close()
                self.path.rename(self.path.with_suffix(f".{count // 4000}"))
                time.sleep(2.5)  # what has no name is read until it has been quiet for two seconds
                stream = self.path.open("ab", buffering=0)
        stream.close()


class AgentSpool(Case):
    def place(self, sources, **blocks):
        folder = tempfile.TemporaryDirectory(prefix="vedette-spool-")
        self.addCleanup(folder.cleanup)
        place = Installation(folder.name, RULES)
        for source in sources:
            source["path"] = str(place.folder / source["path"])
        fleet = Fleet([place.agent("agent", sources, **blocks), place.correlator(sources), place.sink()])
        self.addCleanup(fleet.close)
        return place, fleet

    def heard(self, fleet):
        """What the correlator counted; None while it cannot be asked."""
        status = fleet["correlator"].status()
        return status["tables"]["correlator"] if status else None

    def kill_often(self, agent, dice, until, least, most):
        kills = 0
        while kills < KILLS and not until():
            time.sleep(dice.uniform(least, most))
            agent.kill(0)
            agent.start()
            kills += 1
        return kills

    def expect_once_each(self, fleet, lines):
        def wrong():
            heard = self.heard(fleet)
            if heard is None:
                return ["no answer"]
            found = {name: heard[name] for name in ("received", "applied", "duplicate", "too_late", "rejected") if name in heard}
            return [] if (heard["applied"], heard["duplicate"]) == (lines, 0) else [str(found)]
        self.assertEqual(settle(wrong, fleet, 20), [])
        self.assertEqual(settle(fleet.wrong_in_ledgers, fleet, 20), [])

    def test_files_are_read_once_each_however_often_the_reader_is_killed(self):
        dice, now = random.Random(SEED), int(time.time())
        place, fleet = self.place([{"name": "plain", "type": "jsonl", "path": "plain.jsonl"},
                                   {"name": "packed", "type": "jsonl", "path": "packed.jsonl.gz"},
                                   {"name": "table", "type": "csv", "path": "table.csv", "mapping": "map.yaml"}])
        (place.folder / "map.yaml").write_text(json.dumps({
            "source": "table", "source_id": "{id}", "category": "em.gnss", "occurred": {"start": "{start}"},
            "place": {"lat": "{lat}", "lon": "{lon}"}, "countries": [], "headline": "{text}"}))
        third = LINES // 3
        with (place.folder / "plain.jsonl").open("w") as stream:
            stream.writelines(line(number, now) for number in range(third))
        with gzip.open(place.folder / "packed.jsonl.gz", "wt") as stream:
            stream.writelines(line(number, now) for number in range(third, 2 * third))
        with (place.folder / "table.csv").open("w") as stream:
            writer = csv.writer(stream)
            writer.writerow(["id", "text", "start", "lat", "lon"])
            for number in range(2 * third, 3 * third):
                one = report(number, now)
                writer.writerow([one["source_id"], "two\nlines" if number % 7 == 0 else "one", one["occurred"]["start"],
                                 one["place"]["lat"], one["place"]["lon"]])
        fleet.start()
        kills = self.kill_often(fleet["agent"], dice, lambda: False, 0.03, 0.2)
        self.expect_once_each(fleet, 3 * third)
        print(f"seed {SEED}: {3 * third} lines, {kills} kills")
        fleet["agent"].kill(0)
        fleet["agent"].start()  # all is read: nothing comes again
        time.sleep(2)
        self.expect_once_each(fleet, 3 * third)
        fleet.end()
        fleet.expect_no_complaint()

    def test_a_file_that_grows_and_rotates_is_followed_through_kills(self):
        dice, now = random.Random(SEED + 1), int(time.time())
        place, fleet = self.place([{"name": "grows", "type": "jsonl", "path": "grows.log", "follow": True},
                                   {"name": "turns", "type": "jsonl", "path": "turns.log", "follow": True}])
        for name in ("grows.log", "turns.log"):
            (place.folder / name).touch()
        fleet.start()
        feeders = [Feeder(place.folder / "grows.log", 0, 20_000, random.Random(SEED + 2), now, rotates=False),
                   Feeder(place.folder / "turns.log", 100_000, 10_000, random.Random(SEED + 3), now, rotates=True)]
        kills = self.kill_often(fleet["agent"], dice, lambda: not any(feeder.is_alive() for feeder in feeders), 0.1, 0.7)
        for feeder in feeders:
            feeder.join()
        self.expect_once_each(fleet, 30_000)
        print(f"seed {SEED}: 30000 lines, {kills} kills")
        fleet.end()
        fleet.expect_no_complaint()

    def test_what_waits_while_the_correlator_is_away_outlives_the_agent(self):
        now = int(time.time())
        place, fleet = self.place([{"name": "desk", "type": "jsonl", "path": "in.jsonl", "follow": True}])
        with (place.folder / "in.jsonl").open("w") as stream:
            stream.writelines(line(number, now) for number in range(20_000))
        agent = fleet["agent"]
        agent.start()
        self.assertEqual(settle(lambda: self.waiting(agent) != 20_000, fleet, 20), [])
        agent.kill(0)
        (place.folder / "in.jsonl").unlink()  # the source is gone, what it told is not
        agent.start()
        self.assertEqual(settle(lambda: self.waiting(agent) != 20_000, fleet, 20), [])
        fleet["correlator"].start()
        fleet["sink"].start()
        self.expect_once_each(fleet, 20_000)
        fleet.end()
        fleet.expect_no_complaint()

    def waiting(self, agent):
        status = agent.status()
        return status and status["tables"]["agent"]["waiting"]

    def test_two_agents_of_long_names_are_two_and_a_spool_of_an_earlier_name_is_told(self):
        long = "border-police-of-the-"
        place, fleet = self.place([{"name": "desk", "type": "jsonl", "path": "in.jsonl", "follow": True}], agent={"name": long + "east"})
        (place.folder / "in.jsonl").write_text(line(1, int(time.time())))
        (place.folder / f"state-agent/agent/{long[:20]}-desk/spool").mkdir(parents=True)
        agent = fleet["agent"]
        agent.options = ("--source", "desk")
        fleet.start()
        self.expect_once_each(fleet, 1)
        self.assertIn(f"/agent/{long[:20]}-desk/spool is of an earlier version", agent.text())
        self.assertIn(f"agent {long}east-desk is connected", fleet["correlator"].text())
        fleet.end()
        fleet.expect_no_complaint()

    # --- full ---

    def fill(self, policy):
        """The correlator is away, and the spool takes an eighth of what there is."""
        now = int(time.time())
        place, fleet = self.place([{"name": "desk", "type": "jsonl", "path": "in.jsonl"}],
                                  agent={"name": "agent", "spool": {"size": "1MiB", "full": policy}})
        with (place.folder / "in.jsonl").open("w") as stream:
            stream.writelines(line(number, now) for number in range(60_000))
        fleet["agent"].start()
        return place, fleet

    def disk(self, place):
        return sum(path.stat().st_size for path in (place.folder / "state-agent").rglob("*.wal"))

    def ends_with(self, fleet, lines):
        """The rest of them were dropped, and counted so."""
        fleet["correlator"].start()
        fleet["sink"].start()

        def wrong():
            status, heard = fleet["agent"].status(), self.heard(fleet)
            if status is None or heard is None:
                return ["no answer"]
            agent = status["tables"]["agent"]
            right = agent["waiting"] == 0 and agent["read"] == lines and heard["applied"] + agent["dropped"] == lines
            return [] if right and heard["duplicate"] == 0 else [
                f"{agent['read']} read, {agent['waiting']} wait, {agent['dropped']} dropped; applied {heard['applied']}, "
                f"duplicate {heard['duplicate']}"]
        self.assertEqual(settle(wrong, fleet, 30), [])
        self.assertEqual(settle(fleet.wrong_in_ledgers, fleet, 20), [])
        dropped = fleet["agent"].status()["tables"]["agent"]["dropped"]
        fleet.end()
        fleet.expect_no_complaint()
        return dropped

    def test_a_full_spool_blocks_its_sources_and_loses_nothing(self):
        place, fleet = self.fill("block")
        agent = fleet["agent"]
        self.assertEqual(settle(lambda: "id=spool.full" not in agent.text(), fleet, 20), [])
        self.assertLessEqual(self.disk(place), 1 << 20)
        self.assertEqual(agent.status()["tables"]["source"][0]["state"], "blocked")
        self.assertEqual(self.ends_with(fleet, 60_000), 0)
        self.assertIn("id=spool.room", agent.text())

    def test_a_full_spool_that_drops_the_oldest_counts_them(self):
        place, fleet = self.fill("drop_oldest")
        agent = fleet["agent"]
        self.assertEqual(settle(lambda: (agent.status() or {"tables": {"agent": {"read": 0}}})["tables"]["agent"]["read"]
                                != 60_000, fleet, 20), [])
        self.assertLessEqual(self.disk(place), 1 << 20)
        self.assertGreater(self.ends_with(fleet, 60_000), 30_000)
        self.assertIn("id=spool.dropped", agent.text())

    def test_a_full_spool_that_rejects_counts_them(self):
        place, fleet = self.fill("reject")
        agent = fleet["agent"]
        self.assertEqual(settle(lambda: (agent.status() or {"tables": {"agent": {"read": 0}}})["tables"]["agent"]["read"]
                                != 60_000, fleet, 20), [])
        self.assertGreater(self.ends_with(fleet, 60_000), 30_000)
        self.assertIn("id=spool.dropped", agent.text())

    def test_what_the_correlator_does_not_admit_goes_into_quarantine_and_the_rest_goes_on(self):
        now = int(time.time())
        place, fleet = self.place([{"name": "desk", "type": "jsonl", "path": "in.jsonl", "follow": True}])
        place.bus["limits"] = {"item_bytes": 1024}
        fleet["correlator"].config = place.configure("correlator", sources=[])
        agent = fleet["agent"]

        def write(numbers, large):
            with (place.folder / "in.jsonl").open("a") as stream:
                for number in numbers:
                    stream.write(json.dumps({**report(number, now), "headline": "x" * (1000 if number in large else 10),
                                             "url": "https://" + "y" * (500 if number in large else 10)}) + "\n")
        write(range(100), {0, 17, 50, 51, 99})
        agent.start()
        self.assertEqual(settle(lambda: self.waiting(agent) != 100, fleet, 20), [])
        fleet["correlator"].start()  # what waits in the spool turns out to be too large
        fleet["sink"].start()
        self.assertEqual(settle(lambda: self.waiting(agent) != 0, fleet, 20), [])
        write(range(100, 110), {100, 109})  # what is read now is known to be
        self.assertEqual(settle(lambda: (self.heard(fleet) or {"applied": 0})["applied"] != 103, fleet, 20), [])
        self.assertEqual(settle(fleet.wrong_in_ledgers, fleet, 20), [])
        kept = place.folder / "state-agent/agent/agent/quarantine.jsonl"
        lines = [json.loads(one) for one in kept.read_text().splitlines()]
        self.assertEqual([one["report"]["source_id"] for one in lines], ["r0", "r17", "r50", "r51", "r99", "r100", "r109"])
        self.assertEqual({one["source"] for one in lines}, {"desk"})
        self.assertIn("the correlator admits at most 1024", lines[0]["reason"])
        self.assertEqual(kept.stat().st_mode & 0o777, 0o600)
        self.assertEqual(agent.status()["tables"]["agent"]["quarantined"], 7)
        self.assertEqual(settle(lambda: "id=agent.quarantined" not in agent.text(), fleet, 20), [])
        fleet.end()
        fleet.expect_no_complaint()

    def test_a_spool_in_use_is_said_to_be(self):
        place, fleet = self.place([{"name": "desk", "type": "jsonl", "path": "in.jsonl", "follow": True}])
        agent = fleet["agent"]
        agent.start()
        self.assertEqual(settle(lambda: not agent.is_ready(), fleet, 20), [])
        other = place.agent("agent", [{"name": "desk", "type": "jsonl", "path": str(place.folder / "in.jsonl"), "follow": True}])
        other.log = pathlib.Path(place.folder / "other.log")
        other.start()
        self.assertEqual(other.process.wait(20), 1)
        self.assertIn("in use", other.text())
        agent.end()
        self.assertEqual(agent.process.wait(20), 0)


if __name__ == "__main__":
    main()
