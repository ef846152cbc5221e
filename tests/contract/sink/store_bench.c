#include "tests/contract/sink/store_bench.h"

#include "tests/contract/sink/story.h"
#include "tests/contract/sink/unit.h"

#include <unistd.h>

static const struct store_case *kind_at_hand;

void bench_use(const struct store_case *kind)
{
    kind_at_hand = kind;
}

struct stream_position bench_next(struct bench *bench)
{
    return (struct stream_position){1000, ++bench->number};
}

void bench_open(struct bench *bench)
{
    enum status status = store_open(bench->kind->url, STORE_WRITE, &bench->store, bench->reason);
    if (status != STATUS_OK)
        fail_msg("%s", bench->reason);
}

int bench_setup(void **state)
{
    struct bench *bench = test_calloc(1, sizeof *bench);
    bench->kind = kind_at_hand;
    if (bench->kind->outlives)
        (void)unlink(bench->kind->url);
    arena_init(&bench->arena, 256u << 20);
    bench_open(bench);
    *state = bench;
    return 0;
}

int bench_teardown(void **state)
{
    struct bench *bench = *state;
    store_close(bench->store);
    arena_fini(&bench->arena);
    text_fini(&bench->seen);
    if (bench->kind->outlives)
        (void)unlink(bench->kind->url);
    test_free(bench);
    return 0;
}

enum store_effect bench_apply(struct bench *bench, struct publication publication, uint32_t *ret_revision)
{
    enum store_effect effect = STORE_KNOWN;
    uint32_t revision = 0;
    enum delivery delivery = store_apply(
        bench->store, &(struct store_piece){.publications = &publication, .count = 1, .now_ms = bench->now_ms}, &effect,
        &revision, bench->reason);
    if (delivery != DELIVERED)
        fail_msg("%s", bench->reason);
    if (ret_revision != NULL)
        *ret_revision = revision;
    return effect;
}

void bench_tell(struct bench *bench, const char *id, uint32_t revision, int64_t start_ms, double lat, double lon,
                const char *country)
{
    struct incident incident =
        story_incident(&bench->arena, bench_next(bench), id, revision, start_ms, lat, lon, country);
    assert_int_equal(bench_apply(bench, story_told(incident), NULL), STORE_APPLIED);
}

uint32_t bench_publish(struct bench *bench, const char *id, uint32_t revision, enum episode_state state,
                       const char *countries, const char *members)
{
    uint32_t stored;
    bench_apply(
        bench,
        story_episode(&bench->arena, bench_next(bench), id, revision, state, T0, T0 + 9 * DAY, countries, members),
        &stored);
    return stored;
}

/* "id/revision/state[member=membership@lat …]" */
enum status bench_note_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    struct bench *bench = self;
    text_print(&bench->seen, "%.*s/%u/%s[", SPAN_ARG(episode->id), episode->revision,
               episode_state_name(episode->state));
    for (size_t i = 0; i < episode->member_count; i++) {
        text_print(&bench->seen, "%s%.*s=%s", i > 0 ? " " : "", SPAN_ARG(episode->members[i].incident_id),
                   membership_name(episode->members[i].membership));
        if (incidents[i] == NULL)
            text_print(&bench->seen, "@?");
        else if (incidents[i]->reports[0].has_place)
            text_print(&bench->seen, "@%g", incidents[i]->reports[0].place.lat);
    }
    text_print(&bench->seen, "]\n");
    return ++bench->visits == bench->stop_after ? STATUS_REFUSED : STATUS_OK;
}

/* "id/revision/status @lat in episode …" */
enum status bench_note_incident(void *self, const struct incident *incident, const struct span *ids, size_t count)
{
    struct bench *bench = self;
    const struct report *best = &incident->reports[0];
    text_print(&bench->seen, "%.*s/%u/%s", SPAN_ARG(incident->id), best->revision, report_status_name(best->status));
    if (best->has_place)
        text_print(&bench->seen, "@%g", best->place.lat);
    for (size_t i = 0; i < count; i++)
        text_print(&bench->seen, " %.*s", SPAN_ARG(ids[i]));
    text_print(&bench->seen, "\n");
    return ++bench->visits == bench->stop_after ? STATUS_END : STATUS_OK;
}

const char *bench_episodes(struct bench *bench, struct store_filter filter)
{
    text_clear(&bench->seen);
    text_print(&bench->seen, "%s", "");
    assert_int_equal(store_episodes(bench->store, &filter, bench_note_episode, bench), STATUS_OK);
    return bench->seen.data;
}

const char *bench_incidents(struct bench *bench, struct store_filter filter)
{
    text_clear(&bench->seen);
    text_print(&bench->seen, "%s", "");
    assert_int_equal(store_incidents(bench->store, &filter, bench_note_incident, bench), STATUS_OK);
    return bench->seen.data;
}
