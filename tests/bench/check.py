#!/usr/bin/python3
"""The benchmarks say what they promise, as JSON: run small, so that no figure means anything, but each is there.

usage: check.py ENGINE_BENCH PATH_BENCH"""
import json
import subprocess
import sys


def figures_of(program, count):
    return json.loads(subprocess.run([program, count], check=True, capture_output=True, text=True).stdout)


def expect(figures, names, more_than):
    for name in names:
        if not figures[name] > more_than:
            sys.exit(f"{name} is {figures[name]}: {figures}")


engine, path = sys.argv[1:]
streams = figures_of(engine, "4000")["streams"]
for stream in streams:
    expect(stream, ("incidents", "incidents_per_s", "ns_each", "bytes_each"), 0)
    expect(stream, ("allocations_each",), -1)
print(f"{len(streams)} streams: {[stream['stream'] for stream in streams]}")
whole = figures_of(path, "4000")
expect(whole, ("reports_per_s", "engine_off_reports_per_s", "ratio", "publications"), 0)
if not whole["publications"] > whole["engine_off_publications"]:
    sys.exit(f"the engine published nothing: {whole}")
