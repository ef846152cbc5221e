/* Inside the store: one open store, shared by its nouns' files. */
#pragma once

#include "proto/json.h"
#include "sink/store_driver.h"

struct store {
    const struct store_driver *driver;
    void *self;
    struct arena arena;     /* of one publication */
    struct text one, other; /* scratch */
    bool has_endpoints;     /* of alerts: rows are kept */
    int64_t now_ms;         /* of the piece */
};

/* store_alerts.c: notes for the endpoints that the subject has changed. Within a piece. */
enum status store_note_episode(struct store *store, const struct episode *episode) MUST_CHECK;
enum status store_note_notice(struct store *store, const struct notice *notice) MUST_CHECK;
