"""Mounts and networks of a test's own: what is made here is seen by nobody else, and ends with the test."""

import os
import subprocess
import sys


def own(what, why):
    """Begins this program again in namespaces of its own ("m": mounts, "n": network); skips the test, loudly, where that
    cannot be."""
    flags = [f"-{letter}" for letter in what]
    if os.geteuid() != 0 or subprocess.run(["unshare", *flags, "true"], check=False, capture_output=True).returncode != 0:
        print(f"... skipped for want of root: {why}")
        sys.exit(77)
    if os.environ.get("VEDETTE_OWN") != what:
        os.environ["VEDETTE_OWN"] = what
        os.execvp("unshare", ["unshare", *flags, "/usr/bin/python3", *sys.argv])


def ip(*arguments):
    subprocess.run(["ip", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


class Network:
    """Hosts on one wire: each a namespace with one address, 192.0.2.LAST."""

    def __init__(self):
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)  # where names of namespaces are kept
        self.names = []
        ip("link", "add", "wire", "type", "bridge")
        ip("link", "set", "wire", "up")

    def add(self, name, last):
        self.names.append(name)
        ip("netns", "add", name)
        ip("link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("link", "set", f"to-{name}", "master", "wire", "up")
        for command in (["addr", "add", f"192.0.2.{last}/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["link", "set", "lo", "up"]):
            ip("-n", name, *command)

    def close(self):
        for name in self.names:
            ip("link", "del", f"to-{name}")
            ip("netns", "del", name)
        ip("link", "del", "wire")
        subprocess.run(["umount", "-l", "/run"], check=True)

    def cut(self, name):
        ip("link", "set", f"to-{name}", "down")

    def mend(self, name):
        ip("link", "set", f"to-{name}", "up")
