#!/usr/bin/python3
"""Reports into incidents, as a stranger sees them: copies of one story are one incident, records of a curated list are
not, and a vague report makes none of two."""

import itertools
import json
import random

from harness import Case, incident, main, members, rule, vedette, where

DRONES = rule("drones", ["air.drone.*", "air.manned.violation"], 1000, "14d", min_countries=0, min_incidents=1)
SAME = {"within": "6h", "reach_km": 25}


def told(incidents):
    """Which reports tell of each incident."""
    return sorted(sorted(report["source"] + ":" + report["source_id"] for report in one["reports"]) for one in incidents)


class OneStory(Case):
    """A wire story in forty outlets."""

    def story(self, number, **more):
        return incident(f"outlet-{number:02}", f"story-{number}", "air.drone.incursion", "2025-09-09T21:30Z",
                        51.56 + 0.001 * number, 23.36, end="2025-09-10T04:45Z", countries=where("PL"),
                        publisher=" Reuters " if number % 2 else "REUTERS",
                        reported_at=f"2025-09-10T06:{59 - number:02}Z", **more)

    def test_in_forty_outlets_is_one_incident_with_one_publisher(self):
        desk = self.desk([DRONES], same=SAME).replay([self.story(number) for number in range(40)])
        found = self.one(desk.incidents())
        self.assertEqual(len(found["reports"]), 40)
        self.assertEqual(found["publishers"], 1)
        self.assertEqual(found["id"], "outlet-39:story-39", "the earliest of equals tells it")
        self.assertEqual(desk.episodes("--all"), [], "one incident has no neighbour: forty copies are no core")

    def test_is_forty_incidents_where_reports_are_not_put_together(self):
        desk = self.desk([DRONES]).replay([self.story(number) for number in range(40)])
        self.assertEqual(len(desk.incidents()), 40)
        self.assertTrue(all(one["publishers"] == 1 for one in desk.incidents()))

    def test_in_words_of_three_publishers_is_corroborated_by_three(self):
        stories = [self.story(0), self.story(1), {**self.story(2), "publisher": "PAP"},
                   {key: value for key, value in self.story(3).items() if key != "publisher"}]
        self.assertEqual(self.one(self.desk([DRONES], same=SAME).replay(stories).incidents())["publishers"], 3)

    def test_told_vaguely_by_all_is_one_all_the_same(self):
        vague = [{**self.story(number), "place": {"lat": 52.0, "lon": 19.5, "radius_km": 150}} for number in range(40)]
        found = self.one(self.desk([DRONES], same=SAME).replay(vague).incidents())
        self.assertEqual((len(found["reports"]), found["publishers"]), (40, 1))

    def test_a_member_of_an_episode_shows_its_reports_and_publishers(self):
        estonia = incident("ee", "1", "air.manned.violation", "2025-09-19T06:58Z", 59.82, 26.36, countries=where("EE"))
        desk = self.desk([DRONES], same=SAME).replay([self.story(0), {**self.story(1), "publisher": "PAP"}, estonia])
        episode = self.one(desk.episodes())
        self.assertEqual(episode["observed"], 2)
        self.assertEqual([(len(one["reports"]), one["publishers"]) for one in episode["incidents"]], [(2, 2), (1, 1)])

    def test_the_confirmed_report_gives_time_and_place(self):
        confirmed = {**self.story(5), "status": "confirmed", "place": {"lat": 51.6, "lon": 23.4, "radius_km": 10},
                     "reported_at": "2025-09-12T00:00Z"}
        found = self.one(self.desk([DRONES], same=SAME).replay([self.story(1), confirmed, self.story(2)]).incidents())
        self.assertEqual(found["id"], "outlet-05:story-5")
        self.assertEqual(found["status"], "confirmed")
        self.assertAlmostEqual(found["place"]["lat"], 51.6)


class CuratedList(Case):
    """Twenty crash sites of one night, a few kilometres apart: the list says they are twenty."""

    SITES = [incident("list", f"site-{number}", "air.drone.incursion", "2025-09-09T23:30Z", 51.5 + 0.02 * number, 23.3,
                      countries=where("PL"), end="2025-09-10T04:45Z") for number in range(20)]
    WIRE = incident("wire", "1", "air.drone.incursion", "2025-09-10T01:00Z", 51.7, 23.31, countries=where("PL"))

    def test_twenty_sites_stay_twenty(self):
        for blocks in ({"same": {**SAME, "distinct": ["list"]}},
                       {"same": SAME, "sources": [{"name": "list", "type": "jsonl", "path": "./list.jsonl",
                                                   "distinct": True}]}):
            self.assertEqual(len(self.desk([DRONES], **blocks).replay(self.SITES).incidents()), 20)

    def test_without_the_mark_they_are_one(self):
        self.assertEqual(len(self.desk([DRONES], same=SAME).replay(self.SITES).incidents()), 1)

    def test_a_story_near_all_of_them_joins_the_nearest_and_makes_none_of_two(self):
        desk = self.desk([DRONES], same={**SAME, "distinct": ["list"]}).replay([*self.SITES, self.WIRE])
        found = desk.incidents()
        self.assertEqual(len(found), 20)
        self.assertEqual([reports for reports in told(found) if len(reports) > 1], [["list:site-10", "wire:1"]])


class Vague(Case):
    BIALA = incident("a", "biala", "air.drone.incursion", "2025-09-10T00:00Z", 52.03, 23.12, countries=where("PL"))
    CHELM = incident("b", "chelm", "air.drone.sighting", "2025-09-10T01:00Z", 51.54, 23.3, countries=where("PL"))
    EAST = incident("c", "east", "air.drone.incursion", "2025-09-10T00:30Z", 51.75, 23.2, countries=where("PL"),
                    place={"radius_km": 120, "name": "eastern Poland"})

    def test_a_report_of_eastern_poland_bridges_nothing(self):
        for order in itertools.permutations([self.BIALA, self.CHELM, self.EAST]):
            desk = self.desk([DRONES], same=SAME).replay(list(order))
            self.assertEqual(told(desk.incidents()), [["a:biala"], ["b:chelm", "c:east"]])

    def test_alone_it_is_an_incident(self):
        self.assertEqual(told(self.desk([DRONES], same=SAME).replay([self.EAST]).incidents()), [["c:east"]])


class Changes(Case):
    FIRST = incident("a", "1", "air.drone.incursion", "2025-09-10T00:00Z", 52.0, 23.0, countries=where("PL"),
                     reported_at="2025-09-10T02:00Z")
    BETTER = incident("b", "1", "air.drone.incursion", "2025-09-10T00:20Z", 52.1, 23.05, countries=where("PL"),
                      status="confirmed", reported_at="2025-09-10T05:00Z")
    ROMANIA = incident("r", "1", "air.drone.incursion", "2025-09-13T15:23Z", 45.29, 29.12, countries=where("RO"))

    def test_a_better_report_renames_the_incident_and_leaves_no_ghost(self):
        desk = self.desk([DRONES], same=SAME).replay([self.FIRST, self.ROMANIA, self.BETTER])
        self.assertEqual(told(desk.incidents()), [["a:1", "b:1"], ["r:1"]])
        self.assertEqual(sorted(one["id"] for one in desk.incidents()), ["b:1", "r:1"])
        episode = self.one(desk.episodes())
        self.assertEqual([one["id"] for one in episode["incidents"]], ["b:1", "r:1"])
        causes = [one["cause"] for one in desk.episodes("--all", "--history")]
        self.assertTrue(any("incident told by another report: b:1" in cause for cause in causes), causes)
        self.assertTrue(any("incident put together with another: a:1" in cause for cause in causes), causes)

    def test_the_better_one_taken_back_gives_the_first_its_incident_again(self):
        retraction = {"source": "b", "source_id": "1", "revision": 1, "status": "retracted"}
        desk = self.desk([DRONES], same=SAME).replay([self.FIRST, self.BETTER, self.ROMANIA, retraction])
        found = {one["id"]: one for one in desk.incidents()}
        self.assertEqual(sorted(found), ["a:1", "b:1", "r:1"])
        self.assertEqual(found["b:1"]["status"], "retracted")
        self.assertAlmostEqual(found["b:1"]["place"]["lat"], 52.1)
        self.assertEqual([one["id"] for one in self.one(desk.episodes())["incidents"]], ["a:1", "r:1"])

    def test_a_report_that_moves_away_parts_its_incident(self):
        bridge = incident("m", "1", "air.drone.incursion", "2025-09-10T00:10Z", 52.2, 23.0, countries=where("PL"))
        north = incident("n", "1", "air.drone.incursion", "2025-09-10T00:10Z", 52.4, 23.0, countries=where("PL"))
        moved = {**bridge, "revision": 1, "place": {"lat": 54.0, "lon": 23.0}}
        together = self.desk([DRONES], same=SAME).replay([self.FIRST, north, bridge])
        self.assertEqual(told(together.incidents()), [["a:1", "m:1", "n:1"]])
        parted = self.desk([DRONES], same=SAME).replay([self.FIRST, north, bridge, moved])
        self.assertEqual(told(parted.incidents()), [["a:1"], ["m:1"], ["n:1"]])

    def test_any_order_gives_the_same_store(self):
        reports = [self.FIRST, self.BETTER, self.ROMANIA, {**self.BETTER, "revision": 2, "headline": "drones"},
                   *CuratedList.SITES[:5], CuratedList.WIRE, Vague.BIALA, Vague.CHELM, Vague.EAST,
                   {"source": "b", "source_id": "chelm", "revision": 3, "status": "retracted"}]
        seen = set()
        for seed in range(6):
            order = list(reports)
            random.Random(seed).shuffle(order)
            desk = self.desk([DRONES], same={**SAME, "distinct": ["list"]}).replay(order)
            found = json.dumps(sorted(desk.incidents(), key=lambda one: one["id"]), sort_keys=True)
            seen.add(desk.contents() + found)
        self.assertEqual(len(seen), 1)

    def test_explain_knows_an_incident_by_any_of_its_reports(self):
        desk = self.desk([DRONES], same=SAME).replay([self.FIRST, self.BETTER, self.ROMANIA])
        said = vedette("explain", "--store", desk.store, self.one(desk.episodes())["id"]).stdout
        self.assertIn("b:1", said)


if __name__ == "__main__":
    main()
