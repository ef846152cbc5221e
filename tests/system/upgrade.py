#!/usr/bin/python3
"""What an upgrade meets: stores of older schemas, journals of other versions, an older agent at a newer correlator."""

import gzip
import json
import socket
import sqlite3
import struct
import time

from endpoint import Endpoint
from fleet import content
from harness import ROOT, Case, Running, bus_block, main, vedette

STORES = ROOT / "tests/golden/stores"
FRAMES = ROOT / "tests/golden/proto/frame"
RULES = json.loads((STORES / "rules.yaml").read_text())["rules"]
SCHEMA = 3


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


class Link:
    """ZMTP 3.0 without security, as little of it as a DEALER needs, so that recorded frames are sent to the byte."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.sendall(b"\xff" + bytes(8) + b"\x7f\x03\x00" + b"NULL".ljust(20, b"\0") + b"\x00" + bytes(31))
        self.take(64)
        ready = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"
        self.socket.sendall(b"\x04" + bytes([len(ready)]) + ready)
        self.frame()

    def take(self, size):
        data = b""
        while len(data) < size:
            data += (piece := self.socket.recv(size - len(data)))
            if not piece:
                raise AssertionError("the correlator has hung up")
        return data

    def frame(self):
        flags = self.take(1)[0]
        size = struct.unpack(">Q", self.take(8))[0] if flags & 2 else self.take(1)[0]
        return flags, self.take(size)

    def hear(self):
        """The next message that is none of ZeroMQ's own."""
        while True:
            flags, data = self.frame()
            if not flags & 4:
                return data
            if data.startswith(b"\x04PING"):
                self.socket.sendall(b"\x04" + bytes([5 + len(data) - 7]) + b"\x04PONG" + data[7:])

    def say(self, data):
        self.socket.sendall((b"\x00" + bytes([len(data)]) if len(data) < 256 else b"\x02" + struct.pack(">Q", len(data))) + data)


class Upgrade(Case):
    def desk_of(self, store):
        desk = self.desk(RULES)
        desk.store.write_bytes(gzip.decompress(store.read_bytes()))
        return desk

    def expected(self):
        fresh = self.desk(RULES)
        fresh.replay(STORES / "reports.jsonl")
        return content(fresh.store)

    def test_stores_of_older_schemas_are_read_as_they_are_and_upgraded_by_who_writes(self):
        expected = self.expected()
        stores = sorted(STORES.glob("schema-*.gpkg.gz"))
        self.assertEqual(len(stores), SCHEMA - 1)
        for old in stores:
            with self.subTest(store=old.name):
                desk = self.desk_of(old)
                before = desk.store.read_bytes()
                self.assertEqual(content(desk.store), expected)
                vedette("alerts", "list", "--store", desk.store)
                self.assertEqual(desk.store.read_bytes(), before)
                endpoint = Endpoint()
                self.addCleanup(endpoint.close)
                alert = {**endpoint.entry(group_wait="0s", max_age="36500d")}
                desk.write_config(RULES, bus=bus_block(), state="./state", sink={"store": "./store.gpkg", "alerts": [alert]},
                                  sources=[{"name": "g", "type": "jsonl", "path": str(STORES / "reports.jsonl")}])
                vedette("run", "--drain", "--config", desk.config)
                self.assertEqual(content(desk.store), expected)
                with sqlite3.connect(desk.store) as db:
                    self.assertEqual(db.execute("SELECT value FROM vedette_meta WHERE key = 'schema'").fetchone()[0], SCHEMA)
                    self.assertEqual(db.execute("PRAGMA integrity_check").fetchone()[0], "ok")
                db.close()
                self.assertEqual(endpoint.received, [])  # what was flagged before counts as told

    def test_a_store_of_a_later_schema_is_refused_and_left_alone(self):
        desk = self.desk_of(STORES / "schema-2.gpkg.gz")
        with sqlite3.connect(desk.store) as db:
            db.execute("UPDATE vedette_meta SET value = 99 WHERE key = 'schema'")
        db.close()
        before = desk.store.read_bytes()
        self.assertIn("written by a later Vedette", vedette("episodes", "--store", desk.store, check=1).stderr)
        desk.write_config(RULES, bus=bus_block(), state="./state", sources=[], sink={"store": "./store.gpkg"})
        self.assertIn("written by a later Vedette", vedette("--config", desk.config, program="vedette-sink", check=1).stderr)
        self.assertEqual(desk.store.read_bytes(), before)

    def test_a_journal_of_a_later_version_is_refused_and_left_alone(self):
        desk = self.desk(RULES)
        desk.write_config(RULES, bus=bus_block(), state="./state", sink={"store": "./store.gpkg"},
                          sources=[{"name": "g", "type": "jsonl", "path": str(STORES / "reports.jsonl")}])
        vedette("run", "--drain", "--config", desk.config)
        segment = sorted((desk.folder / "state/correlator/journal").glob("*.wal"))[-1]
        head = bytearray(segment.read_bytes()[:64])
        version, = struct.unpack_from("<I", head, 16)
        struct.pack_into("<I", head, 16, version + 1)
        struct.pack_into("<I", head, 60, crc32c(head[:60]))
        rest = segment.read_bytes()[64:]
        segment.write_bytes(bytes(head) + rest)
        refused = vedette("--config", desk.config, program="vedette-correlator", check=1).stderr
        self.assertIn(segment.name, refused)
        self.assertIn("version", refused)
        self.assertEqual(segment.read_bytes(), bytes(head) + rest)

    def correlator(self):
        bus = bus_block()
        desk = self.desk(RULES)
        desk.write_config(RULES, bus=bus, state="./state", sources=[], sink={"store": "./store.gpkg"})
        running = Running("run", "--config", desk.config)
        self.addCleanup(running.stop, check=None)
        running.wait_for(desk.store.exists)
        return desk, running, self.link(int(bus["incidents"].rsplit(":", 1)[1]))

    def link(self, port):
        link = Link(port)
        self.addCleanup(link.socket.close)
        return link

    def hear_until(self, link, tag):
        """The first frame of that kind (field of Frame)."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            data = link.hear()
            if data[0] == tag << 3 | 2:
                return data
        raise AssertionError(f"no frame {tag} came")

    def test_an_agent_as_it_was_recorded_is_welcomed_and_acknowledged(self):
        desk, running, link = self.correlator()
        link.say((FRAMES / "hello_of_an_agent.bin").read_bytes())
        self.hear_until(link, 2)  # Welcome
        self.hear_until(link, 5)  # Credit
        link.say((FRAMES / "batch.bin").read_bytes())
        self.assertEqual(self.hear_until(link, 4), (FRAMES / "ack.bin").read_bytes())
        running.wait_for(lambda: [one["status"] for one in desk.incidents()] == ["retracted"])

    def test_fields_that_are_not_known_yet_are_skipped_and_another_version_is_refused_by_name(self):
        _, _, link = self.correlator()
        hello = (FRAMES / "hello_of_an_agent.bin").read_bytes()
        later = hello[2:] + b"\xa2\x06\x05later"  # field 100 of Hello
        link.say(b"\x0a" + bytes([len(later)]) + later)
        self.hear_until(link, 2)
        other = self.link(link.socket.getpeername()[1])
        other.say(hello.replace(b"\x08\x01", b"\x08\x02", 1))
        self.assertIn(b"version 2 of the link: expected 1", self.hear_until(other, 7))


if __name__ == "__main__":
    main()
