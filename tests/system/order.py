#!/usr/bin/python3
"""Order does not matter: any order and splitting of the input gives the same content."""

import json
import random

from harness import ROOT, SOAK, Case, incident, main, rule, vedette, where

ARCHIVE = ROOT / "deploy/examples/europe/europe-2003-2025.jsonl"
RULES = [rule("swarm", ["air.drone.*", "air.balloon"], 300, "2d", min_incidents=3, min_countries=1),
         rule("wave", ["air.drone.*", "air.manned.violation", "air.balloon"], 700, "3d", caps={"duration": "6d"}),
         rule("all", ["air.*", "sea.*", "land.sabotage", "cyber.attack", "em.gnss"], 1500, "14d",
              caps={"duration": "20d", "extent_km": 1500})]


def busy_autumn(seed):
    """A made-up season with ties, revisions, retractions and caps that bind."""
    generator = random.Random(seed)
    towns = [(generator.uniform(48, 62), generator.uniform(5, 28)) for _ in range(12)]
    reports = []
    for number in range(300):
        lat, lon = generator.choice(towns)
        hour = generator.randrange(60 * 24)
        day, hour = divmod(hour, 24)
        start = f"2025-{9 + day // 30:02d}-{1 + day % 30:02d}T{hour:02d}:00:00Z"
        report = incident("made", f"n{number}", generator.choice(["air.drone.sighting", "air.manned.violation", "sea.cable"]),
                          start, round(lat, 2), round(lon, 2), revision=0,
                          place={"radius_km": generator.choice([0, 5, 5, 300])},
                          countries=where(generator.choice(["PL", "LT", "DE", "DK", "SE", "FI"])))
        reports.append(report)
        if generator.random() < 0.2:
            moved = json.loads(json.dumps(report))
            moved["revision"] = 1
            moved["occurred"]["start"] = start.replace(":00:00Z", ":30:00Z")
            reports.append(moved)
        if generator.random() < 0.1:
            reports.append({"source": "made", "source_id": f"n{number}", "revision": 2, "status": "retracted"})
        if generator.random() < 0.1:
            reports.append({**report, "headline": "told twice", "reported_at": "2025-12-01T00:00Z"})
    return reports


def split(reports, generator):
    """Into one to five files, shuffled, repeats thrown in."""
    shuffled = [report for report in reports] + generator.sample(reports, len(reports) // 10)
    generator.shuffle(shuffled)
    parts = [[] for _ in range(generator.randint(1, 5))]
    for report in shuffled:
        generator.choice(parts).append(report)
    return parts


class Order(Case):
    def worlds(self):
        archive = [json.loads(line) for line in ARCHIVE.read_text(encoding="utf-8").splitlines()]
        return {"archive": archive, "made up": busy_autumn(7)}

    def test_ten_orders_and_splittings_give_the_same_episodes(self):
        for name, reports in self.worlds().items():
            contents = {}
            for seed in range(100 if SOAK else 10):
                desk = self.desk(RULES).replay(*split(reports, random.Random(seed)))
                contents.setdefault(desk.contents(), []).append(seed)
                desk.close()
            self.assertEqual(len(contents), 1, f"{name}: seeds that agree: {list(contents.values())}")
            self.assertGreater(len(json.loads(next(iter(contents)))), 3, name)

    def test_a_run_with_three_sources_gives_what_the_replay_gave(self):
        from harness import bus_block
        for name, reports in self.worlds().items():
            replayed = self.desk(RULES).replay(reports)
            for seed in range(3):
                generator = random.Random(seed)
                desk = self.desk(RULES)
                parts = [[], [], []]
                shuffled = list(reports)
                generator.shuffle(shuffled)
                for report in shuffled:
                    generator.choice(parts).append(report)
                sources = [{"name": f"s{number}", "type": "jsonl", "path": str(desk.file(f"s{number}.jsonl", part))}
                           for number, part in enumerate(parts)]
                desk.write_config(RULES, bus=bus_block(), state="./state", sources=sources,
                                  sink={"store": str(desk.store)})
                vedette("run", "--config", desk.config, "--drain")
                self.assertEqual(desk.contents(), replayed.contents(), f"{name}, seed {seed}")
                self.assertEqual(desk.incidents(), replayed.incidents(), f"{name}, seed {seed}")

    def test_a_replay_of_the_same_input_gives_the_same_bytes_of_content(self):
        reports = busy_autumn(11)
        first = self.desk(RULES).replay(reports)
        again = self.desk(RULES).replay(reports)
        self.assertEqual(first.episodes("--all", "--history"), again.episodes("--all", "--history"))


if __name__ == "__main__":
    main()
