#!/usr/bin/python3
"""Webhooks, checked by an implementation of their signature that shares nothing with ours."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import signal
import socket
import tempfile
import threading
import time

from harness import Case, Running, bus_block, free_port, incident, main, rule, vedette, where

RULE = rule("campaign", ["air.drone.*"], 1000, "14d")
SECRET = "whsec_" + base64.b64encode(os.urandom(24)).decode()
AWAY_S = 60  # how long the endpoint is away in the test that kills it
STORED_WITHIN_S = 10  # less than an alert may take: a loop that waited for an endpoint would be seen


class Endpoint:
    """Collects what is posted; can be taken down and brought back on the same port."""

    def __init__(self):
        self.port = free_port()
        self.received = []
        self.answer = 204
        self.server = None
        self.start()

    def start(self):
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.received.append((dict(self.headers), body))
                self.send_response(endpoint.answer)
                self.end_headers()

            def log_message(self, *_):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def events(self):
        return [json.loads(body) for _, body in self.received]


def verify(headers, body, secret=SECRET):
    """Standard Webhooks, in the standard library alone."""
    lower = {key.lower(): value for key, value in headers.items()}
    signed = f"{lower['webhook-id']}.{lower['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest())
    return f"v1,{expected.decode()}" in lower["webhook-signature"].split(" ") and \
        abs(time.time() - int(lower["webhook-timestamp"])) < 300


def recently(days_ago):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days_ago * 86400))


class Webhook(Case):
    def start(self, endpoint, reports, **alert):
        desk = self.desk([RULE])
        (desk.folder / "in").mkdir()
        desk.file("in/a.jsonl", reports)
        entry = {"name": "ops", "type": "webhook", "url": f"http://127.0.0.1:{endpoint.port}/hook", "secret": SECRET,
                 "group_wait": "200ms", "group_interval": "500ms", **alert}
        mute = socket.create_server(("127.0.0.1", 0))  # takes connections and never answers
        self.addCleanup(mute.close)
        dead, silent = ({"name": name, "type": "webhook", "url": f"http://127.0.0.1:{port}/", "secret": SECRET,
                         "group_wait": "200ms", "group_interval": "500ms"}
                        for name, port in (("dead", free_port()), ("silent", mute.getsockname()[1])))
        desk.write_config([RULE], bus=bus_block(), state="./state",
                          sources=[{"name": "desk", "type": "jsonl", "path": "./in/*.jsonl", "follow": True}],
                          sink={"store": "./store.gpkg", "alerts": [dead, silent, entry]})
        running = Running("run", "--config", desk.config)
        self.addCleanup(running.stop, check=None)
        self.addCleanup(endpoint.stop)
        return desk, running

    def pair(self, days_ago, prefix=""):
        return [incident("t", prefix + "pl", "air.drone.incursion", recently(days_ago), 51.6, 23.2, countries=where("PL")),
                incident("t", prefix + "ro", "air.drone.incursion", recently(days_ago - 0.1), 45.29, 29.12,
                         countries=where("RO"))]

    def test_flagged_updated_and_withdrawn_are_signed_cloud_events_and_dead_or_silent_neighbours_block_nobody(self):
        endpoint = Endpoint()
        desk, running = self.start(endpoint, self.pair(2))
        running.wait_for(lambda: len(endpoint.received) == 1)
        desk.file("in/b.jsonl", [incident("t", "lt", "air.drone.incursion", recently(1.5), 54.7, 25.3, countries=where("LT"))])
        running.wait_for(lambda: len(endpoint.received) == 2)
        desk.file("in/c.jsonl", [{"source": "t", "source_id": name, "revision": 1, "status": "retracted"}
                                 for name in ("pl", "ro", "lt")])
        running.wait_for(lambda: len(endpoint.received) >= 3 and endpoint.events()[-1]["type"].endswith("withdrawn"))
        for headers, body in endpoint.received:
            self.assertTrue(verify(headers, body), headers)
            event = json.loads(body)
            lower = {key.lower(): value for key, value in headers.items()}
            self.assertEqual(lower["content-type"], "application/cloudevents+json")
            self.assertEqual(event["specversion"], "1.0")
            self.assertEqual(event["id"], f"{event['data']['id']}/{event['data']['revision']}")
            self.assertEqual(lower["webhook-id"], event["id"])
            self.assertTrue(event["source"] and event["time"])
        types = [event["type"].rsplit(".", 1)[1] for event in endpoint.events()]
        self.assertEqual((types[0], types[1], types[-1]), ("flagged", "updated", "withdrawn"))
        revisions = [event["data"]["revision"] for event in endpoint.events()]
        self.assertEqual(revisions, sorted(set(revisions)))
        self.assertNotIn(SECRET, running.text())

    def test_an_endpoint_that_is_away_loses_nothing_and_the_daemon_goes_on(self):
        endpoint = Endpoint()
        desk, running = self.start(endpoint, self.pair(2))
        running.wait_for(lambda: len(endpoint.received) == 1)
        endpoint.stop()
        deadline = time.monotonic() + AWAY_S
        number = 0
        while time.monotonic() < deadline:  # the daemon goes on storing while the endpoint is away
            number += 1
            desk.file(f"in/n{number}.jsonl", [incident("t", f"n{number}", "air.drone.incursion", recently(1.9), 52, 22 + number / 50,
                                                       countries=where("PL"))])
            before = time.monotonic()
            running.wait_for(lambda: any(one["id"] == f"t:n{number}" for one in desk.incidents()))
            self.assertLess(time.monotonic() - before, STORED_WITHIN_S)
            time.sleep(1)
        self.assertEqual(len(endpoint.received), 1)
        endpoint.start()
        running.wait_for(lambda: endpoint.events() and len(endpoint.events()[-1]["data"]["incidents"]) == number + 2,
                         timeout=120)
        self.assertTrue(all(verify(*one) for one in endpoint.received))

    def test_a_refusal_is_retried_with_the_same_id(self):
        endpoint = Endpoint()
        endpoint.answer = 503
        _, running = self.start(endpoint, self.pair(2))
        running.wait_for(lambda: len(endpoint.received) >= 2)
        endpoint.answer = 204
        seen = len(endpoint.received)
        running.wait_for(lambda: len(endpoint.received) > seen)
        self.assertEqual(len({event["id"] for event in endpoint.events()}), 1)

    def test_a_first_start_on_an_archive_alerts_nothing_old(self):
        endpoint = Endpoint()
        desk, running = self.start(endpoint, self.pair(40, "old-") + self.pair(2))
        running.wait_for(lambda: len(endpoint.received) == 1)
        time.sleep(2)
        self.assertEqual(len(desk.episodes()), 2)
        self.assertEqual([len(event["data"]["incidents"]) for event in endpoint.events()], [2])
        self.assertNotIn("old-", json.dumps(endpoint.events()))

    def test_a_restart_does_not_tell_again_what_was_told(self):
        endpoint = Endpoint()
        desk, running = self.start(endpoint, self.pair(2))
        running.wait_for(lambda: len(endpoint.received) == 1)
        running.stop(check=0)
        again = Running("run", "--config", desk.config)
        self.addCleanup(again.stop, check=None)
        desk.file("in/b.jsonl", self.pair(4, "new-"))
        again.wait_for(lambda: len(desk.incidents()) == 4)
        time.sleep(2)
        ids = [event["id"] for event in endpoint.events()]
        self.assertEqual(len(ids), len(set(ids)))

    def test_a_source_that_falls_silent_and_is_back_is_told_over_a_kill_of_the_sink(self):
        endpoint = Endpoint()
        self.addCleanup(endpoint.stop)
        desk = self.desk([RULE])
        desk.file("in.jsonl", self.pair(2))
        desk.write_config([RULE], bus=bus_block(), state="./state",
                          sources=[{"name": "radar", "type": "jsonl", "path": "./in.jsonl", "silent_after": "1s"}],
                          sink={"store": "./store.gpkg", "alerts": [
                              {"name": "ops", "type": "webhook", "url": f"http://127.0.0.1:{endpoint.port}/", "secret": SECRET,
                               "group_wait": "0s", "group_interval": "100ms"}]})
        correlator, sink = (Running("--config", desk.config, program=name) for name in ("vedette-correlator", "vedette-sink"))
        self.addCleanup(correlator.stop, check=None)
        self.addCleanup(sink.stop, check=None)
        sink.wait_for(lambda: endpoint.received)
        sink.process.kill()
        sink.process.wait()
        again, agent = (Running("--config", desk.config, program=name) for name in ("vedette-sink", "vedette-agent"))
        self.addCleanup(again.stop, check=None)
        self.addCleanup(agent.stop, check=None)
        again.wait_for(lambda: any(event["type"] == "vedette.source.back" for event in endpoint.events()))
        of_sources = [event for event in endpoint.events() if event["type"].startswith("vedette.source.")]
        by_id = {event["id"]: event for event in of_sources}  # killed before it knew, the sink sends it again
        self.assertEqual([event["type"] for event in by_id.values()], ["vedette.source.silent", "vedette.source.back"])
        self.assertEqual([(event["data"]["source"], event["data"]["kind"]) for event in by_id.values()],
                         [("radar", "silent"), ("radar", "back")])
        self.assertIn("no agent has spoken of it", of_sources[0]["data"]["text"])
        self.assertTrue(all(event["id"].startswith("radar/") for event in of_sources))
        self.assertTrue(all(verify(*one) for one in endpoint.received))

    def test_what_is_owed_is_listed_tried_again_or_dropped(self):
        endpoint = Endpoint()
        endpoint.answer = 400
        desk, running = self.start(endpoint, self.pair(2) + self.pair(40, "old-"))

        def rows(*options):
            lines = vedette("alerts", "list", *options, "--store", desk.store, "--json").stdout.splitlines()
            return [json.loads(line) for line in lines]
        running.wait_for(desk.store.exists)
        running.wait_for(lambda: [row["state"] for row in rows("ops")] == ["refused"])
        row, = rows("ops")
        self.assertEqual((row["answer"], row["revision"]), ("HTTP 400", 1))
        self.assertIn("refused", vedette("alerts", "list", "--store", desk.store).stdout)
        running.wait_for(lambda: [one["state"] for one in rows("dead")] == ["failing"])
        self.assertIn("stop the sink first", vedette("alerts", "retry", "ops", "--store", desk.store, check=1).stderr)
        running.stop(check=0)
        self.assertIn("1 messages", vedette("alerts", "retry", "ops", row["subject"], "--store", desk.store).stdout)
        self.assertIn("1 messages", vedette("alerts", "drop", "dead", "--store", desk.store).stdout)
        self.assertEqual(rows("dead"), [])
        self.assertEqual([one["state"] for one in rows("dead", "--all")], ["told"])
        vedette("alerts", "drop", "--store", desk.store, check=2)
        vedette("alerts", "list", check=2)
        endpoint.answer = 204
        again = Running("run", "--config", desk.config)
        self.addCleanup(again.stop, check=None)
        again.wait_for(lambda: rows("ops") == [])
        self.assertEqual(len({event["id"] for event in endpoint.events()}), 1)
        self.assertEqual(len(endpoint.received), 2)
        self.assertEqual(endpoint.received[0][1], endpoint.received[1][1])

    def test_replay_alerts_nobody(self):
        endpoint = Endpoint()
        self.addCleanup(endpoint.stop)
        desk = self.desk([RULE], sink={"store": "./x.gpkg", "alerts": [
            {"name": "ops", "type": "webhook", "url": f"http://127.0.0.1:{endpoint.port}/", "secret": SECRET,
             "group_wait": "0s"}]})
        desk.replay(self.pair(2))
        time.sleep(1)
        self.assertEqual(endpoint.received, [])

    def test_alerts_test_sends_one(self):
        endpoint = Endpoint()
        self.addCleanup(endpoint.stop)
        desk = self.desk([RULE], sink={"store": "./x.gpkg", "alerts": [
            {"name": "ops", "type": "webhook", "url": f"http://127.0.0.1:{endpoint.port}/", "secret": SECRET}]})
        vedette("alerts", "test", "ops", "--config", desk.config)
        self.assertEqual(len(endpoint.received), 1)
        self.assertTrue(verify(*endpoint.received[0]))
        vedette("alerts", "test", "nobody", "--config", desk.config, check=2)


    def test_SIGHUP_takes_a_new_secret_from_its_file_and_leaves_a_bad_one(self):
        endpoint, other = Endpoint(), "whsec_" + base64.b64encode(os.urandom(24)).decode()
        file = pathlib.Path(tempfile.mkstemp(prefix="vedette-secret-")[1])  # 0600
        self.addCleanup(file.unlink)
        file.write_text(SECRET + "\n")
        two = [incident("t", "pl", "air.drone.incursion", recently(3), 51.6, 23.2, countries=where("PL")),
               incident("t", "ro", "air.drone.incursion", recently(2), 45.29, 29.12, countries=where("RO"))]
        desk, running = self.start(endpoint, two, secret=None, secret_file=str(file))
        running.wait_for(lambda: len(endpoint.received) == 1)

        def more(number, secret):
            """One more member is one more alert."""
            desk.file(f"in/{number}.jsonl", [incident("t", str(number), "air.drone.incursion", recently(1), 51 + number / 10, 23,
                                                      countries=where("PL"))])
            running.wait_for(lambda: len(endpoint.received) == number)
            self.assertTrue(verify(*endpoint.received[-1], secret))

        def hang_up(said):
            before = running.text().count(said)
            running.process.send_signal(signal.SIGHUP)  # `run` passes it on
            running.wait_for(lambda: running.text().count(said) > before)
        self.assertTrue(verify(*endpoint.received[0]))
        file.write_text(other)
        more(2, SECRET)  # nobody has said so yet
        hang_up("the secrets of alerts and the log's settings are read anew")
        more(3, other)
        file.write_text("whsec_???")
        hang_up("the configuration cannot be taken")
        self.assertRegex(running.text(), r"vedette.yaml:\d+:\d+: the secret is not whsec_ and base64")
        self.assertNotIn("???", running.text())
        more(4, other)
        file.unlink()
        hang_up("the configuration cannot be taken")
        file.touch()
        more(5, other)
        self.assertNotIn(other[6:], running.stop(check=0))


if __name__ == "__main__":
    main()
