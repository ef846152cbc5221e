#!/usr/bin/python3
"""The peer: scikit-learn's DBSCAN (haversine, ball tree, one job) and the engine on the same places of one time slice,
in turns. Compared: DBSCAN.fit of an array of radians; against making integers of degrees, inserting all and one flush.
The engine can do in steps what DBSCAN does at once; here it is only asked for the end. Both must find the same: as many
clusters, cores and noise. One JSON object a line; ratio says how many times longer the peer took.

usage: peer.py PEER_ENGINE [--quick] [--runs N]"""
import argparse
import json
import statistics
import subprocess
import sys
import time

import numpy
import sklearn
from sklearn.cluster import DBSCAN

EARTH_RADIUS_KM = 6371.0088


def anywhere(random, count, south, north, west, east):
    low, high = numpy.sin(numpy.radians([south, north]))
    lat = numpy.degrees(numpy.arcsin(random.uniform(low, high, count)))
    return numpy.column_stack([lat, random.uniform(west, east, count)])


def sea(random, count):
    return anywhere(random, count, -90, 90, -180, 180)


def europe(random, count):
    """As in streams.c: four in five in 300 towns of Zipf sizes."""
    towns = anywhere(random, 300, 36, 66, -10, 35)
    sizes = 1 / numpy.arange(1, 301)
    chosen = towns[random.choice(300, count, p=sizes / sizes.sum())] + random.uniform(-0.05, 0.05, (count, 2))
    rural = random.uniform(size=count) >= 0.8
    chosen[rural] = anywhere(random, int(rural.sum()), 36, 66, -10, 35)
    return chosen


# Reach such that the mean number of neighbours is about 2 at sea; towns are crowds whatever the reach.
SLICES = [("sea", sea, 20_000, 127.0, 3), ("sea", sea, 100_000, 57.0, 3),
          ("europe", europe, 20_000, 5.0, 5), ("europe", europe, 50_000, 5.0, 5)]
QUICK = [("sea", sea, 2_000, 402.0, 3), ("europe", europe, 2_000, 5.0, 5)]


def peer(degrees, reach_km, min_neighbours):
    radians = numpy.radians(degrees)
    begun = time.perf_counter()
    found = DBSCAN(eps=reach_km / EARTH_RADIUS_KM, min_samples=min_neighbours + 1, metric="haversine",
                   algorithm="ball_tree", n_jobs=1).fit(radians)
    seconds = time.perf_counter() - begun
    noise = int((found.labels_ == -1).sum())
    return seconds, (int(found.labels_.max()) + 1, len(found.core_sample_indices_), noise)


def engine(program, degrees, reach_km, min_neighbours):
    told = json.loads(subprocess.run([program, str(reach_km), str(min_neighbours), "1"], check=True,
                                     input=degrees.tobytes(), capture_output=True).stdout)
    noise = told["places"] - told["cores"] - told["attached"]
    return told["seconds"][0], (told["clusters"], told["cores"], noise)


options = argparse.ArgumentParser(description=__doc__)
options.add_argument("program")
options.add_argument("--quick", action="store_true")
options.add_argument("--runs", type=int, default=3)
options = options.parse_args()
for name, places, count, reach_km, min_neighbours in QUICK if options.quick else SLICES:
    degrees = places(numpy.random.RandomState(20250919), count)
    of_peer, of_engine = [], []
    for _ in range(options.runs):
        seconds, peer_found = peer(degrees, reach_km, min_neighbours)
        of_peer.append(seconds)
        seconds, engine_found = engine(options.program, degrees, reach_km, min_neighbours)
        of_engine.append(seconds)
    if peer_found != engine_found:
        sys.exit(f"{name}: clusters, cores, noise: the peer found {peer_found}, the engine {engine_found}")
    peer_s, engine_s = statistics.median(of_peer), statistics.median(of_engine)
    print(json.dumps({
        "bench": "peer", "peer": f"scikit-learn {sklearn.__version__} DBSCAN", "slice": name, "places": count,
        "reach_km": reach_km, "min_neighbours": min_neighbours, "runs": options.runs, "clusters": engine_found[0],
        "cores": engine_found[1], "noise": engine_found[2], "peer_s": round(peer_s, 4), "engine_s": round(engine_s, 4),
        "ratio": round(peer_s / engine_s, 1)}), flush=True)
