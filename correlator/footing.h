/* What the rules stand on: the block `baseline` of the configuration, the file it names, and whether that file was made
 * for these rules. */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "correlator/baseline/file.h"
#include "correlator/engine/rule.h"

/* Reads the block `baseline: PATH`. ret_path: absolute, in the arena; NULL where there is none. false where there was a
 * complaint. Opens nothing. */
bool footing_read(struct config *config, struct arena *arena, const char **ret_path);

/* Whom to tell what is wrong, a sentence at a time. */
struct footing_complaints {
    void (*complain)(void *self, const char *sentence);
    void *self;
};
/* Opens the file and holds every rule it has, of the names of these, against them: made for other options it is
 * refused, "FILE: rule airspace: reach_km is 900 in the baseline, 1000 in the configuration: run vedette calibrate
 * anew". STATUS_INVALID, or what baseline_open answers; everything said. */
enum status footing_open(const char *path, const struct rule *rules, size_t rule_count,
                         const struct footing_complaints *complaints, struct baseline **ret_baseline) MUST_CHECK;
/* Puts each rule on its history; on none where the baseline is NULL or lacks it. Borrows the baseline. */
void footing_lay(const struct baseline *baseline, struct rule *rules, size_t rule_count);
