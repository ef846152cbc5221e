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

struct pacer;

/* What makes a change material. */
struct fingerprint {
    bool is_flagged;
    unsigned char bytes[16];
};
/* Members are cores and attached; their order does not matter. */
struct fingerprint fingerprint_of(const struct episode *episode);

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
/* What the endpoint counts as having been told: at the start, what the store holds flagged. STATUS_NO_MEMORY. */
enum status pacer_told(struct pacer *pacer, struct span id, struct fingerprint fingerprint, int64_t last_ms) MUST_CHECK;
/* A revision was stored. last_ms: end of its last incident. STATUS_NO_MEMORY. */
enum status pacer_note(struct pacer *pacer, struct span id, struct fingerprint fingerprint, int64_t last_ms,
                       int64_t now_ms, enum pacer_noted *ret_noted) MUST_CHECK;
/* When the next one is due: INT64_MAX for never or while as many are under way as may be. */
int64_t pacer_due(const struct pacer *pacer);
/* Takes the one longest due; its id is borrowed until done. STATUS_END: none is due. */
enum status pacer_take(struct pacer *pacer, int64_t now_ms, struct span *ret_id) MUST_CHECK;
/* What to say of the one taken, now that it was read: `fingerprint` is what will be sent. STATUS_END: nothing, it is as
 * was told (pacer_done must not be called). ret_repeat: how many times the same was told before. */
enum status pacer_choose(struct pacer *pacer, struct span id, struct fingerprint fingerprint, uint32_t revision,
                         int64_t now_ms, enum alert_kind *ret_kind, uint32_t *ret_repeat,
                         int64_t *ret_time_ms) MUST_CHECK;
/* What became of it. */
void pacer_done(struct pacer *pacer, struct span id, enum alert_outcome outcome, int64_t retry_after_ms,
                int64_t now_ms);
/* What was taken could not be read: as if not taken, due a second later. */
void pacer_put_back(struct pacer *pacer, struct span id, int64_t now_ms);
/* Everything that waits for its group is due now; what waits because the endpoint failed goes on waiting. For a clean
 * end. */
void pacer_hurry(struct pacer *pacer, int64_t now_ms);
/* Nothing waits for its first attempt or is under way. */
bool pacer_is_quiet(const struct pacer *pacer);
size_t pacer_waiting(const struct pacer *pacer);
