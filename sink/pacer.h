/* When an endpoint is told what: grouping and pacing of one alert's entry, as a pure structure. It has no clock, no
 * loop and no socket; time is an argument, in milliseconds.
 *
 *     note ─▶ ┌ episode: told │ now │ due ┐ ─ take, when due ─▶ send ─▶ done ─▶ due again if it changed meanwhile,
 *             └───────────────────────────┘                              or failed (1 s, 2 s, 4 s … 5 min)
 *
 * It keeps, for each episode, a fingerprint of what the endpoint was told and of what is so now (state, countries,
 * members); never the episode itself, which is read from the store when its time comes. So memory is some 200 bytes an
 * episode however dead the endpoint, and what is sent is always the latest. One message an episode is under way at a
 * time: order is kept per episode. */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "proto/episode.h"
#include "sink/alert_driver.h"
#include "sink/alert_row.h"

struct pacer;

struct pacer_options {
    int64_t group_wait_ms, group_interval_ms, repeat_interval_ms, max_age_ms;
    size_t parallel_max; /* messages under way at once; one while the endpoint fails */
};

enum pacer_noted {
    PACER_NOTHING, /* no material change, or nothing the endpoint should hear of */
    PACER_WAITS,   /* will be told when due */
    PACER_AGED,    /* older than max_age: not told, unless what the endpoint was sent holds no more */
};

enum status pacer_new(const struct pacer_options *options, struct pacer **ret_pacer) MUST_CHECK;
void pacer_free(struct pacer *pacer);
/* As a store kept it over a restart: what was begun is tried again, what was noted and not yet told waits for its group
 * from when it was noted. STATUS_NO_MEMORY. */
enum status pacer_load(struct pacer *pacer, const struct alert_row *row, int64_t now_ms) MUST_CHECK;
/* Where the store keeps no rows: what the endpoint counts as having been told, what the store holds flagged at the
 * start. STATUS_NO_MEMORY. */
enum status pacer_told(struct pacer *pacer, struct span id, struct fingerprint fingerprint, int64_t last_ms) MUST_CHECK;
/* A revision was stored. last_ms: end of its last incident. STATUS_NO_MEMORY. */
enum status pacer_note(struct pacer *pacer, struct span id, struct fingerprint fingerprint, int64_t last_ms,
                       int64_t now_ms, enum pacer_noted *ret_noted) MUST_CHECK;
/* When the next one is due: INT64_MAX for never or while as many are under way as may be. */
int64_t pacer_due(const struct pacer *pacer);
/* Takes the one longest due; its id is borrowed until done. STATUS_END: none is due. */
enum status pacer_take(struct pacer *pacer, int64_t now_ms, struct span *ret_id) MUST_CHECK;
/* What to say of the one taken, now that it was read: `fingerprint` is how it stands. STATUS_OK: a new message, the
 * draft. STATUS_EXISTS: the one that was begun before, which still says how it stands. STATUS_END: nothing, it is as
 * was told (pacer_done must not be called). */
enum status pacer_choose(struct pacer *pacer, struct span id, struct fingerprint fingerprint, uint64_t revision,
                         int64_t now_ms, struct alert_draft *ret_draft) MUST_CHECK;
/* What became of it. */
void pacer_done(struct pacer *pacer, struct span id, enum alert_outcome outcome, int64_t retry_after_ms,
                int64_t now_ms);
/* What a store is to keep of it: told, draft, attempts, due. Borrows the id. */
void pacer_row(struct pacer *pacer, struct span id, struct alert_row *ret_row);
/* What was taken could not be read: as if not taken, due a second later. */
void pacer_put_back(struct pacer *pacer, struct span id, int64_t now_ms);
/* Everything that waits for its group is due now; what waits because the endpoint failed goes on waiting. For a clean
 * end. */
void pacer_hurry(struct pacer *pacer, int64_t now_ms);
/* Nothing waits for its first attempt or is under way. */
bool pacer_is_quiet(const struct pacer *pacer);
size_t pacer_waiting(const struct pacer *pacer);
