#!/usr/bin/python3
"""Strangers at the door: without a key, with a wrong one, with a revoked one; connections that never speak; frames over
the limit and bombs of a megabyte. They are refused and counted, memory stays bounded, and honest agents are served.

Prints what it measured. All are on one machine here, where a stranger's own work takes from the same processors, as it would
not from elsewhere. So it runs at the lowest priority, and an honest agent beside it is compared with one beside the same
stranger knocking at a decoy: another correlator, of the lowest priority too. VEDETTE_ROUNDS is how often."""

import contextlib
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import zmq
from harness import BIN, ROOT, SANITIZED, Case, Running, bus_block, free_port, incident, main, rule, vedette, where

RULES = [rule("campaign", ["air.drone.*"], 100, "2d")]
REPORTS = 2_000 if SANITIZED else 20_000
ROUNDS = int(os.environ.get("VEDETTE_ROUNDS", 1 if SANITIZED else 3))
SILENT = 1_000 if SANITIZED else 10_000
MIB = 1 << 20


def say(text):
    print(f"measured: {text}", flush=True)


def memory_kib(process, field="VmRSS"):
    for line in pathlib.Path(f"/proc/{process.process.pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise AssertionError(field)


def processor_s(process):
    fields = pathlib.Path(f"/proc/{process.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class House:
    """A correlator with keys, and agents that come to it."""

    def __init__(self, case, **limits):
        self.case = case
        self.bus = bus_block()
        self.monitor = f"127.0.0.1:{free_port()}"
        self.desk = case.desk(RULES)
        self.keys = self.desk.folder / "state/keys"
        for name in ("correlator", "desk", "wrong", "revoked", "honest"):
            self.vedette("new", name)
        self.vedette("allow", "desk", "--source", "desk", "--source", "py")
        self.vedette("allow", "honest", "--source", "*")
        self.vedette("allow", "revoked", "--source", "*")
        self.vedette("revoke", "revoked")
        self.desk.write_config(RULES, bus=self.block("desk", **limits), state="./state", sources=[],
                               monitor={"correlator": self.monitor})
        self.correlator = Running("--config", self.desk.config, program="vedette-correlator")
        case.addCleanup(self.correlator.stop, signal.SIGKILL, check=None)  # no sink takes what it would tell
        self.correlator.wait_for("id=correlator.start")
        self.runs = 0

    def block(self, agent, **limits):
        keys = {"correlator": "./state/keys/correlator.key", "agent": str(self.keys / f"{agent}.key"),
                "server": str(self.keys / "correlator.pub"), "allow": "./state/keys/allowed"}
        return {**self.bus, "keys": keys, **({"limits": limits} if limits else {})}

    def vedette(self, *arguments, check=0):
        return vedette("keys", *arguments, "--folder", self.keys, check=check)

    def metrics(self):
        connection = http.client.HTTPConnection(self.monitor, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics")
            lines = connection.getresponse().read().decode().splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}

    def count(self, name):
        found = [value for key, value in self.metrics().items() if key.split("{")[0].endswith(name)]
        assert found, (name, sorted(self.metrics()))
        return sum(found)

    def yield_to_others(self):
        for task in os.listdir(f"/proc/{self.correlator.process.pid}/task"):
            os.setpriority(os.PRIO_PROCESS, int(task), 19)

    def close(self):
        self.correlator.stop(signal.SIGKILL, check=None)

    def agent(self, reports, name="honest", source="desk"):
        """An agent with a state of its own; answers the running program."""
        self.runs += 1
        folder = self.desk.folder / f"agent-{self.runs}"
        folder.mkdir()
        (folder / "in.jsonl").write_text("".join(json.dumps(report) + "\n" for report in reports))
        config = folder / "vedette.yaml"
        config.write_text(json.dumps({"rules": RULES, "agent": {"name": name}, "state": "./state",
                                      "bus": self.block(name),
                                      "sources": [{"name": source, "type": "jsonl", "path": "./in.jsonl"}]}))
        return Running("--config", config, "--drain", program="vedette-agent")

    def deliver(self, count):
        """How many reports a second an honest agent gets acknowledged."""
        begin = time.monotonic()
        agent = self.agent(reports_of(count, f"r{self.runs}-"))
        agent.process.wait(240)
        seconds = time.monotonic() - begin
        agent.stop()
        return count / seconds


def reports_of(count, prefix, source="desk"):
    return [incident(source, f"{prefix}{number}", "air.drone.sighting",
                     f"2025-{1 + number % 12:02}-{1 + number % 28:02}T{number % 24:02}:00:00Z",
                     round(40 + number % 250 / 10, 1), round(-10 + number // 250 % 500 / 10, 1), countries=where("PL"))
            for number in range(count)]


def certificate(path):
    """Public and secret key of a file, as ZeroMQ's own readers take them."""
    keys = {}
    for line in path.read_text().splitlines():
        name, _, value = line.strip().partition("=")
        if name.strip() in ("public-key", "secret-key"):
            keys[name.strip()] = value.strip(' "').encode()
    return keys.get("public-key"), keys.get("secret-key")


KNOCK = """
import os, sys, time, zmq
os.nice(19)
endpoint, server, public, secret, pause = sys.argv[1:6]
context, count = zmq.Context(), 0
while True:
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 0
    if server:
        dealer.curve_serverkey, dealer.curve_publickey, dealer.curve_secretkey = (
            server.encode(), public.encode(), secret.encode())
    dealer.connect(endpoint)
    try: dealer.send(b"let me in", zmq.DONTWAIT)
    except zmq.Again: pass
    time.sleep(float(pause))
    dealer.close()
    count += 1
    print(count, flush=True)
"""


class Knocking:
    """A stranger that knocks again and again, from an address of its own."""

    def __init__(self, house, key, pause=0.005):
        endpoint = house.bus["incidents"].replace("tcp://", "tcp://127.0.0.99:0;")
        server, _ = certificate(house.keys / "correlator.pub")
        public, secret = certificate(house.keys / f"{key}.key") if key else (b"", b"")
        words = [endpoint, server if key else b"", public, secret]
        self.process = subprocess.Popen(["/usr/bin/python3", "-c", KNOCK,
                                         *(word.decode() if isinstance(word, bytes) else word for word in words),
                                         str(pause)], stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def stop(self):
        self.process.kill()
        knocks = self.process.communicate()[0].split()
        return int(knocks[-1]) if knocks else 1


class Strangers(Case):
    def beside(self, key, pause, decoy=None):
        """An honest agent's rate beside a stranger, who knocks at the same correlator or at the decoy; and what the
        correlator had of it: knocks, those counted, those cut off before they shook hands, seconds of the processor."""
        house = House(self)
        names = "_connections_total", "_strangers_total", "_braked_total", "_received_total"
        before = [house.count(name) for name in names]
        knocking, begin = Knocking(decoy or house, key, pause), time.monotonic()
        rate = house.deliver(REPORTS)
        seconds = time.monotonic() - begin
        spent_s = processor_s(house.correlator)
        knocks, strangers, braked, received = [house.count(name) - was for name, was in zip(names, before)]
        self.assertGreaterEqual(received, REPORTS)
        if decoy is None and strangers + braked == 0:
            house.correlator.wait_for(lambda: house.count("_strangers_total") > before[1], timeout=20)
            strangers += 1
        knocking.stop()
        house.close()
        return rate, knocks - 1, strangers, braked, spent_s, seconds  # one connection is the agent's

    def test_they_stay_out_are_counted_and_slow_nobody(self):
        decoy = House(self)
        decoy.yield_to_others()
        for key, pause in ((None, 0.005), ("wrong", 0.005), ("revoked", 0.005), ("revoked", 0.001)):
            rounds = []
            for number in range(ROUNDS):
                orders = ((decoy, None), (None, decoy))[number % 2]
                rounds.append({at is None: self.beside(key, pause, at) for at in orders})
            here, there = ([each[where] for each in rounds] for where in (True, False))
            knocks, strangers, braked = (sum(each[column] for each in here) for column in (1, 2, 3))
            seconds = sum(each[5] for each in here)
            cost_s = sum(each[4] for each in here) - sum(each[4] for each in there)
            ratios = sorted(each[True][0] / each[False][0] for each in rounds)
            say(f"a stranger with {'the ' + key if key else 'no'} key, {knocks / seconds:.0f} knocks a second, {strangers:.0f} counted, "
                f"{braked:.0f} cut off before they shook hands: the honest agent has {statistics.median(ratios):.2f} of its rate beside one "
                f"that knocks elsewhere ({' '.join(f'{ratio:.2f}' for ratio in ratios)}; {statistics.median(each[0] for each in here):.0f}/s); "
                f"a knock costs the correlator {1000 * cost_s / max(knocks, 1):.2f} ms of the processor, all together "
                f"{100 * cost_s / seconds:.1f} % of one")
            self.assertGreaterEqual(strangers + braked, 1)

    def test_connections_that_never_speak_are_cut_off(self):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
        count = min(SILENT, limit[1] - 200)
        alone = House(self).deliver(REPORTS)
        house = House(self, silent_after="3s")
        before_kib = memory_kib(house.correlator)
        host, port = house.bus["incidents"][len("tcp://"):].split(":")
        silent, refused = [], 0
        begin = time.monotonic()
        for _ in range(count):
            sock = socket.socket()
            sock.settimeout(10)
            try:
                sock.connect((host, int(port)))
            except OSError:
                refused += 1
            silent.append(sock)
        seconds = time.monotonic() - begin
        beside = house.deliver(REPORTS)
        descriptors = len(os.listdir(f"/proc/{house.correlator.process.pid}/fd"))
        connections, cut = house.count("_connections_total"), house.count("_cut_total")
        say(f"{count} connections that never speak, made in {seconds:.1f} s ({refused} not accepted at once): {connections:.0f} "
            f"accepted, {cut:.0f} cut off, {descriptors} descriptors open, memory {before_kib // 1024} to "
            f"{memory_kib(house.correlator) // 1024} MiB; the honest agent {beside:.0f}/s beside {alone:.0f}/s alone, "
            f"{beside / alone:.2f} of it")
        house.correlator.wait_for(lambda: house.count("_cut_total") + house.count("_strangers_total") > count // 2)
        house.correlator.wait_for(lambda: len(os.listdir(f"/proc/{house.correlator.process.pid}/fd")) < 200, timeout=60)
        for sock in silent:
            sock.close()
        house.deliver(100)

    def test_frames_over_the_limit_and_bombs_cost_bounded_memory(self):
        house = House(self)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        subprocess.run(["protoc", f"--python_out={folder.name}", f"--proto_path={ROOT / 'proto'}",
                        *map(str, sorted((ROOT / "proto/vedette/v1").glob("*.proto")))], check=True)
        sys.path.insert(0, folder.name)
        from vedette.v1 import link_pb2 as link
        alone = House(self).deliver(REPORTS)
        before_kib = memory_kib(house.correlator)
        frame = lambda field, body: varint(field << 3 | 2) + varint(len(body)) + body
        nested = b""
        for _ in range(20_000):
            nested = frame(3, nested) if len(nested) < MIB - 16 else nested
        report = lambda field: (varint(field << 3 | 2) + b"\0") * 32_000
        of_reports = lambda body: frame(3, b"\x08\x01" + frame(2, body[:65_000]) * 16)
        bombs = {
            "over the frame's limit": b"\x1a" + os.urandom(4 * MIB),
            "half a million empty items": frame(3, b"\x08\x01" + b"\x12\0" * 520_000),
            "half a million empty marks": frame(6, b"\x12\0" * 520_000),
            "half a million batches in one": b"\x1a\0" * 520_000,
            "nested 20,000 deep": nested,
            "groups that never end": b"\x0b" * MIB,
            **{f"16 reports, each field {field} 32,000 times": of_reports(report(field)) for field in range(1, 20)},
        }
        public, secret = certificate(house.keys / "desk.key")
        server, _ = certificate(house.keys / "correlator.pub")
        stopping = threading.Event()
        thrown = []

        def throw():
            context = zmq.Context()
            epoch = 1
            while not stopping.is_set() or len(thrown) < 2 * len(bombs):
                for name, bomb in bombs.items():
                    with context.socket(zmq.DEALER) as dealer:
                        dealer.linger, dealer.rcvtimeo, dealer.sndtimeo = 200, 5000, 5000
                        dealer.curve_serverkey, dealer.curve_publickey, dealer.curve_secretkey = server, public, secret
                        dealer.connect(house.bus["incidents"])
                        epoch += 1
                        hello = link.Hello(version=1, name="desk", epoch=epoch, role=link.LINK_ROLE_SENDER)
                        with contextlib.suppress(zmq.Again):
                            dealer.send(link.Frame(hello=hello).SerializeToString())
                            while not link.Frame.FromString(dealer.recv()).HasField("credit"):
                                pass
                            dealer.send(bomb)
                            dealer.rcvtimeo = 300
                            dealer.recv()
                        thrown.append(name)
            context.destroy()

        thread = threading.Thread(target=throw)
        thread.start()
        beside = house.deliver(REPORTS)
        stopping.set()
        thread.join()
        after_kib, peak_kib = memory_kib(house.correlator), memory_kib(house.correlator, "VmHWM")
        say(f"{len(thrown)} bombs of up to 1 MiB by a key that is allowed: memory {before_kib // 1024} to {after_kib // 1024} MiB, at "
            f"most {peak_kib // 1024}; the honest agent {beside:.0f}/s beside {alone:.0f}/s alone, {beside / alone:.2f} of it; "
            f"refused sessions {house.count('_refusals_total'):.0f}, malformed frames {house.count('_malformed_total'):.0f}, "
            f"reports refused {house.count('_rejected_total'):.0f}")
        if not SANITIZED:
            self.assertLess(peak_kib - before_kib, 300 * 1024)
        self.assertGreater(house.count("_malformed_total"), 0)
        self.assertIsNone(house.correlator.process.poll())
        house.deliver(100)

    def test_a_key_writes_only_its_sources_and_gets_in_once_allowed(self):
        house = House(self)
        reports = reports_of(20, "mine-") + reports_of(30, "theirs-", source="list")
        agent = house.agent(reports, name="wrong")
        agent.wait_for("id=agent.refused")
        self.assertIn("vedette keys allow", agent.text())
        house.vedette("allow", "wrong", "--source", "desk")
        agent.process.wait(60)
        agent.stop()
        self.assertEqual(house.count("correlator_forbidden_total"), 30)
        self.assertEqual(house.count("correlator_rejected_total"), 30)
        self.assertEqual(house.count("correlator_applied_total"), 20)
        self.assertIn('may not write the source \\"list\\"', house.correlator.text())

    def test_a_greedy_agent_starves_nobody(self):
        for limits in ({}, {"items_per_second": REPORTS // 4}):
            house = House(self, **limits)
            greedy = house.agent(reports_of(5 * REPORTS, "greedy-"), name="desk")
            house.correlator.wait_for(lambda: house.count("correlator_applied_total") > REPORTS // 20)
            begin = time.monotonic()
            beside = house.deliver(REPORTS // 20)
            seconds = time.monotonic() - begin
            taken = house.count("correlator_applied_total") - REPORTS // 20
            say(f"a greedy agent of {5 * REPORTS} reports, {limits or 'no limit'}: an honest one got {REPORTS // 20} "
                f"acknowledged in {seconds:.2f} s ({beside:.0f}/s), the greedy one had {taken:.0f} by then")
            if limits:
                self.assertIsNone(greedy.process.poll(), greedy.text())  # it was not waited for
            greedy.stop(signal.SIGKILL, check=None)
            house.correlator.stop(signal.SIGKILL, check=None)

    def test_an_agent_in_another_language_shows_its_key(self):
        house = House(self)
        path = house.desk.file("py.jsonl", reports_of(7, "p", source="py"))
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["protoc", f"--python_out={folder}", f"--proto_path={ROOT / 'proto'}",
                            *map(str, sorted((ROOT / "proto/vedette/v1").glob("*.proto")))], check=True)
            done = subprocess.run(["/usr/bin/python3", str(ROOT / "deploy/examples/python-agent/agent.py"),
                                   house.bus["incidents"], str(path), str(house.keys / "desk.key"),
                                   str(house.keys / "correlator.pub")], capture_output=True, text=True, timeout=60,
                                  env={"PYTHONPATH": folder, "PATH": "/usr/bin:/bin"}, check=False)
        self.assertEqual(done.returncode, 0, done.stderr + house.correlator.text())
        self.assertEqual(house.count("correlator_applied_total"), 7)

    def test_no_secret_is_told_and_no_open_secret_is_used(self):
        house = House(self)
        house.deliver(10)
        texts = house.correlator.text()
        for name in ("correlator", "honest"):
            self.assertNotIn(certificate(house.keys / f"{name}.key")[1].decode(), texts)
        (house.keys / "honest.key").chmod(0o640)
        agent = house.agent([], name="honest")
        agent.process.wait(20)
        self.assertIn("chmod 600", agent.stop(check=2))

    def test_beyond_this_host_keys_are_a_must(self):
        desk = self.desk(RULES, bus={"incidents": "tcp://192.0.2.1:5591"}, sources=[])
        folder = desk.folder / "state/keys"
        self.assertIn("without keys", vedette("check", "--config", desk.config, check=2).stderr)
        for name in ("correlator", "desk"):
            vedette("keys", "new", name, "--folder", folder)
        keys = {"agent": "${VEDETTE_TEST_KEY}", "server": "./state/keys/correlator.pub"}
        desk.write_config(RULES, bus={"incidents": "tcp://192.0.2.1:5591", "keys": keys}, sources=[])
        vedette("check", "--config", desk.config)
        done = subprocess.run([str(BIN / "vedette-agent"), "--config", str(desk.config)], capture_output=True, text=True,
                              timeout=20, env={**os.environ, "VEDETTE_TEST_KEY": "not a key"}, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertNotIn("not a key", done.stderr)
        done = subprocess.run([str(BIN / "vedette-correlator"), "--config", str(desk.config)], capture_output=True,
                              text=True, timeout=20, check=False)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("bus.keys.correlator is missing", done.stderr)


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7f | 0x80])
        value >>= 7
    return out + bytes([value])


if __name__ == "__main__":
    main()
