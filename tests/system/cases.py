#!/usr/bin/python3
"""The cases of real life that a correlator must get right, as a stranger would put them to it."""

import json

from harness import Case, incident, main, members, rule, vedette, where

CAMPAIGN = rule("campaign", ["air.drone.*", "air.manned.violation"], 1000, "14d", except_countries=["UA", "RU", "BY"])
SEABED = rule("seabed", ["sea.cable", "sea.pipeline"], 600, "14d")

POLAND = incident("t", "poland", "air.drone.incursion", "2025-09-09T21:30Z", 51.6, 23.2, end="2025-09-10T04:45Z",
                  countries=where("PL", affected=("UA", "BY")), status="confirmed", place={"radius_km": 150})
ROMANIA = incident("t", "romania", "air.drone.incursion", "2025-09-13T15:23Z", 45.29, 29.12, end="2025-09-13T16:13Z",
                   countries=where("RO", affected=("UA",)))
ESTONIA = incident("t", "estonia", "air.manned.violation", "2025-09-19T06:58Z", 59.8185, 26.3594,
                   end="2025-09-19T07:10Z", countries=where("EE"))


class Company(Case):
    """Responses, consequences and context are shown beside an episode and change nothing of it."""

    def test_requests_respond_the_earlier_closure_does_not_and_the_exercise_is_context(self):
        desk = self.desk([CAMPAIGN]).replay([
            POLAND, ROMANIA, ESTONIA,
            incident("t", "article4-pl", "dip.article4", "2025-09-10T00:00Z", 52.23, 21.01, end="2025-09-10T22:00Z",
                     countries=where("PL")),
            incident("t", "article4-ee", "dip.article4", "2025-09-19T00:00Z", 59.437, 24.754, end="2025-09-19T21:00Z",
                     countries=where("EE")),
            incident("t", "closure", "land.border.closure", "2025-09-11T22:00Z", 52.07, 23.62, end="2025-09-24T22:00Z",
                     countries=where("PL", affected=("BY",)), reported_at="2025-09-09T12:00Z"),
            incident("t", "zapad", "mil.exercise", "2025-09-11T21:00Z", 53.9, 27.56, end="2025-09-16T21:00Z",
                     countries=where("BY", affected=("RU",)), place={"radius_km": 300}),
        ])
        episode = self.one(desk.episodes())
        self.assertEqual(episode["countries"], ["EE", "PL", "RO"])
        self.assertEqual(members(episode, ("core", "attached")), ["estonia", "poland", "romania"])
        self.assertEqual(members(episode, ("response",)), ["article4-ee", "article4-pl"])
        self.assertEqual(members(episode, ("context",)), ["zapad"])
        self.assertEqual(episode["observed"], 3)

    def test_a_response_of_a_country_that_is_not_in_it_stays_out(self):
        desk = self.desk([CAMPAIGN]).replay([
            POLAND, ROMANIA, ESTONIA,
            incident("t", "elsewhere", "dip.article4", "2025-09-12T00:00Z", 39.9, 32.8, countries=where("TR"))])
        self.assertEqual(members(self.one(desk.episodes()), ("response",)), [])


class Corrections(Case):
    FIRST = incident("t", "osiny", "air.drone.incursion", "2025-08-20T02:00+02:00", 51.8, 21.95, countries=where("PL"),
                     revision=0, reported_at="2025-08-20T08:00Z")
    CORRECTED = {**FIRST, "revision": 1, "occurred": {"start": "2025-08-19T22:58+02:00"},
                 "reported_at": "2025-08-20T20:00Z"}
    # Near the corrected time only, and near the first time only.
    BEFORE = incident("t", "before", "air.drone.incursion", "2025-08-18T21:00Z", 54.6, 25.3, countries=where("LT"))
    AFTER = incident("t", "after", "air.drone.incursion", "2025-08-20T23:00Z", 48.6, 22.3, countries=where("SK"))
    RULES = [rule("day", ["air.drone.*"], 600, "1d")]

    def test_osiny_moves_a_day_and_its_members_follow_in_either_order(self):
        alone = self.desk(self.RULES).replay([self.FIRST, self.BEFORE, self.AFTER])
        self.assertEqual(members(self.one(alone.episodes())), ["after", "osiny"])
        contents = set()
        for order in ([self.FIRST, self.CORRECTED], [self.CORRECTED, self.FIRST]):
            desk = self.desk(self.RULES).replay([order[0], self.BEFORE, self.AFTER, order[1]])
            episode = self.one(desk.episodes())
            self.assertEqual(members(episode), ["before", "osiny"])
            osiny = [one for one in episode["incidents"] if one["id"] == "t:osiny"]
            self.assertEqual(len(osiny), 1)
            self.assertEqual(osiny[0]["occurred"]["start"], "2025-08-19T20:58:00Z")
            contents.add(desk.contents())
        self.assertEqual(len(contents), 1)

    def test_a_time_corrected_by_a_day_takes_its_members_along(self):
        a_day_earlier = {**self.FIRST, "revision": 1, "occurred": {"start": "2025-08-19T02:00+02:00"}}
        desk = self.desk(self.RULES).replay([self.FIRST, self.BEFORE, self.AFTER, a_day_earlier])
        self.assertEqual(members(self.one(desk.episodes())), ["before", "osiny"])
        back = {**self.FIRST, "revision": 2}
        desk.replay([self.FIRST, self.BEFORE, self.AFTER, a_day_earlier, back])
        self.assertEqual(members(self.one(desk.episodes())), ["after", "osiny"])

    def test_the_cause_of_a_correction_names_it(self):
        desk = self.desk(self.RULES).replay([self.FIRST, self.BEFORE, self.AFTER, self.CORRECTED])
        causes = [episode["cause"] for episode in desk.episodes("--all", "--history")]
        self.assertTrue(any("corrected" in cause and "t:osiny" in cause for cause in causes), causes)

    def test_a_correction_of_words_alone_revises_the_episode(self):
        told = self.desk([CAMPAIGN]).replay([POLAND, ROMANIA, {**POLAND, "revision": 3, "headline": "19 drones"}])
        episode = self.one(told.episodes())
        poland = [one for one in episode["incidents"] if one["id"] == "t:poland"][0]
        self.assertEqual(poland["headline"], "19 drones")
        self.assertIn("corrected: t:poland", episode["cause"])


class TakenBack(Case):
    OSLO = incident("t", "akershus", "air.drone.sighting", "2025-09-22T19:00Z", 59.907, 10.737, countries=where("NO"))
    COPENHAGEN = incident("t", "copenhagen", "air.drone.sighting", "2025-09-22T18:26Z", 55.61, 12.65,
                          end="2025-09-22T22:30Z", countries=where("DK"))
    GARDERMOEN = incident("t", "gardermoen", "air.drone.sighting", "2025-09-22T22:30Z", 60.19, 11.1,
                          end="2025-09-23T02:00Z", countries=where("NO"))
    WAVE = rule("wave", ["air.drone.*"], 700, "3d")

    def test_akershus_is_explained_and_leaves_the_rest_stays(self):
        desk = self.desk([self.WAVE]).replay([self.OSLO, self.COPENHAGEN, self.GARDERMOEN,
                                              {**self.OSLO, "revision": 1, "status": "explained"}])
        episode = self.one(desk.episodes())
        self.assertEqual(members(episode), ["copenhagen", "gardermoen"])
        self.assertEqual(episode["state"], "flagged")
        akershus = [one for one in desk.incidents() if one["id"] == "t:akershus"]
        self.assertEqual(akershus[0]["status"], "explained")

    GOTLAND = incident("t", "gotland", "sea.cable", "2025-01-25T23:00Z", 57.5, 20.5, end="2025-01-26T22:59Z",
                       countries=where(affected=("LV", "SE")))
    RULED = {**GOTLAND, "revision": 1, "status": "explained", "reported_at": "2025-02-03T12:00Z"}
    THIRD = incident("t", "c-lion1", "sea.cable", "2025-02-20T23:00Z", 57.0, 19.0, end="2025-02-21T22:59Z",
                     countries=where(affected=("DE", "FI", "SE")))
    MONTH = rule("seabed", ["sea.cable"], 600, "30d")

    def test_an_accident_withdraws_its_pair_with_the_cause(self):
        desk = self.desk([self.MONTH]).replay([self.GOTLAND, self.THIRD, self.RULED])
        self.assertEqual(desk.episodes("--all"), [])
        withdrawn = self.one(desk.episodes("--all", "--history"))
        self.assertEqual(withdrawn["state"], "withdrawn")
        self.assertIn("explained", withdrawn["cause"])
        self.assertIn("t:gotland", withdrawn["cause"])

    def test_an_accident_told_before_the_second_fault_is_never_flagged(self):
        desk = self.desk([self.MONTH]).replay([self.GOTLAND, self.RULED, self.THIRD])
        self.assertEqual(desk.episodes("--all", "--history"), [])

    def test_estonia_retracted_and_given_back_has_the_same_id(self):
        flagged = self.one(self.desk([CAMPAIGN]).replay([POLAND, ROMANIA, ESTONIA]).episodes())
        retraction = {"source": "t", "source_id": "estonia", "revision": 1, "status": "retracted"}
        without = self.one(self.desk([CAMPAIGN]).replay([POLAND, ROMANIA, ESTONIA, retraction]).episodes())
        self.assertEqual(without["id"], flagged["id"])
        self.assertEqual(without["countries"], ["PL", "RO"])
        self.assertIn("retracted: t:estonia", without["cause"])
        again = self.one(self.desk([CAMPAIGN]).replay(
            [POLAND, ROMANIA, ESTONIA, retraction, {**ESTONIA, "revision": 2}]).episodes())
        self.assertEqual(again["id"], flagged["id"])
        self.assertEqual(again["countries"], ["EE", "PL", "RO"])
        self.assertGreater(again["revision"], flagged["revision"])

    def test_a_retraction_that_comes_first_still_counts(self):
        retraction = {"source": "t", "source_id": "estonia", "revision": 1, "status": "retracted"}
        first = self.desk([CAMPAIGN]).replay([retraction, POLAND, ROMANIA, ESTONIA])
        last = self.desk([CAMPAIGN]).replay([POLAND, ROMANIA, ESTONIA, retraction])
        self.assertEqual(first.contents(), last.contents())
        for desk in (first, last):
            estonia = [one for one in desk.incidents() if one["id"] == "t:estonia"][0]
            self.assertEqual(estonia["status"], "retracted")
            self.assertAlmostEqual(estonia["place"]["lat"], 59.8185)


class AtSea(Case):
    def test_cable_faults_count_for_the_countries_affected_and_get_no_false_where(self):
        reports = [incident("t", "bcs", "sea.cable", "2024-11-17T08:00Z", 56.8, 18.9, countries=where(affected=("LT", "SE"))),
                   incident("t", "c-lion1", "sea.cable", "2024-11-18T02:04Z", 56.0, 17.9,
                            countries=where(affected=("DE", "FI")))]
        episode = self.one(self.desk([SEABED]).replay(reports).episodes())
        self.assertEqual(episode["countries"], ["DE", "FI", "LT", "SE"])

    def test_a_place_at_sea_is_looked_up_as_no_country(self):
        report = incident("t", "bcs", "sea.cable", "2024-11-17T08:00Z", 56.8, 18.9)
        found = self.one(self.desk([SEABED]).replay([report]).incidents())
        self.assertEqual(found["countries"], [])


class Cyber(Case):
    OUTAGE = [incident("t", f"outage-{code}", "cyber.attack", "2025-09-19T20:00Z", lat, lon, end="2025-09-20T04:00Z",
                       countries=where(code))
              for code, lat, lon in (("GB", 51.47, -0.46), ("BE", 50.9, 4.48), ("DE", 52.37, 13.5))]

    def test_under_a_rule_for_both_the_outage_joins_and_explain_shows_it(self):
        both = rule("both", ["air.drone.*", "air.manned.violation", "cyber.attack"], 1000, "14d")
        desk = self.desk([both]).replay([POLAND, ROMANIA, ESTONIA, *self.OUTAGE])
        episode = self.one(desk.episodes())
        self.assertEqual(episode["countries"], ["BE", "DE", "EE", "GB", "PL", "RO"])
        told = vedette("explain", "--store", desk.store, episode["id"]).stdout
        self.assertIn("outage-DE", told)
        links = json.loads(vedette("explain", "--store", desk.store, "--json", episode["id"]).stdout)
        self.assertTrue(any("t:outage-DE" in json.dumps(link) and "t:poland" in json.dumps(link)
                            for link in links["links"]), links["links"])

    def test_under_rules_of_their_own_they_stay_apart(self):
        desk = self.desk([CAMPAIGN, rule("cyber", ["cyber.attack"], 1500, "2d")]).replay(
            [POLAND, ROMANIA, ESTONIA, *self.OUTAGE])
        found = {episode["rule"]: episode["countries"] for episode in desk.episodes()}
        self.assertEqual(found, {"campaign": ["EE", "PL", "RO"], "cyber": ["BE", "DE", "GB"]})


if __name__ == "__main__":
    main()
