#!/usr/bin/python3
"""A baseline written here from the table in correlator/baseline/README.md, none of Vedette's code: what check, replay and run make of
it, and what they refuse. h and K are computed here once more."""

import hashlib
import json
import math
import os
import shutil
import signal
import sqlite3
import struct
import time

from harness import Case, Running, bus_block, incident, main, rule, vedette, where

DAY = 86400000
UNIT = 1 << 28
FROM, UNTIL, GUARD = 1704067200000, 1735689600000, 30 * DAY  # the year 2024, 366 days
RULE = rule("campaign", ["air.drone.*"], 150, "2d", min_incidents=2, min_countries=0, alpha=1e-3)
TOWN, SEA = (52.2, 21.0), (56.5, 18.5)


def point(lat, lon):
    lat, lon = math.radians(lat), math.radians(lon)
    return tuple(round(UNIT * value) for value in (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)))


def chord2(reach_km):
    return math.floor((2 * math.sin(reach_km / 2 / 6371.0088) * UNIT) ** 2)


def side(reach_km):
    edge = 1
    while (4 * 2 * edge) ** 2 <= chord2(reach_km):
        edge *= 2
    return edge


def history(points, at, reach_km):
    edge = side(reach_km)
    middle = [value // edge * edge + edge // 2 for value in at]
    near2 = (math.sqrt(chord2(reach_km)) + edge / 2) ** 2
    return sum(sum((a - b) ** 2 for a, b in zip(one, middle)) <= near2 for one in points)


def tail(h, r, k):
    """P(NB(size h + 1, prob 1/(1 + r)) >= k)"""
    mass, below = (1 / (1 + r)) ** (h + 1), 0.0
    for j in range(k):
        below += mass
        mass *= r / (1 + r) * (h + 1 + j) / (j + 1)
    return 1 - below


def threshold(h, row, window, length, floor, alpha):
    k = floor
    while tail(h, (row + 8) * window / (4 * length), k) > alpha:
        k += 1
    return k


def morton(at):
    shifted = [value + (1 << 29) for value in at]
    return [(shifted[2] >> bit & 1, shifted[1] >> bit & 1, shifted[0] >> bit & 1) for bit in range(29, -1, -1)]


def text(value):
    data = value.encode()
    return struct.pack("<I", len(data)) + data


def baseline(rules, points, sources=("t",), steps=((1.0, 9), (20.0, 3)), years=100):
    """rules: (name, hash, json) as a store has them."""
    body = struct.pack("<qqqQ", FROM, UNTIL, GUARD, 7) + struct.pack("<I", len(sources))
    body += b"".join(text(source) for source in sorted(sources)) + struct.pack("<I", len(rules))
    points = sorted(points, key=morton)
    for name, digest, told in rules:
        says = json.loads(told)
        window, floor, alpha, length = says["window_ms"], says["min_neighbours"], says["alpha"], UNTIL - FROM
        body += text(name) + text(digest) + text(told) + struct.pack("<dqqq", says["reach_km"], window, length, 0)
        body += struct.pack("<IdI", floor, alpha, len(points)) + struct.pack("<I", len(points))
        body += b"".join(struct.pack("<iii", *one) for one in points)
        for row in range(9):
            bounds = []
            if row <= 4:  # a mean length of 0 and a length of a window at most
                ks = [threshold(h, row, window, length, floor, alpha) for h in range(len(points) + 1)]
                bounds = [sum(k <= least for k in ks) for least in range(floor, ks[-1] + 1)]
            body += struct.pack("<I", len(bounds)) + b"".join(struct.pack("<I", bound) for bound in bounds)
        for _ in range(2):
            body += struct.pack("<QI", years, len(steps)) + b"".join(struct.pack("<dQ", *step) for step in steps)
    head = b"vedette baseline" + struct.pack("<IQ", 1, 28 + len(body) + 32)
    return head + body + hashlib.sha256(head + body).digest()


def name_of(data):
    return data[-32:].hex()[:16]


def busy(count=200):
    return [point(TOWN[0] + n % 10 * 0.01, TOWN[1] + n // 10 * 0.01) for n in range(count)]


def pair(at, label, day="2025-03-01", source="t"):
    return [incident(source, f"{label}{n}", "air.drone.sighting", f"{day}T{10 + n}:00Z", at[0] + 0.1 * n, at[1],
                     countries=where("PL")) for n in range(2)]


class Baselines(Case):
    def published(self, rules):
        """The rules as they are published: name, hash, JSON."""
        desk = self.desk(rules).replay(pair(SEA, "sea"))  # rules travel with the first report
        with sqlite3.connect(desk.store) as db:
            return db.execute("SELECT name, hash, json FROM rules").fetchall()

    def calibrated(self, points, rules=(RULE,), covered=None, **more):
        desk = self.desk(list(rules), baseline="./b.vdb")
        data = baseline(self.published(list(covered or rules)), points, **more)
        (desk.folder / "b.vdb").write_bytes(data)
        return desk, data

    def test_check_says_what_it_covers(self):
        other = rule("other", ["sea.cable"], 50, "1d")
        desk, data = self.calibrated(busy(), rules=[RULE, other], covered=[RULE])
        done = vedette("check", "--config", desk.config)
        self.assertIn(f"baseline {name_of(data)} ({desk.folder}/b.vdb): 1 of 2 rules, 1 source, history from "
                      "2024-01-01T00:00:00Z to 2025-01-01T00:00:00Z, guard gap 30 days", done.stdout)
        h = history(busy(), point(*TOWN), 150)
        self.assertEqual(h, 200)
        k = [threshold(h, 0, 2 * DAY, UNTIL - FROM, 1, 1e-3) for h in (0, 200)]
        self.assertIn(f"rule campaign: 200 incidents; a core needs K neighbours where h were near: h 0 K {k[0]}, at half of "
                      f"their places h 200 K {k[1]}, at the busiest h 200 K {k[1]}; 100 simulated years", done.stdout)
        self.assertIn("rule other is not in the baseline", done.stderr)

    def test_the_same_pair_is_an_episode_where_it_is_rare_and_none_where_it_is_usual(self):
        desk, data = self.calibrated(busy(), rules=[{**RULE, "alpha": 0.05}])
        desk.replay([*pair(TOWN, "town"), *pair(SEA, "sea")])
        episode = self.one(desk.episodes("--all"))
        self.assertTrue(episode["calibrated"])
        self.assertEqual(episode["baseline_hash"], name_of(data))
        k = threshold(0, 0, 2 * DAY, UNTIL - FROM, 1, 0.05)
        self.assertEqual([(one["id"], one["membership"], one["history"], one["threshold"]) for one in episode["incidents"]],
                         [("t:sea0", "core", 0, k), ("t:sea1", "core", 0, k)])
        expected = (3600000 + 4 * DAY) / (UNTIL - FROM)  # nothing in the footprint: (0 + 1) E / L
        self.assertAlmostEqual(episode["expected"], expected, places=12)
        score = 2 * math.log(2 / expected) + expected - 2
        self.assertAlmostEqual(episode["score"], score, places=5)
        self.assertTrue(1 < score < 20)
        self.assertAlmostEqual(episode["recurrence_days"], 100 * 365.25 / 3, places=6)
        self.assertFalse(episode["recurrence_at_least"])
        plain = self.desk([RULE]).replay([*pair(TOWN, "town"), *pair(SEA, "sea")])
        self.assertEqual(len(plain.episodes("--all")), 2)
        self.assertFalse(any(one["calibrated"] or "baseline_hash" in one for one in plain.episodes("--all")))

    def test_a_store_shows_the_baseline_to_map_programs(self):
        desk, data = self.calibrated([], rules=[{**RULE, "alpha": 0.05}], steps=((1.0, 9),))
        desk.replay(pair(SEA, "sea"))
        with sqlite3.connect(desk.store) as db:
            row = db.execute("SELECT baseline_hash, recurrence_at_least, calibrated, score FROM episodes").fetchone()
        self.assertEqual(row[:3], (name_of(data), 1, 1))
        self.assertAlmostEqual(self.one(desk.episodes())["recurrence_days"], 100 * 365.25 / 3, places=6)
        self.assertGreater(row[3], 1)

    def test_what_it_does_not_cover_is_said_once(self):
        desk, _ = self.calibrated([], sources=["t", "list"])
        late = pair(SEA, "wire", source="wire")
        early = [one for n in range(3) for one in pair((40 + n, 0), f"early{n}", day="2025-01-30")]
        desk.replay([*late, *early])
        self.assertEqual(desk.last.stderr.count("source wire is not in the baseline's history"), 1)
        self.assertIn("began before the baseline's history and guard gap end: 6\n", desk.last.stderr)

    def test_a_baseline_of_other_rules_is_refused_by_the_name_of_the_option(self):
        desk, _ = self.calibrated([], rules=[{**RULE, "reach_km": 1000}], covered=[{**RULE, "reach_km": 900}])
        words = (f"{desk.folder}/b.vdb: rule campaign: reach_km is 900 in the baseline, 1000 in the configuration: run vedette "
                 "calibrate anew\n")
        path = desk.file("in.jsonl", pair(SEA, "sea"))
        for command in (["check"], ["replay", "--store", desk.store, path], ["run"]):
            self.assertIn(words, vedette(command[0], "--config", desk.config, *command[1:], check=2).stderr)
        self.assertIn(words, vedette("--config", desk.config, program="vedette-correlator", check=2).stderr)
        self.assertFalse(desk.store.exists())

    def test_a_bad_file_is_refused_in_a_sentence_and_nothing_is_written(self):
        desk, data = self.calibrated(busy(20))
        path = desk.file("in.jsonl", pair(SEA, "sea"))
        for bad, said in ((None, "No such file or directory"), (b"", "cut off"), (data[:-1], "cut off"), (data[:400], "cut off"),
                          (data[:60] + b"\xff" + data[61:], "checksum"), (b"{}" * 40, "expected a baseline of vedette"),
                          (data[:16] + b"\x09" + data[17:], "format 9")):
            (desk.folder / "b.vdb").unlink()
            if bad is not None:
                (desk.folder / "b.vdb").write_bytes(bad)
            refused = vedette("replay", "--config", desk.config, "--store", desk.store, path, check=2).stderr
            self.assertIn(f"{desk.folder}/b.vdb: ", refused)
            self.assertIn(said, refused)
            self.assertFalse(desk.store.exists())
            (desk.folder / "b.vdb").touch()

    def test_other_rules_are_compared_on_their_own_baseline(self):
        desk, _ = self.calibrated([], rules=[{**RULE, "alpha": 0.05}])
        other, _ = self.calibrated(busy(), rules=[{**RULE, "alpha": 0.05}])
        desk.replay(pair(TOWN, "town"), options=["--compare", other.config])
        self.assertEqual(len(desk.episodes()), 1)
        self.assertIn("compared: 0 same, 0 changed, 1 only here, 0 only there", desk.last.stdout)

    # --- live ---

    def live(self, points):
        desk, data = self.calibrated(points, rules=[{**RULE, "alpha": 0.05}])
        (desk.folder / "in").mkdir()
        blocks = {"bus": bus_block(), "state": "./state", "baseline": "./b.vdb", "sink": {"store": "./store.gpkg"},
                  "sources": [{"name": "t", "type": "jsonl", "path": "./in/*.jsonl", "follow": True}]}
        desk.write_config([{**RULE, "alpha": 0.05}], **blocks)
        now = time.time()
        desk.file("in/a.jsonl", [{**one, "occurred": {"start": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 7200 * n))}}
                                 for n, one in enumerate(pair(TOWN, "town"))])
        return desk, data, blocks

    def put(self, desk, data):
        """As calibrate does: beside, then renamed."""
        (desk.folder / "b.new").write_bytes(data)
        os.replace(desk.folder / "b.new", desk.folder / "b.vdb")

    def states(self, desk):
        return [episode["state"] for episode in desk.episodes("--all", "--history")]

    def test_SIGHUP_judges_anew_what_is_in_memory_and_a_bad_file_changes_nothing(self):
        desk, quiet, blocks = self.live([])
        running = Running("run", "--config", desk.config)
        self.addCleanup(running.stop, check=None)
        running.wait_for(lambda: desk.store.exists() and self.states(desk) == ["flagged"])
        self.assertIn(f"baseline {name_of(quiet)}, 1 rules", running.text())
        loud = baseline(self.published([{**RULE, "alpha": 0.05}]), busy())

        self.put(desk, loud)
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(lambda: self.states(desk) == ["withdrawn"])
        episode = self.one(desk.episodes("--all", "--history"))
        said = f"rule changed: the baseline is {name_of(loud)}, was {name_of(quiet)}"
        self.assertTrue(episode["cause"].startswith(said), episode["cause"])
        self.assertEqual(episode["baseline_hash"], name_of(loud))
        self.assertIn(f"{said}: 2 incidents in memory are judged anew by 1 rules, but for 0 judgements that are kept", running.text())

        self.put(desk, loud[:-5])
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(f"SIGHUP: the baseline stays {name_of(loud)}")
        self.assertIn("cut off", running.text())

        self.put(desk, baseline(self.published([{**RULE, "alpha": 0.04}]), []))
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("alpha is 0.04 in the baseline, 0.05 in the configuration")
        self.assertEqual(self.states(desk), ["withdrawn"])

        self.put(desk, quiet)
        desk.write_config([{**RULE, "alpha": 0.05}], **{**blocks, "state": "./elsewhere"})
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(lambda: self.states(desk) == ["flagged"])
        self.assertIn("the block state has changed: it needs a restart", running.text())
        self.assertNotIn("the block rules has changed", running.text())

        running.process.send_signal(signal.SIGHUP)
        running.wait_for(f"the baseline is {name_of(quiet)}, as before")
        without = {key: value for key, value in blocks.items() if key != "baseline"}
        desk.write_config([{**RULE, "alpha": 0.05}], **without)
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(f"rule changed: the baseline is none, was {name_of(quiet)}")
        running.wait_for(lambda: not self.one(desk.episodes())["calibrated"])
        running.stop(signal.SIGTERM, check=0)

    def test_what_was_judged_anew_is_what_a_replay_would_say(self):
        desk, quiet, _ = self.live([])
        running = Running("run", "--config", desk.config)
        self.addCleanup(running.stop, check=None)
        running.wait_for(lambda: desk.store.exists() and self.states(desk) == ["flagged"])
        some = baseline(self.published([{**RULE, "alpha": 0.05}]), busy(2))
        self.put(desk, some)
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(lambda: [one["baseline_hash"] for one in desk.episodes()] == [name_of(some)])
        running.stop(signal.SIGTERM, check=0)
        live = desk.contents()
        shutil.copy(desk.store, desk.folder / "live.gpkg")
        desk.replay(desk.folder / "in/a.jsonl")
        self.assertEqual(desk.contents(), live)


if __name__ == "__main__":
    main()
