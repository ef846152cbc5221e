"""The programs of one installation, each with a configuration, a log and lives: killed, stopped, ended and started again."""

import json
import os
import pathlib
import signal
import subprocess
import time

from harness import BIN, VOLATILE, bus_block, expect_no_sanitizer, vedette

UP, FROZEN, ENDING, DOWN = "up", "frozen", "ending", "down"
END_WITHIN_S = 60  # a clean stop
SIGNS_OF_START = ("id=agent.start", "id=correlator.start", "id=sink.starts")


class Member:
    """One program. Whoever holds it calls `tick` often: it starts what is due and sees who died of itself."""

    def __init__(self, name, program, config, log, options=()):
        self.name, self.program, self.config, self.log = name, program, config, pathlib.Path(log)
        self.options = options
        self.process, self.state = None, DOWN
        self.due = None  # when the present state ends
        self.lives = 0
        self.complaints = []
        self.environment = None
        self.wrapper = []

    def start(self):
        with self.log.open("ab") as stream:
            stream.write(f"--- life {self.lives + 1} of {self.name}\n".encode())
            stream.flush()
            self.process = subprocess.Popen([*self.wrapper, str(BIN / self.program), "--config", str(self.config), *self.options],
                                            stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=self.environment)
        self.lives += 1
        self.state, self.due = UP, None

    def kill(self, away_s):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.state, self.due = DOWN, time.monotonic() + away_s

    def freeze(self, for_s):
        os.kill(self.process.pid, signal.SIGSTOP)
        self.state, self.due = FROZEN, time.monotonic() + for_s

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)
        self.state, self.due = UP, None

    def end(self, away_s=0):
        self.may_die = not self.is_ready()
        self.process.send_signal(signal.SIGTERM)
        self.state, self.due = ENDING, time.monotonic() + END_WITHIN_S
        self.away_s = away_s

    def hang_up(self):
        """A program that has not come to listen for it yet would die of it, as any does."""
        if self.is_ready():
            self.process.send_signal(signal.SIGHUP)

    def is_ready(self):
        return any(sign in self.text().rsplit("--- life", 1)[-1] for sign in SIGNS_OF_START)

    def tick(self, restart=True):
        now = time.monotonic()
        status = self.process.poll() if self.state in (UP, ENDING) else None
        if self.state == UP and status is not None:
            self.complain(f"ended by itself, exit status {status}")
            self.state, self.due = DOWN, now
        elif self.state == ENDING and status is not None:
            if status != 0 and not (self.may_die and status == -signal.SIGTERM):
                self.complain(f"exit status {status} after SIGTERM, expected 0")
            self.state, self.due = DOWN, now + self.away_s
        elif self.state == ENDING and now > self.due:
            self.complain(f"did not end within {END_WITHIN_S} s of SIGTERM")
            self.kill(0)
        elif self.state == FROZEN and now > self.due:
            self.thaw()
        elif self.state == DOWN and restart and self.due is not None and now > self.due:
            self.start()

    def complain(self, what):
        self.complaints.append(f"{self.name}, life {self.lives}: {what}\n{self.tail()}")

    def text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, size=1500):
        return self.text()[-size:]

    def status(self):
        """What it says of itself through `vedette status`; None: it says nothing."""
        said = vedette("status", "--config", self.config, "--json", check=None).stdout
        for one in json.loads(said)["programs"] if said else []:
            if one["up"] and one["pid"] == self.process.pid:
                return one
        return None

    def memory_mb(self, what="VmRSS"):
        """VmRSS: now; VmHWM: the most there ever was in this life."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(what + ":"):
                return int(line.split()[1]) // 1024
        return 0


class Fleet:
    def __init__(self, members):
        self.members = {member.name: member for member in members}

    def __getitem__(self, name):
        return self.members[name]

    def __iter__(self):
        return iter(self.members.values())

    def start(self):
        for member in self:
            member.start()

    def tick(self, restart=True):
        for member in self:
            member.tick(restart)

    def all_up(self):
        return all(member.state == UP for member in self)

    def bring_up(self):
        """Everybody runs again, whatever was done to him."""
        while not self.all_up():
            for member in self:
                if member.state in (DOWN, FROZEN):
                    member.due = min(member.due, time.monotonic())
            self.tick()
            time.sleep(0.05)

    def end(self):
        """SIGTERM to each, one after the other, in the order they were given."""
        for member in self:
            member.end()
            while member.state != DOWN:
                member.tick(restart=False)
                time.sleep(0.02)

    def close(self):
        for member in self:
            if member.process is not None and member.process.poll() is None:
                member.process.kill()
                member.process.wait()

    def wrong_in_ledgers(self):
        """Every ledger of everybody balances."""
        wrong = []
        for member in self:
            status = member.status()
            if status is None:
                wrong.append(f"{member.name}: says nothing of itself")
            else:
                wrong += [f"{member.name}: the ledger does not balance: {ledger}" for ledger in status["ledgers"]
                          if ledger["difference"] != 0]
        return wrong

    def expect_no_complaint(self):
        for member in self:
            expect_no_sanitizer(member.text())
        complaints = [one for member in self for one in member.complaints]
        if complaints:
            raise AssertionError("\n".join(complaints))


class Installation:
    """A folder with a configuration for each program: same rules, same bus, what else is said for one of them."""

    def __init__(self, folder, rules, **blocks):
        self.folder = pathlib.Path(folder)
        self.blocks = {"rules": rules, **blocks}
        self.bus = bus_block()
        self.store = self.folder / "store.gpkg"

    def port(self, end):
        return int(self.bus[end].rsplit(":", 1)[1])

    def configure(self, name, **blocks):
        path = self.folder / f"{name}.yaml"
        path.write_text(json.dumps({**self.blocks, "state": str(self.folder / f"state-{name}"), "bus": self.bus, **blocks},
                                   indent=1))
        return path

    def member(self, name, program, **blocks):
        return Member(name, program, self.configure(name, **blocks), self.folder / f"{name}.log")

    def agent(self, name, sources, via=None, **blocks):
        bus = {**self.bus, "incidents": f"tcp://127.0.0.1:{via.port}"} if via else self.bus
        return self.member(name, "vedette-agent", **{"agent": {"name": name}, "sources": sources, "bus": bus, **blocks})

    def correlator(self, sources, **blocks):
        return self.member("correlator", "vedette-correlator", sources=sources, **blocks)

    def sink(self, via=None, alerts=(), **blocks):
        bus = {**self.bus, "episodes": f"tcp://127.0.0.1:{via.port}"} if via else self.bus
        return self.member("sink", "vedette-sink", bus=bus, sink={"store": str(self.store), "alerts": list(alerts)}, **blocks)

    def replay(self, files, name="undisturbed"):
        """The store that an undisturbed run makes of these files."""
        store = self.folder / f"{name}.gpkg"
        vedette("replay", "--config", self.configure(name), "--store", store, *files, timeout=3600)
        return store

    def replayed(self, files, name="undisturbed"):
        return content(self.replay(files, name))


def content(store):
    """What must be equal whatever happened on the way."""
    return {kind: [{key: value for key, value in json.loads(line).items() if key not in VOLATILE}
                   for line in vedette(kind, "--store", store, *more, "--json", timeout=3600).stdout.splitlines()]
            for kind, more in (("episodes", ["--all"]), ("incidents", []))}


def difference(found, expected):
    """The first things that are not alike, in a line each."""
    wrong = []
    for kind, wanted in expected.items():
        there, should = ({one["id"]: one for one in lines} for lines in (found[kind], wanted))
        for name, ids in (("missing", should.keys() - there.keys()), ("too much", there.keys() - should.keys())):
            if ids:
                wrong.append(f"{kind}: {len(ids)} {name}: {sorted(ids)[:10]}")
        other = sorted(one for one in there.keys() & should.keys() if there[one] != should[one])
        if other:
            wrong.append(f"{kind}: {len(other)} differ, the first is {other[0]}:\n  found    {json.dumps(there[other[0]])[:1500]}"
                         f"\n  expected {json.dumps(should[other[0]])[:1500]}")
        if not wrong and found[kind] != wanted:
            wrong.append(f"{kind}: the same, in another order")
    return wrong


def settle(what, fleet, patience_s=60):
    """Asks until nothing is wrong, or until what is wrong has not changed for so long; what is wrong in the end."""
    wrong, since = None, time.monotonic()
    while True:
        fleet.tick()
        now = what()
        if not now:
            return []
        if now != wrong:
            wrong, since = now, time.monotonic()
        if time.monotonic() - since > patience_s:
            return wrong
        for _ in range(25):
            fleet.tick()
            time.sleep(0.02)
