#!/usr/bin/python3
"""An agent of some sixty lines in another language, written from proto/README.md alone, delivers a report and gets its
acknowledgement."""

import json
import pathlib
import subprocess
import tempfile

from harness import ROOT, Case, Running, bus_block, incident, main, rule, where

AGENT = ROOT / "deploy/examples/python-agent/agent.py"


class Stranger(Case):
    def test_a_python_agent_delivers_and_is_acknowledged(self):
        desk = self.desk([])
        bus = bus_block()
        rules = [rule("campaign", ["air.drone.*"], 1000, "14d")]
        desk.write_config(rules, bus=bus, state="./state", sources=[], sink={"store": "./store.gpkg"})
        running = Running("run", "--config", desk.config)
        self.addCleanup(running.stop, check=None)
        running.wait_for(lambda: desk.store.exists())
        reports = [incident("py", f"n{number}", "air.drone.incursion", f"2025-09-1{number}T10:00:00Z", 51 + number, 23,
                            countries=where(code), headline="Zażółć")
                   for number, code in enumerate(("PL", "LT", "LV"))]
        path = desk.file("reports.jsonl", reports)
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["protoc", f"--python_out={folder}", f"--proto_path={ROOT / 'proto'}",
                            *map(str, sorted((ROOT / "proto/vedette/v1").glob("*.proto")))], check=True)
            done = subprocess.run(["/usr/bin/python3", AGENT, bus["incidents"], path], capture_output=True, text=True,
                                  timeout=60, env={"PYTHONPATH": folder, "PATH": "/usr/bin:/bin"}, check=False)
        self.assertEqual(done.returncode, 0, done.stderr + running.text())
        self.assertIn("3", done.stdout)
        running.wait_for(lambda: len(desk.episodes()) == 1)
        episode = self.one(desk.episodes())
        self.assertEqual(episode["countries"], ["LT", "LV", "PL"])
        self.assertEqual(episode["incidents"][0]["headline"], "Zażółć")
        self.assertLessEqual(len(AGENT.read_text().splitlines()), 90)
        self.assertTrue(json.dumps(episode))
        self.assertTrue(pathlib.Path(AGENT).exists())


if __name__ == "__main__":
    main()
