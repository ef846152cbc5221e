#!/usr/bin/python3
"""Late is slow, not lost: what is told months after it left memory, or corrected, or taken back, changes what was
published, live, as if it had come in time."""

import json
import random

from harness import Case, Running, bus_block, incident, main, members, rule, vedette, where

SABOTAGE = rule("sabotage", ["land.sabotage"], 1200, "14d")
LEIPZIG = incident("press", "leipzig", "land.sabotage", "2024-07-19T22:00Z", 51.4239, 12.2364,
                   end="2024-07-20T21:59:59.999Z", countries=where("DE"), headline="A parcel burns at Leipzig/Halle",
                   reported_at="2024-07-20T12:00Z")
BIRMINGHAM = incident("press", "birmingham", "land.sabotage", "2024-07-22T02:41Z", 52.53, -1.76, countries=where("GB"),
                      headline="A parcel burnt at Birmingham; made public 86 days later", reported_at="2024-10-16T00:00Z")


class Late(Case):
    def live(self, rules, follow, **blocks):
        desk = self.desk(rules)
        (desk.folder / "in").mkdir()
        desk.write_config(rules, bus=bus_block(), state="./state",
                          sources=[{"name": "desk", "type": "jsonl", "path": "./in/*.jsonl", "follow": follow}],
                          sink={"store": "./store.gpkg"}, **blocks)
        return desk

    def test_the_parcel_fire_made_public_86_days_late_joins_its_pair_live(self):
        desk = self.live([SABOTAGE], follow=True)
        desk.file("in/july.jsonl", [LEIPZIG])
        running = Running("run", "--config", desk.config)
        self.addCleanup(running.stop, check=None)
        running.wait_for(lambda: desk.store.exists() and len(desk.incidents()) == 1)
        self.assertEqual(desk.episodes(), [])
        desk.file("in/october.jsonl", [BIRMINGHAM])
        running.wait_for(lambda: any(one["final"] for one in desk.episodes()))
        pair = self.one(desk.episodes())
        self.assertEqual(members(pair), ["birmingham", "leipzig"])
        self.assertEqual((pair["state"], pair["countries"]), ("flagged", ["DE", "GB"]))
        self.assertIn("incident added: press:birmingham", pair["cause"])
        with (desk.folder / "in/october.jsonl").open("a") as stream:
            stream.write(json.dumps({"source": "press", "source_id": "leipzig", "revision": 1, "status": "retracted"}) + "\n")
        running.wait_for(lambda: desk.episodes() == [])
        self.assertNotIn("is not applied", running.stop())

    def test_it_is_reopened_after_a_restart_and_told_with_its_cause(self):
        desk = self.live([SABOTAGE], follow=False)
        desk.file("in/july.jsonl", [LEIPZIG])
        vedette("run", "--config", desk.config, "--drain")
        self.assertEqual(desk.episodes(), [])
        desk.file("in/october.jsonl", [BIRMINGHAM])
        done = vedette("run", "--config", desk.config, "--drain")
        pair = self.one(desk.episodes())
        self.assertEqual(members(pair), ["birmingham", "leipzig"])
        self.assertTrue(pair["cause"].startswith("reopened by a late report; incident added: press:birmingham"), pair)
        self.assertIn("late reports applied: 1", done.stderr)

    def reports(self, dice):
        """Clusters over a year, with corrections and retractions of them."""
        places = [(52.0 + dice.uniform(-3, 3), 20.0 + dice.uniform(-6, 6), dice.choice(["PL", "LT", "DE", "SK"]))
                  for _ in range(12)]
        told = []
        for number in range(90):
            lat, lon, country = dice.choice(places)
            day = dice.choice([3, 4, 6, 100, 104, 111, 118, 200, 202, 300]) + dice.randrange(4)
            one = incident("press", str(number), "land.sabotage", f"2023-{1 + day // 28:02}-{1 + day % 28:02}T10:00Z",
                           round(lat + dice.uniform(-0.3, 0.3), 3), round(lon, 3), countries=where(country), revision=0,
                           reported_at="2023-12-30T00:00Z")
            told.append(one)
            if dice.random() < 0.25:
                told.append({**one, "revision": 1, "countries": where("CZ"),
                             "occurred": {"start": f"2023-{1 + dice.randrange(12):02}-10T10:00Z"}})
            if dice.random() < 0.1:
                told.append({"source": "press", "source_id": str(number), "revision": 2, "status": "retracted"})
        return told

    def test_in_whatever_order_over_restarts_it_is_what_it_is_all_at_once(self):
        for seed, blocks in ((1, {}), (2, {"same": {"within": "6h", "reach_km": 25}})):
            dice = random.Random(seed)
            told = self.reports(dice)
            rules = [rule("near", ["land.*"], 250, "5d"), rule("wide", ["land.*"], 1500, "2d", min_neighbours=2,
                                                              caps={"duration": "20d"})]
            dice.shuffle(told)
            desk = self.live(rules, follow=False, **blocks)
            for part in range(4):
                desk.file(f"in/{part}.jsonl", told[part::4])
                done = vedette("run", "--config", desk.config, "--drain")
                self.assertNotIn("is not applied", done.stderr, f"seed {seed}")
            once = self.desk(rules, **blocks).replay(told)
            self.assertGreater(len(once.episodes("--all")), 3)
            self.assertEqual(desk.contents(), once.contents(), f"seed {seed}")


if __name__ == "__main__":
    main()
