"""Drives the programs as a stranger would: files in, exit status, stdout and stderr out."""

import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("VEDETTE_BIN", ROOT / "build/release/bin"))
SHARED = pathlib.Path(os.environ.get("VEDETTE_SHARED_DATA", ROOT.parent / "shared/data"))
SAME = json.loads(os.environ.get("VEDETTE_SAME", "null"))  # `same:` where a test says nothing of it
SOAK = os.environ.get("VEDETTE_SOAK") == "1"
SANITIZED = (BIN / "vedette").exists() and b"__asan_init" in (BIN / "vedette").read_bytes()

# What compares contents leaves these out.
VOLATILE = ("revision", "cause", "supersedes", "superseded_by", "final")


def expect_no_sanitizer(text):
    """What a sanitizer found counts whatever the exit status: theirs may be one that was expected."""
    if "Sanitizer" in text or "runtime error:" in text:
        raise AssertionError(f"a sanitizer found something:\n{text[-8000:]}")


def vedette(*arguments, program="vedette", stdin=None, check=0, timeout=120):
    """Runs a program to its end; `check` is the exit status expected (None: any)."""
    done = subprocess.run([str(BIN / program), *map(str, arguments)], input=stdin, capture_output=True, text=True,
                          timeout=timeout)
    expect_no_sanitizer(done.stderr)
    if check is not None and done.returncode != check:
        raise AssertionError(f"{program} {' '.join(map(str, arguments))}: exit status {done.returncode}, expected {check}\n"
                             f"stdout: {done.stdout[-4000:]}\nstderr: {done.stderr[-4000:]}")
    return done


def incident(source, source_id, category, start, lat, lon, end=None, **more):
    """A report as the contract writes it."""
    report = {"source": source, "source_id": source_id, "category": category,
              "occurred": {"start": start, **({"end": end} if end else {})}, "place": {"lat": lat, "lon": lon}}
    report["place"].update(more.pop("place", {}))
    report.update(more)
    return report


def where(*codes, affected=()):
    return [{"code": code, "role": "where"} for code in codes] + [{"code": code, "role": "affected"} for code in affected]


def rule(name, categories, reach_km, window, **more):
    return {"name": name, "categories": categories, "reach_km": reach_km, "window": window, **more}


class Desk:
    """A folder with a configuration, inputs and a store."""

    def __init__(self, rules, **blocks):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="vedette-test-"))
        self.store = self.folder / "store.gpkg"
        self.config = self.folder / "vedette.yaml"
        self.write_config(rules, **blocks)
        self.last = None

    def write_config(self, rules, **blocks):
        # JSON is YAML: no writer of our own is needed.
        same = {"same": SAME} if SAME else {}
        self.config.write_text(json.dumps({"rules": rules, **same, **blocks}, indent=1))

    def file(self, name, reports):
        path = self.folder / name
        lines = [report if isinstance(report, str) else json.dumps(report, ensure_ascii=False) for report in reports]
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        return path

    def replay(self, *inputs, check=0, options=()):
        """inputs: lists of reports (a file each) or paths."""
        paths = [self.file(f"in-{number}.jsonl", given) if isinstance(given, (list, tuple)) else given
                 for number, given in enumerate(inputs)]
        self.last = vedette("replay", "--config", self.config, "--store", self.store, *options, *paths, check=check)
        return self

    def episodes(self, *options):
        lines = vedette("episodes", "--store", self.store, "--json", *options).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def incidents(self, *options):
        lines = vedette("incidents", "--store", self.store, "--json", *options).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def contents(self, *options):
        """What must be equal whatever the order: all episodes, without what the contract leaves out."""
        episodes = self.episodes("--all", *options)
        for episode in episodes:
            for field in VOLATILE:
                episode.pop(field)
        return json.dumps(episodes, sort_keys=True)

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def members(episode, membership=None):
    """source_ids of its members."""
    return sorted(report["source_id"] for one in episode["incidents"]
                  if membership is None or one["membership"] in membership for report in one["reports"])


def free_port():
    """None that the system gives to whoever connects: between being found free and being bound it would often be taken."""
    while True:
        port = random.randrange(10000, 32000)
        with contextlib.closing(socket.socket()) as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def bus_block():
    return {"incidents": f"tcp://127.0.0.1:{free_port()}", "episodes": f"tcp://127.0.0.1:{free_port()}"}


class Running:
    """A program in the background; its stderr goes to a file."""

    def __init__(self, *arguments, program="vedette", folder=None):
        self.log = pathlib.Path(tempfile.mkstemp(prefix="vedette-log-")[1])
        self.stream = self.log.open("w")
        self.process = subprocess.Popen([str(BIN / program), *map(str, arguments)], stdin=subprocess.DEVNULL,
                                        stdout=self.stream, stderr=self.stream, cwd=folder)

    def text(self):
        return self.log.read_text(errors="replace")

    def wait_for(self, what, timeout=60):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if what() if callable(what) else what in self.text():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"did not come: {what}\n{self.text()[-4000:]}")

    def stop(self, number=signal.SIGTERM, check=0, timeout=60):
        if not self.log.exists():
            return ""  # was stopped before
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"did not stop within {timeout} s\n{self.text()[-4000:]}") from None
        self.stream.close()
        text = self.text()
        self.log.unlink()
        expect_no_sanitizer(text)
        if check is not None and status != check:
            raise AssertionError(f"exit status {status}, expected {check}\n{text[-4000:]}")
        return text


class Case(unittest.TestCase):
    maxDiff = None

    def desk(self, rules, **blocks):
        desk = Desk(rules, **blocks)
        self.addCleanup(desk.close)
        return desk

    def one(self, episodes):
        self.assertEqual(len(episodes), 1, [episode.get("title", episode["id"]) for episode in episodes])
        return episodes[0]


def main():
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]])
