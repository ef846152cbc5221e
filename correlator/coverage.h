/* What of the live data the baseline knows nothing of, or too much: sources its history does not have, and incidents
 * from the time it was made of. Said in the log, each once. */
#pragma once

#include "correlator/baseline/file.h"
#include "correlator/engine/rule.h"
#include "proto/report.h"

struct coverage;

/* Borrows the baseline, which may be NULL: then nothing is ever said. */
enum status coverage_new(const struct baseline *baseline, struct coverage **ret_coverage) MUST_CHECK;
void coverage_free(struct coverage *coverage);
/* Another baseline. What was said of sources is said again where it holds of this one. */
void coverage_rebase(struct coverage *coverage, const struct baseline *baseline);
/* Says which rules have no history. */
void coverage_rules(const struct coverage *coverage, const struct rule *rules, size_t rule_count);
/* A report that is applied. Answers whether it begins before the baseline's history and its guard gap end. */
bool coverage_report(struct coverage *coverage, const struct report *report);
