/* What is said of chance: the baseline's hash, what was observed and expected, the score and its recurrence; and, where
 * the baseline's file is at hand, the numbers they come from (method §6).
 *
 *   expected = (history + 1) · exposure / history_ms       score = c ln(c/b) + b − c, c observed, b expected
 *   recurrence = years · 365.25 days / exceedances; with none at least years / 3 */
#pragma once

#include "correlator/baseline/file.h"
#include "proto/json.h"

#include <stdio.h>

struct chance {
    bool has_file; /* else nothing below is known */
    size_t cubes;  /* of the footprint */
    uint64_t history;
    int64_t exposure_ms;
    int64_t mean_length_ms;
    int64_t history_ms;
    uint64_t years; /* of the null years; 0: not simulated */
    uint64_t exceedances;
};

/* The baseline of the rule the episode was made by; STATUS_INVALID with a sentence where the file is not the one it was
 * judged by, or has no such rule. NULL for one that is not calibrated. */
enum status chance_baseline(const struct baseline *baseline, const struct episode *episode,
                            const struct baseline_rule **ret_rule, char ret_reason[256]) MUST_CHECK;
/* Measures the footprint of these places. STATUS_NO_MEMORY. */
enum status chance_measure(const struct baseline_rule *rule, const struct episode *episode, const struct point *members,
                           size_t count, struct chance *ret_chance) MUST_CHECK;
void chance_print(const struct episode *episode, const struct chance *chance, FILE *stream, size_t indent);
/* ,"chance":{…} */
void chance_json(const struct episode *episode, const struct chance *chance, struct text *text);
/* "about every 40 years"; "at least every 100 years, 95 %". */
void recurrence_words(double days, bool at_least, char ret_text[96]);
