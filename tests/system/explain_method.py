"""The method in Python, by brute force, from raw reports: what `vedette explain` must say. Nothing is shared with the
programs but the words of the method: distances are integers on the unit sphere, neighbours are counted pair by pair, the
capped union is done core by core, each member is left out and all is done anew."""

import datetime
import decimal
import hashlib
import math
import struct

SCALE = 1 << 28
EARTH_KM = 6371.0088
DAY = 86400000
MISS_SHARE = 2.0  # of reach and window: what is farther is no near miss
MISSES = 5


def parse_ms(text):
    """RFC 3339 to milliseconds; finer digits cut off."""
    whole, _, rest = text.partition(".")
    fraction = ""
    if rest:
        fraction = "".join(letter for letter in rest if letter.isdigit() or letter in "+-Zz:")
        digits = "".join(iter_digits(rest))
        whole += rest[len(digits):]
        fraction = (digits + "000")[:3]
    if whole.count(":") == 1 and whole[-1] in "Zz":  # no seconds
        whole = whole[:-1] + ":00Z"
    moment = datetime.datetime.fromisoformat(whole.replace("Z", "+00:00").replace("z", "+00:00"))
    return int(moment.timestamp()) * 1000 + int(fraction or 0)


def iter_digits(text):
    for letter in text:
        if not letter.isdigit():
            return
        yield letter


def point_of(lat, lon):
    """A unit vector × 2^28, rounded to nearest."""
    phi, theta = math.radians(lat), math.radians(lon)
    vector = (math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi))
    return tuple(int(math.floor(part * SCALE + 0.5)) for part in vector)


def chord2(a, b):
    return sum((one - other) ** 2 for one, other in zip(a, b))


def chord2_of_km(km):
    if km is None:
        return 4 * SCALE * SCALE
    return min(int(math.floor((2 * math.sin(min(km / (2 * EARTH_KM), math.pi / 2)) * SCALE) ** 2)), 4 * SCALE * SCALE)


def km_of_chord2(square):
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(square) / 2 / SCALE))


class Incident:
    """One incident of one or more raw reports, the best first."""

    def __init__(self, reports, countries=None):
        best = reports[0]
        self.reports = reports
        self.id = f"{best['source']}:{best['source_id']}"
        self.status = best.get("status") or "reported"
        self.category = best["category"]
        self.role = best["role"]
        occurred = best["occurred"]
        self.start = parse_ms(occurred["start"])
        self.end = parse_ms(occurred.get("end") or occurred["start"])
        self.reported = parse_ms(best["reported_at"]) if best.get("reported_at") else None
        place = best["place"]
        self.radius = place.get("radius_km") or 0
        self.point = point_of(place["lat"], place["lon"])
        roles = {}
        for country in countries if countries is not None else best["countries"]:
            roles.setdefault(country.get("role") or "where", set()).add(country["code"])
        where, affected = roles.get("where", set()), roles.get("affected", set())
        self.countries = sorted(where or affected)
        self.touched = sorted(where | affected)
        self.is_live = self.status not in ("retracted", "explained")

    def order(self):
        return (self.start, self.id.encode())


class Baseline:
    """The frozen history of one rule, as raw incidents: what h, K and expected are counted from."""

    def __init__(self, rule, incidents, from_ms, until_ms, curves):
        world = World(rule, [])
        history = [one for one in incidents if from_ms <= one.start < until_ms and world.is_triggering(one) and
                   not world.is_coarse(one)]
        self.rule = rule
        self.points = [one.point for one in history]
        self.length_ms = until_ms - from_ms
        self.mean_ms = sum(one.end - one.start for one in history) // max(1, len(history))
        tau2 = chord2_of_km(rule["reach_km"])
        self.side = 1  # the greatest power of two ≤ τ/4
        while (4 * 2 * self.side) ** 2 <= tau2:
            self.side *= 2
        self.near2 = math.floor((math.sqrt(tau2) + self.side / 2) ** 2)
        self.curves = curves  # of any episode, of flagged ones: (years, [(score, exceedances)])
        self.known, self.tables = {}, {}

    def history(self, point):
        cell = tuple(part // self.side for part in point)
        if cell not in self.known:
            middle = tuple(part * self.side + self.side // 2 for part in cell)
            self.known[cell] = sum(chord2(middle, other) <= self.near2 for other in self.points)
        return self.known[cell]

    def threshold(self, history, length_ms):
        window = self.rule["window_ms"]
        quarters = -(-4 * (2 * window + length_ms + self.mean_ms) // window)
        if (history, quarters) not in self.tables:
            self.tables[history, quarters] = least_improbable(history, quarters * window, 4 * self.length_ms,
                                                              self.rule["min_neighbours"], self.rule["alpha"])
        return self.tables[history, quarters]

    def chance(self, members, first, last, flagged):
        side = 2 * self.side
        cubes = {tuple(part // side for part in one.point) for one in members}
        count = sum(tuple(part // side for part in point) in cubes for point in self.points)
        exposure = last - first + 2 * self.rule["window_ms"] + self.mean_ms
        observed, expected = len(members), (count + 1) * exposure / self.length_ms
        score = round(observed * math.log(observed / expected) + expected - observed, 6) if observed > expected else 0.0
        years, steps = self.curves[1 if flagged else 0]
        exceedances = next((number for value, number in steps if value >= score - 1e-9), 0)
        days = years * 365.25
        return {"observed": observed, "expected": expected, "score": score,
                "recurrence_days": days / exceedances if exceedances else days / 3,
                "recurrence_at_least": exceedances == 0,
                "footprint": {"cubes": len(cubes), "history": count, "exposure_ms": exposure,
                              "mean_length_ms": self.mean_ms, "history_ms": self.length_ms},
                "years": years, "exceedances": exceedances}


class BaselineFile:
    """The file, read from its table (correlator/baseline/README.md): its hash, and of each rule points and curves."""

    def __init__(self, path):
        self.data, self.at = path.read_bytes(), 16
        digest = hashlib.sha256(self.data[:-32]).digest()
        assert digest == self.data[-32:] and self.data[:16] == b"vedette baseline"
        self.hash = digest.hex()[:16]
        self.take("<IQ")
        self.from_ms, self.until_ms, self.guard_ms, _ = self.take("<qqqQ")
        self.sources = [self.text() for _ in range(self.take("<I")[0])]
        self.rules = {}
        for _ in range(self.take("<I")[0]):
            name, _, _ = self.text(), self.text(), self.text()
            self.take("<dqqqIdI")
            points = [self.take("<iii") for _ in range(self.take("<I")[0])]
            for _ in range(9):
                count = self.take("<I")[0]
                self.at += 4 * count
            curves = []
            for _ in range(2):
                years, count = self.take("<QI")
                curves.append((years, [self.take("<dQ") for _ in range(count)]))
            self.rules[name] = (points, curves)
        assert self.at == len(self.data) - 32

    def take(self, form):
        values = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return values

    def text(self):
        size = self.take("<I")[0]
        self.at += size
        return self.data[self.at - size:self.at].decode()


def least_improbable(history, numerator, denominator, floor, alpha):
    """min { k ≥ floor : P(NB(size h + 1, prob 1/(1 + r)) ≥ k) ≤ alpha }, r = numerator/denominator; 50 digits."""
    with decimal.localcontext() as context:
        context.prec = 60
        ratio = decimal.Decimal(numerator) / decimal.Decimal(denominator)
        success = 1 / (1 + ratio)
        mass = success ** (history + 1)
        tail, k = decimal.Decimal(1), 0
        limit = decimal.Decimal(repr(alpha))
        while k < floor or tail > limit:
            tail -= mass
            mass = mass * (history + 1 + k) / (k + 1) * (1 - success)
            k += 1
        return k


class World:
    """All incidents under one rule: neighbours, cores, episodes."""

    def __init__(self, rule, incidents, baseline=None, is_file_given=False):
        self.rule = rule
        self.knows_all = baseline is None or is_file_given
        self.window = rule["window_ms"]
        self.reach2 = chord2_of_km(rule["reach_km"])
        self.cap2 = chord2_of_km(rule["cap_extent_km"])
        self.baseline = baseline
        self.everyone = sorted(incidents, key=Incident.order)
        self.by_id = {one.id: one for one in self.everyone}
        self.triggers = [one for one in self.everyone if self.is_triggering(one)]
        self.near = {one.id: [] for one in self.triggers}
        begin = 0
        for at, one in enumerate(self.triggers):
            while self.triggers[begin].start < one.start - 2 * self.window:
                begin += 1
            for other in self.triggers[begin:at]:
                if self.are_within(one, other):
                    self.near[one.id].append(other)
                    self.near[other.id].append(one)
        self.counts = {}
        for one in self.triggers:
            history = baseline.history(one.point) if baseline and not self.is_coarse(one) else None
            needed = rule["min_neighbours"]
            if history is not None:
                needed = baseline.threshold(history, one.end - one.start)
            self.counts[one.id] = (history, needed)
        self.parts, self.part_of, self.anchors, self.refusals = self.partition(None)

    # --- the rule ---

    def matches_countries(self, one):
        only, out = set(self.rule["only_countries"]), set(self.rule["except_countries"])
        own = set(one.countries)
        return (not only or bool(own & only)) and (not own or bool(own - out))

    def is_triggering(self, one):
        return one.is_live and one.role == "trigger" and one.category in self.rule["categories"] and \
            self.matches_countries(one)

    def is_coarse(self, one):
        return one.end - one.start > self.window or one.radius > self.rule["reach_km"] / 2 or \
            one.radius > self.rule["max_radius_km"]

    def end(self, one):
        return one.start + self.window if one.end - one.start > self.window else one.end

    def gap(self, one, other):
        return max(0, one.start - self.end(other), other.start - self.end(one))

    def are_within(self, one, other):
        return self.gap(one, other) <= self.window and chord2(one.point, other.point) <= self.reach2

    def are_neighbours(self, one, other):
        return self.are_within(one, other) and not self.is_coarse(one) and not self.is_coarse(other)

    def neighbours(self, one, without=None):
        if self.is_coarse(one):
            return None
        return sum(other is not without and not self.is_coarse(other) for other in self.near[one.id])

    # --- links ---

    def link(self, one, other):
        square, gap = chord2(one.point, other.point), self.gap(one, other)
        parts = (square * self.window ** 2, gap ** 2 * self.reach2)
        return {"distance_km": km_of_chord2(square), "gap_ms": gap,
                "distance_share": math.sqrt(square / self.reach2), "time_share": gap / self.window,
                "clause": "distance" if parts[0] >= parts[1] else "time"}

    def strength(self, one, other):
        return max(chord2(one.point, other.point) * self.window ** 2, self.gap(one, other) ** 2 * self.reach2)

    def cost(self, one, other):
        return chord2(one.point, other.point) * self.window ** 2 + self.gap(one, other) ** 2 * self.reach2

    # --- episodes ---

    def bounds(self, members):
        points = [one.point for one in members]
        low, high = tuple(map(min, zip(*points))), tuple(map(max, zip(*points)))
        return min(one.start for one in members), max(self.end(one) for one in members), chord2(low, high)

    def fits(self, members):
        first, last, square = self.bounds(members)
        return last - first <= self.rule["cap_duration_ms"] and square <= self.cap2

    def partition(self, without):
        """The parts (lists of cores), the part of each core by its id, the core of each attached one, what the caps
        refused: (core, its neighbour, bounds of both)."""
        cores = [one for one in self.triggers if one is not without and not self.is_coarse(one) and
                 self.neighbours(one, without) >= self.counts[one.id][1]]
        is_core = {one.id for one in cores}
        part_of, refusals = {}, []
        for core in cores:
            own = [core]
            part_of[core.id] = own
            found = {}
            for other in self.near[core.id]:
                if other.id not in is_core or other.order() >= core.order():
                    continue
                part = part_of[other.id]
                key = (self.strength(core, other), other.order())
                if id(part) not in found or key < found[id(part)][0]:
                    found[id(part)] = (key, part, other)
            for _, part, neighbour in sorted(found.values(), key=lambda each: each[0]):
                both = part_of[core.id] + part
                if self.fits(both):
                    for one in both:
                        part_of[one.id] = both
                else:
                    refusals.append((core, neighbour, self.bounds(both)))
        anchors = {}
        for one in self.triggers:
            if one is without or one.id in is_core:
                continue
            near = [other for other in self.near[one.id] if other.id in is_core]
            if near:
                anchors[one.id] = min(near, key=lambda other: (self.cost(one, other), other.order()))
        parts, seen = [], set()
        for core in cores:
            part = part_of[core.id]
            if id(part) not in seen:
                seen.add(id(part))
                parts.append(sorted(part, key=Incident.order))
        of = {one.id: part for part in parts for one in part}
        return parts, of, anchors, refusals

    def members(self, part, anchors=None, part_of=None):
        anchors = self.anchors if anchors is None else anchors
        part_of = self.part_of if part_of is None else part_of
        attached = [self.by_id[name] for name, core in anchors.items() if part_of[core.id] is part]
        return sorted(part + attached, key=Incident.order)

    def countries(self, members):
        return sorted({code for one in members for code in one.countries})

    def is_flagged(self, members):
        return len(self.countries(members)) >= self.rule["min_countries"] and \
            len(members) >= self.rule["min_incidents"]

    def episode_id(self, part):
        key = part[0]
        start = datetime.datetime.fromtimestamp(key.start // 1000, datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(self.rule["name"].encode() + b"\0" + key.id.encode()).hexdigest()[:16]
        return f"{start}-{digest}"

    def part_by_id(self, name):
        return next(part for part in self.parts if self.episode_id(part) == name)

    def part_with(self, one):
        core = one if one.id in self.part_of else self.anchors.get(one.id)
        return self.part_of[core.id] if core else None

    # --- what is said of one ---

    def tell_counts(self, one):
        """Of what is in no episode the store does not hold K, where there is a baseline; its file says it."""
        counts = {"neighbours": None, "threshold": None, "history": None, "coarse": one.is_live and self.is_coarse(one)}
        if counts["coarse"] or not self.is_triggering(one):
            return counts
        counts["neighbours"] = self.neighbours(one)
        if self.knows_all or self.part_with(one) is not None:
            counts["history"], counts["threshold"] = self.counts[one.id]
        return counts

    def removal(self, part, one):
        parts, part_of, anchors, _ = self.partition(one)
        best = (False, False, 0, 0)
        for rest in parts:
            if not any(core in part for core in rest):
                continue
            members = self.members(rest, anchors, part_of)
            best = max(best, (True, self.is_flagged(members), len(members), len(self.countries(members))),
                       key=lambda each: (each[1], each[2], each[0]))
        has_core, flagged, observed, countries = best
        return {"id": one.id, "unflags": not flagged, "cores_left": has_core, "countries_left": countries,
                "incidents_left": observed}

    def nearest(self, one, cores):
        """The core with the least greater share; of equal ones the earlier."""
        def share(core):
            link = self.link(one, core)
            return max(link["distance_share"], link["time_share"])
        return min(cores, key=lambda core: (share(core), core.order())) if cores else None

    def bridge(self, one):
        """The neighbour that lacks fewest to be a core, of those whose K is known."""
        found = []
        for other in sorted(self.near[one.id], key=Incident.order):
            counts = self.tell_counts(other)
            if counts["threshold"] is not None and counts["neighbours"] < counts["threshold"]:
                found.append((counts["threshold"] - counts["neighbours"], other))
        return min(found, key=lambda each: each[0])[1] if found else None

    def miss(self, part, members, one):
        core = self.nearest(one, part)
        link = self.link(one, core)
        is_within = self.are_within(one, core)
        if max(link["distance_share"], link["time_share"]) > MISS_SHARE:
            return None
        own = self.part_with(one) if self.is_triggering(one) else None
        if not self.is_triggering(one):
            if not is_within:
                return None
            why = "country" if one.category in self.rule["categories"] else "category"
        else:
            why = "elsewhere" if is_within and own is not None else "far"
        bridges = [other for other in members if other not in part and not self.is_coarse(other) and
                   self.are_within(one, other)] if why == "far" else []
        bridge = self.nearest(one, bridges)
        return {"id": one.id, "why": why, "nearest": core.id, **link,
                "short_km": max(0.0, link["distance_km"] - self.rule["reach_km"]) if link["distance_share"] > 1 else 0,
                "short_ms": max(0, link["gap_ms"] - self.window),
                "episode": self.episode_id(own) if own is not None else None, **self.tell_counts(one),
                "bridge": {"id": bridge.id, **self.tell_counts(bridge)} if bridge else None}

    def misses(self, part, members, first, last):
        around = [one for one in self.everyone if one.is_live and one.role == "trigger" and one not in members and
                  one.start <= last + 2 * self.window and one.end >= first - 2 * self.window]
        found = [(one, self.miss(part, members, one)) for one in around]
        lists = ([], [])
        for one, miss in found:
            if miss is not None:
                lists[0 if self.is_triggering(one) else 1].append(
                    (max(miss["distance_share"], miss["time_share"]), one.order(), miss))
        return [[miss for _, _, miss in sorted(each, key=lambda entry: entry[:2])[:MISSES]] for each in lists]

    # --- the whole account ---

    def account(self, name, company):
        part = self.part_by_id(name)
        members = self.members(part)
        first, last, square = self.bounds(members)
        flagged = self.is_flagged(members)
        told = []
        for one in members:
            core = self.anchors.get(one.id)
            told.append({"id": one.id, "as": "attached" if core else "core", **self.tell_counts(one),
                         "attached_to": core.id if core else None,
                         "publishers": len({report.get("publisher") or report["source"] for report in one.reports}),
                         "reports_omitted": 0,
                         "reports": [{"source": report["source"], "source_id": report["source_id"],
                                      "publisher": report.get("publisher"), "revision": report.get("revision") or 0,
                                      "status": report.get("status") or "reported"} for report in one.reports]})
        links = [{"a": one.id, "b": other.id, "as": "core", **self.link(one, other)}
                 for at, one in enumerate(part) for other in part[at + 1:] if self.are_neighbours(one, other)]
        links += [{"a": one.id, "b": self.anchors[one.id].id, "as": "attached", **self.link(one, self.anchors[one.id])}
                  for one in members if one.id in self.anchors]
        removals = [self.removal(part, one) for one in members] if flagged else []
        near, excluded = self.misses(part, members, first, last)
        touched = {code for one in members for code in one.touched}
        shares = []
        for one, membership in company:
            codes = set(one.touched) & (touched | set(self.countries(members))) if membership == "context" else \
                set(one.countries) & set(self.countries(members))
            shares.append({"id": one.id, "as": membership, "shares": sorted(codes)})
        return {"members": told, "links": links, "links_sought": True, "links_found": len(links), "reproduced": True,
                "removals_tried": len(removals), "removals_possible": len(members), "removals": removals,
                "company": shares, "near_misses_sought": True, "near_misses": near, "excluded": excluded}

    def company(self, members):
        """Responses, consequences and context of a flagged episode."""
        first, last, _ = self.bounds(members)
        countries, touched = set(self.countries(members)), {code for one in members for code in one.touched}
        found = []
        for one in self.everyone if self.is_flagged(members) else []:
            if not one.is_live or one.role == "trigger":
                continue
            if one.role == "context":
                joins = one.start <= last and one.end >= first and set(one.touched) & touched
            else:
                joins = one.start <= last + self.window and one.end >= first and set(one.countries) & countries and \
                    (one.reported is None or one.reported >= first)
            if joins:
                found.append((one, one.role))
        return found
