/* A store on the bench, for what every store promises: told in a few words, and asked. */
#pragma once

#include "proto/json.h"
#include "tests/contract/sink/store_contract.h"

#define DAY INT64_C(86400000)
#define T0  (INT64_C(1757453400000)) /* 2025-09-09T21:30:00Z */

struct bench {
    const struct store_case *kind;
    struct store *store;
    struct arena arena;
    uint64_t number;
    int64_t now_ms;
    struct text seen; /* what visitors wrote down */
    size_t visits, stop_after;
    char reason[256];
};

/* Each test gets a new store of that kind. */
void bench_use(const struct store_case *kind);
int bench_setup(void **state);
int bench_teardown(void **state);
#define BENCH_TEST(test) cmocka_unit_test_setup_teardown(test, bench_setup, bench_teardown)

void bench_open(struct bench *bench);
struct stream_position bench_next(struct bench *bench);
/* What came of it; ret_revision may be NULL. */
enum store_effect bench_apply(struct bench *bench, struct publication publication, uint32_t *ret_revision);
/* An incident of one report, which takes effect. */
void bench_tell(struct bench *bench, const char *id, uint32_t revision, int64_t start_ms, double lat, double lon,
                const char *country);
/* An episode of nine days from T0 on; answers the revision that is stored. */
uint32_t bench_publish(struct bench *bench, const char *id, uint32_t revision, enum episode_state state,
                       const char *countries, const char *members);

/* What the store answers, a line each; valid until it is asked again.
 * "id/revision/state[member=membership@lat …]" */
const char *bench_episodes(struct bench *bench, struct store_filter filter);
/* "id/revision/status@lat episode …" */
const char *bench_incidents(struct bench *bench, struct store_filter filter);
/* The visitors that write such lines; they end a visit after stop_after. */
enum status bench_note_episode(void *self, const struct episode *episode, const struct incident *const *incidents);
enum status bench_note_incident(void *self, const struct incident *incident, const struct span *ids, size_t count);
