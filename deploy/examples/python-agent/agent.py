#!/usr/bin/python3
"""agent.py ENDPOINT FILE.jsonl [NAME.key CORRELATOR.pub]: delivers the reports of a file to a Vedette correlator (see README.md)."""
import contextlib, itertools, json, math, os, random, re, sys, time, zmq, zmq.auth
from datetime import datetime, timedelta, timezone
from vedette.v1 import link_pb2 as link, report_pb2

def milliseconds(text):  # a time without an offset raises TypeError: nobody knows which hour it means
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)

def fill(message, j):
    """JSON has the message's names, but times in words and without "_ms", and enums in words and without prefix."""
    fields = {field.name.removesuffix("_ms"): field for field in message.DESCRIPTOR.fields}
    for key in [key for key in fields if j.get(key) is not None]:  # null is as if absent; what is unknown is left out
        field, value = fields[key], j[key]
        if key == "attributes": value = [{"key": k, "value": v} for k, v in value.items()]
        if field.label == field.LABEL_REPEATED:
            for each in value: fill(getattr(message, key).add(), each)
        elif field.message_type: fill(getattr(message, key), value)
        elif field.enum_type:  # "claimed_by" is COUNTRY_ROLE_CLAIMED_BY
            name = field.enum_type.values[0].name.replace("UNSPECIFIED", value.upper().replace("-", "_"))
            setattr(message, key, field.enum_type.values_by_name[name].number)
        else: setattr(message, field.name, value if key == field.name else milliseconds(value))

def reports(file):
    for number, line in enumerate(open(file, "rb"), 1):
        try:
            j = json.loads(line)
            r = report_pb2.Report(countries_known=j.get("countries") is not None)  # []: in none. Not there: look them up
            fill(r, j)
            j["source"], j["source_id"], j.get("status") != "retracted" or j["revision"]  # a KeyError names what is missing
            if j.get("status") != "retracted": j["category"], j["occurred"]["start"], j["place"]["lat"], j["place"]["lon"]
            if r.ByteSize() > 65536: raise ValueError("larger than 65536 bytes")
            yield r.SerializeToString()
        except (KeyError, TypeError, ValueError, AttributeError) as why:  # one bad line must not stop the others
            print(f"{file}:{number}: left out: {why!r}", file=sys.stderr)

def session(socket, name, epoch, items):
    """From Hello until all is acknowledged (True), or the other side has closed or fallen silent (False)."""
    def say(**body): socket.send(link.Frame(**body).SerializeToString())
    say(hello=link.Hello(version=1, name=name, epoch=epoch, role=link.LINK_ROLE_SENDER))
    # The file is read already, so this is true from the start. Said before the last item, it is covered by that one's Ack.
    ended = link.Heartbeat(position=len(items), marks=[link.SourceMark(source=name, state=link.SOURCE_STATE_ENDED)])
    sent, acked, credit, longest = 0, 0, 0, max(map(len, items), default=0)
    pulse, heard, due = 2.0, time.monotonic(), math.inf  # seconds; no heartbeat is due before Welcome
    while acked < len(items):
        if socket.poll(0 if sent < min(credit, len(items)) else pulse * 500):  # what has come is read before more is sent
            frame, heard = link.Frame.FromString(socket.recv()), time.monotonic()
            if frame.HasField("refusal"):
                if frame.refusal.reason == "closed": return False  # no fault of ours: it stops, and may come back
                sys.exit(f"refused: {frame.refusal.reason}")
            if frame.HasField("welcome"):
                welcome, pulse, due = frame.welcome, frame.welcome.heartbeat_ms / 1000, heard
                if longest > welcome.item_bytes_max: sys.exit("a report is larger than this correlator takes")
                count = min(welcome.batch_items_max, (welcome.frame_bytes_max - 64) // (longest + 8))  # 64, 8: for the heads
                sent = acked = welcome.resume_position  # what is safe there is not sent again, all else is
            credit, acked = max(credit, frame.credit.until), max(acked, frame.ack.position)  # 0 where the frame is another
        elif sent < min(credit, len(items)):
            say(batch=link.Batch(first=sent + 1, items=items[sent:min(credit, sent + count)]))
            sent = min(credit, sent + count, len(items))
        now = time.monotonic()
        if now > min(heard, due) + 3 * pulse: return False  # silence; or we were suspended, and so have been forgotten
        if now >= due:
            say(heartbeat=ended)
            due = now + pulse / 2
    return True

def main(endpoint, file, key=None, server=None):
    items, epoch = list(reports(file)), time.time_ns() // 1_000_000
    name = "python-" + re.sub("[^A-Za-z0-9._-]", "-", os.path.basename(file))[:57]  # the same at every run
    if key: name = os.path.basename(key).removesuffix(".key")  # who has a key goes by the name it is allowed under
    for pause in itertools.chain((0.5, 1, 2, 4), itertools.repeat(8)):
        with zmq.Context.instance().socket(zmq.DEALER) as socket:
            # -1, because ZeroMQ would by itself connect to a correlator started anew, and go on there without Hello.
            socket.reconnect_ivl, socket.sndtimeo, socket.linger = -1, 1000, 0
            if key:
                socket.curve_publickey, socket.curve_secretkey = zmq.auth.load_certificate(key)
                socket.curve_serverkey, _ = zmq.auth.load_certificate(server)
            socket.connect(endpoint)
            with contextlib.suppress(zmq.Again):  # the connection is gone
                if session(socket, name, epoch, items): break
        time.sleep(pause * random.uniform(0.5, 1))
    print(f"{len(items)} reports acknowledged")

main(*sys.argv[1:])
