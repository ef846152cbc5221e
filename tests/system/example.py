#!/usr/bin/python3
"""The example archive under the shipped rules: what everyone sees first must be what really happened."""

import json
import shutil
import subprocess

from harness import ROOT, SHARED, Case, Desk, main, members, vedette

EXAMPLE = ROOT / "deploy/examples/europe"
ARCHIVE = EXAMPLE / "europe-2003-2025.jsonl"


class Example(Case):
    @classmethod
    def setUpClass(cls):
        cls.desk_of_all = Desk([])
        vedette("replay", "--config", EXAMPLE / "vedette.yaml", "--store", cls.desk_of_all.store, ARCHIVE)
        cls.flagged = cls.desk_of_all.episodes()

    @classmethod
    def tearDownClass(cls):
        cls.desk_of_all.close()

    def of(self, rule):
        return [episode for episode in self.flagged if episode["rule"] == rule]

    def test_the_campaign_holds_poland_romania_and_estonia_of_september_2025(self):
        campaign = [episode for episode in self.of("campaign") if "T023" in members(episode)]
        episode = self.one(campaign)
        self.assertLessEqual({"T023", "T027", "T028"}, set(members(episode, ("core", "attached"))))
        self.assertLessEqual({"EE", "PL", "RO"}, set(episode["countries"]))
        self.assertFalse({"UA", "BY", "RU"} & set(episode["countries"]))
        self.assertLessEqual({"T024", "T029"}, set(members(episode, ("response",))))
        self.assertNotIn("T025", members(episode))
        self.assertEqual(members(episode, ("context",)), ["T026"])

    def test_a_danish_swarm_and_two_waves(self):
        self.assertIn(["DK"], [episode["countries"] for episode in self.of("swarm")])
        waves = [episode["countries"] for episode in self.of("wave")]
        self.assertIn(["DK", "EE", "NO", "PL"], waves)
        self.assertIn(["BE", "DE"], waves)

    def test_four_cable_pairs(self):
        pairs = [members(episode, ("core", "attached")) for episode in self.of("seabed")]
        self.assertEqual(pairs, [["T003", "T004"], ["T007", "T008"], ["T013", "T014"], ["T015", "T016"]])

    def test_the_parcels_of_july_2024(self):
        self.assertEqual(members(self.one(self.of("sabotage")), ("core", "attached")), ["T009", "T010"])

    def test_the_airports_outage_is_an_episode_of_its_own(self):
        outage = self.one(self.of("cyber"))
        self.assertEqual(members(outage, ("core", "attached")), ["T030", "T031", "T032"])
        for episode in self.flagged:
            if episode["rule"] != "cyber":
                self.assertFalse({"T030", "T031", "T032"} & set(members(episode)))

    def test_what_was_explained_is_in_no_episode(self):
        for episode in self.flagged:
            self.assertFalse({"T017", "T033"} & set(members(episode)))

    def test_ogrinfo_opens_the_store_and_a_spatial_filter_works(self):
        layers = subprocess.run(["ogrinfo", "-so", self.desk_of_all.store], capture_output=True, text=True, check=True).stdout
        self.assertIn("episodes", layers)
        self.assertIn("incidents", layers)
        found = subprocess.run(["ogrinfo", "-spat", "25", "59", "27", "60.5", self.desk_of_all.store, "incidents"],
                               capture_output=True, text=True, check=True).stdout
        self.assertIn("T028", found)
        self.assertNotIn("T023", found)
        everything = subprocess.run(["ogrinfo", "-al", self.desk_of_all.store], capture_output=True, text=True, check=True)
        self.assertNotIn("ERROR", everything.stderr + everything.stdout)

    def test_the_story_is_told_in_sentences(self):
        desk = self.desk([])
        told = vedette("replay", "--config", EXAMPLE / "vedette.yaml", "--store", desk.store, "--speed", "1e12", ARCHIVE)
        self.assertRegex(told.stdout + told.stderr, r"Estonia joined: \d+ km and \d+(\.\d)? days from (Poland|Romania|Lithuania)")
        self.assertEqual(desk.contents(), self.desk_of_all.contents())

    def test_each_row_has_its_source(self):
        for line in ARCHIVE.read_text(encoding="utf-8").splitlines():
            self.assertTrue(json.loads(line).get("url", "").startswith("http"), line)

    def test_the_archive_is_what_its_script_makes_of_the_list(self):
        table = SHARED / "incidents/europe-2003-2025.csv"
        if not table.exists():
            self.skipTest(f"{table} is not here")
        made = subprocess.run([EXAMPLE / "make-archive", table], capture_output=True, text=True, check=True).stdout
        self.assertEqual(made, ARCHIVE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    if not shutil.which("ogrinfo"):
        raise SystemExit("ogrinfo is missing (package gdal-bin)")
    main()
