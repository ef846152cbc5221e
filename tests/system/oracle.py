#!/usr/bin/python3
"""The programs against the brute-force oracle: on the incidents of the press, and on generated worlds with exact ties,
poles, the antimeridian, intervals, coarse places, caps that bind, corrections and retractions."""

import collections
import datetime
import json
import os
import pathlib
import random
import subprocess

from harness import BIN, ROOT, SHARED, SOAK, Case, incident, main, rule, vedette

ORACLE = pathlib.Path(os.environ.get("VEDETTE_TESTS", BIN.parent / "tests")) / "oracle_of_reports"
MAPPING = ROOT / "deploy/mappings/europe.map.yaml"
WORLDS = 1000 if SOAK else 25

AIR = ["air.drone.incursion", "air.drone.sighting", "air.manned.violation", "air.balloon"]
ALL_RULES = [
    rule("swarm", ["air.drone.*", "air.balloon"], 300, "2d", min_incidents=3, min_countries=1),
    rule("wave", ["air.drone.*", "air.manned.violation", "air.balloon"], 700, "3d", caps={"duration": "5d"}),
    rule("campaign", ["air.*"], 1000, "14d", except_countries=["UA", "RU"], caps={"duration": "60d", "extent_km": 2000}),
    rule("dense", ["air.*"], 400, "3d", min_neighbours=3, min_countries=0),
    rule("everything", ["air.*", "sea.*", "land.sabotage", "cyber.attack", "em.gnss"], 1500, "14d", caps={"duration": "20d"}),
    rule("seabed", ["sea.*"], 600, "14d"),
]


def stamp(second):
    return datetime.datetime.fromtimestamp(second, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def made_up(seed):
    """A world as a stranger would write it: JSON Lines of reports, and rules."""
    dice = random.Random(seed)
    corners = [(90, 0), (-90, 50), (89.99, 170), (0, 180), (0, -180), (10, 179.99), (10, -179.99), (0, 0)]
    towns = [dice.choice(corners) for _ in range(2)] + \
            [(round(dice.uniform(40, 65), dice.choice([0, 1, 4])), round(dice.uniform(-10, 40), dice.choice([0, 1, 4])))
             for _ in range(dice.randint(2, 8))]
    reports = []
    for number in range(dice.randint(20, 90)):
        lat, lon = dice.choice(towns)
        if dice.random() < 0.5:
            lat = max(-90, min(90, lat + dice.choice([0, 0, 0.5, -1, 3])))
            lon = (lon + dice.choice([0, 0, 1, -2]) + 180) % 360 - 180
        hour = dice.choice([0, 6, 12, 24, 48, 72, 73, 200, dice.randrange(700)])
        start, length = 1756684800 + 3600 * hour, dice.choice([0, 0, 0, 1, 8, 24, 48, 400])
        codes = dice.sample(["PL", "LT", "DE", "DK", "SE", "UA", "RU"], dice.choice([0, 1, 1, 1, 2]))
        category = dice.choice(AIR + ["sea.cable", "cyber.attack", "dip.article4", "mil.exercise", "civ.public_warning"])
        report = incident(dice.choice(["a", "a", "b"]), f"n{number}", category, stamp(start), lat, lon,
                          end=stamp(start + 3600 * length),
                          place={"radius_km": dice.choice([0, 0, 5, 60, 201, 400])},
                          countries=[{"code": code, "role": dice.choice(["where", "where", "affected"])} for code in codes],
                          revision=0)
        if dice.random() < 0.3:
            report["reported_at"] = stamp(start + 3600 * dice.choice([-48, 0, 24]))
        reports.append(report)
        for revision in (1, 2):
            if dice.random() < 0.15:
                again = json.loads(json.dumps(report))
                again["revision"] = revision
                again["status"] = dice.choice(["confirmed", "confirmed", "explained", "retracted"])
                again["occurred"] = {"start": stamp(start + 3600 * dice.choice([0, 1, 24])),
                                     "end": stamp(start + 3600 * (24 + length))}
                reports.append(again)
    dice.shuffle(reports)
    rules = [{**one, "name": f"r{index}", "min_neighbours": dice.choice([1, 1, 2, 4]),
              "reach_km": dice.choice([one["reach_km"], 111.2, 500])}
             for index, one in enumerate(dice.sample(ALL_RULES, 3))]
    return rules, reports


class Oracle(Case):
    def setUp(self):
        self.seen = collections.Counter()  # what the worlds had of what is hard: they must not be too plain to prove anything

    def compare(self, desk, paths, name):
        told = {}
        for line in subprocess.run([ORACLE, desk.config, *paths], capture_output=True, text=True, check=True).stdout.splitlines():
            episode = json.loads(line)
            told[(episode["rule"], episode["id"])] = episode
        found = {}
        for episode in desk.episodes("--all"):
            found[(episode["rule"], episode["id"])] = {
                **{field: episode[field] for field in ("rule", "id", "state", "capped", "observed", "continues", "countries")},
                "members": [[one["membership"], one["id"]] for one in episode["incidents"]]}
        self.assertEqual(set(found), set(told), name)
        for key, episode in told.items():
            self.assertEqual(found[key], episode, f"{name}, {key}")
            self.seen.update([episode["state"], *{membership for membership, _ in episode["members"]},
                              *(word for word in ("capped", "continues") if episode[word])])
        return len(told)

    def test_generated_worlds_through_the_programs(self):
        episodes = 0
        for seed in range(WORLDS):
            rules, reports = made_up(seed)
            desk = self.desk(rules)
            path = desk.file("world.jsonl", reports)
            desk.replay(path)
            episodes += self.compare(desk, [path], f"seed {seed}")
            desk.close()
        self.assertGreater(episodes, WORLDS)
        for word in ("candidate", "flagged", "capped", "continues", "core", "attached", "response", "consequence", "context"):
            self.assertGreater(self.seen[word], 0, f"no world has one that is {word}: {self.seen}")

    def test_both_lists_of_incidents_together(self):
        tables = [SHARED / "incidents" / name for name in ("europe-2003-2025.csv", "sightings-2025.csv")]
        if not all(table.exists() for table in tables):
            self.skipTest(f"the lists {tables} are not here")
        desk = self.desk(ALL_RULES)
        paths = []
        for number, table in enumerate(tables):
            lines = vedette("convert", "--mapping", MAPPING, "--strict", table).stdout.splitlines()
            paths.append(desk.file(f"list-{number}.jsonl", lines))
        desk.replay(*paths)
        self.assertGreater(self.compare(desk, paths, "both lists"), 10)


if __name__ == "__main__":
    main()
