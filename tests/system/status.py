#!/usr/bin/python3
"""Seeing it: metrics, health, readiness, and `vedette status`, of three programs on one machine."""

import contextlib
import http.client
import json
import os
import re
import socket
import sqlite3
import stat
import time

from harness import Case, Running, bus_block, free_port, incident, main, rule, vedette, where

RULE = rule("campaign", ["air.drone.*"], 1000, "14d")
TWO = [incident("t", "pl", "air.drone.incursion", "2025-09-09T21:30Z", 51.6, 23.2, countries=where("PL")),
       incident("t", "ro", "air.drone.incursion", "2025-09-13T15:23Z", 45.29, 29.12, countries=where("RO"))]
LINE = re.compile(r'^[a-z_:][a-z0-9_:]*(\{[a-z_]+="(?:[^"\\\n]|\\.)*"(,[a-z_]+="(?:[^"\\\n]|\\.)*")*\})? -?[0-9.e+]+$')


class OwnSocket(http.client.HTTPConnection):
    """HTTP over a socket of the state folder."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self.path))


def ask(connection, path, method="GET"):
    with contextlib.closing(connection):
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def metrics(text):
    """Parses the exposition strictly: each sample under its HELP and TYPE, each name once."""
    samples, types, helped = {}, {}, set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ", 3)[2]
            assert name not in helped, line
            assert len(line.split(" ", 3)) == 4, line
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name in helped and kind in ("counter", "gauge"), line
            types[name] = kind
        else:
            assert LINE.match(line), line
            name, value = line.rsplit(" ", 1)
            assert name.split("{")[0] in types and name not in samples, line
            samples[name] = float(value)
    return samples


class Status(Case):
    def setUp(self):
        self.ports = {program: free_port() for program in ("agent", "correlator", "sink")}
        self.here = self.desk([RULE], bus=bus_block(), state="./state", sink={"store": "./store.gpkg"},
                              monitor={program: f"127.0.0.1:{port}" for program, port in self.ports.items()},
                              sources=[{"name": "desk", "type": "jsonl", "path": "./in/*.jsonl", "follow": True,
                                        "lateness": "3650d"}])
        (self.here.folder / "in").mkdir()
        self.running = {}

    def start(self, *programs):
        for program in programs:
            self.running[program] = Running("--config", self.here.config, program=f"vedette-{program}")
            self.addCleanup(self.running[program].stop, check=None)

    def own(self, program):
        names = {"agent": "agent-agent.sock", "correlator": "correlator.sock", "sink": "sink-sink.sock"}
        return self.here.folder / "state/run" / names[program]

    def get(self, program, path, method="GET"):
        return ask(OwnSocket(self.own(program)), path, method)

    def page(self, program):
        return json.loads(self.get(program, "/status")[1])

    def table(self, program):
        return self.page(program)["tables"][program]

    def wait_ready(self, program, ready=True):
        def is_so():
            try:
                return self.get(program, "/readyz")[0] == (200 if ready else 503)
            except OSError:  # not there yet, or what a killed one left behind
                return False
        self.running[program].wait_for(is_so)

    def survey(self, check):
        done = vedette("status", "--config", self.here.config, "--json", check=check)
        return json.loads(done.stdout)

    def test_the_ledgers_balance_and_all_pages_agree(self):
        self.start("correlator", "sink", "agent")
        for program in self.running:
            self.wait_ready(program)
        self.here.file("in/a.jsonl", TWO + TWO[:1] + ["not JSON"])
        self.running["sink"].wait_for(lambda: len(self.here.episodes()) == 1)
        self.running["agent"].wait_for(lambda: self.table("agent")["waiting"] == 0)
        for program, port in self.ports.items():
            status, text = ask(http.client.HTTPConnection("127.0.0.1", port), "/metrics")
            self.assertEqual(status, 200)
            samples, page = metrics(text), self.page(program)
            for ledger in page["ledgers"]:
                self.assertEqual(ledger["difference"], 0, ledger)
                self.assertEqual(samples[f"vedette_{program}_ledger_{ledger['name']}_difference"], 0)
                self.assertEqual(sum(ledger["whole"].values()), sum(ledger["parts"].values()))
                self.assertGreater(sum(ledger["whole"].values()), 0, ledger)
            self.assertEqual(samples["vedette_ready"], 1)
            self.assertTrue(page["ledgers"])
        self.assertEqual(self.table("agent")["read"], 3)
        self.assertEqual(self.table("agent")["refused"], 1)
        correlator = self.table("correlator")
        self.assertEqual((correlator["received"], correlator["applied"], correlator["duplicate"]), (3, 2, 1))
        samples = metrics(self.get("correlator", "/metrics")[1])
        self.assertLess(abs(samples['vedette_correlator_source_heard_seconds{source="desk"}'] - time.time()), 3600)

    def test_readiness_flips_with_the_correlator_and_health_does_not(self):
        self.start("agent", "sink")
        self.wait_ready("agent", ready=False)
        self.wait_ready("sink", ready=False)
        self.assertEqual(self.get("agent", "/healthz"), (200, "ok\n"))
        self.assertEqual(self.get("agent", "/readyz"), (503, "the correlator is not there\n"))
        self.start("correlator")
        for program in ("agent", "sink", "correlator"):
            self.wait_ready(program)
        self.running["correlator"].stop(check=0)
        self.assertFalse(self.own("correlator").exists())
        self.wait_ready("agent", ready=False)
        self.wait_ready("sink", ready=False)
        self.assertEqual(self.get("sink", "/healthz"), (200, "ok\n"))

    def test_the_command_says_who_is_up_and_its_exit_status_whether_all_is_well(self):
        self.assertEqual([(one["program"], one["up"]) for one in self.survey(1)["programs"]],
                         [("agent", False), ("correlator", False), ("sink", False)])
        self.start("correlator", "sink", "agent")
        for program in self.running:
            self.wait_ready(program)
        self.here.file("in/a.jsonl", TWO)
        self.running["agent"].wait_for(lambda: self.table("agent")["waiting"] == 0 and self.table("agent")["read"] == 2)
        self.running["correlator"].wait_for(
            lambda: [one["state"] for one in self.page("correlator")["tables"]["source"]] in (["live"], ["idle"]))
        found = self.survey(0)
        self.assertTrue(found["healthy"])
        self.assertEqual(found["troubles"], [])
        shown = vedette("status", "--config", self.here.config).stdout
        self.assertRegex(shown, r"agent agent +ready")
        self.assertRegex(shown, r"\ndesk +(live|idle) ")
        self.assertRegex(shown, r"reports: received 2 = applied 2 ")
        self.assertIn("held by source desk", shown)
        self.assertTrue(shown.endswith("all is well\n"))

        self.running["sink"].process.kill()  # leaves its socket behind
        self.running["sink"].process.wait()
        found = self.survey(1)
        self.assertEqual([one["up"] for one in found["programs"]], [True, True, False])
        self.assertIn("sink sink: it does not run", found["troubles"])
        shown = vedette("status", "--config", self.here.config, check=1).stdout
        self.assertRegex(shown, r"sink sink +down .*it does not run")
        self.assertIn("\n! sink sink: it does not run\n", shown)
        self.start("sink")  # takes the place of what was left behind
        self.wait_ready("sink")
        self.survey(0)

    def test_what_never_ran_on_this_host_is_elsewhere_where_the_bus_goes_to_other_hosts(self):
        def states(check):
            found = self.survey(check)
            return {one["program"]: "up" if one["up"] else "elsewhere" if one.get("elsewhere") else "down"
                    for one in found["programs"]}, found["troubles"]
        blocks = json.loads(self.here.config.read_text())
        keys = self.here.folder / "state/keys"
        for name in ("correlator", "store"):
            vedette("keys", "new", name, "--config", self.here.config)
        vedette("keys", "allow", "store", "--role", "sink", "--config", self.here.config)
        bus = {end: url.replace("127.0.0.1", "0.0.0.0") for end, url in blocks["bus"].items()}
        own = {"correlator": str(keys / "correlator.key"), "allow": str(keys / "allowed")}
        self.here.write_config(**{**blocks, "sources": [], "bus": {**bus, "keys": own}})
        none = {"correlator": "elsewhere", "sink": "elsewhere"}
        self.assertEqual(states(1), (none, ["no program of this configuration has ever run on this host"]))
        self.start("correlator")
        self.wait_ready("correlator")
        self.assertEqual(states(0), ({"correlator": "up", "sink": "elsewhere"}, []))
        shown = vedette("status", "--config", self.here.config).stdout
        self.assertRegex(shown, r"sink sink +elsewhere .*it has never run on this host")
        self.running["correlator"].stop(check=0)
        self.assertEqual(states(1), ({"correlator": "down", "sink": "elsewhere"}, ["correlator: it does not run"]))
        self.here.store.touch()  # as where a sink had run
        self.assertEqual(states(1)[0], {"correlator": "down", "sink": "down"})

    def test_a_source_nobody_speaks_of_is_silent_then_back(self):
        blocks = json.loads(self.here.config.read_text())
        blocks["sources"].append({"name": "other", "type": "jsonl", "path": "./other.jsonl", "silent_after": "1s"})
        self.here.write_config(**blocks)
        self.start("correlator", "sink")
        self.running["agent"] = Running("--config", self.here.config, "--source", "desk", program="vedette-agent")
        self.addCleanup(self.running["agent"].stop, check=None)

        def rows(columns):
            with contextlib.closing(sqlite3.connect(f"file:{self.here.store}?mode=ro", uri=True)) as store:
                return sorted(store.execute(f"SELECT {columns} FROM vedette_notices"))

        def told():
            return rows("source, kind")
        self.running["sink"].wait_for(lambda: self.here.store.exists() and told() == [("other", "silent")])
        self.assertIn("source other is silent", self.survey(1)["troubles"])
        self.assertIn("id=source.silent", self.running["correlator"].text())
        silent = rows("source, kind, since_ms, text")
        self.running["correlator"].process.kill()  # who starts anew does not know what was told: it is no second silence
        self.running["correlator"].process.wait()
        self.start("correlator")
        self.wait_ready("correlator")
        self.running["correlator"].wait_for("id=source.silent")
        self.running["sink"].wait_for(lambda: self.table("sink")["waiting"] == 0)
        self.running["correlator"].wait_for(lambda: self.page("correlator")["tables"]["episodes_link"]["acked"] > 0 and
                                            self.survey(None)["troubles"] == ["source other is silent"])
        self.assertEqual(rows("source, kind, since_ms, text"), silent)
        self.here.file("other.jsonl", TWO)
        other = Running("--config", self.here.config, "--source", "other", program="vedette-agent")
        self.addCleanup(other.stop, check=None)
        self.running["sink"].wait_for(lambda: told() == [("other", "back"), ("other", "silent")])
        self.running["agent"].wait_for(lambda: self.survey(None)["troubles"] == [])  # other has ended: nothing is missed

    def test_an_endpoint_that_takes_nothing_is_said_with_what_waits(self):
        blocks = json.loads(self.here.config.read_text())
        blocks["sink"]["alerts"] = [{"name": "ops", "type": "webhook", "url": f"http://127.0.0.1:{free_port()}/nobody",
                                     "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "group_wait": "0s",
                                     "max_age": "36500d"}]
        self.here.write_config(**blocks)
        self.start("correlator", "sink", "agent")
        self.here.file("in/a.jsonl", TWO)
        self.wait_ready("sink")
        self.running["sink"].wait_for(lambda: self.page("sink")["tables"]["alert"] ==
                                      [{"alert": "ops", "waiting": 1, "is_failing": True}])
        self.assertIn("alert ops: its endpoint does not take what is sent, 1 wait", self.survey(1)["troubles"])
        self.assertEqual(metrics(self.get("sink", "/metrics")[1])['vedette_sink_alert_waiting{alert="ops"}'], 1)
        self.assertIn("alerts_waiting 1", vedette("status", "--config", self.here.config, check=1).stdout)

    def test_the_sockets_are_their_owners_alone_and_go_with_the_program(self):
        self.start("correlator")
        self.wait_ready("correlator")
        self.assertEqual(stat.S_IMODE(self.own("correlator").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.own("correlator").parent.stat().st_mode), 0o700)
        self.running["correlator"].stop(check=0)
        self.assertEqual(os.listdir(self.own("correlator").parent), [])

    def test_a_deep_state_folder_is_no_hindrance(self):
        deep = "/".join(["a" * 60] * 3)
        blocks = json.loads(self.here.config.read_text())
        self.here.write_config(**{**blocks, "state": deep})
        self.start("correlator")
        path = self.here.folder / deep / "run/correlator.sock"
        self.running["correlator"].wait_for(path.exists)
        programs = {one["program"]: one["up"] for one in self.survey(1)["programs"]}
        self.assertEqual(programs, {"agent": False, "correlator": True, "sink": False})

    def test_an_address_others_can_reach_is_refused_by_line_and_column(self):
        blocks = json.loads(self.here.config.read_text())
        self.here.write_config(**{**blocks, "monitor": {"sink": "0.0.0.0:9101"}})
        for command in (["check"], ["run"]):
            done = vedette(*command, "--config", self.here.config, check=2)
            self.assertRegex(done.stderr, r"vedette.yaml:\d+:\d+: 0.0.0.0:9101 can be reached from other hosts")

    def test_an_address_in_use_is_said_and_done_without(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            blocks = json.loads(self.here.config.read_text())
            self.here.write_config(**{**blocks, "monitor": {"correlator": address}})
            self.start("correlator")
            self.wait_ready("correlator")
            self.assertRegex(self.running["correlator"].text(), f"id=monitor.address .*{address}: .*in use")


if __name__ == "__main__":
    main()
