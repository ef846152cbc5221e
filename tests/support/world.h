/* A world: rules, incidents with corrections of them, and histories to calibrate by; made by one of the families
 * (families.h). The same options give the same world on every machine. */
#pragma once

#include "correlator/engine/engine.h"
#include "tests/support/dice.h"
#include "tests/support/history_oracle.h"

#define WORLD_RULES_MAX  4u
#define WORLD_HISTORIES  3u /* of each rule; the last is that of a rule without a baseline */
#define WORLD_NO_HISTORY (WORLD_HISTORIES - 1u)

struct family;

struct world_options {
    uint64_t seed;
    const struct family *family;
    uint32_t incidents_most; /* different ids */
    uint32_t variant_count;  /* of each id: the first, and corrections of it */
    bool calibrated;
};

struct world {
    const struct family *family;
    bool calibrated;
    struct rule rules[WORLD_RULES_MAX]; /* with no baseline in them: see world_baselines */
    uint32_t rule_count;
    uint32_t incident_count;
    uint32_t variant_count;
    struct engine_incident *incidents; /* [id × variant_count + variant]; user: itself */
    char (*names)[24];
    country_code (*codes)[8]; /* four counted, four touched */
    country_code lists[WORLD_RULES_MAX][2];
    char rule_names[WORLD_RULES_MAX][16];
    struct oracle_history histories[WORLD_RULES_MAX][WORLD_HISTORIES];
    uint64_t seed;
};

/* Aborts without memory. */
struct world *world_new(const struct world_options *options);
void world_free(struct world *world);

static inline struct engine_incident *world_incident(const struct world *world, uint32_t id, uint32_t variant)
{
    return &world->incidents[id * world->variant_count + variant];
}

/* The neighbours the oracle says an incident needs where the rule has that history. */
uint32_t world_threshold(const struct world *world, uint32_t rule, uint32_t history,
                         const struct engine_incident *incident);

/* The same histories as the engine gets them. NULL where there is none. Freed by world_baseline_free. */
struct world_baseline {
    struct baseline_rule *rule;
    struct thresholds *thresholds;
};
struct world_baseline world_baseline_new(const struct world *world, uint32_t rule, uint32_t history);
void world_baseline_free(struct world_baseline *baseline);
