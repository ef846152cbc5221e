#!/usr/bin/python3
"""Blows in random order on a running installation: what is stored and told in the end is what it would be without them.

    desks (files) ─ north ─┐ link                    link
                           ├──▶ proxy ──▶ correlator ◀── proxy ◀── sink ──▶ store, webhook ──▶ endpoint
    desks (files) ─ south ─┘

    tests/system/chaos.py [--seed S] [--blows N] [--end T] [--only KIND,…] [--without KIND,…]
                          [--victims PROGRAM,…] [--lateness 3d] [--keep]

Seed and end are printed; with them the season, the blows and their order are the same again (when exactly they fall is not).
Without arguments: 40 blows under sanitizers, 200 without, 1,000 where VEDETTE_SOAK=1."""

import argparse
import json
import pathlib
import random
import shutil
import sys
import tempfile
import time

import endpoint as webhook
from fleet import UP, Fleet, Installation, content, difference, settle
from harness import SANITIZED, SOAK, vedette
from link import Lines
from season import MAPPING, RULES, Desk, Season, Writer

SOURCES = {"desk": ("north", "jsonl"), "feed": ("north", "jsonl"), "list": ("south", "csv")}
PAUSE_S = (0.2, 0.4)  # between blows
PER_BLOW = 60  # reports


class Ground:
    """The installation and what it is compared with."""

    def __init__(self, folder, seed, blows, end, same, lateness):
        self.folder, self.seed, self.lateness = folder, seed, lateness
        self.dice = random.Random(seed)
        self.season = Season(seed, max(500, blows * PER_BLOW), list(SOURCES), end)
        self.endpoint = webhook.Endpoint()
        self.lines = Lines()
        self.place = Installation(folder, RULES, **({"same": {"within": "6h", "reach_km": 25}} if same else {}))
        self.expected = self.undisturbed()
        self.desks = self.open_desks(folder / "in")
        self.writer = Writer(self.season, self.desks, blows * sum(PAUSE_S) / 2, seed)
        self.links = {"north": self.lines.link(self.place.port("incidents")),
                      "south": self.lines.link(self.place.port("incidents")),
                      "sink": self.lines.link(self.place.port("episodes"))}
        sources = {name: self.source(name, desk) for name, desk in self.desks.items()}
        agents = [self.place.agent(name, [sources[source] for source, (agent, _) in SOURCES.items() if agent == name],
                                   via=self.links[name]) for name in ("north", "south")]
        alert = self.endpoint.entry(group_wait="500ms", group_interval="1s", max_age="36500d")
        self.fleet = Fleet([*agents, self.place.correlator(list(sources.values()), correlator={"journal": {"checkpoint": "2s"}}),
                            self.place.sink(via=self.links["sink"], alerts=[alert])])

    def open_desks(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "list.map.yaml").write_text(json.dumps(MAPPING))
        return {name: Desk(folder, name, ending) for name, (_, ending) in SOURCES.items()}

    def source(self, name, desk):
        mapping = {"mapping": str(self.folder / "list.map.yaml")} if desk.ending == "csv" else {}
        return {"name": name, "type": desk.ending, "path": desk.glob(), "follow": True, "lateness": self.lateness, **mapping}

    def undisturbed(self):
        """The season written down in one go, and replayed."""
        folder = self.folder / "undisturbed"
        desks = self.open_desks(folder)
        Writer(self.season, desks, 0, self.seed).write_all()
        files = [desk.path() for desk in desks.values() if desk.ending == "jsonl"]
        for name, desk in desks.items():
            if desk.ending == "csv":
                mapping = folder / "named.map.yaml"
                mapping.write_text(json.dumps({"source": name, **MAPPING}))
                converted = folder / f"{name}.converted.jsonl"
                converted.write_text(vedette("convert", "--mapping", mapping, desk.path()).stdout)
                files.append(converted)
        return self.place.replayed(files)

    def close(self):
        self.writer.stopping = True
        self.fleet.close()
        self.lines.close()
        self.endpoint.close()


class Blows:
    """Each kind is a method: it strikes one of the members, links or desks, and says in words what it did."""

    def __init__(self, ground, dice, victims):
        self.ground, self.dice, self.victims = ground, dice, victims
        self.mend_at = {}

    def member(self):
        up = [member for member in self.ground.fleet if member.state == UP and member.name in self.victims]
        return self.dice.choice(up) if up else None

    def kill(self):
        if victim := self.member():
            victim.kill(away := self.dice.uniform(0, 1.5))
            return f"{victim.name} for {away:.1f} s"

    def freeze(self):
        if victim := self.member():
            victim.freeze(away := self.dice.choice([0.1, 0.5, 3, 8]))
            return f"{victim.name} for {away} s"

    def term(self):
        if victim := self.member():
            victim.end(away := self.dice.uniform(0, 1))
            return f"{victim.name}, away {away:.1f} s"

    def hup(self):
        if victim := self.member():
            victim.hang_up()
            return victim.name

    def rotate(self):
        name = self.dice.choice(list(self.ground.desks))
        self.ground.desks[name].wants_rotation = True
        return name

    def harm(self, how, for_s):
        name = self.dice.choice(list(self.ground.links))
        how(self.ground.links[name])
        self.mend_at[name] = time.monotonic() + for_s
        return f"{name} for {for_s:.1f} s"

    def cut(self):
        return self.harm(lambda link: link.cut(), self.dice.choice([0, 0.3, 2]))

    def stall(self):
        return self.harm(lambda link: link.stall(), self.dice.choice([0.2, 1, 4, 8]))

    def slow(self):
        return self.harm(lambda link: link.slow(0.05), self.dice.uniform(1, 3))

    def endpoint(self):
        manner = self.dice.choice([webhook.REFUSE, webhook.DROP])
        self.ground.endpoint.misbehave(manner, for_s := self.dice.uniform(0.5, 3))
        return f"{manner} for {for_s:.1f} s"

    def tick(self):
        for name, due in list(self.mend_at.items()):
            if time.monotonic() > due:
                self.ground.links[name].mend()
                del self.mend_at[name]

    def mend(self):
        for link in self.ground.links.values():
            link.mend()


KINDS = {"kill": 4, "freeze": 2, "term": 2, "hup": 1, "rotate": 1, "cut": 2, "stall": 2, "slow": 1, "endpoint": 1}


def strike(ground, blows, kinds, count, dice, log):
    names, weights = list(kinds), list(kinds.values())
    for number in range(1, count + 1):
        kind = dice.choices(names, weights)[0]
        what = getattr(blows, kind)()
        log.append(f"{number:4} {kind:8} {what or 'nobody there'}")
        until = time.monotonic() + dice.uniform(*PAUSE_S)
        while time.monotonic() < until:
            ground.fleet.tick()
            blows.tick()
            time.sleep(0.02)


def wrong_in_store(ground):
    if not ground.place.store.exists():
        return ["there is no store"]
    return difference(content(ground.place.store), ground.expected)


def wrong_in_alerts(ground):
    flagged = {one["id"]: one for one in ground.expected["episodes"] if one["state"] == "flagged"}
    return webhook.judge(ground.endpoint.received, flagged)


def wrong_in_journal(ground):
    """What was received, replayed, and exported and replayed: the same again."""
    journal = ground.folder / "state-correlator/correlator/journal"
    exported = ground.folder / "exported.jsonl"
    exported.write_text(vedette("journal", "--config", ground.fleet["correlator"].config, "--export", timeout=600).stdout)
    return [f"{path.name} replayed: {sentence}" for path in (journal, exported)
            for sentence in difference(ground.place.replayed([path], path.stem), ground.expected)]


def ordeal(ground, kinds, victims, count, log):
    """Everything from the first start to the verdict: what is wrong, in sentences."""
    blows = Blows(ground, ground.dice, victims)
    ground.fleet.start()
    ground.writer.start()
    strike(ground, blows, kinds, count, ground.dice, log)
    blows.mend()
    ground.fleet.bring_up()
    while ground.writer.is_alive():
        ground.fleet.tick()
        time.sleep(0.05)
    if ground.writer.failure:
        raise ground.writer.failure
    wrong = None
    for ask in (lambda: wrong_in_store(ground), lambda: wrong_in_alerts(ground), ground.fleet.wrong_in_ledgers):
        wrong = wrong or settle(ask, ground.fleet)
    ground.fleet.bring_up()
    ground.fleet.end()
    ground.fleet.expect_no_complaint()
    return wrong or wrong_in_store(ground) or wrong_in_alerts(ground) or wrong_in_journal(ground)


def main():
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    reader.add_argument("--blows", type=int, default=1000 if SOAK else 40 if SANITIZED else 200)
    reader.add_argument("--end", type=int, default=int(time.time()) // 3600 * 3600, help="of the season, seconds since 1970")
    reader.add_argument("--only", type=lambda text: text.split(","), default=list(KINDS))
    reader.add_argument("--without", type=lambda text: text.split(","), default=[])
    reader.add_argument("--victims", type=lambda text: text.split(","), default=["north", "south", "correlator", "sink"])
    reader.add_argument("--lateness", help="of the sources; 400d, and nothing leaves memory; otherwise the seed chooses")
    reader.add_argument("--keep", action="store_true", help="keep the folder")
    arguments = reader.parse_args()
    kinds = {name: weight for name, weight in KINDS.items() if name in arguments.only and name not in arguments.without}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="vedette-chaos-"))
    print(f"chaos --seed {arguments.seed} --blows {arguments.blows} --end {arguments.end}", flush=True)
    start, log = time.monotonic(), []
    ground = Ground(folder, arguments.seed, arguments.blows, arguments.end, same=arguments.seed % 2 == 0,
                    lateness=arguments.lateness or ("400d", "10d", "1d")[arguments.seed % 3])
    wrong = ["it did not come to a verdict"]
    try:
        wrong = ordeal(ground, kinds, arguments.victims, arguments.blows, log)
    except AssertionError as failure:
        wrong = [str(failure)]
    finally:
        ground.close()
        if wrong:
            print("\n".join(log))
            for member in ground.fleet:
                print(f"=== the end of {member.log}\n{member.tail(3000)}")
        print(f"{len(ground.season.reports)} reports, {len(ground.expected['incidents'])} incidents, "
              f"{len(ground.expected['episodes'])} episodes; {len(ground.endpoint.received)} webhooks; "
              f"lives {', '.join(f'{member.name} {member.lives}' for member in ground.fleet)}; {time.monotonic() - start:.0f} s")
        if wrong or arguments.keep:
            print(f"all of it is in {folder}")
        else:
            shutil.rmtree(folder)
    for sentence in wrong[:20]:
        print(sentence)
    print(f"{len(wrong)} things are wrong" if wrong else "equal to the undisturbed run, nothing missing")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
