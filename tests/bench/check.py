#!/usr/bin/python3
"""The benchmarks say what they promise, as JSON: run small, so that no figure means anything, but each is there.

usage: check.py ENGINE_BENCH PATH_BENCH PEER_ENGINE"""
import json
import pathlib
import subprocess
import sys


def lines_of(program, *arguments):
    told = subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in told.splitlines()]


def expect(figures, names, more_than):
    for name in names:
        if not figures[name] > more_than:
            sys.exit(f"{name} is {figures[name]}: {figures}")


engine, path, peer_engine = sys.argv[1:]
[machine, *streams] = lines_of(engine, "--quick")
expect(machine, ("dram_ns", "l2_ns", "probe_ns", "copy_gb_s", "clock_ns"), 0)
for stream in streams:
    expect(stream, ("incidents", "mean_k", "incidents_per_s", "incidents_per_s_min", "incidents_per_s_max", "ns_each",
                    "cpu_ns_each", "bytes_each", "borrowed_each", "bytes_at_10", "bytes_at_50", "bytes_at_100",
                    "flushed_each_incidents_per_s", "insert_ns_p50", "insert_ns_p99", "insert_ns_p999", "insert_ns_max",
                    "flush_us_max"), 0)
    expect(stream, ("allocations_each", "alpha"), -1)
    expect(stream, ("episodes", "changes"), -1 if stream["calibrated"] else 0)  # a calm sea may have none
told = {(stream["stream"], stream["order"], stream["calibrated"]) for stream in streams}
wanted = {(name, order, calibrated) for name in ("sea", "europe", "crowd", "decade")
          for order in ("in order", "shuffled") for calibrated in (False, True)}
if told != wanted:
    sys.exit(f"streams are missing: {wanted - told}")
print(f"{len(streams)} streams: {sorted(told)}")
paths = lines_of(path, "--quick")
for whole in paths:
    expect(whole, ("reports_per_s", "engine_off_reports_per_s", "ratio", "cpu_ratio", "publications"), 0)
    if not whole["publications"] >= whole["engine_off_publications"] + (not whole["calibrated"]):
        sys.exit(f"the engine published nothing: {whole}")
if {(whole["time"], whole["calibrated"]) for whole in paths} != {
        (time, calibrated) for time in ("live", "replay") for calibrated in (False, True)}:
    sys.exit(f"paths are missing: {paths}")
peers = lines_of(pathlib.Path(__file__).with_name("peer.py"), peer_engine, "--quick")
for peer in peers:
    expect(peer, ("places", "clusters", "cores", "peer_s", "engine_s", "ratio"), 0)
if [peer["slice"] for peer in peers] != ["sea", "europe"]:
    sys.exit(f"slices are missing: {peers}")
