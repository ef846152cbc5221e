#!/usr/bin/python3
"""kill -9 of the sink at any moment, while reports, corrections and retractions come and the endpoint misbehaves: the last
state of every episode reaches the endpoint, and what comes twice is the same message, to the byte. VEDETTE_SEED chooses the
moments; 25 blows, 300 where VEDETTE_SOAK=1."""

import json
import os
import random
import tempfile
import time

import endpoint as webhook
from fleet import Fleet, Installation, content, difference, settle
from harness import SOAK, Case, incident, main, rule, where

SEED = int(os.environ.get("VEDETTE_SEED", random.randrange(1 << 32)))
BLOWS = int(os.environ.get("VEDETTE_BLOWS", 300 if SOAK else 25))
RULES = [rule("pairs", ["air.drone.*"], 50, "1d")]
NOW = time.time()


class Story:
    """Episodes in places far from each other: they become flagged, grow, shrink, and are taken back."""

    def __init__(self, path, dice):
        self.path, self.dice = path, dice
        self.places, self.revisions = {}, {}

    def report(self, place, k, **more):
        name = f"p{place}-{k}"
        self.revisions[name] = self.revisions.get(name, -1) + 1
        lat, lon = -60 + 3 * (place % 40), -170 + 5 * (place // 40)
        return incident("t", name, "air.drone.incursion",
                        time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW - 3600 * (8 - k))), lat, lon + k / 50, countries=where("PL" if k % 2 else "RO"),
                        revision=self.revisions[name], **more)

    def step(self):
        place = self.dice.randrange(1 + len(self.places)) if self.places else 0
        known = self.places.setdefault(place, 0)
        if known < 2 or self.dice.random() < 0.4 and known < 6:
            self.places[place] += 1
            reports = [self.report(place, known)]
        else:  # back and forth: it may be as it was when the alert comes
            reports = [self.report(place, self.dice.randrange(known), status=self.dice.choice(["retracted", "confirmed", "confirmed"]))]
        with self.path.open("a") as stream:
            stream.write("".join(json.dumps(one) + "\n" for one in reports))


class SinkKill(Case):
    def test_the_last_state_of_each_episode_is_told_whenever_the_sink_is_killed(self):
        print(f"seed {SEED}", flush=True)
        dice = random.Random(SEED)
        folder = tempfile.TemporaryDirectory(prefix="vedette-sink-kill-")
        self.addCleanup(folder.cleanup)
        receiver = webhook.Endpoint()
        self.addCleanup(receiver.close)
        place = Installation(folder.name, RULES)
        story = Story(place.folder / "in.jsonl", dice)
        story.step()
        sources = [{"name": "desk", "type": "jsonl", "path": str(story.path), "follow": True}]
        alert = receiver.entry(group_wait="100ms", group_interval="200ms", max_age="36500d")
        fleet = Fleet([place.agent("agent", sources), place.correlator(sources), place.sink(alerts=[alert])])
        self.addCleanup(fleet.close)
        fleet.start()
        for _ in range(BLOWS):
            until = time.monotonic() + dice.uniform(0.05, 1.2)
            while time.monotonic() < until:
                story.step()
                fleet.tick()
                time.sleep(dice.choice([0, 0.002, 0.02]))
            if dice.random() < 0.3:
                receiver.misbehave(dice.choice([webhook.REFUSE, webhook.DROP]), dice.uniform(0.1, 1))
            if fleet["sink"].process.poll() is None:
                fleet["sink"].kill(dice.uniform(0, 0.3))
        fleet.bring_up()
        expected = place.replayed([story.path])
        flagged = {one["id"]: one for one in expected["episodes"] if one["state"] == "flagged"}
        self.assertGreater(len(flagged), 5)
        wrong = settle(lambda: not place.store.exists() or difference(content(place.store), expected), fleet)
        self.assertEqual(wrong, [], "\n".join(member.tail() for member in fleet))
        self.assertEqual(settle(lambda: webhook.judge(receiver.received, flagged), fleet), [])
        again = len(receiver.received) - len({message for message, _ in receiver.received})
        print(f"{BLOWS} blows, {len(flagged)} flagged episodes, {len(receiver.received)} messages taken, {again} of them again", flush=True)
        fleet.end()
        fleet.expect_no_complaint()


if __name__ == "__main__":
    main()
