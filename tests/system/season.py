"""A made-up season and the desks that write it down, piece by piece, as it becomes known.

Some 100 incidents a day over Europe, a third of them in campaigns. What is written down is corrected, retracted, told
twice, told by two desks, and told late: order of writing is that of becoming known."""

import csv
import io
import json
import random
import threading
import time

from harness import incident, rule, where

PER_DAY = 100
RULES = [rule("swarm", ["air.drone.*", "air.balloon"], 150, "12h", min_incidents=3, min_countries=1),
         rule("wave", ["air.drone.*", "air.manned.violation"], 300, "2d", caps={"duration": "6d"}),
         rule("sea", ["sea.*", "cyber.attack"], 400, "3d", caps={"duration": "9d", "extent_km": 900})]
CATEGORIES = ["air.drone.incursion", "air.drone.sighting", "air.manned.violation", "air.balloon", "sea.cable", "cyber.attack",
              "dip.statement", "air.closure"]
COLUMNS = ["id", "type", "start", "end", "lat", "lon", "radius", "country", "revision", "status", "told", "headline"]
MAPPING = {"source_id": "{id}", "category": {"from": "{type}", "table": {name: name for name in CATEGORIES}},
           "revision": "{revision}", "status": "{status}", "reported_at": "{told}",
           "occurred": {"start": "{start}", "end": "{end}"}, "place": {"lat": "{lat}", "lon": "{lon}", "radius_km": "{radius}"},
           "countries": [{"from": "{country}"}], "headline": "{headline}"}


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Season:
    """reports: [(when it becomes known, source, report)], in that order. Seeded; the same for the same arguments."""

    def __init__(self, seed, count, sources, end):
        self.dice = random.Random(seed)
        self.sources = sources
        self.start = end - 86400 * max(3, count // PER_DAY)
        self.end = end
        self.towns = [(round(self.dice.uniform(44, 66), 2), round(self.dice.uniform(-4, 30), 2),
                       self.dice.choice(["PL", "LT", "DE", "DK", "SE", "FI", "RO", "EE"])) for _ in range(70)]
        self.reports = []
        self.number = 0
        while len(self.reports) < count:
            self.campaign() if self.dice.random() < 0.05 else self.happening(self.dice.uniform(self.start, self.end),
                                                                             self.dice.choice(self.towns),
                                                                             self.dice.choice(CATEGORIES))
        self.reports.sort(key=lambda one: one[0])

    def campaign(self):
        towns = self.dice.sample(self.towns, 3)
        start, category = self.dice.uniform(self.start, self.end), self.dice.choice(CATEGORIES[:6])
        for _ in range(self.dice.randint(4, 12)):
            self.happening(min(self.end, start + self.dice.uniform(0, 86400)), self.dice.choice(towns), category)

    def delay(self):
        """Hours, as a rule; of one in ten weeks."""
        return self.dice.expovariate(1 / 7200) if self.dice.random() < 0.9 else self.dice.expovariate(1 / (10 * 86400))

    def tell(self, source, report, known):
        """What a desk writes at that time: as it stood when it was asked for."""
        self.reports.append((known, source, json.loads(json.dumps(report))))

    def happening(self, start, town, category):
        self.number += 1
        lat, lon, country = town
        report = incident(self.sources[0], f"n{self.number}", category, stamp(start), lat, lon,
                          end=stamp(start + self.dice.choice([0, 0, 1800, 7200])), revision=0, status="reported",
                          place={"radius_km": self.dice.choice([0, 5, 5, 20, 300])}, countries=where(country),
                          headline=f"{category} no. {self.number}")
        for source in self.dice.sample(self.sources, min(len(self.sources), 2 if self.dice.random() < 0.15 else 1)):
            known = start + self.delay()
            report["source"], report["reported_at"] = source, stamp(known)
            self.tell(source, report, known)
            self.follow_ups(source, report, known)
            report["place"]["lat"] = round(report["place"]["lat"] + 0.05, 2)

    def follow_ups(self, source, report, known):
        """Corrections, retractions, repeats word for word; now and then a newer one comes before an older."""
        report = json.loads(json.dumps(report))
        known_before = known
        while self.dice.random() < 0.25:
            known += self.delay()
            what = self.dice.random()
            report["revision"] += 0 if what < 0.3 else 1
            report["status"] = "reported"
            if 0.2 <= what < 0.3:
                report["headline"] += ", told again"
                report["reported_at"] = stamp(known)
            elif 0.3 <= what < 0.7:
                report["occurred"] = {"start": report["occurred"]["start"][:-3] + "30Z"}
                report["occurred"]["end"] = report["occurred"]["start"]
            elif 0.7 <= what < 0.85:
                report["status"] = "retracted"
            elif what >= 0.85:
                report["place"]["lat"] = round(report["place"]["lat"] + self.dice.uniform(-2, 2), 2)
            self.tell(source, report, known_before if self.dice.random() < 0.1 else known)
            known_before = known

    def sentinel(self, source):
        """What is written last of all into a source: once it is stored, all before it was taken."""
        return incident(source, "the-last", "nat.hazard", stamp(self.end), 10, -30, end=stamp(self.end), revision=0,
                        status="reported", reported_at=stamp(self.end), place={"radius_km": 0}, countries=where("PT"),
                        headline="the last")


def as_row(report):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(
        [report["source_id"], report["category"], report["occurred"]["start"], report["occurred"]["end"], report["place"]["lat"],
         report["place"]["lon"], report["place"]["radius_km"], report["countries"][0]["code"], report["revision"],
         report["status"], report["reported_at"], report["headline"]])
    return text.getvalue()


class Desk:
    """One source's files: FOLDER/NAME.jsonl or .csv is written to; rotated, it becomes NAME-1, NAME-2 …"""

    def __init__(self, folder, name, ending):
        self.folder, self.name, self.ending = folder, name, ending
        self.rotations = 0
        self.wants_rotation = False
        self.stream = None
        self.open()

    def path(self):
        return self.folder / f"{self.name}.{self.ending}"

    def glob(self):
        return str(self.folder / f"{self.name}*.{self.ending}")

    def open(self):
        self.stream = self.path().open("ab", buffering=0)
        if self.ending == "csv":
            self.stream.write((",".join(COLUMNS) + "\n").encode())

    def line(self, report):
        return (as_row(report) if self.ending == "csv" else json.dumps(report) + "\n").encode()

    def rename(self):
        self.rotations += 1
        self.path().rename(self.folder / f"{self.name}-{self.rotations}.{self.ending}")

    def write(self, piece, dice):
        """In two writes, cut anywhere; a rotation falls between them, and the writer only then opens anew."""
        cut = dice.randrange(len(piece) + 1)
        self.stream.write(piece[:cut])
        rotate, self.wants_rotation = self.wants_rotation, False
        if rotate:
            self.rename()
        self.stream.write(piece[cut:])
        if rotate:
            self.stream.close()
            self.open()


class Writer(threading.Thread):
    """Writes the season down, spread over so many seconds; `rotate` may be asked for at any time."""

    def __init__(self, season, desks, seconds, seed):
        super().__init__(daemon=True)
        self.season, self.desks, self.seconds = season, desks, seconds
        self.dice = random.Random(seed)
        self.stopping = False
        self.failure = None

    def run(self):
        try:
            self.write_all()
        except Exception as failure:  # pylint: disable=broad-except
            self.failure = failure

    def write_all(self):
        reports, start = self.season.reports, time.monotonic()
        at = 0
        while at < len(reports) and not self.stopping:
            due = len(reports) * min(1, (time.monotonic() - start) / self.seconds) if self.seconds else len(reports)
            pieces = {}
            while at < due and len(pieces) < 4 * len(self.desks):
                _, source, report = reports[at]
                pieces.setdefault(source, []).append(self.desks[source].line(report))
                at += 1
                if at % 200 == 0:
                    break
            for source, lines in pieces.items():
                self.desks[source].write(b"".join(lines), self.dice)
            time.sleep(self.dice.uniform(0, 0.05) if self.seconds else 0)
        for source, desk in self.desks.items():
            desk.write(desk.line(self.season.sentinel(source)), self.dice)


def torrent(path, count, seed, end):
    """So many reports in a file, as fast as they can be written: some 2,000 a day, in order of time; one in ten is
    corrected soon after, one in fifty retracted."""
    dice = random.Random(seed)
    towns = [(round(dice.uniform(44, 66), 2), round(dice.uniform(-4, 30), 2), dice.choice("PL LT DE DK SE FI RO EE".split()))
             for _ in range(2000)]
    start = end - 86400 * max(1, count // 2000)
    before = (0, towns[0], CATEGORIES[0], start)
    with open(path, "w", encoding="utf-8") as stream:
        for number in range(count):
            draw, revision, status = dice.random(), 0, "reported"
            known = (number, towns[int(draw * 1e6) % 2000], CATEGORIES[int(draw * 1e9) % 6], start + number * (end - start) / count)
            if draw < 0.12:
                known, revision, status = before, 1, "retracted" if draw < 0.02 else "confirmed"
            elif draw < 0.5:
                before = known
            name, (lat, lon, country), category, when = known
            stream.write(f'{{"source":"desk","source_id":"t{name}","revision":{revision},"status":"{status}","category":"{category}",'
                         f'"occurred":{{"start":"{stamp(when)}"}},"reported_at":"{stamp(when + revision)}",'
                         f'"place":{{"lat":{lat},"lon":{lon},"radius_km":5}},"countries":[{{"code":"{country}","role":"where"}}],'
                         f'"headline":"{category} number {name}"}}\n')
