#!/usr/bin/python3
"""A journal, or a spool, that was put back from an earlier time: nothing goes missing that nobody was told of, and there is a
way on."""

import json
import shutil
import tempfile
import time

from fleet import Fleet, Installation, settle
from harness import Case, incident, main, rule, vedette

RULES = [rule("swarm", ["air.drone.*"], 60, "6h", caps={"duration": "3d"})]
NOW = int(time.time())


def line(source, number):
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 3600 + number % 3000))
    return json.dumps(incident(source, f"r{number}", "em.gnss", start, round(-60 + number % 1200 / 10, 1),
                               round(-179 + number // 1200 % 3580 / 10, 1), countries=[])) + "\n"


class PutBack(Case):
    def place(self, *names):
        folder = tempfile.TemporaryDirectory(prefix="vedette-put-back-")
        self.addCleanup(folder.cleanup)
        place = Installation(folder.name, RULES)
        sources = [{"name": name, "type": "jsonl", "path": str(place.folder / f"{name}.jsonl"), "follow": True} for name in names]
        agent = place.agent("agent", sources, agent={"name": "agent", "spool": {"size": "1MiB"}})
        fleet = Fleet([agent, place.correlator(sources), place.sink()])
        self.addCleanup(fleet.close)
        # One configuration that knows both: it is a person who backs up, not a program.
        whole = place.configure("whole", state=str(place.folder / "state-correlator"), sink={"store": str(place.store)})
        return place, fleet, whole

    def feed(self, place, name, first, end):
        with (place.folder / f"{name}.jsonl").open("a") as stream:
            stream.writelines(line(name, number) for number in range(first, end))

    def settle(self, fleet, applied):
        """Everything acknowledged, and so many reports stand."""
        def wrong():
            agent, correlator = fleet["agent"].status(), fleet["correlator"].status()
            if agent is None or correlator is None:
                return ["no answer"]
            waiting, found = agent["tables"]["agent"]["waiting"], correlator["tables"]["correlator"]["incidents"]
            return [] if (waiting, found) == (0, applied) else [f"{waiting} wait, {found} incidents, expected {applied}"]
        self.assertEqual(settle(wrong, fleet, 15), [])

    def said(self, fleet, name, log_id):
        """In its present life."""
        return [one for one in fleet[name].text().rsplit("--- life", 1)[-1].splitlines() if f"id={log_id} " in one]

    def journal_put_back(self):
        """2,000 are in the backup; 10,000 more were acknowledged since, and most are no longer in the spool; 500 are new."""
        place, fleet, whole = self.place("desk")
        self.feed(place, "desk", 0, 2000)
        fleet.start()
        self.settle(fleet, 2000)
        vedette("backup", "--config", whole, "--to", place.folder / "backup")
        self.feed(place, "desk", 2000, 12000)
        self.settle(fleet, 12000)
        fleet.end()
        shutil.rmtree(place.folder / "state-correlator")
        for path in place.folder.glob("store.gpkg*"):
            path.unlink()
        self.assertIn("let go of what was acknowledged since", vedette("restore", "--config", whole, place.folder / "backup").stdout)
        self.feed(place, "desk", 12000, 12500)
        fleet.start()
        self.assertEqual(settle(lambda: not self.said(fleet, "agent", "agent.refused"), fleet, 20), [])
        for name in ("agent", "correlator"):
            told = self.said(fleet, name, "agent.refused")[0]
            self.assertIn("resumes after 2000: what is before", told)
            self.assertIn("remove the agent's spool", told)
            self.assertIn("--accept-gap", told)
        self.assertIn("--accept-gap", vedette("status", "--config", fleet["agent"].config, check=1).stdout)
        time.sleep(1.5)  # it is tried again meanwhile
        self.assertEqual(len(self.said(fleet, "agent", "agent.refused")), 1)
        fleet["agent"].end()
        while fleet["agent"].state != "down":
            fleet.tick(restart=False)
        return place, fleet

    def test_a_journal_put_back_misses_what_spools_let_go_of_until_somebody_accepts_that(self):
        _, fleet = self.journal_put_back()
        agent = fleet["agent"]
        agent.options = ("--accept-gap", "--drain")  # ends by itself
        agent.start()
        self.assertEqual(agent.process.wait(60), 0)
        gap = self.said(fleet, "agent", "spool.gap")
        self.assertEqual(len(gap), 1)
        missed = int(gap[0].split('text="')[1].split()[0])
        self.assertGreater(missed, 5000)
        self.assertEqual(len(self.said(fleet, "correlator", "agent.midway")), 1)
        agent.options = ()
        agent.start()  # once was enough
        self.settle(fleet, 12500 - missed)
        self.assertEqual(fleet["correlator"].status()["tables"]["incidents_link"]["midway"], 1)
        self.assertEqual(fleet.wrong_in_ledgers(), [])
        fleet.end()
        fleet.expect_no_complaint()
        print(f"{missed} reports missed, and said so", flush=True)

    def test_a_spool_that_is_removed_has_its_sources_read_anew(self):
        place, fleet = self.journal_put_back()
        shutil.rmtree(place.folder / "state-agent/agent/agent/spool")
        fleet["agent"].start()
        self.settle(fleet, 12500)
        fleet.end()
        fleet.expect_no_complaint()

    def test_an_empty_journal_is_no_silent_gap(self):
        place, fleet, _ = self.place("desk")
        self.feed(place, "desk", 0, 8000)
        fleet.start()
        self.settle(fleet, 8000)
        fleet.end()
        shutil.rmtree(place.folder / "state-correlator")
        place.store.unlink()
        fleet.start()
        self.assertEqual(settle(lambda: not self.said(fleet, "correlator", "agent.refused"), fleet, 20), [])
        self.assertIn("resumes after 0: what is before", self.said(fleet, "agent", "agent.refused")[0])

    def test_a_spool_put_back_tells_again_what_it_has_and_nothing_new_is_taken_for_known(self):
        place, fleet, _ = self.place("here", "there")
        for name in ("here", "there"):
            self.feed(place, name, 0, 1000)
        fleet.start()
        self.settle(fleet, 2000)
        fleet["agent"].end()
        while fleet["agent"].state != "down":
            fleet.tick(restart=False)
        shutil.copytree(place.folder / "state-agent", place.folder / "kept")
        self.feed(place, "here", 1000, 4000)
        fleet["agent"].start()
        self.settle(fleet, 5000)
        fleet.end()
        shutil.rmtree(place.folder / "state-agent")
        (place.folder / "kept").rename(place.folder / "state-agent")
        self.feed(place, "there", 1000, 4000)  # comes where the correlator has the others
        fleet.start()
        self.settle(fleet, 8000)
        self.assertEqual(len(self.said(fleet, "agent", "spool.behind")), 1)
        self.assertEqual(fleet.wrong_in_ledgers(), [])
        fleet.end()
        fleet.expect_no_complaint()


if __name__ == "__main__":
    main()
