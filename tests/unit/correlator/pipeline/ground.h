/* A baseline made for some rules, as vedette calibrate would write it, for tests. */
#pragma once

#include "correlator/baseline/file.h"
#include "correlator/rule_config.h"

#define GROUND_FROM_MS  1704067200000LL /* 2024-01-01 */
#define GROUND_UNTIL_MS 1735689600000LL /* 2025-01-01 */
#define GROUND_GUARD_MS (30LL * 86400000)

/* Each rule has the same points; scores 1, 2 … 9 were exceeded in 100 null years. Sources "desk" and "list". */
void ground_write(const struct rule *rules, size_t rule_count, const struct point *points, size_t point_count,
                  struct text *ret_bytes);
struct baseline *ground_made(const struct rule *rules, size_t rule_count, const struct point *points,
                             size_t point_count);
