/* The incidents the engine holds, of all rules: one entry each, by handle.
 *
 *   entry: used ── engine_remove ──▶ dead (readable until the flush is told) ──▶ released
 *
 * A dead one whose id was inserted anew points to its successor: to the outside they are one incident, corrected. */
#pragma once

#include "correlator/engine/engine.h"
#include "correlator/engine/heap.h"
#include "correlator/engine/sort.h"

struct incident_entry {
    const struct engine_incident *incident; /* borrowed until released */
    uint32_t successor; /* of a dead one, while flushing: the live one of the same id, or NONE. Of one that departs or
                           is not used: the next such */
    uint32_t noted_next;
    uint32_t stamp; /* which comparison last saw it … */
    uint16_t holds; /* how many rules hold it, and one for the company or the idle */
    uint8_t was;    /* … and with which membership */
    bool used : 1;
    bool dead : 1;
    bool company : 1;
    bool touched : 1; /* by the caller, or replaced by one of its id, since the last flush */
    bool noted : 1;   /* is in the list of the noted */
    bool renewed : 1; /* dead, and its incident is the successor's */
};

struct incidents {
    struct incident_entry *items;
    uint32_t count; /* entries ever used */
    uint32_t room;
    uint32_t live;
    uint32_t unused;           /* first of a list */
    uint32_t noted;            /* first of a list: touched or removed since the last flush */
    uint32_t noted_count;      /* of them */
    uint32_t departed;         /* first of a list, of the flush underway: held by nobody any more */
    VECTOR(uint32_t) inserted; /* since the last flush */
    VECTOR(uint32_t) removed;  /* of the flush underway */
    VECTOR(uint32_t) scratch;
    struct heap idle; /* those no rule wants, by end */
};

void incidents_init(struct incidents *incidents);
/* Makes room for one more, so that incidents_put and all that follows of it cannot fail. */
bool incidents_reserve(struct incidents *incidents, struct memory *memory);
uint32_t incidents_put(struct incidents *incidents, const struct engine_incident *incident);
void incidents_remove(struct incidents *incidents, uint32_t handle);
void incidents_touch(struct incidents *incidents, uint32_t handle);
/* Lists what was removed, and finds its successors. */
bool incidents_match(struct incidents *incidents, struct memory *memory);
/* The live entry that stands for it now, or NONE. */
uint32_t incidents_now(const struct incidents *incidents, uint32_t handle);
/* One holder less; with the last one it departs. */
void incidents_drop(struct incidents *incidents, uint32_t handle);
void incidents_depart(struct incidents *incidents, uint32_t handle);
/* Gives the handle free. */
void incidents_release(struct incidents *incidents, uint32_t handle);
void incidents_free(struct incidents *incidents, struct memory *memory);

/* Nothing was touched or removed since the last flush. */
static inline bool incidents_are_quiet(const struct incidents *incidents)
{
    return incidents->noted_count == 0;
}

static inline const struct engine_incident *incident_at(const struct incidents *incidents, uint32_t handle)
{
    return incidents->items[handle].incident;
}

/* The order of the method: (start, id). */
static inline bool incident_before(const struct engine_incident *a, const struct engine_incident *b)
{
    if (a->start_ms != b->start_ms)
        return a->start_ms < b->start_ms;
    return span_compare(a->id, b->id) < 0;
}
