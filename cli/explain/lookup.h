/* Finding what a person means in a store: episodes and incidents by id, or nearly; rules by name and hash. */
#pragma once

#include "cli/keep.h"
#include "correlator/engine/rule.h"
#include "sink/store.h"

/* By an id or its unique beginning; kept in the list's arena. STATUS_NOT_FOUND: none, or several; the sentence, with
 * the nearest ids there are, in ret_reason. */
enum status lookup_episode(struct store *store, const char *id, struct kept_list *found,
                           const struct kept_episode **ret_episode, char ret_reason[256]) MUST_CHECK;

/* What was asked for, and the incident it is told in. */
struct lookup_incident {
    const struct incident *incident;
    struct span report_id; /* of the report that was meant, where that is not the incident's own id; else empty */
};
/* By an incident's id, by "source:source_id" of any of its reports, or by a source_id that only one has. Everything is
 * copied into the arena. As above. O(incidents). */
enum status lookup_incident(struct store *store, const char *id, struct arena *arena, struct lookup_incident *ret_found,
                            char ret_reason[256]) MUST_CHECK;

struct lookup_rule {
    struct rule rule; /* in the arena */
    struct span hash;
};
/* The rule of that name and hash. STATUS_NOT_FOUND with a sentence. */
enum status lookup_rule(struct store *store, struct span name, struct span hash, struct arena *arena,
                        struct rule *ret_rule, char ret_reason[256]) MUST_CHECK;
/* All of them, by (name, hash). */
enum status lookup_rules(struct store *store, struct arena *arena, struct lookup_rule **ret_rules,
                         size_t *ret_count) MUST_CHECK;
