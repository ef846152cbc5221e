"""A webhook's receiver that keeps what it was sent and can misbehave."""

import base64
import http.server
import json
import os
import threading
import time

SECRET = "whsec_" + base64.b64encode(os.urandom(24)).decode()
TAKE, REFUSE, DROP = "take", "refuse", "drop"  # DROP: keeps it, and hangs up without an answer


class Endpoint:
    def __init__(self):
        self.received = []  # (webhook-id, body), as they came
        self.manner = TAKE
        self.until = 0
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                manner = endpoint.manner if time.monotonic() < endpoint.until else TAKE
                if manner != REFUSE:
                    endpoint.received.append((self.headers["webhook-id"], body))
                if manner == DROP:
                    self.close_connection = True
                    return
                self.send_response(503 if manner == REFUSE else 204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def misbehave(self, manner, for_s):
        self.manner, self.until = manner, time.monotonic() + for_s

    def entry(self, **more):
        return {"name": "ops", "type": "webhook", "url": f"http://127.0.0.1:{self.port}/hook", "secret": SECRET, **more}

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def gist(episode):
    """What makes a change material: state, countries, members."""
    return (episode["state"], tuple(episode["countries"]),
            tuple(sorted(one["id"] for one in episode["incidents"] if one["membership"] in ("core", "attached"))))


def judge(received, flagged):
    """What is wrong with what came, given the episodes that are flagged in the end: sentences."""
    wrong, bodies, last = [], {}, {}
    for message, body in list(received):
        is_new = message not in bodies
        if bodies.setdefault(message, body) != body:
            wrong.append(f"{message}: came twice with different bodies")
        event = json.loads(body)
        if not event["type"].startswith("vedette.episode."):
            continue  # of a source, not of an episode
        if not event["id"].startswith(event["data"]["id"]):
            wrong.append(f"{message}: the event {event['id']} is of another episode")
        known = last.get(event["data"]["id"])
        if known is None or event["data"]["revision"] >= known["data"]["revision"]:
            last[event["data"]["id"]] = event
        elif is_new:
            wrong.append(f"{message}: older than what was sent before")
    for identity, episode in flagged.items():
        event = last.pop(identity, None)
        if event is None:
            wrong.append(f"{identity}: flagged in the end, and nobody was told")
        elif gist(event["data"]) != gist(episode):
            wrong.append(f"{identity}: the last told is {event['id']}, {gist(event['data'])}, and it is {gist(episode)}")
    wrong += [f"{identity}: told as flagged, and never taken back ({event['id']})" for identity, event in last.items()
              if not event["type"].endswith("withdrawn")]
    return wrong
