/* Why an incident is in no episode, or not in that one: every condition of the method in order, with its numbers.
 *
 *   incident ─▶ for each rule of the store (or the rule of the episode asked about)
 *                 takes part? ─▶ matches? ─▶ exact? ─▶ core? ─▶ near a core? ─▶ united? ─▶ flagged? ─▶ as stored?
 *
 * The first that fails and decides is the answer. Where the store and the rule disagree, the incident came too late. */
#pragma once

#include "cli/explain/chance.h"
#include "cli/explain/lookup.h"
#include "cli/explain/scene.h"

/* X(enum name, name in JSON, what it asks) */
#define CONDITION_LIST(X)                                                                                              \
    X(PUBLISHED, "published", "does the episode stand?")                                                               \
    X(LIVE, "live", "does it take part?")                                                                              \
    X(ROLE, "role", "does it trigger?")                                                                                \
    X(CATEGORY, "category", "does the rule ask for it?")                                                               \
    X(COUNTRY, "country", "does it count where it was?")                                                               \
    X(EXACT, "exact", "is it exact enough to count?")                                                                  \
    X(CORE, "core", "has it neighbours enough?")                                                                       \
    X(NEAR, "near", "is it near a core?")                                                                              \
    X(UNITED, "united", "do the caps allow it?")                                                                       \
    X(NEAREST, "nearest", "is that core its nearest?")                                                                 \
    X(SHARED, "shared", "does it share a country?")                                                                    \
    X(TIME, "time", "does it overlap in time?")                                                                        \
    X(REPORTED, "reported", "was it told after the start?")                                                            \
    X(FLAGGED, "flagged", "is that episode flagged?")                                                                  \
    X(STORED, "stored", "is it stored so?")

enum condition_kind {
#define X(name, text, question) CONDITION_##name,
    CONDITION_LIST(X)
#undef X
        CONDITION_COUNT
};
const char *condition_name(enum condition_kind kind);
const char *condition_question(enum condition_kind kind);

enum condition_weight { CONDITION_TELLS, CONDITION_DECIDES };

struct condition {
    enum condition_kind kind;
    enum condition_weight weight; /* of one that fails: is it for this that the incident is not in? */
    bool holds;
    struct span words;   /* a sentence without its end */
    struct span numbers; /* JSON fields, each after a comma */
};

/* What one rule says. Everything is in the arena of the whole. */
struct whynot_rule {
    struct rule rule;
    struct span hash;
    struct span episode; /* that the store says it is in; empty: none */
    enum membership membership;
    bool is_flagged;
    bool is_in; /* the answer to "why not" is: but it is */
    struct condition conditions[CONDITION_COUNT];
    size_t condition_count;
    bool is_reproduced; /* the rule makes the stored episodes of the stored incidents around it */
};

struct whynot {
    struct arena arena;
    struct lookup_incident found;
    const struct baseline *baseline; /* NULL: none given */
    struct kept_list found_episodes;
    const struct kept_episode *target; /* NULL: any episode */
    struct whynot_rule *rules;
    size_t rule_count;
};

/* incident: see lookup_incident; episode: an id or its unique beginning, or NULL; baseline: the file that says K of
 * what is in no episode, or NULL. STATUS_NOT_FOUND, STATUS_INVALID (another baseline) with a sentence. */
enum status whynot_open(struct whynot *whynot, struct store *store, const char *incident, const char *episode,
                        const struct baseline *baseline, char ret_reason[256]) MUST_CHECK;
void whynot_close(struct whynot *whynot);

/* The condition that decides; NULL where it is in. */
const struct condition *whynot_decides(const struct whynot_rule *rule);
/* "in no episode: …", "core of …, which is flagged". */
void whynot_verdict(const struct whynot *whynot, const struct whynot_rule *rule, char ret_text[768]);
