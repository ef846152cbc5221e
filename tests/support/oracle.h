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

/* Borrows the incidents; the result refers to them. Aborts without memory. */
struct oracle_result oracle_run(const struct rule *rule, const struct engine_incident *const *incidents, size_t count);
void oracle_free(struct oracle_result *result);
