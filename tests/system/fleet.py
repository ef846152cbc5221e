"""The programs of one installation, each with a configuration, a log and lives: killed, stopped, ended and started again."""

import os
import pathlib
import signal
import subprocess
import time

from harness import BIN, expect_no_sanitizer

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

    def resident_kb(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
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

    def expect_no_complaint(self):
        for member in self:
            expect_no_sanitizer(member.text())
        complaints = [one for member in self for one in member.complaints]
        if complaints:
            raise AssertionError("\n".join(complaints))
