"""The corpus of golden messages, made by Google's own implementation from proto/vedette/v1/*.proto.

  make.py          checks that the files here are what this script makes (the test does that)
  make.py --write  writes those that are missing; a golden file is never changed, for somebody may have sent it already

report/, frame/ and publication/ hold what must be read, as the .json beside it says, and packed again to the same bytes; terse/
reports that are read, but packed with their defaults spelled out; hostile/ what must be refused: its name says by which reader,
the .reason beside it what the refusal says.
"""
import importlib
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parents[2] / "proto"
MESSAGES = ["vedette/v1/report.proto", "vedette/v1/episode.proto", "vedette/v1/link.proto"]


def load():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", f"--python_out={folder}", f"-I{PROTO}", *MESSAGES], check=True)
        sys.path.insert(0, folder)
        return [importlib.import_module(m.replace("/", ".").replace(".proto", "_pb2")) for m in MESSAGES]


r, e, l = load()


def report():
    return r.Report(
        source="rcb-pl", source_id="2025-0911", revision=1, status=r.REPORT_STATUS_CONFIRMED,
        category="air.drone.incursion", role=r.ROLE_TRIGGER,
        occurred=r.Occurred(start_ms=1757453400000, end_ms=1757479500000, precision=r.PRECISION_MINUTE, basis=r.BASIS_REPORTED),
        reported_at_ms=1757484600000, place=r.Place(lat=51.56, lon=23.36, radius_km=5, name="Wyryki"),
        countries=[r.Country(code="PL", role=r.COUNTRY_ROLE_WHERE)], countries_known=True, publisher="reuters",
        headline="Drony nad Lubelszczyzną", url="https://example.org/1", language="pl", severity=3, confidence=0.9,
        licence=r.LICENCE_ATTRIBUTION, attributes=[r.Attribute(key="count", value="19")])


def least():
    return r.Report(
        source="s", source_id="1", status=r.REPORT_STATUS_REPORTED, category="sea.cable", role=r.ROLE_TRIGGER,
        occurred=r.Occurred(start_ms=0, precision=r.PRECISION_SECOND, basis=r.BASIS_REPORTED), place=r.Place(),
        licence=r.LICENCE_ATTRIBUTION)


def at_sea():
    m = least()
    m.countries_known = True
    m.confidence = 0
    m.reported_at_ms = -1
    m.occurred.start_ms = -62135596800000
    m.occurred.end_ms = 253402300799999
    return m


def retraction():
    return r.Report(source="rcb-pl", source_id="2025-0911", revision=2, status=r.REPORT_STATUS_RETRACTED,
                    licence=r.LICENCE_ATTRIBUTION)


def terse():  # as a stranger's agent may send it: every default left to the receiver
    return r.Report(source="s", source_id="1", category="mil.exercise", occurred=r.Occurred(start_ms=5), place=r.Place(lat=1, lon=2))


def incident(*reports):
    return e.Incident(id="rcb-pl:2025-0911", position=e.StreamPosition(epoch=1757453400000, number=7), reports=reports)


def episode():
    return e.Episode(
        id="0199307a-1", revision=2, position=e.StreamPosition(epoch=1757453400000, number=8), title="Drones over EE, PL",
        rule="airspace", rule_hash="00ff", state=e.EPISODE_STATE_FLAGGED, final=True, capped=True, countries=["EE", "PL"],
        first_ms=1757453400000, last_ms=1758265800000, extent_km=935.2, continues="0199307a-0", observed=2, score=0,
        cause="incident added: err:7", supersedes=["0199307a-2"], superseded_by="0199307a-3",
        members=[e.EpisodeMember(incident_id="rcb-pl:2025-0911", membership=e.MEMBERSHIP_CORE),
                 e.EpisodeMember(incident_id="err:7", membership=e.MEMBERSHIP_ATTACHED)],
        members_omitted=1, digest=bytes(range(32)))


def calibrated():
    m = episode()
    m.calibrated = True
    m.baseline_hash = "ff00ff00ff00ff00"
    m.expected, m.score, m.recurrence_days, m.recurrence_at_least = 0.25, 3.5, 121.75, True
    m.members[0].threshold = 3  # the history had nothing there
    m.members[1].history, m.members[1].threshold = 7, 4
    return m


def notice():
    return e.Notice(source="rcb-pl", kind=e.NOTICE_KIND_SILENT, since_ms=1757484600000,
                    position=e.StreamPosition(epoch=1757453400000, number=9), text="rcb-pl is silent: not heard of for 3 h")


def but(message, **fields):
    for name, value in fields.items():
        field = getattr(message, name)
        if hasattr(field, "CopyFrom"):
            field.CopyFrom(value)
        elif hasattr(field, "extend"):
            del field[:]
            field.extend(value)
        else:
            setattr(message, name, value)
    return message


def raw(message, old, new):
    data = message.SerializeToString()
    assert data.count(old) == 1 and len(old) == len(new)
    return data.replace(old, new)


GOLDEN = {
    "report/example": report(), "report/least": least(), "report/at_sea_and_at_the_ends_of_time": at_sea(),
    "report/bare_retraction": retraction(), "terse/every_default_left_out": terse(),
    "frame/hello_of_an_agent": l.Frame(hello=l.Hello(version=1, name="agent-1", epoch=1757453400000, role=l.LINK_ROLE_SENDER)),
    "frame/hello_of_a_sink": l.Frame(hello=l.Hello(version=1, name="store", role=l.LINK_ROLE_RECEIVER,
                                                   resume_epoch=1757453400000, resume_position=41)),
    "frame/welcome": l.Frame(welcome=l.Welcome(version=1, name="correlator", resume_position=0, item_bytes_max=65536,
                                               frame_bytes_max=1048576, batch_items_max=1024, heartbeat_ms=2000)),
    "frame/credit": l.Frame(credit=l.Credit(until=4096)),
    "frame/batch": l.Frame(batch=l.Batch(first=1, items=[report().SerializeToString(), retraction().SerializeToString()])),
    "frame/ack": l.Frame(ack=l.Ack(position=2)),
    "frame/heartbeat": l.Frame(heartbeat=l.Heartbeat(position=2, marks=[
        l.SourceMark(source="desk", watermark_ms=1757484600000, state=l.SOURCE_STATE_LIVE),
        l.SourceMark(source="list", state=l.SOURCE_STATE_DEAD)])),
    "frame/heartbeat_of_a_listener": l.Frame(heartbeat=l.Heartbeat()),
    "frame/refusal": l.Frame(refusal=l.Refusal(reason="version 2 is not spoken here, 1 is")),
    "publication/incident": e.Publication(incident=incident(report(), least())),
    "publication/corroborated_incident": e.Publication(incident=but(incident(report(), least()), reports_omitted=5000,
                                                                    publishers=3)),
    "publication/retracted": e.Publication(retracted=incident(retraction())),
    "publication/episode": e.Publication(episode=episode()),
    "publication/calibrated_episode": e.Publication(episode=calibrated()),
    "publication/notice": e.Publication(notice=notice()),
    "publication/rule": e.Publication(rule=e.Rule(name="airspace", hash="00ff", json='{"reach_km":1000}')),
}

HOSTILE = {
    "report.nul_in_source_id": raw(report(), b"2025-0911", b"2025\x000911"),
    "report.invalid_utf8": raw(report(), b"Lubelszczy", b"Lubel\xff\xfe\xfd\xfc\xfb"),
    "report.overlong_utf8": raw(report(), b"Wyryki", b"Wy\xc0\xafki"),
    "report.unknown_category": but(report(), category="air.drone.incurison"),
    "report.unknown_status": but(report(), status=77),
    "report.unknown_role": but(report(), role=-1),
    "report.unknown_precision": but(report(), occurred=r.Occurred(start_ms=1, precision=7)),
    "report.unknown_country_role": but(report(), countries=[r.Country(code="PL", role=5)]),
    "report.unknown_licence": but(report(), licence=4),
    "report.lower_case_country": but(report(), countries=[r.Country(code="pl")]),
    "report.latitude_not_a_number": but(report(), place=r.Place(lat=float("nan"), lon=0)),
    "report.confidence_not_a_number": but(report(), confidence=float("nan")),
    "report.latitude_91": but(report(), place=r.Place(lat=91, lon=0)),
    "report.time_of_the_year_10000": but(report(), occurred=r.Occurred(start_ms=253402300800000)),
    "report.least_time": but(report(), occurred=r.Occurred(start_ms=-2**63)),
    "report.end_before_start": but(report(), occurred=r.Occurred(start_ms=10, end_ms=9)),
    "report.no_place": r.Report(source="s", source_id="1", category="sea.cable", occurred=r.Occurred(start_ms=5)),
    "report.no_occurred": r.Report(source="s", source_id="1", category="sea.cable", place=r.Place(lat=1, lon=2)),
    "report.thirty_three_countries": but(report(), countries=[r.Country(code=f"A{chr(65 + i % 26)}", role=1 + i // 26) for i in range(33)]),
    "report.two_values_of_one_attribute": but(report(), attributes=[r.Attribute(key="a", value="1"), r.Attribute(key="a", value="2")]),
    "report.truncated": report().SerializeToString()[:-3],
    "report.empty": b"",
    "report.amplification": report().SerializeToString() + b"\x52\x00" * 8000,
    "frame.truncated": GOLDEN["frame/batch"].SerializeToString()[:-1],
    "frame.empty": b"",
    "frame.two_bodies": GOLDEN["frame/ack"].SerializeToString() + GOLDEN["frame/credit"].SerializeToString(),
    "frame.unknown_link_role": l.Frame(hello=l.Hello(version=1, name="a", role=9)),
    "frame.unknown_source_state": l.Frame(heartbeat=l.Heartbeat(marks=[l.SourceMark(source="a", state=9)])),
    "frame.amplification": l.Frame(batch=l.Batch(first=1, items=[b""] * 8000)),
    "frame.amplified_marks": l.Frame(heartbeat=l.Heartbeat(marks=[l.SourceMark()] * 8000)),
    "publication.unknown_state": e.Publication(episode=but(episode(), state=9)),
    "publication.short_digest": e.Publication(episode=but(episode(), digest=b"1")),
    "publication.nul_in_an_id": e.Publication(episode=but(episode(), id="a\0b")),
    "publication.score_not_a_number": e.Publication(episode=but(episode(), score=float("nan"))),
    "publication.nul_in_a_baseline_hash": e.Publication(episode=but(calibrated(), baseline_hash="ff\0ff")),
    "publication.notice_of_an_unknown_kind": e.Publication(notice=but(notice(), kind=9)),
    "publication.notice_of_nobody": e.Publication(notice=but(notice(), source="")),
    "publication.no_reports": e.Publication(incident=incident()),
    "publication.bad_report_inside": e.Publication(incident=incident(but(report(), category="x"))),
    "publication.amplification": b"\x1a\x80\x7d" + b"\xba\x01\x00" * 5333 + b"\x00",
}


def main():
    wrong = []
    files = {HERE / f"{name}.bin": made for name, made in GOLDEN.items()}
    files.update({HERE / f"hostile/{name}.bin": made for name, made in HOSTILE.items()})
    for path, made in files.items():
        data = made if isinstance(made, bytes) else made.SerializeToString(deterministic=True)
        if path.exists():
            if path.read_bytes() != data:
                wrong.append(f"{path.relative_to(HERE)}: not what Google's implementation makes of this script's message")
        elif "--write" in sys.argv:
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(data)
        else:
            wrong.append(f"{path.relative_to(HERE)}: missing")
    for path in HERE.glob("*/*.bin"):
        if path not in files:
            wrong.append(f"{path.relative_to(HERE)}: no message of this script makes it")
    print("\n".join(wrong) or f"{len(files)} golden messages are as they were")
    return 1 if wrong else 0


sys.exit(main())
