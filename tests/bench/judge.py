#!/usr/bin/python3
"""Reads the benchmarks' lines from stdin, prints them as tables (Markdown) and what misses its target (exit status 1).

usage: tests/bench/run | tests/bench/judge.py"""
import json
import sys

RATE = {"in order": 1_000_000, "shuffled": 700_000}  # incidents a second
BYTES_EACH = 200
INSERT_NS_P999 = 50_000
ALLOCATIONS_EACH = 0.001  # a table that doubles once more is no allocation an incident
CROWD_TO_SEA = 1.5        # time an incident
DECADE_GROWTH = 1.1       # bytes held at the end to those held half way
PATH_RATIO = 0.5

lines = [json.loads(line) for line in sys.stdin if line.strip()]
missed = []


def of(bench):
    return [line for line in lines if line.get("bench") == bench]


def target(met, name):
    if not met:
        missed.append(name)


streams = of("engine")
if streams:
    print("| stream | order | calibrated | incidents/s | min – max | on the processor, ns | insert p99.9, µs "
          "| bytes each | allocations each | told each |")
    print("|---|---|---|---|---|---|---|---|---|---|")
for s in streams:
    name = f"{s['stream']} {s['order']}{' calibrated' if s['calibrated'] else ''}"
    print(f"| {s['stream']} | {s['order']} | {'yes' if s['calibrated'] else 'no'} | {s['incidents_per_s']:,} "
          f"| {s['incidents_per_s_min']:,} – {s['incidents_per_s_max']:,} | {s['cpu_ns_each']} "
          f"| {s['insert_ns_p999'] / 1000:.1f} | {s['bytes_each']} | {s['allocations_each']} | {s['members_told_each']} |")
    target(s["incidents_per_s"] >= RATE[s["order"]], f"{name}: {s['incidents_per_s']:,} incidents/s of {RATE[s['order']]:,}")
    target(s["bytes_each"] <= BYTES_EACH, f"{name}: {s['bytes_each']} bytes each of {BYTES_EACH}")
    target(s["insert_ns_p999"] < INSERT_NS_P999, f"{name}: insert p99.9 {s['insert_ns_p999'] / 1000:.1f} µs of 50")
    target(s["allocations_each"] <= ALLOCATIONS_EACH, f"{name}: {s['allocations_each']} allocations an incident")
    if s["stream"] == "decade":
        growth = s["bytes_at_100"] / s["bytes_at_50"]
        target(growth <= DECADE_GROWTH, f"{name}: memory grows by {growth:.2f} in its second half")
    for sea in streams:
        if (s["stream"], sea["stream"]) == ("crowd", "sea") and (s["order"], s["calibrated"]) == (
                sea["order"], sea["calibrated"]):
            cost = s["ns_each"] / sea["ns_each"]
            print(f"| | | | crowd costs {cost:.2f} × sea | | | | | | |")
            target(cost <= CROWD_TO_SEA, f"{name}: {cost:.2f} × sea of {CROWD_TO_SEA}")
for p in of("peer"):
    print(f"\n{p['peer']}, {p['slice']}, {p['places']:,} places: {p['peer_s']} s, engine {p['engine_s']} s: × {p['ratio']}")
for p in of("path"):
    name = f"path {p['time']}{' calibrated' if p['calibrated'] else ''}"
    print(f"\n{name}: {p['reports_per_s']:,} reports/s, {p['engine_off_reports_per_s']:,} with the engine left out: "
          f"× {p['ratio']} ({p['ratio_min']} – {p['ratio_max']}), on the processor × {p['cpu_ratio']}")
    target(p["ratio"] >= PATH_RATIO, f"{name}: {p['ratio']} of {PATH_RATIO}")
for m in of("machine"):
    print(f"\nmachine: {m}")
print("\nmissed:" if missed else "\nnothing is missed")
for name in missed:
    print(f"- {name}")
sys.exit(1 if missed else 0)
