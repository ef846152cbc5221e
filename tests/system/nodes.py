#!/usr/bin/python3
"""deploy/examples/three-hosts, line by line, on hosts made of network namespaces; then what must not work: strangers, revoked
keys, sources of others."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from harness import BIN, ROOT, Case, expect_no_sanitizer, main
from namespaces import Network, own

EXAMPLE = ROOT / "deploy/examples/three-hosts"
HOSTS = {"centre": 10, "field": 11, "desk": 12, "stranger": 66}
# Copies between hosts as scp does: one machine can only pretend.
SCP = """#!/bin/sh
for last; do :; done
host=${last%%:*} path=${last#*:}
while [ $# -gt 1 ]; do cp "$1" "$HOSTS/$host/$path"; shift; done
"""


class Host:
    """A folder, a network of its own, and the programs that run there."""

    def __init__(self, name, hosts):
        self.name, self.folder = name, hosts / name
        if (EXAMPLE / name).exists():
            shutil.copytree(EXAMPLE / name, self.folder)
        else:
            self.folder.mkdir()
        self.environment = {**os.environ, "HOSTS": str(hosts), "PATH": f"{hosts}/bin:{BIN}:{os.environ['PATH']}"}
        self.running = []

    def run(self, line, check=True):
        """A line of the shell, on this host; `&` at its end leaves it running."""
        command = ["ip", "netns", "exec", self.name, "sh", "-c", line.removesuffix("&")]
        if line.endswith("&"):
            log = (self.folder / f"{len(self.running)}.log").open("wb")
            command[-1] = "exec " + command[-1]
            self.running.append(subprocess.Popen(command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                                                 stdout=log, stderr=log))
            log.close()
            return None
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        expect_no_sanitizer(done.stderr)
        if check and done.returncode != 0:
            raise AssertionError(f"{self.name}$ {line}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def said(self):
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log")))

    def end(self):
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        statuses = [process.wait(60) for process in self.running]
        self.running = []
        expect_no_sanitizer(self.said())
        return statuses

    def close(self):
        for process in self.running:
            process.kill()
            process.wait()


class Nodes(Case):
    def setUp(self):
        base = tempfile.TemporaryDirectory(prefix="vedette-nodes-")
        self.addCleanup(base.cleanup)
        hosts = pathlib.Path(base.name)
        (hosts / "bin").mkdir()
        (hosts / "bin/scp").write_text(SCP)
        (hosts / "bin/scp").chmod(0o755)
        self.network = Network()
        self.addCleanup(self.network.close)
        for name, last in HOSTS.items():
            self.network.add(name, last)
        self.hosts = {name: Host(name, hosts) for name in HOSTS}
        for host in self.hosts.values():
            self.addCleanup(host.close)

    def wait_for(self, what, why, timeout=60):
        deadline = time.monotonic() + timeout
        while not what():
            self.assertLess(time.monotonic(), deadline, f"{why}\n" + "\n".join(
                f"--- {host.name}\n{host.said()[-3000:]}" for host in self.hosts.values()))
            time.sleep(0.1)

    def episodes(self):
        said = self.hosts["desk"].run("vedette episodes --store vedette.gpkg --json", check=False)
        return [json.loads(line) for line in said.stdout.splitlines()]

    def incidents(self):
        said = self.hosts["desk"].run("vedette incidents --store vedette.gpkg --json", check=False)
        return {json.loads(line)["id"] for line in said.stdout.splitlines()}

    def write(self, source, number, host="field", agent=None):
        """One more report in what that agent follows."""
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        report = {"source": source, "source_id": str(number), "category": "air.drone.sighting", "occurred": {"start": when},
                  "place": {"lat": 54.5, "lon": 20}, "countries": [{"code": "PL"}]}
        path = self.hosts[host].folder / "in" / (agent or source) / "more.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as stream:
            stream.write(json.dumps(report) + "\n")

    def walk_through(self, until="## 6."):
        text = (EXAMPLE / "README.md").read_text().split(until)[0]
        lines = re.findall(r"^    (\w+)\$ (.*)$", text, re.M)
        self.assertGreater(len(lines), 15)
        for host, line in lines:
            self.hosts[host].run(line, check=not re.search("status|episodes", line))  # they have just been started
        self.wait_for(lambda: len(self.episodes()) == 1, "one episode of two incidents")
        self.assertEqual(self.one(self.episodes())["countries"], ["LT", "PL"])

    def test_the_walk_through_does_what_it_says(self):
        self.walk_through()
        for name, config in (("centre", "correlator"), ("field", "coast"), ("field", "border"), ("desk", "sink")):
            self.hosts[name].run(f"vedette check --config {config}.yaml")
        self.hosts["desk"].run("vedette backup --config sink.yaml --to backup")
        self.hosts["centre"].run("vedette backup --config correlator.yaml --to backup")
        self.assertIn("ready", self.hosts["centre"].run("vedette status --config correlator.yaml", check=False).stdout)
        self.revoked_is_out_until_allowed_again()
        self.a_source_of_others_is_not_written()
        self.a_host_that_was_away_catches_up()
        for name in ("field", "centre", "desk"):
            self.assertEqual(set(self.hosts[name].end()), {0}, self.hosts[name].said())
            for secret in self.hosts[name].folder.glob("state/keys/*.key"):
                self.assertEqual(secret.stat().st_mode & 0o777, 0o600)
                words = re.search(r'secret-key\s*=\s*"(.{40})"', secret.read_text())
                self.assertNotIn(words[1], "".join(host.said() for host in self.hosts.values()))

    def revoked_is_out_until_allowed_again(self):
        centre = self.hosts["centre"]
        centre.run("vedette keys revoke border --config correlator.yaml")
        self.wait_for(lambda: "refused" in self.hosts["field"].said(), "the agent whose key was revoked says so")
        self.write("border", 2)
        self.write("coast", 2)
        self.wait_for(lambda: "coast:2" in self.incidents(), "the other agent goes on")
        time.sleep(2)
        self.assertNotIn("border:2", self.incidents())
        centre.run("vedette keys allow border border.pub --source border --config correlator.yaml")
        self.wait_for(lambda: "border:2" in self.incidents(), "allowed again, it gets in without a restart")

    def a_source_of_others_is_not_written(self):
        self.write("border", "forged", agent="coast")
        self.write("coast", 3)
        self.wait_for(lambda: "coast:3" in self.incidents(), "what stands behind a refused report")
        self.assertNotIn("border:forged", self.incidents())

    def a_host_that_was_away_catches_up(self):
        self.network.cut("field")
        self.write("coast", 4)
        self.write("border", 4)
        time.sleep(2)
        self.assertNotIn("coast:4", self.incidents())
        self.network.mend("field")
        self.wait_for(lambda: {"coast:4", "border:4"} <= self.incidents(), "the line is there again")

    def test_strangers_stay_outside_and_are_counted(self):
        self.walk_through()
        stranger = self.hosts["stranger"]
        shutil.copy(EXAMPLE / "field/coast.yaml", stranger.folder / "coast.yaml")
        self.write("coast", "stranger", host="stranger")
        # Without any key: the configuration itself is refused.
        keyless = re.sub(r"  keys:\n(    .*\n)+", "", (stranger.folder / "coast.yaml").read_text())
        (stranger.folder / "keyless.yaml").write_text(keyless)
        refused = stranger.run("vedette-agent --config keyless.yaml", check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        # With a key of its own, that nobody allowed.
        stranger.run(f"cp {self.hosts['field'].folder}/correlator.pub .")
        stranger.run("vedette keys new coast --config coast.yaml")
        stranger.run("vedette-agent --config coast.yaml &")
        self.wait_for(lambda: "refused" in stranger.said(), "the stranger is told")
        # Bare connections, that never speak or speak nonsense.
        code = ("import socket,time\nlines=[socket.create_connection(('192.0.2.10',5591)) for _ in range(200)]\n"
                "for line in lines[:100]:\n    line.sendall(b'GET / HTTP/1.1\\r\\n\\r\\n'*50)\ntime.sleep(20)")
        (stranger.folder / "bare.py").write_text(code)
        stranger.run("/usr/bin/python3 bare.py &")
        self.write("coast", 2)
        self.wait_for(lambda: "coast:2" in self.incidents(), "who is allowed is served all the same")
        self.assertNotIn("coast:stranger", self.incidents())
        status = json.loads(self.hosts["centre"].run("vedette status --json --config correlator.yaml", check=False).stdout)
        link = next(one for one in status["programs"] if one["program"] == "correlator")["tables"]["incidents_link"]
        self.assertGreater(link["strangers"], 0, link)


if __name__ == "__main__":
    own("mn", "system_nodes makes hosts of network namespaces")
    main()
