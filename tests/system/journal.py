#!/usr/bin/python3
"""The correlator's journal: what was received is in it, a replay of it gives what live gave, a killed correlator goes on
from it, and what nobody waits for any more is retired."""

import json
import pathlib
import random
import shutil
import subprocess
import tempfile
import time

from fleet import Fleet, Installation, content, difference
from harness import BIN, Case, incident, main, rule, vedette, where

RULES = [rule("campaign", ["air.drone.*", "air.balloon"], 600, "10d")]
START = 1_757_000_000
CODES = ("PL", "RO", "EE", "LT", "DK")


def season(seed, count):
    """Reports in any order: some corrected, some taken back, some told twice, many of them late."""
    dice = random.Random(seed)
    reports = []
    for number in range(count):
        start = START + dice.randrange(120 * 86400)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(start))
        report = incident("desk", f"r{number}", dice.choice(["air.drone.incursion", "air.balloon"]), stamp,
                          round(dice.uniform(45, 60), 3), round(dice.uniform(12, 30), 3),
                          countries=where(dice.choice(CODES)), headline=f"what {number} says")
        reports.append(report)
        if dice.random() < 0.15:
            reports.append({**report, "revision": 1, "status": "confirmed", "headline": f"what {number} says now"})
        if dice.random() < 0.08:
            reports.append({"source": "desk", "source_id": f"r{number}", "revision": 2, "status": "retracted"})
        if dice.random() < 0.05:
            reports.append(report)
    dice.shuffle(reports)
    return reports


class Journal(Case):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vedette-journal-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def place(self, expected=(), **blocks):
        """An installation that follows a file; not started."""
        (self.folder / "in").mkdir(exist_ok=True)
        self.input = self.folder / "in" / "desk.jsonl"
        self.input.touch()
        place = Installation(self.folder, RULES)
        sources = [{"name": "desk", "type": "jsonl", "path": str(self.input), "follow": True}]
        expected = sources + [{"name": name, "type": "jsonl", "path": "none"} for name in expected]
        fleet = Fleet([place.agent("north", sources), place.correlator(expected, **blocks), place.sink()])
        self.addCleanup(fleet.close)
        return place, fleet

    def write(self, reports):
        with self.input.open("a") as stream:
            stream.write("".join(json.dumps(report) + "\n" for report in reports))

    def until(self, what, fleet, patience_s=60):
        end = time.monotonic() + patience_s
        while not what():
            fleet.tick()
            self.assertLess(time.monotonic(), end, "it did not come to that: " + "\n".join(one.tail() for one in fleet))
            time.sleep(0.1)

    def journal(self, place, *arguments, check=0):
        return vedette("journal", "--config", self.folder / "correlator.yaml", *arguments, check=check)

    def stored(self, place, ids):
        try:
            return {one["id"] for one in content(place.store)["incidents"]} >= ids
        except AssertionError:
            return False

    def is_equal(self, place, expected):
        try:
            return not difference(content(place.store), expected)
        except AssertionError: # it is not there yet
            return False

    def waits(self, fleet):
        """For judgement."""
        status = fleet["correlator"].status()
        return status["tables"]["correlator"]["unjudged"] if status else 0

    def is_still(self, fleet):
        before = self.waits(fleet)
        time.sleep(1)
        return self.waits(fleet) == before

    def ids(self, reports):
        return {f"{one['source']}:{one['source_id']}" for one in reports}

    def test_a_replay_of_the_journal_gives_what_live_gave(self):
        place, fleet = self.place()
        reports = season(1, 600)
        fleet.start()
        self.write(reports)
        whole = lambda: self.journal(place, "--verify").stdout.rstrip().endswith(f" {len(reports)} reports")
        self.until(lambda: fleet["correlator"].is_ready() and whole(), fleet)
        expected = place.replayed([self.input])
        self.until(lambda: self.is_equal(place, expected), fleet)
        fleet.end()
        fleet.expect_no_complaint()
        folder = self.folder / "state-correlator/correlator/journal"
        store = self.folder / "again.gpkg"
        vedette("replay", "--config", self.folder / "undisturbed.yaml", "--store", store, folder)
        self.assertEqual(difference(content(store), expected), [])
        exported = self.journal(place, "--export").stdout
        self.assertEqual(len(exported.splitlines()), len(reports))
        vedette("replay", "--config", self.folder / "undisturbed.yaml", "--store", self.folder / "third.gpkg", "-", stdin=exported)
        self.assertEqual(difference(content(self.folder / "third.gpkg"), expected), [])

    def test_a_correlator_killed_under_load_goes_on_where_it_was(self):
        place, fleet = self.place(correlator={"journal": {"checkpoint": "1s"}})
        reports = season(2, 3000)
        fleet.start()
        dice = random.Random(2)
        for piece in range(10):
            self.write(reports[piece::10])
            time.sleep(dice.uniform(0.1, 0.6))
            fleet["correlator"].kill(dice.uniform(0, 0.3))
            self.until(fleet.all_up, fleet)
        expected = place.replayed([self.input])
        self.until(lambda: self.is_equal(place, expected), fleet)
        fleet.end()
        fleet.expect_no_complaint()
        self.assertIn("id=journal.recovered", fleet["correlator"].text())

    def test_a_new_store_is_told_everything_where_that_is_asked(self):
        place, fleet = self.place()
        reports = season(6, 200)
        fleet.start()
        self.write(reports)
        expected = place.replayed([self.input])
        self.until(lambda: self.is_equal(place, expected), fleet)
        fleet.end()
        for path in self.folder.glob("store.gpkg*"):
            path.unlink()
        fleet["correlator"].options = ("--tell-again",)
        fleet.start()
        self.until(lambda: self.is_equal(place, expected), fleet)
        fleet.end()
        fleet.expect_no_complaint()

    def test_other_rules_after_a_restart_judge_what_is_in_memory_anew(self):
        place, fleet = self.place(correlator={"journal": {"checkpoint": "1s"}})
        recent = int(time.time()) - 3 * 86400
        near = [incident("desk", str(number), "air.drone.incursion",
                         time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(recent + number * 3600)), 52 + number, 20.0,
                         countries=where(CODES[number])) for number in range(4)]
        fleet.start()
        self.write(near)
        flagged = lambda: [one for one in content(place.store)["episodes"] if one["state"] == "flagged"]
        self.until(lambda: self.stored(place, self.ids(near)) and len(flagged()) == 1, fleet)
        fleet["correlator"].end()
        self.until(lambda: fleet["correlator"].process.poll() is not None, Fleet([]))
        narrow = {**json.loads((self.folder / "correlator.yaml").read_text()), "rules": [{**RULES[0], "reach_km": 50}]}
        (self.folder / "correlator.yaml").write_text(json.dumps(narrow))
        fleet["correlator"].start()
        self.until(lambda: not flagged(), fleet)
        self.assertIn("id=rules.changed", fleet["correlator"].text())
        wide = {**narrow, "rules": RULES}
        fleet["correlator"].end()
        self.until(lambda: fleet["correlator"].process.poll() is not None, Fleet([]))
        (self.folder / "correlator.yaml").write_text(json.dumps(wide))
        fleet["correlator"].start()
        self.until(lambda: len(flagged()) == 1, fleet)
        fleet.end()

    def test_other_rules_after_a_kill_are_refused_until_what_was_told_can_be_taken_back(self):
        place, fleet = self.place()
        recent = int(time.time()) - 3 * 86400
        near = [incident("desk", str(number), "air.drone.incursion",
                         time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(recent + number * 3600)), 52 + number, 20.0,
                         countries=where(CODES[number])) for number in range(4)]
        flagged = lambda: [one for one in content(place.store)["episodes"] if one["state"] == "flagged"]
        config, correlator = self.folder / "correlator.yaml", fleet["correlator"]
        former = config.read_text()
        narrow = json.dumps({**json.loads(former), "rules": [{**RULES[0], "reach_km": 50}]})
        fleet.start()
        self.write(near)
        self.until(lambda: self.stored(place, self.ids(near)) and len(flagged()) == 1, fleet)
        correlator.process.kill()
        correlator.process.wait()
        config.write_text(narrow)
        refused = subprocess.run([BIN / "vedette-correlator", "--config", config], capture_output=True, text=True,
                                 timeout=60, check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("start once with the former", refused.stderr)
        config.write_text(former)
        correlator.start()
        self.until(correlator.is_ready, Fleet([]))
        correlator.end()
        self.until(lambda: correlator.process.poll() is not None, Fleet([]))
        config.write_text(narrow)
        correlator.start()
        self.until(lambda: not flagged(), Fleet([]))
        fleet.end()

    def test_rules_that_come_back_find_again_what_others_took_back(self):
        """Nothing comes in meanwhile: no record but the rules' says that others judged."""
        place, fleet = self.place(correlator={"journal": {"checkpoint": "1s"}})
        recent = int(time.time()) - 3 * 86400
        near = [incident("desk", str(number), "air.drone.incursion",
                         time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(recent + number * 3600)), 52 + number, 20.0,
                         countries=where(CODES[number])) for number in range(4)]
        flagged = lambda: [one for one in content(place.store)["episodes"] if one["state"] == "flagged"]
        correlator, written = fleet["correlator"], json.loads((self.folder / "correlator.yaml").read_text())
        fleet.start()
        self.write(near)
        self.until(lambda: self.stored(place, self.ids(near)) and len(flagged()) == 1, fleet)
        fleet["north"].end()
        self.until(lambda: fleet["north"].process.poll() is not None, Fleet([]))
        for reach_km, episodes in ((50, 0), (600, 1), (50, 0), (600, 1)):
            correlator.end()
            self.until(lambda: correlator.process.poll() is not None, Fleet([]))
            changed = {**written, "rules": [{**RULES[0], "reach_km": reach_km}]}
            (self.folder / "correlator.yaml").write_text(json.dumps(changed))
            correlator.start()
            self.until(lambda: correlator.is_ready() and len(flagged()) == episodes, Fleet([]), patience_s=20)

    def test_the_list_names_what_came_and_a_repair_looks_first(self):
        place, fleet = self.place()
        fleet.start()
        self.write(season(3, 20))
        self.until(lambda: "batch" in self.journal(place, "--list", check=None).stdout, fleet)
        fleet.end()
        kinds = {json.loads(line)["kind"] for line in self.journal(place, "--list", "--json").stdout.splitlines()}
        self.assertTrue({"start", "rules", "batch", "sink-seen", "flushes"} <= kinds, kinds)
        self.assertIn(" north", self.journal(place, "--list").stdout)
        self.journal(place, "--repair")
        self.journal(place, check=2)
        self.journal(place, "--export", "--verify", check=2)

    def test_a_journal_damaged_in_the_middle_is_refused_and_mended(self):
        place, fleet = self.place()
        fleet.start()
        self.write(season(4, 200))
        self.until(lambda: "batch" in self.journal(place, "--list", check=None).stdout, fleet)
        time.sleep(0.5)
        fleet.end()
        folder = self.folder / "state-correlator/correlator/journal"
        segment = sorted(folder.glob("*.wal"))[0]
        data = bytearray(segment.read_bytes())
        data[600] ^= 255
        segment.write_bytes(data)
        refused = vedette("--config", self.folder / "correlator.yaml", program="vedette-correlator", check=1)
        self.assertIn("vedette journal --repair", refused.stderr)
        self.assertNotEqual(self.journal(place, "--verify", check=None).returncode, 0)
        self.journal(place, "--repair", "--skip")
        self.journal(place, "--verify")

    def test_a_dead_source_is_retired_and_the_watermark_goes_on(self):
        place, fleet = self.place(expected=["gone"])
        fleet.start()
        old = season(5, 50)
        self.write(old)
        self.until(lambda: self.stored(place, self.ids(old)), fleet)
        finals = lambda: [one for one in map(json.loads, vedette("episodes", "--store", place.store, "--all", "--json").stdout.splitlines())
                          if one["final"]]
        self.assertEqual(finals(), [])
        self.assertIn("is retired", vedette("source", "retire", "gone", "--config", self.folder / "correlator.yaml").stdout)
        self.until(lambda: finals() != [], fleet)
        fleet.end()
        self.assertIn("source-retired gone", self.journal(place, "--list").stdout)

    def test_a_dead_sink_is_retired_though_judgement_waits_for_it(self):
        """What the link and the backlog hold for it, more than 72 MiB, is full: its retiring stands behind what waits."""
        place, fleet = self.place()
        spare = place.member("spare", "vedette-sink", sink={"store": str(self.folder / "spare.gpkg"), "name": "spare"})
        self.addCleanup(Fleet([spare]).close)
        spare.start()
        fleet.start()
        self.until(lambda: "sink spare is connected" in fleet["correlator"].text(), fleet)
        spare.kill(0)
        reports = [incident("desk", f"b{number}", "sea.cable", "2025-09-10T01:00:00Z", 57, 21, countries=where("LV"),
                            headline="x" * 1000)
                   for number in range(80_000)] # of no rule: they are told, and there is nothing to judge
        self.write(reports)
        self.until(lambda: self.waits(fleet) > 1000 and self.is_still(fleet), fleet)
        vedette("sink", "retire", "spare", "--config", self.folder / "correlator.yaml")
        self.until(lambda: self.waits(fleet) == 0 and self.stored(place, self.ids(reports)), fleet, patience_s=120)
        fleet.end()
        fleet.expect_no_complaint()


if __name__ == "__main__":
    main()
