#!/usr/bin/python3
"""vedette calibrate, as a stranger sees it: the same archive gives the same file, whatever the threads and the order; what
stops it leaves nothing behind; what it made is used."""

import json
import random
import signal
import subprocess
import time

from harness import BIN, Case, incident, main, rule, vedette

# Two towns and a sprinkle: some three hundred incidents in two years.
SIGHTINGS = rule("sightings", ["air.drone.*"], 150, "2d", min_countries=0, min_incidents=2, alpha=0.01)
CABLES = rule("cables", ["sea.cable"], 100, "7d", min_countries=0)


def day(number):
    year, rest = divmod(number, 336)
    return f"{2020 + year}-{rest // 28 + 1:02}-{rest % 28 + 1:02}"


def background(seed=1, count=300, days=672):
    dice = random.Random(seed)
    reports = []
    for number in range(count):
        town = dice.choice([(52.2, 21.0), (59.4, 24.7), None])
        lat, lon = town or (dice.uniform(45, 60), dice.uniform(10, 30))
        start = f"{day(dice.randrange(days))}T{dice.randrange(24):02}:{dice.randrange(60):02}:00Z"
        reports.append(incident("desk", f"b{number}", "air.drone.sighting", start, lat, lon, countries=[]))
    return reports


class Calibrate(Case):
    def calibrate(self, desk, *files, out="b.vdb", until="2030-01-01T00:00:00Z", check=0, years=40, **options):
        path = desk.folder / out
        words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
        done = vedette("calibrate", "--config", desk.config, "--until", until, "--tz", "UTC", "--out", path, "--years", years,
                       *words, *files, check=check)
        return path, done

    def history(self, done):
        """Incidents of the history, by rule, from the table."""
        return {line.split()[0]: int(line.split()[1]) for line in done.stdout.splitlines()[1:]
                if line.split()[0] in ("sightings", "cables")}

    def test_the_same_archive_makes_the_same_file_on_any_number_of_threads_in_any_order(self):
        desk = self.desk([SIGHTINGS, CABLES])
        reports = background()
        whole = desk.file("whole.jsonl", reports)
        random.Random(2).shuffle(reports)
        one, other = desk.file("one.jsonl", reports[:100]), desk.file("other.jsonl", reports[100:])
        first, _ = self.calibrate(desk, whole, out="1.vdb", threads=1)
        for threads in (2, 3):
            again, _ = self.calibrate(desk, other, one, out=f"{threads}.vdb", threads=threads)
            self.assertEqual(again.read_bytes(), first.read_bytes())
        longer, _ = self.calibrate(desk, whole, out="longer.vdb", years=41)
        self.assertNotEqual(longer.read_bytes(), first.read_bytes())

    def test_the_history_is_what_began_before_less_the_guard(self):
        desk = self.desk([SIGHTINGS])
        file = desk.file("in.jsonl", [
            incident("desk", "1", "air.drone.sighting", "2020-01-01T00:00:00Z", 50, 20, countries=[]),
            incident("desk", "2", "air.drone.sighting", "2020-12-31T23:59:59Z", 50, 20, end="2021-01-01T05:00:00Z", countries=[]),
            incident("desk", "3", "air.drone.sighting", "2021-01-01T00:00:00Z", 50, 20, countries=[]),
            incident("desk", "4", "cyber.attack", "2020-06-01T00:00:00Z", 50, 20, countries=[])])
        self.assertEqual(self.history(self.calibrate(desk, file, until="2021-01-01")[1]), {"sightings": 2})
        self.assertEqual(self.history(self.calibrate(desk, file, until="2021-01-02", guard="24h")[1]), {"sightings": 2})
        self.assertEqual(self.history(self.calibrate(desk, file, until="2021-01-02", guard="25h")[1]), {"sightings": 1})
        self.assertEqual(self.history(self.calibrate(desk, file, **{"from": "2020-06-01"})[1]), {"sightings": 2})

    def test_what_is_taken_back_or_told_twice_is_no_history(self):
        reports = [incident(source, f"{number}", "air.drone.sighting", f"2020-0{number}-01T00:00:00Z", 50, 20, countries=[])
                   for number in range(1, 9) for source in ("desk", "wire")]
        reports.append({"source": "desk", "source_id": "1", "revision": 2, "status": "retracted"})
        for same, expected in ((None, 15), ({"within": "6h", "reach_km": 25}, 8)):
            desk = self.desk([SIGHTINGS], **({"same": same} if same else {"same": "off"}))
            _, done = self.calibrate(desk, desk.file("in.jsonl", reports))
            self.assertEqual(self.history(done), {"sightings": expected})

    def test_a_rule_without_history_is_said_to_be_surprised_by_everything(self):
        desk = self.desk([SIGHTINGS, CABLES])
        path, done = self.calibrate(desk, desk.file("in.jsonl", background()))
        self.assertIn("rule cables: the history has no incident of it", done.stderr)
        self.assertTrue(path.exists())

    def test_what_cannot_be_is_refused_in_a_sentence_and_leaves_the_file_as_it_was(self):
        desk = self.desk([SIGHTINGS])
        file = desk.file("in.jsonl", background())
        path = desk.folder / "b.vdb"
        path.write_text("as it was")
        for until, check, words in (("2019-01-01", 1, "there is no history"), ("yesterday", 2, "--until yesterday")):
            self.assertIn(words, self.calibrate(desk, file, until=until, check=check)[1].stderr)
        self.assertIn("none.jsonl", self.calibrate(desk, desk.folder / "none.jsonl", check=1)[1].stderr)
        self.assertIn("no/b.vdb", self.calibrate(desk, file, out="no/b.vdb", check=1)[1].stderr)
        self.assertIn("too short", self.calibrate(desk, desk.file("short.jsonl", background(days=1)), until="2020-01-01T00:00:01Z",
                                                  **{"from": "2020-01-01"}, check=1)[1].stderr)
        for years in ("0", "-1", "many"):
            self.assertIn("--years", self.calibrate(desk, file, years=years, check=2)[1].stderr)
        vedette("calibrate", "--config", desk.config, "--until", "2021-01-01", "--out", path, check=2)
        self.assertEqual(path.read_text(), "as it was")

    def test_the_archive_and_the_configuration_are_not_replaced(self):
        desk = self.desk([SIGHTINGS])
        for path in (desk.file("in.jsonl", background()), desk.config):
            before = path.read_bytes()
            done = self.calibrate(desk, desk.folder / "in.jsonl", out=path.name, check=2)[1]
            self.assertIn(f"would replace {path}", done.stderr.replace("\n", " "))
            self.assertEqual(path.read_bytes(), before)

    def test_an_interrupt_ends_it_and_leaves_the_file_as_it_was(self):
        desk = self.desk([SIGHTINGS])
        path = desk.folder / "b.vdb"
        path.write_text("as it was")
        file = desk.file("in.jsonl", background())
        before = sorted(entry.name for entry in desk.folder.iterdir())
        with subprocess.Popen([str(BIN / "vedette"), "calibrate", "--config", desk.config, "--until", "2030-01-01", "--tz", "UTC",
                               "--out", path, "--years", "1000000", file], stderr=subprocess.PIPE, text=True) as running:
            running.stderr.readline()  # read … reports: the null years begin
            time.sleep(0.5)
            running.send_signal(signal.SIGINT)
            said = running.communicate(timeout=60)[1]
        self.assertEqual(running.returncode, 1)
        self.assertIn("interrupted", said)
        self.assertEqual(path.read_text(), "as it was")
        self.assertEqual(sorted(entry.name for entry in desk.folder.iterdir()), before)

    def test_what_it_made_says_how_surprising_an_episode_is(self):
        desk = self.desk([SIGHTINGS])
        path, _ = self.calibrate(desk, desk.file("past.jsonl", background()), until="2021-12-01")
        desk.write_config([SIGHTINGS], baseline=str(path))
        surge = [incident("desk", f"s{number}", "air.drone.sighting", f"2022-03-0{number // 3 + 1}T0{number}:00:00Z",
                          48.0 + 0.1 * number, 12.0, countries=[]) for number in range(9)]
        busy = [incident("desk", f"t{number}", "air.drone.sighting", f"2022-06-0{number + 1}T00:00:00Z", 52.2, 21.0, countries=[])
                for number in range(2)]
        desk.replay(surge + busy)
        episode = self.one(desk.episodes())
        self.assertTrue(episode["calibrated"])
        self.assertEqual(episode["observed"], 9)
        self.assertLess(episode["expected"], 1)
        self.assertGreater(episode["score"], 10)
        self.assertTrue(episode["recurrence_at_least"])
        self.assertAlmostEqual(episode["recurrence_days"], 40 * 365.25 / 3)


if __name__ == "__main__":
    main()
