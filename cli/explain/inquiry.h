/* An inquiry: one incident under one rule, before the scene around it. What the parts of `why not` are told from. */
#pragma once

#include "cli/explain/whynot.h"
#include "proto/json.h"

#define REACH_WINDOWS 4 /* that far around an incident cores are looked for */

struct inquiry {
    struct arena *arena;
    const struct scene *scene;
    struct measure measure; /* of its rule */
    struct scene_item *item;
    const struct episode *target; /* of the scene, or the kept one where it is withdrawn; NULL: any */
    struct whynot_rule *answer;
    struct text numbers; /* of the condition at hand */
    bool failed;         /* no memory */
};

/* Ends the condition at hand: its words, and the numbers gathered since the last one. */
void inquiry_say(struct inquiry *inquiry, enum condition_kind kind, enum condition_weight weight, bool holds,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Of one that triggers and matches: exact, core, near, united or nearest, flagged, stored. */
void inquiry_trigger(struct inquiry *inquiry);
/* Of a response, consequence or context. */
void inquiry_company(struct inquiry *inquiry);
