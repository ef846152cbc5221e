#!/usr/bin/python3
"""`vedette explain` is right: every number it prints of ten random episodes is derived again from the raw reports, by
explain_method.py; and the check is one that fails when any number is off."""

import copy
import datetime
import json
import math
import os
import random
import re

import explain_method as method
from harness import ROOT, SHARED, Case, incident, main, rule, vedette, where

SEED = int(os.environ.get("VEDETTE_SEED", "20250910"))
EPISODES = 10
MAPPING = ROOT / "deploy/mappings/europe.map.yaml"
ARCHIVE = ROOT / "deploy/examples/europe/europe-2003-2025.jsonl"
DAY = method.DAY

LIST_RULES = [
    rule("swarm", ["air.drone.*", "air.balloon"], 300, "2d", min_incidents=3, min_countries=1),
    rule("wave", ["air.drone.*", "air.manned.violation", "air.balloon"], 700, "3d", caps={"duration": "5d"}),
    rule("campaign", ["air.*"], 1000, "14d", except_countries=["UA", "RU"], caps={"duration": "60d", "extent_km": 2000}),
    rule("dense", ["air.*"], 400, "3d", min_neighbours=3, min_countries=0),
    rule("seabed", ["sea.*"], 600, "14d"),
]
MADE_RULES = [
    rule("chain", ["air.drone.*"], 400, "3d", min_neighbours=2, min_countries=1, caps={"duration": "8d"}),
    rule("wide", ["air.*"], 600, "4d", min_neighbours=3, caps={"duration": "10d", "extent_km": 1500},
         except_countries=["LT"], max_radius_km=100),
]


def stamp(ms):
    moment = datetime.datetime.fromtimestamp(ms / 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def towns_of(seed, count):
    dice = random.Random(seed)
    return [(round(dice.uniform(48, 60), 1), round(dice.uniform(8, 28), 1)) for _ in range(count)]


def made_up(seed, count=220, days=60, start_ms=1756684800000, towns=None):
    """Towns with ties, chains that caps cut, coarse places and long intervals, company, retractions. With towns given:
    the first of them see most."""
    dice = random.Random(seed)
    weights = [1 / (rank + 1) for rank in range(len(towns))] if towns else None
    towns = towns or towns_of(seed, 14)
    reports = []
    for number in range(count):
        lat, lon = dice.choices(towns, weights)[0]
        if dice.random() < 0.4:
            lat, lon = round(lat + dice.uniform(-2, 2), 2), round(lon + dice.uniform(-2, 2), 2)
        begin = start_ms + dice.randrange(days * 4) * DAY // 4
        length = dice.choice([0, 0, 0, DAY // 4, DAY, 3 * DAY + 1, 6 * DAY])
        category = dice.choice(["air.drone.sighting"] * 5 + ["air.drone.incursion"] * 4 + ["air.balloon", "air.manned.violation",
                                "sea.cable", "dip.article4", "mil.exercise", "civ.public_warning"])
        report = incident("made", f"n{number}", category, stamp(begin), lat, lon, end=stamp(begin + length),
                          place={"radius_km": dice.choice([0, 0, 0, 5, 60, 150, 350])}, role=role_of(category),
                          countries=where(dice.choice(["PL", "LT", "DE", "DK", "SE"]),
                                          affected=dice.sample(["FI", "NO"], dice.choice([0, 0, 1]))),
                          publisher=dice.choice([None, "reuters", "pap"]), revision=0)
        if dice.random() < 0.2:
            report["reported_at"] = stamp(begin + dice.choice([-20, 0, 1]) * DAY)
        if dice.random() < 0.05:
            report["status"] = dice.choice(["retracted", "explained", "disputed"])
        reports.append(report)
    return reports


def role_of(category):
    return {"dip.article4": "response", "mil.exercise": "context", "civ.public_warning": "consequence"}.get(category, "trigger")


def standing(reports):
    """Incidents of raw reports, each its own: the highest revision of a (source, source_id)."""
    latest = {}
    for report in reports:
        key = (report["source"], report["source_id"])
        if key not in latest or (report.get("revision") or 0) >= (latest[key].get("revision") or 0):
            latest[key] = report
    return [method.Incident([report]) for report in latest.values()]


class Wrong(AssertionError):
    pass


def compare(found, expected, path=""):
    """All of expected must be in found, exactly; real numbers to nine digits."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            raise Wrong(f"{path}: {found!r} is no object")
        for key, value in expected.items():
            if key not in found:
                raise Wrong(f"{path}.{key} is missing")
            compare(found[key], value, f"{path}.{key}")
        if set(found) - set(expected):
            raise Wrong(f"{path}: nobody checks {sorted(set(found) - set(expected))}")
    elif isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            raise Wrong(f"{path}: {found!r} where {expected!r} is right")
        for at, (one, other) in enumerate(zip(found, expected)):
            compare(one, other, f"{path}[{at}]")
    elif isinstance(expected, float) and isinstance(found, (int, float)) and not isinstance(found, bool):
        if not math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-6 if path.endswith("km") else 1e-9):
            raise Wrong(f"{path}: {found!r} where {expected!r} is right")
    elif found != expected or isinstance(found, bool) != isinstance(expected, bool):
        raise Wrong(f"{path}: {found!r} where {expected!r} is right")


def leaves(tree, path=()):
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif isinstance(tree, list):
        for at, value in enumerate(tree):
            yield from leaves(value, (*path, at))
    elif isinstance(tree, (int, float)):
        yield path, tree


def changed(tree, path, value):
    tree = copy.deepcopy(tree)
    at = tree
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return tree


class Derived:
    """A store and the raw reports it was made from."""

    def __init__(self, desk, reports, history=(), path=None, is_file_given=False):
        """history: raw reports the baseline at `path` was made from; is_file_given: --baseline is."""
        self.desk = desk
        self.incidents = standing(reports)
        self.history = standing(history)
        self.file = method.BaselineFile(path) if path else None
        self.options = ["--baseline", path] if is_file_given else []
        self.worlds = {}

    def world(self, published):
        if published["name"] not in self.worlds:
            baseline = None
            if self.file:
                points, curves = self.file.rules[published["name"]]
                baseline = method.Baseline(published, self.history, self.file.from_ms, self.file.until_ms, curves)
                compare(sorted(map(list, points)), sorted(map(list, baseline.points)), "points of the history")
            self.worlds[published["name"]] = method.World(published, self.incidents, baseline, bool(self.options))
        return self.worlds[published["name"]]

    def explain(self, *arguments, form=("--json",)):
        told = vedette("explain", "--store", self.desk.store, *arguments, *form).stdout
        return json.loads(told) if form == ("--json",) else told

    # --- an episode ---

    def expected(self, told):
        world = self.world(told["rule"])
        name = told["episode"]["id"]
        part = world.part_by_id(name)
        members = world.members(part)
        return world.account(name, world.company(members)), world, part, members

    def check(self, told):
        account, world, part, members = self.expected(told)
        compare({key: told[key] for key in told if key not in ("episode", "rule", "chance")}, account)
        self.check_episode(told["episode"], world, part, members)
        self.check_chance(told, world, members)

    def check_episode(self, episode, world, part, members):
        first, last, square = world.bounds(members)
        is_capped = any(other.id in world.part_of and world.part_of[other.id] is not part and
                        world.are_neighbours(core, other) for core in part for other in world.near[core.id])
        earlier = [other for other in world.near[part[0].id] if other.id in world.part_of and other.order() < part[0].order()]
        strongest = min(earlier, key=lambda other: (world.strength(part[0], other), other.order()), default=None)
        compare({key: episode[key] for key in ("state", "countries", "first", "last", "extent_km", "observed", "capped",
                                               "continues", "calibrated")},
                {"state": "flagged" if world.is_flagged(members) else "candidate",
                 "countries": world.countries(members), "first": iso(first), "last": iso(last),
                 "extent_km": method.km_of_chord2(square), "observed": len(members), "capped": is_capped,
                 "continues": world.episode_id(world.part_of[strongest.id]) if strongest else None,
                 "calibrated": world.baseline is not None})

    def check_chance(self, told, world, members):
        if world.baseline is None:
            compare(told["chance"], None, "chance")
            return
        first, last, _ = world.bounds(members)
        chance = world.baseline.chance(members, first, last, world.is_flagged(members))
        if not self.options:
            chance.update(footprint=None, years=None, exceedances=None)
        compare(told["chance"], {"baseline_hash": self.file.hash, **chance}, "chance")
        compare({key: told["episode"][key] for key in ("expected", "score", "recurrence_days")},
                {key: chance[key] for key in ("expected", "score", "recurrence_days")}, "episode")

    # --- why not ---

    def why_not(self, one, target=None):
        told = self.explain("--why-not", one.id, *([target] if target else []), *self.options)
        for answer in told["rules"]:
            self.check_answer(one, answer, target)
        return told

    def check_answer(self, one, answer, target):
        world = self.world(answer["rule"])
        found = {condition["condition"]: condition for condition in answer["conditions"]}
        part = world.part_with(one) if world.is_triggering(one) else None
        parts = [other for other in world.parts if other is part] if part else []
        if one.role != "trigger":
            parts = [other for other in world.parts if any(each[0] is one for each in world.company(world.members(other)))]
        names = [world.episode_id(other) for other in parts]
        is_flagged = bool(parts) and world.is_flagged(world.members(parts[0]))
        compare({"reproduced": answer["reproduced"]}, {"reproduced": True}, one.id)
        if one.is_live:
            is_in = target in names if target else is_flagged
            compare(answer["in"], is_in, f"{one.id} {answer['rule']['name']} in")
            if (answer["episode"] is None) != (not names) or (names and answer["episode"] not in names):
                raise Wrong(f"{one.id}: {answer['episode']} where {names} are right")
        decides = answer["decides"]
        if answer["in"] != (decides is None):
            raise Wrong(f"{one.id}: in is {answer['in']}, but {decides} decides")
        self.check_match(one, world, found)
        if one.is_live and world.is_triggering(one):
            self.check_trigger(one, world, found, answer, target)

    def check_match(self, one, world, found):
        tests = {"live": one.is_live, "role": one.role == "trigger", "category": one.category in world.rule["categories"],
                 "country": world.matches_countries(one)}
        for name, holds in tests.items():
            if name in found:
                compare(found[name]["holds"], holds, f"{one.id} {name}")
            if not holds and name in ("live", "role"):
                return

    def check_trigger(self, one, world, found, answer, target):
        part = world.part_with(one)
        compare(found["exact"]["holds"], not world.is_coarse(one), f"{one.id} exact")
        counts = world.tell_counts(one)
        if not world.is_coarse(one):
            needed = counts["threshold"]
            holds = one.id in world.part_of if needed is not None else False
            short = max(0, needed - counts["neighbours"]) if needed is not None else None
            compare({key: found["core"][key] for key in (*counts, "short", "holds")},
                    {**counts, "short": short, "holds": holds}, f"{one.id} core")
        cores = [core for core in world.part_of if core != one.id and
                 (target is None or world.episode_id(world.part_of[core]) == target)]
        nearest = world.nearest(one, self.around(world, one, cores, target))
        near = found["near"]
        bridge = None if near["holds"] else world.bridge(one)
        compare(near["bridge"], {"id": bridge.id, **world.tell_counts(bridge)} if bridge else None, f"{one.id} bridge")
        if nearest is None:
            compare(near["nearest"], None, f"{one.id} near")
            return
        link = world.link(one, nearest)
        compare({key: near[key] for key in (*link, "nearest", "nearest_episode", "reach_km", "window_ms", "short_km", "short_ms",
                                            "holds")},
                {**link, "nearest": nearest.id, "nearest_episode": world.episode_id(world.part_of[nearest.id]),
                 "reach_km": world.rule["reach_km"], "window_ms": world.window, "holds": world.are_within(one, nearest),
                 "short_km": max(0.0, link["distance_km"] - world.rule["reach_km"]) if link["distance_share"] > 1 else 0,
                 "short_ms": max(0, link["gap_ms"] - world.window)}, f"{one.id} near")
        if "united" in found:
            self.check_united(one, world, found["united"], world.part_by_id(target))
        if "nearest" in found:
            self.check_nearest(one, world, found["nearest"], world.part_by_id(target))
        if "flagged" in found:
            members = world.members(part)
            compare({key: found["flagged"][key] for key in ("countries", "countries_needed", "incidents", "incidents_needed")},
                    {"countries": len(world.countries(members)), "countries_needed": world.rule["min_countries"],
                     "incidents": len(members), "incidents_needed": world.rule["min_incidents"]}, f"{one.id} flagged")

    @staticmethod
    def around(world, one, names, target):
        """Of the episode asked about all, of others within four windows."""
        cores = [world.by_id[name] for name in names]
        return [core for core in cores if target or world.gap(one, core) <= 4 * world.window]

    def check_united(self, one, world, condition, part):
        own = world.part_of[one.id]
        both = [refusal for refusal in world.refusals
                if {id(world.part_of[refusal[0].id]), id(world.part_of[refusal[1].id])} == {id(own), id(part)}]
        if "core" not in condition:
            compare(len(both), 0, f"{one.id} united")
            return
        core, neighbour, (first, last, square) = both[0]
        compare({key: condition[key] for key in ("core", "neighbour", "duration_ms", "extent_km", "cap_duration_ms", "cap_extent_km")},
                {"core": core.id, "neighbour": neighbour.id, "duration_ms": last - first,
                 "extent_km": method.km_of_chord2(square), "cap_duration_ms": world.rule["cap_duration_ms"],
                 "cap_extent_km": world.rule["cap_extent_km"]}, f"{one.id} united")

    def check_nearest(self, one, world, condition, part):
        def best(cores):
            return min((core for core in cores if world.are_within(one, core)),
                       key=lambda core: (world.cost(one, core), core.order()))
        for field, core in (("attached_to", world.anchors[one.id]), ("instead_of", best(part))):
            link = world.link(one, core)
            compare(condition[field], {"id": core.id, "episode": world.episode_id(world.part_of[core.id]), **link,
                                       "sum": link["distance_share"] ** 2 + link["time_share"] ** 2}, f"{one.id} {field}")


def iso(ms):
    whole = stamp(ms - ms % 1000)
    return whole if ms % 1000 == 0 else f"{whole[:-1]}.{ms % 1000:03d}Z"


# --- the words of the text form ---

def words_of_ms(ms):
    """"9.1 days", "6 hours"."""
    units = [("day", DAY), ("hour", 3600000), ("minute", 60000), ("second", 1000), ("millisecond", 1)]
    if ms == 0:
        return "0 seconds"
    at = next(number for number, (_, size) in enumerate(units) if ms >= size)
    def tenths(number):
        return (ms * 10 + units[number][1] // 2) // units[number][1]
    if at > 0 and tenths(at) * units[at][1] >= 10 * units[at - 1][1]:
        at -= 1
    value = tenths(at)
    text = str(value // 10) if value % 10 == 0 else f"{value // 10}.{value % 10}"
    return f"{text} {units[at][0]}{'' if value == 10 else 's'}"


def words_of_km(km):
    return "0 km" if km < 0.05 else f"{km:.1f} km" if km < 9.95 else f"{km:.0f} km"


def words_of_count(count, one, many):
    return f"{count} {one if count == 1 else many}"


def text_lines(told, text_rule):
    """What the text form must say of what the JSON form says."""
    numbers = {one["id"]: at + 1 for at, one in enumerate(told["episode"]["incidents"])}
    lines = []
    if told["chance"]:
        chance = told["chance"]
        years = chance["recurrence_days"] / 365.25
        every = f"{years:.0f} years" if years >= 9.5 else f"{years:.2g} years" if years >= 1.5 else \
            f"{chance['recurrence_days']:.0f} days" if chance["recurrence_days"] >= 9.5 else f"{chance['recurrence_days']:.2g} days"
        lines.append(f"{chance['observed']} observed, {chance['expected']:.4g} expected: score {chance['score']:.6g}")
        lines.append(f"none like it in {3 * years:.0f} simulated years: at least every {every}, 95 %"
                     if chance["recurrence_at_least"] else f"would make one like it about every {every}")
        if chance["footprint"]:
            foot = chance["footprint"]
            lines.append(f"expected: ({foot['history']} + 1) x {words_of_ms(foot['exposure_ms'])} / "
                         f"{words_of_ms(foot['history_ms'])}; the history has {foot['history']} in its "
                         f"{words_of_count(foot['cubes'], 'cube', 'cubes')}")
            if not chance["recurrence_at_least"]:
                lines.append(f"{chance['exceedances']} in {chance['years']} simulated years")
    for one in told["members"]:
        kind = "core" if one["as"] == "core" else f"attached to #{numbers[one['attached_to']]}"
        if not one["coarse"]:
            test = words_of_count(one["neighbours"], "neighbour", "neighbours") + f", {one['threshold']} needed"
            if one["history"] is not None:
                test += f" where the history has {one['history']}"
            lines.append(f"{kind}{', no core itself' if one['as'] == 'attached' else ''}: {test}")
    for one in told["removals"]:
        if not one["unflags"]:
            lines.append(f"without it: still flagged, {words_of_count(one['incidents_left'], 'incident', 'incidents')} in "
                         f"{words_of_count(one['countries_left'], 'country', 'countries')}")
        elif not one["cores_left"]:
            lines.append("without it: not flagged, no core is left")
    for link in told["links"][:400]:
        gap = words_of_ms(link["gap_ms"]) if link["gap_ms"] else "none"
        lines.append(f"{numbers[link['a']]} - {numbers[link['b']]} {link['as']} {words_of_km(link['distance_km'])} "
                     f"{100 * link['distance_share']:.0f} % of {text_rule['reach_km']:.6g} km {gap} "
                     f"{100 * link['time_share']:.0f} % of")
    for miss in told["near_misses"]:
        lines.append(f"{words_of_km(miss['distance_km'])} and {words_of_ms(miss['gap_ms']) if miss['gap_ms'] else 'no time'} "
                     f"from #{numbers[miss['nearest']]}")
        if miss["why"] == "far" and miss["short_km"] > 0 and miss["short_ms"] == 0:
            lines.append(f"{words_of_km(miss['short_km'])} too far")
        if miss["why"] == "far" and miss["short_ms"] > 0 and miss["short_km"] == 0:
            lines.append(f"{words_of_ms(miss['short_ms'])} too far")
    return lines


class Explain(Case):
    def lists(self):
        tables = [SHARED / "incidents" / name for name in ("europe-2003-2025.csv", "sightings-2025.csv")]
        lines = []
        if all(table.exists() for table in tables):
            for table in tables:
                lines += vedette("convert", "--mapping", MAPPING, "--strict", table).stdout.splitlines()
        else:
            print(f"{SHARED} is not here: the example archive alone is explained")
            lines = ARCHIVE.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def derived(self, rules, reports):
        desk = self.desk(rules).replay(reports)
        return Derived(desk, reports)

    def chosen(self, derived, seed):
        """Ten random episodes, and every rule among them that has one."""
        dice = random.Random(seed)
        episodes = derived.desk.episodes("--all")
        dice.shuffle(episodes)
        first = {}
        for episode in episodes:
            first.setdefault(episode["rule"], episode)
        chosen = list(first.values())
        return (chosen + [episode for episode in episodes if episode not in chosen])[:EPISODES]

    def explain_ten(self, derived, seed):
        told = []
        for episode in self.chosen(derived, seed):
            one = derived.explain(episode["id"], *derived.options)
            try:
                derived.check(one)
                self.check_text(derived, one)
            except Wrong as wrong:
                raise AssertionError(f"seed {seed}, {episode['rule']} {episode['id']}: {wrong}") from None
            told.append(one)
        return told

    def check_text(self, derived, told):
        text = derived.explain(told["episode"]["id"], *derived.options, form=("--tz", "UTC"))
        for line in text.splitlines():
            self.assertLessEqual(len(line), 112, line)
        flat = re.sub(r"\s+", " ", text)
        for line in text_lines(told, told["rule"]):
            if line not in flat:
                raise Wrong(f"the text does not say \"{line}\":\n{text}")

    def ask_why_not(self, derived, seed, count=25):
        dice = random.Random(seed)
        names = [episode["id"] for episode in derived.desk.episodes("--all")]
        decided = set()
        for one in dice.sample(derived.incidents, min(count, len(derived.incidents))):
            try:
                for answer in derived.why_not(one)["rules"]:
                    decided.add(answer["decides"])
                for name in dice.sample(names, min(3, len(names))):
                    for answer in derived.why_not(one, name)["rules"]:
                        decided.add(answer["decides"])
            except Wrong as wrong:
                raise AssertionError(f"seed {seed}: {wrong}") from None
        return decided

    # --- uncalibrated ---

    def test_ten_episodes_of_the_lists_of_the_press(self):
        derived = self.derived(LIST_RULES, self.lists())
        self.explain_ten(derived, SEED)
        self.ask_why_not(derived, SEED)

    def test_ten_episodes_of_generated_worlds_with_caps_coarse_places_and_company(self):
        seen = set()
        for seed in range(SEED, SEED + 3):
            derived = self.derived(MADE_RULES, made_up(seed))
            for told in self.explain_ten(derived, seed):
                seen |= {one["as"] for one in told["members"]} | {miss["why"] for miss in told["near_misses"]}
                seen |= {miss["why"] for miss in told["excluded"]} | {one["as"] for one in told["company"]}
                seen |= {f"unflags {one['unflags']}" for one in told["removals"]} | {f"coarse {one['coarse']}" for one in told["members"]}
                seen |= {"bridge"} if any(miss["bridge"] for miss in told["near_misses"]) else set()
                seen |= {"capped"} if told["episode"]["capped"] else set()
        wanted = {"core", "attached", "far", "elsewhere", "category", "country", "response", "context", "unflags True",
                  "unflags False", "coarse True", "bridge", "capped"}
        self.assertLessEqual(wanted, seen, "the worlds are too plain")

    def test_why_not_of_random_incidents_and_episodes(self):
        decided = set()
        for seed in range(SEED + 10, SEED + 12):
            decided |= self.ask_why_not(self.derived(MADE_RULES, made_up(seed)), seed, count=60)
        self.assertLessEqual({None, "live", "category", "country", "near", "time", "shared"}, decided)

    def test_what_the_caps_refused_and_who_is_nearer_to_another(self):
        decided = set()
        for seed in range(SEED + 20, SEED + 24):
            derived = self.derived(MADE_RULES, made_up(seed))
            for published in derived.desk.episodes("--all"):
                world = derived.world(derived.explain(published["id"])["rule"])
                part = world.part_by_id(published["id"])
                others = {other.id: other for core in part for other in world.near[core.id]
                          if world.part_with(other) not in (part, None)}
                for other in list(others.values())[:2]:
                    try:
                        decided |= {answer["decides"] for answer in derived.why_not(other, published["id"])["rules"]}
                    except Wrong as wrong:
                        raise AssertionError(f"seed {seed}, {other.id} and {published['id']}: {wrong}") from None
        self.assertLessEqual({"united", "nearest"}, decided)

    def test_any_number_that_is_off_is_noticed(self):
        derived = self.derived(MADE_RULES, made_up(SEED))
        told = next(one for one in map(lambda episode: derived.explain(episode["id"]), derived.desk.episodes())
                    if 6 <= len(one["members"]) <= 30 and one["near_misses"])
        self.expect_noticed(derived, told)

    def expect_noticed(self, derived, told):
        derived.check(told)
        count = 0
        for path, value in leaves({key: told[key] for key in told if key not in ("episode", "rule")}):
            other = not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else value * (1 + 1e-5)
            if path[-1] in ("time_share", "distance_share") and value == 0:
                other = 0.5
            with self.assertRaises(Wrong, msg=f"{path} may be {other}"):
                derived.check(changed(told, path, other))
            count += 1
        self.assertGreater(count, 50)

    # --- calibrated ---

    CALIBRATED_RULES = [
        rule("noise", ["air.*"], 200, "2d", min_neighbours=2, min_countries=1, alpha=1e-2, caps={"duration": "20d"}),
        rule("wide", ["air.drone.*"], 500, "3d", min_neighbours=2, alpha=1e-3, caps={"duration": "12d", "extent_km": 1200}),
    ]
    YEAR_MS = 365 * DAY

    def calibrated(self, seed, is_file_given):
        """A year of history, ended by a guard of thirty days; then two months, with campaigns where little happens."""
        towns, now = towns_of(seed, 25), 1756684800000
        history = made_up(seed, count=2200, days=365 + 45, start_ms=now - self.YEAR_MS - 60 * DAY, towns=towns)
        live = made_up(seed + 1, count=350, towns=towns)
        dice = random.Random(seed)
        for campaign in range(16):
            lat, lon, begin = dice.uniform(46, 60), dice.uniform(0, 28), now + 4 * DAY * campaign
            for number in range(3 + campaign % 5):
                when = begin + dice.randrange(4 * 24) * 3600000
                live.append(incident("desk", f"c{campaign}-{number}", "air.drone.incursion", stamp(when),
                                     round(lat + dice.random(), 2), round(lon + dice.random(), 2), revision=0,
                                     countries=where(dice.choice(["GB", "DK"])), role="trigger"))
        desk = self.desk(self.CALIBRATED_RULES)
        path = desk.folder / "baseline.vdb"
        vedette("calibrate", "--config", desk.config, "--from", stamp(now - self.YEAR_MS), "--until", stamp(now), "--guard",
                "30d", "--years", "60", "--out", path, desk.file("history.jsonl", history))
        desk.write_config(self.CALIBRATED_RULES, baseline=str(path))
        desk.replay(live)
        return Derived(desk, live, history, path, is_file_given)

    def test_ten_episodes_judged_by_a_baseline_from_the_store_alone(self):
        derived = self.calibrated(SEED, is_file_given=False)
        told = self.explain_ten(derived, SEED)
        self.assertGreaterEqual(len(told), EPISODES)
        histories = {one["history"] for each in told for one in each["members"]}
        thresholds = {one["threshold"] for each in told for one in each["members"]} - {None}
        self.assertGreater(len(histories), 8)
        self.assertGreater(len(thresholds), 2)
        self.assertTrue(all(each["chance"]["footprint"] is None for each in told))

    def test_ten_episodes_judged_by_a_baseline_with_its_file(self):
        derived = self.calibrated(SEED + 100, is_file_given=True)
        told = self.explain_ten(derived, SEED)
        self.assertGreaterEqual(len(told), EPISODES)
        self.assertLessEqual({True, False}, {each["chance"]["recurrence_at_least"] for each in told})
        text = derived.explain(told[0]["episode"]["id"], *derived.options, form=("--tz", "UTC"))
        self.assertRegex(text, r"expected: \(\d+ \+ 1\) x [\d.]+ days / 335 days")
        self.ask_why_not(derived, SEED, count=40)

    def test_any_number_that_is_off_is_noticed_of_a_calibrated_one_too(self):
        derived = self.calibrated(SEED + 100, is_file_given=True)
        told = next(one for one in map(lambda episode: derived.explain(episode["id"], *derived.options), derived.desk.episodes())
                    if 4 <= len(one["members"]) <= 20)
        self.expect_noticed(derived, told)

    def test_another_baseline_is_refused(self):
        derived = self.calibrated(SEED, is_file_given=False)
        other = derived.desk.folder / "other.vdb"
        vedette("calibrate", "--config", derived.desk.config, "--until", "2025-08-01", "--tz", "UTC", "--years", "10", "--out",
                other, derived.desk.folder / "history.jsonl")
        episode = derived.desk.episodes()[0]["id"]
        told = vedette("explain", "--store", derived.desk.store, "--baseline", other, episode, check=1)
        self.assertIn(derived.file.hash, told.stderr)
        self.assertIn(str(other), told.stderr)
        member = derived.desk.episodes()[0]["incidents"][0]["id"]
        told = vedette("explain", "--store", derived.desk.store, "--baseline", other, "--why-not", member, check=1)
        self.assertIn(derived.file.hash, told.stderr)

    def test_of_a_lonely_pair_only_the_baseline_says_how_many_are_needed(self):
        rules = [rule("rare", ["air.drone.*"], 200, "2d", min_countries=0, alpha=1e-6)]
        def pair(label, day, lat, count=2):
            return [incident("desk", f"{label}{number}", "air.drone.incursion", f"{day}T{10 + number % 10}:00Z", lat, 20.0,
                             countries=where("PL")) for number in range(count)]
        desk = self.desk(rules)
        past = [one for month in range(1, 13) for one in pair(f"h{month}-", f"2024-{month:02}-01", 52.0)]
        path = desk.folder / "baseline.vdb"
        vedette("calibrate", "--config", desk.config, "--until", "2025-01-01", "--tz", "UTC", "--years", "10", "--out", path,
                desk.file("history.jsonl", past))
        desk.write_config(rules, baseline=str(path))
        lonely, crowd = pair("lonely", "2025-02-01", 52.0), pair("crowd", "2025-09-01", 52.0, count=20)
        for reports, words in (([*lonely, *crowd], "only the baseline says"),
                               (lonely, "or a baseline asks for more neighbours")):
            desk.replay(reports)
            derived = Derived(desk, [])
            self.assertIn(words, " ".join(derived.explain("--why-not", "lonely0", form=("--tz", "UTC")).split()))
            told = derived.explain("--why-not", "lonely0", "--baseline", path)["rules"][0]
            self.assertFalse(next(one for one in told["conditions"] if one["condition"] == "core")["holds"])

    # --- several reports of one incident ---

    def test_a_member_shows_all_its_reports_and_a_report_its_incident(self):
        rules = [rule("pair", ["air.drone.*"], 500, "3d", min_countries=1)]
        def told(source, number, hour, lat, **more):
            return incident(source, number, "air.drone.incursion", f"2025-09-10T{hour:02d}:00Z", lat, 23.0, **more)
        reports = [told("wire", "w1", 1, 51.50, status="confirmed", publisher="Reuters", countries=where("PL")),
                   told("desk", "d7", 2, 51.51, publisher="reuters", countries=where("PL")),
                   told("blog", "b3", 2, 51.52, publisher="a blog", countries=where("PL")),
                   told("wire", "w2", 20, 53.00, publisher="Reuters", countries=where("PL"))]
        desk = self.desk(rules, same={"within": "6h", "reach_km": 25}).replay(reports)
        derived = Derived(desk, [])
        episode = self.one(desk.episodes())
        told = derived.explain(episode["id"])
        self.assertEqual([(one["id"], one["neighbours"], one["publishers"]) for one in told["members"]],
                         [("wire:w1", 1, 2), ("wire:w2", 1, 1)])
        self.assertEqual(sorted(one["source_id"] for one in told["members"][0]["reports"]), ["b3", "d7", "w1"])
        text = derived.explain(episode["id"], form=("--tz", "UTC"))
        for words in ("2 publishers in 3 reports", "report blog:b3 by a blog", "report desk:d7 by reuters"):
            self.assertIn(words, text)
        for name in ("blog:b3", "b3"):
            asked = derived.explain("--why-not", name)
            self.assertEqual((asked["incident"]["id"], asked["report"]), ("wire:w1", "blog:b3"))
            self.assertTrue(asked["rules"][0]["in"])
        self.assertIn("blog:b3 is one of its reports", derived.explain("--why-not", "b3", form=("--tz", "UTC")))

    # --- words for people ---

    def test_what_is_not_there_is_told_with_what_is_near(self):
        derived = self.derived(MADE_RULES, made_up(SEED))
        name = derived.desk.episodes()[0]["id"]
        wrong = name[:-1] + ("0" if name[-1] != "0" else "1")
        told = vedette("explain", "--store", derived.desk.store, wrong, check=1)
        self.assertEqual(told.stdout, "")
        self.assertIn(name, told.stderr)
        told = vedette("explain", "--store", derived.desk.store, "--why-not", "mode:n17", check=1).stderr
        self.assertIn("made:n17", told)

    def test_an_incident_is_found_by_its_source_id_alone(self):
        derived = self.derived(MADE_RULES, made_up(SEED))
        self.assertEqual(derived.explain("--why-not", "n17"), derived.explain("--why-not", "made:n17"))

    def test_the_same_question_twice_has_the_same_answer(self):
        derived = self.derived(MADE_RULES, made_up(SEED))
        for arguments in ([derived.desk.episodes()[0]["id"]], ["--why-not", "n17"]):
            for form in (("--json",), ("--tz", "UTC")):
                self.assertEqual(derived.explain(*arguments, form=form), derived.explain(*arguments, form=form))


if __name__ == "__main__":
    main()
