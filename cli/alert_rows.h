/* What a store holds of alerts, for the person who looks after them. */
#pragma once

#include "sink/store_alerts.h"

#include <stdio.h>

/* What stands between an endpoint and a subject. X(enum name, word) */
#define ALERT_STANDING_LIST(X)                                                                                         \
    X(TOLD, "told")       /* as it stands */                                                                           \
    X(WAITS, "waits")     /* for its group's time, or for the sink to be started */                                    \
    X(SENDING, "sending") /* begun: its first attempt, or killed in it */                                              \
    X(FAILING, "failing") /* and tried again */                                                                        \
    X(REFUSED, "refused") /* for good */                                                                               \
    X(OLD, "too old")     /* older than max_age: not told */

enum alert_standing {
#define X(name, word) STANDING_##name,
    ALERT_STANDING_LIST(X)
#undef X
        STANDING_COUNT
};

struct alert_rows_query {
    struct span endpoint, subject; /* empty: all */
    bool with_told;
    bool as_json;
};

/* A table, or a line of JSON a row. */
enum status alert_rows_list(struct store *store, const struct alert_rows_query *query, FILE *out) MUST_CHECK;
/* ROW_AGAIN: what was begun is due now; ROW_DROPPED: what is owed counts as told. The store is open for writing.
 * ret_count: how many rows. */
enum status alert_rows_write(struct store *store, const struct alert_rows_query *query, enum row_event event,
                             int64_t now_ms, size_t *ret_count, char ret_reason[256]) MUST_CHECK;
