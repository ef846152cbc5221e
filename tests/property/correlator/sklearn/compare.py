#!/usr/bin/python3
"""The outside oracle: scikit-learn's DBSCAN (haversine) and the engine on one time slice.

usage: compare.py ENGINE_SLICE [SEED...]

Cores, components and noise must be equal; a border point must be in a cluster that has a core within reach of it (which
of several is where the two methods differ by design: DBSCAN takes the first, the engine the nearest)."""
import csv
import subprocess
import sys

import numpy
from sklearn.cluster import DBSCAN


def slice_of(program, seed):
    text = subprocess.run([program, seed], check=True, capture_output=True, text=True).stdout
    rows = list(csv.reader(text.splitlines()))
    reach_km, min_neighbours, radius_km = float(rows[1][0]), int(rows[1][1]), float(rows[1][2])
    places = numpy.radians(numpy.array([[float(row[0]), float(row[1])] for row in rows[3:]]))
    membership = numpy.array([row[2] for row in rows[3:]])
    episode = numpy.array([row[3] for row in rows[3:]])
    return reach_km, min_neighbours, radius_km, places, membership, episode


def compare(program, seed):
    reach_km, min_neighbours, radius_km, places, membership, episode = slice_of(program, seed)
    found = DBSCAN(eps=reach_km / radius_km, min_samples=min_neighbours + 1, metric="haversine",
                   algorithm="ball_tree").fit(places)
    cores = numpy.zeros(len(places), dtype=bool)
    cores[found.core_sample_indices_] = True
    mistakes = []

    wrong = numpy.flatnonzero(cores != (membership == "core"))
    mistakes += [f"place {i}: core {cores[i]} here, {membership[i]} there" for i in wrong]
    wrong = numpy.flatnonzero((found.labels_ == -1) != (membership == "noise"))
    mistakes += [f"place {i}: label {found.labels_[i]} here, {membership[i]} there" for i in wrong]

    pairs = {(found.labels_[i], episode[i]) for i in numpy.flatnonzero(cores)}
    labels = {label for label, _ in pairs}
    episodes = {name for _, name in pairs}
    if not len(pairs) == len(labels) == len(episodes):
        mistakes.append(f"{len(labels)} components here, {len(episodes)} there, {len(pairs)} pairs of them")

    by_episode = {}
    for i in numpy.flatnonzero(membership == "core"):
        by_episode.setdefault(episode[i], []).append(i)
    for i in numpy.flatnonzero(membership == "attached"):
        near = places[by_episode[episode[i]]]
        half = (numpy.sin((near[:, 0] - places[i, 0]) / 2) ** 2
                + numpy.cos(near[:, 0]) * numpy.cos(places[i, 0]) * numpy.sin((near[:, 1] - places[i, 1]) / 2) ** 2)
        if 2 * numpy.arcsin(numpy.sqrt(half.min())) > reach_km / radius_km * (1 + 1e-9):
            mistakes.append(f"place {i}: attached to {episode[i]}, which has no core within reach")

    counts = {name: int((membership == name).sum()) for name in ("core", "attached", "noise")}
    print(f"seed {seed}: {len(places)} places, {counts}, {len(labels)} components, {len(mistakes)} mistakes")
    for mistake in mistakes[:20]:
        print("  " + mistake)
    if min(counts.values()) < 100 or len(labels) < 10:
        mistakes.append("the slice is too plain to prove anything")
        print("  " + mistakes[-1])
    return not mistakes


if __name__ == "__main__":
    seeds = sys.argv[2:] or ["1"]
    sys.exit(0 if all([compare(sys.argv[1], seed) for seed in seeds]) else 1)
