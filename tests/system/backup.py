#!/usr/bin/python3
"""`vedette backup` while reports come as fast as they can, `vedette restore` elsewhere: what is started there ends with the
content of an undisturbed run once its agent has read its sources again. And what is no whole backup is refused."""

import json
import pathlib
import stat
import subprocess
import tempfile
import threading
import time

from fleet import Fleet, Installation, content, difference, settle
from harness import BIN, SOAK, Case, main, rule, vedette
from season import torrent

REPORTS = 200_000 if SOAK else 12_000
BACKUPS = 4
RULES = [rule("swarm", ["air.drone.*"], 60, "6h", caps={"duration": "3d"})]


def pour(lines, path, seconds):
    """Appends them, spread over that time."""
    start, at = time.monotonic(), 0
    with open(path, "ab") as stream:
        while at < len(lines):
            due = min(len(lines), 1 + int(len(lines) * (time.monotonic() - start) / seconds))
            stream.write(b"".join(lines[at:due]))
            stream.flush()
            at = due
            time.sleep(0.01)


class Backup(Case):
    def place(self, folder, sources):
        place = Installation(folder, RULES)
        members = [place.agent("agent", sources), place.correlator(sources), place.sink()]
        # One configuration that knows both: it is a person who backs up, not a program.
        whole = place.configure("whole", state=str(place.folder / "state-correlator"), sink={"store": str(place.store)})
        return place, Fleet(members), whole

    def folder(self):
        folder = tempfile.TemporaryDirectory(prefix="vedette-backup-")
        self.addCleanup(folder.cleanup)
        return pathlib.Path(folder.name)

    def wait_for_store(self, place, fleet):
        deadline = time.monotonic() + 60
        while not (place.store.exists() and place.folder.joinpath("state-correlator/correlator/journal").exists()):
            self.assertLess(time.monotonic(), deadline)
            fleet.tick()
            time.sleep(0.05)

    def test_a_backup_under_load_is_one_moment_and_starts_elsewhere(self):
        here, there = self.folder(), self.folder()
        torrent(here / "all", REPORTS, 1, int(time.time()) - 3600)
        sources = [{"name": "desk", "type": "jsonl", "path": str(here / "torrent.jsonl"), "follow": True}]
        place, fleet, whole = self.place(here, sources)
        self.addCleanup(fleet.close)
        expected = place.replayed([here / "all"])
        fleet.start()
        writer = threading.Thread(target=pour, args=((here / "all").read_bytes().splitlines(True), here / "torrent.jsonl", 5))
        writer.start()
        self.addCleanup(writer.join)
        self.wait_for_store(place, fleet)
        held = []
        for number in range(BACKUPS):  # while it is in full swing
            said = vedette("backup", "--config", whole, "--to", here / f"backup-{number}").stdout
            self.assertIn("store ", said)
            self.assertIn("journal ", said)
            held.append(len(vedette("incidents", "--store", here / f"backup-{number}/store.gpkg", "--json").stdout.splitlines()))
            fleet.tick()
            time.sleep(0.5)
        self.assertEqual(held, sorted(held))
        writer.join()
        self.assertEqual(settle(lambda: difference(content(place.store), expected), fleet), [])
        fleet.end()
        fleet.expect_no_complaint()

        # From the second one, on another machine, as it were: other folders, other ports, an agent that has read nothing.
        other, again, whole = self.place(there, sources)
        self.addCleanup(again.close)
        self.assertIn("are in their places", vedette("restore", "--config", whole, here / "backup-1").stdout)
        self.assertEqual(len(vedette("incidents", "--store", other.store, "--json").stdout.splitlines()), held[1])
        again.start()
        self.assertEqual(settle(lambda: difference(content(other.store), expected), again), [])
        again.end()
        again.expect_no_complaint()
        print(f"{REPORTS} reports; the backups held {held} of {len(expected['incidents'])} incidents", flush=True)
        # And it is not put over what is there.
        self.assertIn("is there already", vedette("restore", "--config", whole, here / "backup-1", check=1).stderr)

    def small(self):
        """An installation that ran once, with keys."""
        folder = self.folder()
        torrent(folder / "few.jsonl", 50, 1, int(time.time()) - 3600)
        sources = [{"name": "desk", "type": "jsonl", "path": str(folder / "few.jsonl")}]
        config = folder / "vedette.yaml"
        bus = Installation(folder, RULES).bus
        config.write_text(json.dumps({"rules": RULES, "state": "./state", "bus": bus, "sources": sources,
                                      "sink": {"store": "./store.gpkg"}}))
        vedette("run", "--drain", "--config", config)
        keys = folder / "state/keys"
        keys.mkdir(parents=True, exist_ok=True)
        (keys / "correlator.key").write_text("secret\n")
        (keys / "correlator.key").chmod(0o644)
        return folder, config

    def test_keys_come_only_if_asked_for_and_for_their_owner_alone(self):
        folder, config = self.small()
        vedette("backup", "--config", config, "--to", folder / "without")
        self.assertFalse((folder / "without/keys").exists())
        vedette("backup", "--config", config, "--to", folder / "with", "--with-keys")
        key = folder / "with/keys/correlator.key"
        self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE((folder / "with").stat().st_mode), 0o700)
        named = [one["path"] for one in json.loads((folder / "with/manifest.json").read_text())["files"]]
        self.assertIn("keys/correlator.key", named)
        self.assertIn("store.gpkg", named)
        self.assertTrue(any(name.startswith("journal/") and name.endswith(".wal") for name in named))

    def test_a_restore_that_is_refused_or_fails_leaves_nothing_half_done(self):
        folder, config = self.small()
        vedette("backup", "--config", config, "--to", folder / "backup", "--with-keys")
        target = folder / "target.yaml"
        target.write_text(json.dumps({"rules": RULES, "state": "./state-2", "sink": {"store": "./store-2.gpkg"}}))
        key = folder / "state-2/keys/correlator.key"
        key.parent.mkdir(parents=True)
        key.write_text("another\n")

        def files():
            return sorted(str(path.relative_to(folder)) for path in [folder / "store-2.gpkg", *(folder / "state-2").rglob("*")]
                          if path.is_file())
        said = vedette("restore", "--config", target, folder / "backup", "--with-keys", check=1).stderr
        self.assertRegex(said, "correlator.key: is there already: move it away first")
        self.assertEqual(files(), ["state-2/keys/correlator.key"])
        self.assertEqual(key.read_text(), "another\n")
        key.unlink()
        # No file may become larger than 4 KiB, as if the disk were full: amid the store, or the journal.
        full = subprocess.run(["bash", "-c", 'trap "" XFSZ; ulimit -f 4; exec "$@"', "bash", str(BIN / "vedette"), "restore",
                               "--config", str(target), str(folder / "backup"), "--with-keys"], capture_output=True, text=True)
        self.assertEqual((full.returncode, files()), (1, []), full.stderr)
        vedette("restore", "--config", target, folder / "backup", "--with-keys")
        self.assertIn("store-2.gpkg", files())
        self.assertIn("state-2/keys/correlator.key", files())

    def test_each_host_backs_up_what_it_has(self):
        """A sink's host knows no rules, and has no journal."""
        folder, _ = self.small()
        (folder / "sink").mkdir()
        sink = folder / "sink/sink.yaml"
        sink.write_text(json.dumps({"sink": {"store": str(folder / "store.gpkg")}}))
        vedette("backup", "--config", sink, "--to", folder / "backup")
        sink.write_text(json.dumps({"sink": {"store": "./again.gpkg"}}))
        vedette("restore", "--config", sink, folder / "backup")
        self.assertTrue((folder / "sink/again.gpkg").exists())

    def test_what_is_damaged_or_not_whole_is_refused_and_nothing_is_put_anywhere(self):
        folder, config = self.small()
        vedette("backup", "--config", config, "--to", folder / "backup")
        self.assertIn("is not empty", vedette("backup", "--config", config, "--to", folder / "backup", check=1).stderr)
        target = folder / "target.yaml"
        target.write_text(json.dumps({"rules": RULES, "state": "./state-2", "sink": {"store": "./store-2.gpkg"}}))
        store = folder / "backup/store.gpkg"
        whole = store.read_bytes()
        store.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
        self.assertIn("its SHA-256 is another", vedette("restore", "--config", target, folder / "backup", check=1).stderr)
        store.unlink()
        self.assertIn("store.gpkg", vedette("restore", "--config", target, folder / "backup", check=1).stderr)
        store.write_bytes(whole)
        manifest = folder / "backup/manifest.json"
        kept = manifest.read_text()
        manifest.write_text(kept.replace("store.gpkg", "../store.gpkg"))
        self.assertIn("is damaged", vedette("restore", "--config", target, folder / "backup", check=1).stderr)
        manifest.unlink()
        self.assertIn("no manifest.json", vedette("restore", "--config", target, folder / "backup", check=1).stderr)
        self.assertFalse((folder / "state-2").exists() or (folder / "store-2.gpkg").exists())
        manifest.write_text(kept)
        (folder / "store-2.gpkg-wal").write_bytes(b"of another")
        self.assertIn("move it away too", vedette("restore", "--config", target, folder / "backup", check=1).stderr)
        (folder / "store-2.gpkg-wal").unlink()
        vedette("restore", "--config", target, folder / "backup")
        self.assertTrue((folder / "store-2.gpkg").exists())


if __name__ == "__main__":
    main()
