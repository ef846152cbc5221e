#!/usr/bin/python3
"""Bad input gets a sentence with file, line and reason; the rest goes on; nothing is half-written."""

import gzip
import json
import os
import pathlib
import sqlite3
import subprocess
import tempfile

from harness import BIN, ROOT, Case, incident, main, rule, vedette, where

RULE = rule("campaign", ["air.drone.*"], 1000, "14d")
GOOD = [incident("t", "pl", "air.drone.incursion", "2025-09-09T21:30Z", 51.6, 23.2, countries=where("PL")),
        incident("t", "ro", "air.drone.incursion", "2025-09-13T15:23Z", 45.29, 29.12, countries=where("RO"))]


class Lines(Case):
    BAD = {
        "not JSON": '{"source": "t", ',
        "an array": "[1, 2]",
        "no source": json.dumps({**GOOD[0], "source": None}),
        "a bad source": json.dumps({**GOOD[0], "source": "a b"}),
        "a bad category": json.dumps({**GOOD[0], "category": "air.dron.incursion"}),
        "a bad time": json.dumps({**GOOD[0], "occurred": {"start": "2025-02-30T00:00Z"}}),
        "no offset": json.dumps({**GOOD[0], "occurred": {"start": "2025-02-20T00:00"}}),
        "end before start": json.dumps({**GOOD[0], "occurred": {"start": "2025-02-20T00:00Z", "end": "2025-02-19T00:00Z"}}),
        "a bad latitude": json.dumps({**GOOD[0], "place": {"lat": 91, "lon": 0}}),
        "a bad country": json.dumps({**GOOD[0], "countries": [{"code": "Poland"}]}),
        "an infinite number": json.dumps({**GOOD[0], "place": {"lat": 1, "lon": 0}}).replace(": 1,", ": 1e999,"),
        "a NUL": json.dumps({**GOOD[0], "source_id": "a\0b"}),
        "a duplicate key": '{"source":"t","source":"u","source_id":"x"}',
        "a negative revision": json.dumps({**GOOD[0], "revision": -1}),
        "a negative radius": json.dumps({**GOOD[0], "place": {"lat": 1, "lon": 1, "radius_km": -1}}),
        "very deep": "[" * 5000 + "]" * 5000,
    }

    def test_each_bad_line_is_refused_with_file_line_and_reason_and_the_rest_goes_on(self):
        lines = []
        for number, bad in enumerate(self.BAD.values()):
            lines.append(bad)
            if number < len(GOOD):
                lines.append(GOOD[number])
        desk = self.desk([RULE])
        path = desk.file("mixed.jsonl", lines)
        desk.replay(path)
        self.assertEqual(self.one(desk.episodes())["countries"], ["PL", "RO"])
        bad_lines = [index + 1 for index, line in enumerate(lines) if isinstance(line, str)]
        for (what, _), line in zip(self.BAD.items(), bad_lines):
            self.assertRegex(desk.last.stderr, rf"{path}:{line}: \S+", what)
        self.assertIn(f"refused {len(self.BAD)}", desk.last.stderr.replace("  ", " "))

    def test_strict_ends_with_3(self):
        desk = self.desk([RULE]).replay([*GOOD, "nonsense"], check=3, options=["--strict"])
        self.assertEqual(len(desk.episodes()), 1)

    def test_bytes_that_are_no_text_are_refused(self):
        desk = self.desk([RULE])
        path = desk.folder / "bytes.jsonl"
        path.write_bytes(b'{"source":"t","source_id":"\xff\xfe"}\n\x00\x01\x02\n' + json.dumps(GOOD[0]).encode() + b"\n")
        desk.replay(path)
        self.assertIn(f"{path}:1: ", desk.last.stderr)
        self.assertIn(f"{path}:2: ", desk.last.stderr)
        self.assertEqual(len(desk.incidents()), 1)

    def test_a_truncated_gz_is_said_and_the_store_is_left_as_it_was(self):
        desk = self.desk([RULE])
        data = b"".join(json.dumps({**GOOD[0], "source_id": f"n{n}", "headline": os.urandom(40).hex()}).encode() + b"\n"
                        for n in range(2000))
        path = desk.folder / "cut.jsonl.gz"
        path.write_bytes(gzip.compress(data)[:-3000])
        desk.replay(path, check=1)
        self.assertRegex(desk.last.stderr, rf"{path}: .*truncated")
        self.assertFalse(desk.store.exists())
        desk.replay(GOOD)
        before = desk.store.read_bytes()
        desk.replay(path, GOOD, check=1)
        self.assertEqual(desk.store.read_bytes(), before)
        self.assertIn("left as it was", desk.last.stderr)

    def test_a_header_that_lacks_what_the_mapping_names_is_a_failure(self):
        desk = self.desk([RULE])
        table = desk.folder / "list.csv"
        table.write_text("a,b\n1,2\n")
        said = vedette("convert", "--mapping", ROOT / "deploy/mappings/europe.map.yaml", table, check=1).stderr
        self.assertIn(f"{table}: its header, line 1: ", said)

    def test_what_must_not_be_redistributed_is_not_in_the_store(self):
        secret = {"headline": "SECRETHEADLINE", "url": "https://SECRETURL.example", "publisher": "SECRETPUBLISHER",
                  "attributes": {"note": "SECRETNOTE"}, "licence": "no-redistribute"}
        reports = [{**one, **secret, "place": {**one["place"], "name": "SECRETPLACE"}} for one in GOOD]
        desk = self.desk([RULE]).replay(reports)
        self.assertEqual(self.one(desk.episodes())["countries"], ["PL", "RO"])
        self.assertNotIn(b"SECRET", desk.store.read_bytes())

    def test_files_that_are_not_there_or_cannot_be_read(self):
        desk = self.desk([RULE])
        missing = desk.folder / "missing.jsonl"
        said = vedette("replay", "--config", desk.config, "--store", desk.store, missing, check=1)
        self.assertIn(str(missing), said.stderr)
        self.assertFalse(desk.store.exists())
        folder = vedette("replay", "--config", desk.config, "--store", desk.store, desk.folder, check=None)
        self.assertIn(folder.returncode, (1, 2))
        self.assertIn("directory", folder.stderr)


class Configuration(Case):
    def refused(self, text, *expected):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml", delete=False) as stream:
            stream.write(text)
        self.addCleanup(os.unlink, stream.name)
        for command in (["check", "--config", stream.name],
                        ["replay", "--config", stream.name, "--store", "/nonexistent/x.gpkg", "/dev/null"]):
            said = vedette(*command, check=2).stderr
            for part in expected:
                self.assertIn(part.replace("FILE", stream.name), said)

    def test_wrong_keys_values_and_rules_name_file_line_and_column(self):
        good = "rules:\n  - name: a\n    categories: [air.drone.*]\n    reach_km: 10\n    window: 2d\n"
        self.refused(good + "    windw: 3d\n", "FILE:6:5: ", "windw")
        self.refused(good.replace("10", "-10"), "FILE:4:15: ")
        self.refused(good.replace("2d", "two days"), "FILE:5:13: ")
        self.refused(good.replace("2d", "181d"), "FILE:5:13: ")
        self.refused(good.replace("drone.*", "dron.*"), "FILE:3:", "air.dron.*")
        self.refused(good + good.replace("rules:\n", ""), "named \"a\"")
        self.refused(good + "colour: red\n", "FILE:6:1: ", "colour")
        self.refused(good + "sink: {store: ./x.txt}\n", "FILE:6:15: ", ".gpkg")
        self.refused("rules: []\n", "FILE:1:")
        self.refused("rules:\n\t- x\n", "FILE:2:")
        self.refused("sources: []\n", "rules")
        self.refused(good + "same: on\n", "FILE:6:7: ", "off or {within: 6h, reach_km: 25}")
        self.refused(good + "same: {within: 6h, reach_km: 25, distinct: [a b]}\n", "FILE:6:45: ", "name of a source")
        self.refused(good + "baseline: ./b.vdb\n", "FILE:6:11: ", "b.vdb: the baseline cannot be read: No such file or directory")
        self.refused("a: &a [x]\nb: [*a, *a]\n" + good, "FILE:1:")

    def test_a_missing_configuration_is_said(self):
        self.assertIn("/nonexistent.yaml", vedette("check", "--config", "/nonexistent.yaml", check=2).stderr)

    def test_a_right_one_is_said_to_be(self):
        desk = self.desk([RULE])
        self.assertIn("OK", vedette("check", "--config", desk.config).stdout)


class Stores(Case):
    def test_what_is_no_geopackage_is_refused_and_left_alone(self):
        desk = self.desk([RULE])
        sql = desk.folder / "other.gpkg"
        with sqlite3.connect(sql) as database:
            database.execute("CREATE TABLE mine(x)")
        text = desk.folder / "text.gpkg"
        text.write_text("hello\n" * 1000)
        for path in (sql, text):
            before = path.read_bytes()
            path_in = desk.file("in.jsonl", GOOD)
            said = vedette("replay", "--config", desk.config, "--store", path, path_in, check=1).stderr
            self.assertIn(path.name, said)
            self.assertEqual(path.read_bytes(), before)
            self.assertIn(path.name, vedette("episodes", "--store", path, check=1).stderr)
        self.assertIn("missing.gpkg", vedette("episodes", "--store", desk.folder / "missing.gpkg", check=1).stderr)

    def test_a_damaged_store_is_refused(self):
        desk = self.desk([RULE]).replay(GOOD)
        data = desk.store.read_bytes()
        for keep in (100, 5000, len(data) // 2):
            desk.store.write_bytes(data[:keep])
            said = vedette("episodes", "--store", desk.store, check=1)
            self.assertIn("store.gpkg", said.stderr)

    def test_a_failed_replay_leaves_the_old_store_and_nothing_else(self):
        desk = self.desk([RULE]).replay(GOOD)
        before = desk.store.read_bytes()
        vedette("replay", "--config", desk.config, "--store", desk.store, "/nonexistent.jsonl", check=1)
        self.assertEqual(desk.store.read_bytes(), before)
        self.assertEqual(sorted(path.name for path in desk.folder.glob("*gpkg*")), ["store.gpkg"])

    def test_a_full_disk_is_said_and_nothing_is_half_written(self):
        """A tiny file system of its own (needs root); a file-size limit where there is no right to mount."""
        desk = self.desk([RULE])
        small = desk.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", small], capture_output=True,
                                 check=False).returncode == 0
        reports = [{**GOOD[0], "source_id": f"n{n}", "headline": os.urandom(300).hex()} for n in range(5000)]
        path = desk.file("many.jsonl", reports)
        store = small / "store.gpkg"
        try:
            if mounted:
                done = subprocess.run([BIN / "vedette", "replay", "--config", desk.config, "--store", store, path],
                                      capture_output=True, text=True, timeout=100)
            else:
                done = subprocess.run(f"ulimit -f 300; trap '' XFSZ; exec {BIN}/vedette replay --config {desk.config} "
                                      f"--store {store} {path}", shell=True, capture_output=True, text=True, timeout=100,
                                      executable="/bin/bash")
            self.assertEqual(done.returncode, 1, done.stderr[-2000:])
            self.assertRegex(done.stderr, "no space|full|too large")
            self.assertFalse(store.exists())
            self.assertEqual([p.name for p in small.iterdir() if "tmp" in p.name], [])
        finally:
            if mounted:
                subprocess.run(["umount", small], check=True)


class Usage(Case):
    def test_wrong_usage_ends_with_2_and_helps(self):
        for command in ([], ["nonsense"], ["replay"], ["episodes"], ["episodes", "--store"], ["explain", "--store", "x.gpkg"],
                        ["run"], ["convert"], ["check"], ["episodes", "--store", "x", "--bbox", "1,2"],
                        ["episodes", "--store", "x", "--country", "Poland"], ["episodes", "--store", "x", "--since", "soon"]):
            said = vedette(*command, check=2)
            self.assertTrue(said.stderr.strip(), command)
        for command in ("run", "replay", "episodes", "incidents", "explain", "convert", "check", "alerts"):
            self.assertIn("Usage", vedette(command, "--help").stdout)

    def test_an_episode_that_is_not_there_is_said(self):
        desk = self.desk([RULE]).replay(GOOD)
        self.assertTrue(vedette("explain", "--store", desk.store, "2031", check=1).stderr.strip())
        self.assertTrue(pathlib.Path(desk.store).exists())


if __name__ == "__main__":
    main()
