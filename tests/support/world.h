/* Worlds: seeded sets of incidents and rules that dwell where things break: exact ties of place and time, poles, the
 * antimeridian, gaps of exactly a window, intervals of exactly a window, coarse places, caps that bind, countries that
 * do not count, responses and context. The same seed gives the same world on every machine. */
#pragma once

#include "correlator/engine/engine.h"

#define WORLD_RULES_MAX 4u

/* xorshift-like counter generator; the state is the caller's. */
struct dice {
    uint64_t state;
};
uint64_t dice_roll(struct dice *dice);
/* 0 … sides − 1 */
uint32_t dice_below(struct dice *dice, uint32_t sides);
/* 0 ≤ … < 1 */
double dice_real(struct dice *dice);

struct world_options {
    uint64_t seed;
    uint32_t incident_count; /* different ids */
    uint32_t variant_count;  /* of each id: the first, and corrections of it */
    uint32_t rule_count;     /* 0: 1 … WORLD_RULES_MAX, by seed */
};

struct world {
    struct rule rules[WORLD_RULES_MAX];
    uint32_t rule_count;
    uint32_t incident_count;
    uint32_t variant_count;
    struct engine_incident *incidents; /* [id × variant_count + variant] */
    char (*names)[24];
    country_code (*codes)[8]; /* four counted, four touched */
    country_code lists[WORLD_RULES_MAX][2];
    char rule_names[WORLD_RULES_MAX][16];
};

/* Aborts without memory. */
struct world *world_new(const struct world_options *options);
void world_free(struct world *world);

static inline const struct engine_incident *world_incident(const struct world *world, uint32_t id, uint32_t variant)
{
    return &world->incidents[id * world->variant_count + variant];
}
