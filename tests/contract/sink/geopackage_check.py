#!/usr/bin/python3
"""Reads a store as a stranger would: sqlite3 and the standard (OGC 12-128r18), none of Vedette's code. Ends 1 at the first thing that is wrong."""
import re, sqlite3, struct, sys

db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)


def one(sql, *values):
    return db.execute(sql, values).fetchone()


def points(blob):
    """All points of a geometry blob, after checking its header."""
    magic, version, flags, srs = struct.unpack_from("<2sBBi", blob)
    assert (magic, version, srs) == (b"GP", 0, 4326) and flags in (1, 3), blob[:8]
    envelope = struct.unpack_from("<4d", blob, 8) if flags == 3 else None
    at = 40 if envelope else 8
    found = []

    def number(kind):
        nonlocal at
        value, = struct.unpack_from("<" + kind, blob, at)
        at += struct.calcsize(kind)
        return value

    def geometry():
        assert number("B") == 1
        kind = number("I")
        if kind == 1:
            found.append((number("d"), number("d")))
        elif kind == 2:
            found.extend((number("d"), number("d")) for _ in range(number("I")))
        elif kind == 3:
            for _ in range(number("I")):
                ring = [(number("d"), number("d")) for _ in range(number("I"))]
                assert ring[0] == ring[-1] and len(ring) >= 4
                area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, ring[1:]))
                assert area > 0, "an outer ring turns left"
                found.extend(ring)
        elif kind in (5, 6):
            for _ in range(number("I")):
                geometry()
        else:
            raise AssertionError(f"geometry type {kind}")

    geometry()
    assert at == len(blob), "bytes left over"
    xs, ys = zip(*found)
    box = (min(xs), max(xs), min(ys), max(ys))
    assert envelope in (None, box), (envelope, box)
    return box


assert one("PRAGMA application_id")[0] == 0x47504B47
assert one("PRAGMA user_version")[0] == 10300
assert one("PRAGMA integrity_check")[0] == "ok"
assert not db.execute("PRAGMA foreign_key_check").fetchall()
with open(sys.argv[1], "rb") as file:
    assert file.read(20)[18:20] == b"\1\1", "one plain file, not WAL, once nobody writes it"
assert {row[0] for row in db.execute("SELECT srs_id FROM gpkg_spatial_ref_sys")} >= {-1, 0, 4326}
assert one("SELECT value FROM vedette_meta WHERE key = 'schema'")[0] == 3
for table, geometry in (("episodes", "GEOMETRY"), ("incidents", "POINT")):
    contents = one("SELECT data_type, srs_id, min_x, max_x, min_y, max_y, last_change FROM gpkg_contents WHERE table_name = ?", table)
    assert contents[:2] == ("features", 4326)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", contents[6]), contents[6]
    assert one("SELECT column_name, geometry_type_name, srs_id, z, m FROM gpkg_geometry_columns WHERE table_name = ?", table) == ("geom", geometry, 4326, 0, 0)
    assert one("SELECT scope FROM gpkg_extensions WHERE table_name = ? AND column_name = 'geom' AND extension_name = 'gpkg_rtree_index'", table) == ("write-only",)
    assert one("SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", table)[0] == 6
    boxes = {fid: points(blob) for fid, blob in db.execute(f"SELECT fid, geom FROM {table} WHERE geom IS NOT NULL")}
    assert boxes
    bounds = (min(b[0] for b in boxes.values()), max(b[1] for b in boxes.values()), min(b[2] for b in boxes.values()), max(b[3] for b in boxes.values()))
    assert contents[2:6] == bounds, (table, contents[2:6], bounds)
    index = {row[0]: row[1:] for row in db.execute(f"SELECT * FROM rtree_{table}_geom")}
    assert index.keys() == boxes.keys(), (table, index.keys(), boxes.keys())
    for fid, box in boxes.items():  # the index is in single precision, rounded outwards
        low, high, south, north = index[fid]
        assert low <= box[0] <= low + 1e-4 and high - 1e-4 <= box[1] <= high and south <= box[2] <= south + 1e-4 and north - 1e-4 <= box[3] <= north
    for first, last in db.execute(f'SELECT "first", "last" FROM {table}'):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first) and first <= last
assert one("SELECT countries, rule, state, observed FROM episodes WHERE id = 'europe'") == ("EE,PL,RO", "airspace", "flagged", 3)
assert one("SELECT category, status, place, radius_km, countries FROM incidents WHERE id = 's:pl'") == ("air.drone.incursion", "confirmed", "place of pl", 5.0, "PL")
