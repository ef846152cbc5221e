/* The oracle: what the method says, by brute force. Written from the method, for small sets: O(n²) memory, O(n³) time.
 * It shares with the engine the arithmetic of places (point.h) and nothing else. */
#pragma once

#include "correlator/engine/engine.h"

struct oracle_member {
    const struct engine_incident *incident;
    enum membership membership;
};

struct oracle_episode {
    char id[EPISODE_ID_BYTES];
    enum episode_state state;
    bool capped;
    char continues[EPISODE_ID_BYTES];
    country_code *countries;
    size_t country_count;
    int64_t first_ms;
    int64_t last_ms;
    double extent_km;
    size_t observed;
    struct oracle_member *members; /* by (start, id) */
    size_t member_count;
};

struct oracle_result {
    struct oracle_episode *episodes; /* by key */
    size_t count;
};

/* An incident, and how many neighbours make it a core. */
struct oracle_input {
    const struct engine_incident *incident;
    uint32_t threshold;
};

/* Borrows the incidents; the result refers to them. Aborts without memory. The rule's baseline is not looked at: each
 * incident brings its threshold (history_oracle.h). */
struct oracle_result oracle_run(const struct rule *rule, const struct oracle_input *inputs, size_t count);
void oracle_free(struct oracle_result *result);
bool oracle_triggers(const struct rule *rule, const struct engine_incident *incident);
/* It does, and is not coarse. */
bool oracle_counts(const struct rule *rule, const struct engine_incident *incident);
/* Method §2, of two incidents. */
bool oracle_neighbours(const struct rule *rule, const struct engine_incident *a, const struct engine_incident *b);
/* d²·window² + gap²·τ², high and low half: what a non-core chooses its core by, the less the nearer. False: not within
 * reach and window. */
bool oracle_attachment(const struct rule *rule, const struct engine_incident *a, const struct engine_incident *b,
                       uint64_t ret_distance[2]);
