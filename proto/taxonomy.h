/* The taxonomy of incidents: every category, its default role, and the plain words for it. This table is the only place
 * a category is named: the enum, the parser, `vedette check`, the documentation and the tests come from it. The wire
 * carries the dotted name, so a category can be added without a new message. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

/* X(enum name, dotted name, default role, one of them, several of them) */
#define CATEGORY_LIST(X)                                                                                               \
    X(AIR_DRONE_INCURSION, "air.drone.incursion", TRIGGER, "drone incursion", "drones")                                \
    X(AIR_DRONE_SIGHTING, "air.drone.sighting", TRIGGER, "drone sighting", "drones")                                   \
    X(AIR_MANNED_VIOLATION, "air.manned.violation", TRIGGER, "airspace violation", "aircraft")                         \
    X(AIR_BALLOON, "air.balloon", TRIGGER, "balloon", "balloons")                                                      \
    X(AIR_MISSILE_DEBRIS, "air.missile_debris", TRIGGER, "missile debris", "missile debris")                           \
    X(AIR_CLOSURE, "air.closure", RESPONSE, "airspace closure", "airspace closures")                                   \
    X(EM_GNSS, "em.gnss", TRIGGER, "GNSS interference", "GNSS interference")                                           \
    X(SEA_CABLE, "sea.cable", TRIGGER, "cable fault", "cables")                                                        \
    X(SEA_PIPELINE, "sea.pipeline", TRIGGER, "pipeline fault", "pipelines")                                            \
    X(SEA_VESSEL, "sea.vessel", TRIGGER, "vessel", "vessels")                                                          \
    X(LAND_SABOTAGE, "land.sabotage", TRIGGER, "sabotage", "sabotage")                                                 \
    X(LAND_BORDER_CROSSING, "land.border.crossing", TRIGGER, "border crossing", "border crossings")                    \
    X(LAND_BORDER_CLOSURE, "land.border.closure", RESPONSE, "border closure", "border closures")                       \
    X(CYBER_ATTACK, "cyber.attack", TRIGGER, "cyber attack", "cyber attacks")                                          \
    X(DIP_ARTICLE4, "dip.article4", RESPONSE, "Article 4 request", "Article 4 requests")                               \
    X(DIP_PROTEST_NOTE, "dip.protest_note", RESPONSE, "protest note", "protest notes")                                 \
    X(DIP_EXPULSION, "dip.expulsion", RESPONSE, "expulsion", "expulsions")                                             \
    X(DIP_ARTICLE5, "dip.article5", RESPONSE, "Article 5 invocation", "Article 5 invocations")                         \
    X(DIP_STATEMENT, "dip.statement", RESPONSE, "statement", "statements")                                             \
    X(MIL_STRIKE, "mil.strike", TRIGGER, "strike", "strikes")                                                          \
    X(MIL_ENGAGEMENT, "mil.engagement", RESPONSE, "engagement", "engagements")                                         \
    X(MIL_DEPLOYMENT, "mil.deployment", RESPONSE, "deployment", "deployments")                                         \
    X(MIL_EXERCISE, "mil.exercise", CONTEXT, "military exercise", "military exercises")                                \
    X(MIL_ALERT, "mil.alert", RESPONSE, "alert", "alerts")                                                             \
    X(LAW_ARREST, "law.arrest", RESPONSE, "arrest", "arrests")                                                         \
    X(CIV_PUBLIC_WARNING, "civ.public_warning", CONSEQUENCE, "public warning", "public warnings")                      \
    X(NAT_HAZARD, "nat.hazard", CONTEXT, "natural hazard", "natural hazards")

enum category {
#define X(name, text, role, one, many) CATEGORY_##name,
    CATEGORY_LIST(X)
#undef X
        CATEGORY_COUNT
};

/* What an incident does in correlation: only triggers make episodes. X(enum name, text on the wire and in JSON) */
#define ROLE_LIST(X)                                                                                                   \
    X(TRIGGER, "trigger")                                                                                              \
    X(RESPONSE, "response")                                                                                            \
    X(CONSEQUENCE, "consequence")                                                                                      \
    X(CONTEXT, "context")

enum role {
#define X(name, text) ROLE_##name,
    ROLE_LIST(X)
#undef X
        ROLE_COUNT
};

/* A set of categories: bit 1 << enum category. */
typedef uint64_t category_set;
_Static_assert(CATEGORY_COUNT <= 64, "a category_set is 64 bits");

/* "air.drone.incursion" */
const char *category_name(enum category category);
/* "drone incursion", "drones" */
const char *category_one(enum category category);
const char *category_many(enum category category);
enum role category_role(enum category category);
/* The family: the least category whose name begins with the same two labels (air.drone.incursion and
 * air.drone.sighting are one family, sea.cable is its own). Reports of one incident are of one family: one calls it an
 * incursion, another a sighting. */
enum category category_family(enum category category);
/* STATUS_NOT_FOUND where there is none of that name. */
enum status category_find(struct span name, enum category *ret_category) MUST_CHECK;
/* "air.drone.*" (all strictly below), or a full name. STATUS_NOT_FOUND where it matches nothing. */
enum status category_match(struct span pattern, category_set *ret_set) MUST_CHECK;
/* The category nearest in spelling, for "did you mean"; never NULL. */
const char *category_nearest(struct span name);

const char *role_name(enum role role);
enum status role_find(struct span name, enum role *ret_role) MUST_CHECK;
