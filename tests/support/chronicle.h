/* A chronicle: what an engine told, episode by episode, the last word on each. It checks while it listens that every
 * change follows from the one before, in the order promised; what is wrong is counted and printed. */
#pragma once

#include "correlator/engine/engine.h"
#include "tests/support/oracle.h"

struct chronicle_member {
    struct span id; /* borrowed: of the world */
    enum membership membership;
};

struct chronicle_entry {
    size_t rule;
    char id[EPISODE_ID_BYTES];
    char superseded_by[EPISODE_ID_BYTES];
    enum episode_state state;
    bool final;
    bool capped;
    char continues[EPISODE_ID_BYTES];
    country_code countries[64];
    size_t country_count;
    int64_t first_ms;
    int64_t last_ms;
    double extent_km;
    size_t observed;
    struct chronicle_member *members;
    size_t member_count;
    int64_t cores_end_ms; /* the latest end of its cores */
};

/* Of one flush: an episode that ended, or what one says it supersedes. */
struct chronicle_ended {
    size_t rule;
    char id[EPISODE_ID_BYTES];
    char superseded_by[EPISODE_ID_BYTES];
    struct chronicle_member *members;
    size_t member_count;
};

struct chronicle_heir {
    size_t rule;
    char id[EPISODE_ID_BYTES];
    char ended[EPISODE_ID_BYTES];
};

/* Of one flush: a member told as touched. */
struct chronicle_touch {
    size_t rule;
    char id[EPISODE_ID_BYTES];
    struct span incident;
};

struct chronicle {
    struct chronicle_entry *entries;
    size_t count;
    size_t room;
    size_t mistakes;
    size_t changes;
    size_t released;
    size_t evicted;
    bool in_flush;
    struct chronicle_ended *ended; /* in the flush underway */
    size_t ended_count;
    size_t ended_room;
    struct chronicle_touch *touches; /* in the last flush */
    size_t touch_count;
    size_t touch_room;
    struct chronicle_heir *heirs;
    size_t heir_count;
    size_t heir_room;
    struct engine_change last; /* of the flush: for the order */
    /* Optional: an incident left; told as the one its `user` points to. */
    void (*on_evicted)(void *self, const struct engine_incident *original);
    void *on_evicted_self;
    uint64_t seed; /* printed with every mistake */
    bool quiet;    /* mistakes are counted, and the first is kept, but nothing is printed */
    char first_mistake[256];
};

void chronicle_init(struct chronicle *chronicle, uint64_t seed);
void chronicle_fini(struct chronicle *chronicle);
/* For those who look further: a mistake in an episode ("-": in none). */
void chronicle_mistake(struct chronicle *chronicle, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Flushes the engine into the chronicle. */
enum status chronicle_flush(struct chronicle *chronicle, struct engine *engine) MUST_CHECK;
/* NULL: the entry does not have it, or does not stand. */
const struct chronicle_member *chronicle_member_of(const struct chronicle_entry *entry, struct span incident);
/* Did the last flush tell it as touched? */
bool chronicle_touched(const struct chronicle *chronicle, const struct chronicle_entry *entry, struct span incident);
/* The standing entries of a rule must say what the oracle says; differences are counted and printed. */
void chronicle_compare(struct chronicle *chronicle, size_t rule, const struct oracle_result *result);
/* The same standing entries in both; state of finality aside. */
bool chronicle_same(const struct chronicle *a, const struct chronicle *b);
