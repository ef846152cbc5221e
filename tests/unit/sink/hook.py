#!/usr/bin/python3
"""A webhook's endpoint that trusts nothing: verifies the Standard Webhooks signature with the standard library alone.

usage: hook.py PORT SECRET      PORT 0: any; the first line says which
A line on stdout for each request: STATUS PATH webhook-id type data.state data.revision verdict
(of a source: … type data.kind data.since verdict)
The path says how it behaves: /ok, /slow (answers after a second), /refuse (400), /redirect (302), /fail/N (503 to the
first N of each id), /wait/N (429 with Retry-After: 1 to the first N).
"""
import base64, collections, datetime, hashlib, hmac, http.server, json, os, sys, time

key = base64.b64decode(sys.argv[2].removeprefix("whsec_"), validate=True)
seen = collections.Counter()


def name_of(data):
    if "kind" in data:
        return f'{data["source"]}/{round(datetime.datetime.fromisoformat(data["since"]).timestamp() * 1000)}'
    return f'{data["id"]}/{data["revision"]}'


def verdict(headers, body):
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    if not hmac.compare_digest(headers["webhook-signature"], wanted):
        return "BAD-SIGNATURE"
    if abs(time.time() - int(headers["webhook-timestamp"])) > 60:
        return "BAD-TIMESTAMP"
    if headers["content-type"] != "application/cloudevents+json":
        return "BAD-CONTENT-TYPE"
    event = json.loads(body)
    right = (event["specversion"] == "1.0" and event["source"] == "/vedette" and event["datacontenttype"] == "application/json"
             and event["id"] == name_of(event["data"])
             and event["time"].endswith("Z") and isinstance(event["data"].get("incidents", []), list))
    return "valid" if right else "BAD-EVENT"


class Hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        event = json.loads(body)
        name = self.headers["webhook-id"]
        _, way, *number = self.path.split("/")
        seen[self.path, name] += 1
        status = {"refuse": 400, "redirect": 302}.get(way, 204)
        if number and seen[self.path, name] <= int(number[0]):
            status = {"fail": 503, "wait": 429}[way]
        if way == "slow":
            time.sleep(1)
        data = event["data"]
        about = (data["kind"], data["since"]) if "kind" in data else (data["state"], data["revision"])
        line = (status, self.path, name, event["type"], *about, verdict(self.headers, body))
        os.write(1, (" ".join(map(str, line)) + "\n").encode())  # in one piece: requests come side by side
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "1")
        if status == 302:
            self.send_header("Location", "/ok")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer.allow_reuse_address = True
http.server.ThreadingHTTPServer.request_queue_size = 64  # with the usual 5 a burst waits a second for its SYN
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Hook)
print(server.server_address[1], flush=True)
server.serve_forever()
