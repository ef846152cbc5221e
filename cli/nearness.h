/* How near two stored incidents are, for people; and incidents as the engine sees them. */
#pragma once

#include "base/arena.h"
#include "correlator/engine/engine.h"
#include "correlator/engine/rule.h"

struct nearness {
    double distance_km;
    int64_t gap_ms;
    double share; /* the greater part of the rule's limits; without a rule the distance in km, then the days */
};

/* rule may be NULL. An incident without a place is at no distance from anything. */
struct nearness nearness_between(const struct rule *rule, const struct incident *a, const struct incident *b);
/* When it was told: reported_at, else its end; TIME_NONE where it says neither. */
int64_t incident_told_ms(const struct incident *incident);
/* Does it take part in correlation: it has a place and a time, and is neither retracted nor explained? */
bool incident_is_live(const struct incident *incident);
/* As the engine sees it; country lists come from the arena. False when it is full. .user is the incident. */
bool engine_incident_from(const struct incident *incident, struct arena *arena, struct engine_incident *ret_incident);
