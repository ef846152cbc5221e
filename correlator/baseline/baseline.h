/* The baseline: frozen history that says how many incidents are normal at a place (method §3, 6).
 *
 *   vedette calibrate ──▶ file ──baseline_open──▶ baseline ── one baseline_rule a rule
 *                                                   place, length ─▶ h, K        (the core test)
 *                                                   an episode's members ─▶ expected, score, recurrence
 *
 * Immutable once made: any number of engines and threads may read one at the same time. Every answer is a function of
 * the file and the arguments; h and K are integers, the same on every platform. */
#pragma once

#include "correlator/engine/point.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct baseline_rule;

/* The cell of the baseline's lattice a place is in: cubes whose side is the greatest power of two ≤ τ/4. All places of
 * one cell have one h, so whoever asks often keeps the answer by cell. O(1). */
struct baseline_cell {
    int32_t x, y, z;
};
struct baseline_cell baseline_cell_of(const struct baseline_rule *rule, struct point point);

/* h: incidents of the rule in the history within reach of the cell: no further from its middle than reach and half its
 * side, as chords. (Half a side more, for a place at the cell's rim sees a town that its middle does not: counted from
 * the middle alone, the surroundings of towns are full of cores with no history.) O(incidents near it). */
uint32_t baseline_history(const struct baseline_rule *rule, struct baseline_cell cell);

/* A quick answer beside it: the history has at least so many near every cell of a block of 4 × 4 × 4. Whoever needs to
 * know only whether h is great asks this first: blocks are few, so their answers are worth keeping. O(incidents near).
 */
struct baseline_cell baseline_block_of(const struct baseline_rule *rule, struct point point);
uint32_t baseline_history_least(const struct baseline_rule *rule, struct baseline_cell block);

/* K: how many neighbours an incident of this length needs to be a core where the history has h. At least
 * min_neighbours of the rule it was made for, at most 2^30. O(log). length_ms: 0 … window. */
uint32_t baseline_threshold(const struct baseline_rule *rule, uint32_t history, int64_t length_ms);
