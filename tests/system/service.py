#!/usr/bin/python3
"""Under a supervisor: the units are hardened and run what there is; a daemon says that it is ready, alive, reloading and
stopping; SIGHUP reads the log's settings anew; log lines as JSON."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess

from harness import BIN, ROOT, Case, Running, bus_block, main, rule, vedette

UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
PROGRAMS = ("correlator", "sink", "agent")
EXPOSURE_MAX = 2.5


class Supervisor:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(60)

    def wait_for(self, word):
        """The lines heard until one is `word`."""
        heard = []
        while word not in heard:
            heard += self.socket.recv(4096).decode().splitlines()
        return heard


class Service(Case):
    def setUp(self):
        self.here = self.desk([rule("campaign", ["air.drone.*"], 1000, "14d")], bus=bus_block(), state="./state",
                              sink={"store": "./store.gpkg"},
                              sources=[{"name": "desk", "type": "jsonl", "path": "./in/*.jsonl", "follow": True}])
        (self.here.folder / "in").mkdir()

    def test_every_program_has_a_unit_that_runs_it_with_options_it_knows(self):
        self.assertEqual([unit.name for unit in UNITS],
                         ["vedette-agent@.service", "vedette-correlator.service", "vedette-sink.service"])
        for unit in UNITS:
            program, *options = re.search(r"^ExecStart=(.+)$", unit.read_text(), re.M)[1].split()
            words = [str(self.here.config) if word.startswith("/etc/") else word.replace("%i", "desk") for word in options]
            running = Running(*words, program=pathlib.Path(program).name)
            self.addCleanup(running.stop, check=None)
            running.wait_for("id=")
            running.stop(check=0)

    def test_the_units_leave_little(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is missing: NOBODY CHECKED THE UNITS")
        for unit in UNITS:
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)],
                                  capture_output=True, text=True, timeout=60)
            said = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
            self.assertIsNotNone(said, done.stdout + done.stderr)
            self.assertLessEqual(float(said[1]), EXPOSURE_MAX, f"{unit.name}\n{done.stdout}")

    def test_the_supervisor_hears_ready_alive_reloading_and_stopping(self):
        for program in PROGRAMS:
            with self.subTest(program):
                path = self.here.folder / f"{program}.notify"
                supervisor = Supervisor(path)
                self.addCleanup(supervisor.socket.close)
                os.environ.update(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="400000")
                try:
                    running = Running("--config", self.here.config, program=f"vedette-{program}")
                finally:
                    del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
                self.addCleanup(running.stop, check=None)
                supervisor.wait_for("READY=1")
                supervisor.wait_for("WATCHDOG=1")
                heard = supervisor.wait_for("WATCHDOG=1")
                running.process.send_signal(signal.SIGHUP)
                heard += supervisor.wait_for("RELOADING=1")
                self.assertFalse([line for line in heard if line.startswith(("READY", "STOPPING"))])
                supervisor.wait_for("READY=1")
                running.process.send_signal(signal.SIGTERM)
                supervisor.wait_for("STOPPING=1")
                running.process.wait(60)  # a second SIGTERM would end it at once
                running.stop(check=0)

    def test_a_stopped_daemon_is_missed_by_the_watchdog(self):
        path = self.here.folder / "notify"
        supervisor = Supervisor(path)
        self.addCleanup(supervisor.socket.close)
        os.environ.update(NOTIFY_SOCKET=str(path), WATCHDOG_USEC="200000")
        try:
            running = Running("--config", self.here.config, program="vedette-sink")
        finally:
            del os.environ["NOTIFY_SOCKET"], os.environ["WATCHDOG_USEC"]
        self.addCleanup(running.stop, check=None)
        heard = supervisor.wait_for("WATCHDOG=1")
        self.assertIn("STATUS=the correlator is not there", heard + supervisor.wait_for("WATCHDOG=1"))
        running.process.send_signal(signal.SIGSTOP)
        supervisor.socket.settimeout(3)
        with self.assertRaises(TimeoutError):
            while True:  # what was said before, then nothing
                supervisor.socket.recv(4096)
        running.process.send_signal(signal.SIGCONT)
        supervisor.socket.settimeout(60)
        supervisor.wait_for("WATCHDOG=1")
        running.stop(check=0)

    def test_a_hangup_reads_the_level_of_the_log_anew(self):
        blocks = json.loads(self.here.config.read_text())
        for program in PROGRAMS:
            with self.subTest(program):
                self.here.write_config(**blocks, log={"level": "error"})
                running = Running("--config", self.here.config, program=f"vedette-{program}")
                self.addCleanup(running.stop, check=None)
                names = {"agent": "agent-agent", "correlator": "correlator", "sink": "sink-sink"}
                running.wait_for((self.here.folder / f"state/run/{names[program]}.sock").exists)
                self.assertEqual(running.text(), "")
                self.here.write_config(**blocks, log={"level": "info", "format": "json"})
                running.process.send_signal(signal.SIGHUP)
                running.wait_for('"text":"SIGHUP')
                text = running.stop(check=0)
                for line in text.splitlines():
                    self.assertEqual(set(json.loads(line)), {"time", "level", "id", "program", "text"})

    def test_a_hangup_with_a_wrong_file_is_said_and_changes_nothing(self):
        blocks = json.loads(self.here.config.read_text())
        for program in PROGRAMS:
            with self.subTest(program):
                self.here.write_config(**blocks)
                running = Running("--config", self.here.config, program=f"vedette-{program}")
                self.addCleanup(running.stop, check=None)
                running.wait_for("id=")
                self.here.write_config(**blocks, log={"level": "loud"}, baseline=["x"])
                running.process.send_signal(signal.SIGHUP)
                running.wait_for("loud")
                self.here.config.write_text("{")
                running.process.send_signal(signal.SIGHUP)
                running.wait_for("expected YAML")
                running.stop(check=0)

    def test_a_level_the_command_line_names_stays(self):
        blocks = json.loads(self.here.config.read_text())
        self.here.write_config(**blocks, log={"level": "debug", "format": "json"})
        running = Running("--config", self.here.config, "--log-format", "logfmt", "--log-level", "info",
                          program="vedette-sink")
        self.addCleanup(running.stop, check=None)
        running.wait_for(" level=info id=sink.starts ")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for(" id=sink.hangup ")
        running.stop(check=0)

    def test_a_log_block_that_is_wrong_is_refused(self):
        blocks = json.loads(self.here.config.read_text())
        self.here.write_config(**blocks, log={"level": "loud"})
        for command in (["check"], ["run"]):
            done = vedette(*command, "--config", self.here.config, check=2)
            self.assertRegex(done.stderr, r"vedette.yaml:\d+:\d+: .*loud")
        for program in PROGRAMS:
            vedette("--config", self.here.config, program=f"vedette-{program}", check=2)


if __name__ == "__main__":
    main()
