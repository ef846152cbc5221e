#include "tests/unit/correlator/pipeline/desk.h"

#include "proto/config_blocks.h"
#include "proto/limits.h"

#include <stdio.h>

#define INCIDENTS_URL "inproc://desk-incidents"
#define EPISODES_URL  "inproc://desk-episodes"
#define EPOCH         1757453400000u
#define PATIENCE_NS   60000000000u

static void on_tick(uv_timer_t *timer)
{
    (void)timer;
}

static void on_rejected(void *self, const char *agent, const char *reason)
{
    struct desk *desk = self;
    (void)snprintf(desk->rejected, sizeof desk->rejected, "%s: %s", agent, reason);
}

static void on_failed(void *self, const char *reason)
{
    struct desk *desk = self;
    (void)snprintf(desk->failed, sizeof desk->failed, "%s", reason);
}

static void open_correlator(struct desk *desk, const char *yaml, enum correlator_time time, int64_t incidents_max,
                            bool engine_off, struct archive_memory *archive)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    *desk = (struct desk){.archive = archive};
    arena_init(&desk->arena, 64u << 20);
    assert_int_equal(uv_loop_init(&desk->loop), 0);
    (void)uv_timer_init(&desk->loop, &desk->tick);
    (void)uv_timer_start(&desk->tick, on_tick, 1, 1);
    assert_int_equal(config_parse(span_of(yaml), "desk.yaml", blocks, stderr, &desk->config), STATUS_OK);
    assert_true(correlator_config_read(desk->config, &desk->correlator_config));
    if (incidents_max > 0)
        desk->correlator_config.incidents_max = incidents_max;
    assert_int_equal(bus_open(&desk->loop, &desk->bus), STATUS_OK);
    const struct correlator_options options = {
        .config = &desk->correlator_config,
        .incidents_url = INCIDENTS_URL,
        .episodes_url = EPISODES_URL,
        .epoch = EPOCH,
        .time = time,
        .engine_off = engine_off,
        .archive = archive != NULL ? &archive->archive : NULL,
    };
    const struct correlator_events events = {.rejected = on_rejected, .failed = on_failed, .self = desk};
    char reason[256] = "";
    enum status status = correlator_open(&desk->loop, desk->bus, &options, &events, &desk->correlator, reason);
    if (status != STATUS_OK)
        fail_msg("%s", reason);
    desk->open = 1;
}

void desk_open(struct desk *desk, const char *yaml, enum correlator_time time, int64_t incidents_max)
{
    open_correlator(desk, yaml, time, incidents_max, false, NULL);
}

void desk_open_with_archive(struct desk *desk, const char *yaml, struct archive_memory *archive, int64_t incidents_max)
{
    open_correlator(desk, yaml, CORRELATOR_LIVE, incidents_max, false, archive);
}

void desk_open_without_engine(struct desk *desk, const char *yaml)
{
    open_correlator(desk, yaml, CORRELATOR_REPLAY, 0, true, NULL);
}

void desk_agent(struct desk *desk, size_t index, const char *name)
{
    const struct sender_options options = {
        .url = INCIDENTS_URL, .end = BUS_DIAL, .name = name, .epoch = EPOCH, .outbox_bytes_max = (size_t)1 << 30};
    const struct sender_events events = {.self = desk};
    char reason[256] = "";
    assert_int_equal(sender_open(desk->bus, &options, &events, &desk->agents[index], reason), STATUS_OK);
    desk->open++;
}

/* --- sinks --- */

static void tell_episode(struct desk_sink *sink, const struct episode *episode)
{
    struct told *told = NULL;
    for (size_t i = 0; i < sink->told_count && told == NULL; i++)
        if (span_equal(span_of(sink->told[i].id), episode->id))
            told = &sink->told[i];
    if (told == NULL) {
        assert_true(sink->told_count < DESK_EPISODES);
        told = &sink->told[sink->told_count++];
        (void)snprintf(told->id, sizeof told->id, "%.*s", SPAN_ARG(episode->id));
    }
    if (episode->revision != told->revision + 1 && !told->final) /* none is left out, but for what was forgotten */
        fail_msg("revision %u after %u", episode->revision, told->revision);
    assert_true(episode->revision > told->revision);
    told->revision = episode->revision;
    told->state = episode->state;
    told->final = episode->final;
    told->members = episode->member_count;
    (void)snprintf(told->title, sizeof told->title, "%.*s", SPAN_ARG(episode->title));
    (void)snprintf(told->cause, sizeof told->cause, "%.*s", SPAN_ARG(episode->cause));
    sink->episodes++;
}

/* Causes come in order; one may have brought about many things. */
static void take_position(struct desk_sink *sink, struct stream_position position)
{
    assert_int_equal(position.epoch, EPOCH);
    assert_true(position.number >= sink->cause);
    sink->cause = position.number;
}

static void take(struct desk_sink *sink, struct arena *arena, uint64_t position, struct span item)
{
    struct publication publication;
    char reason[REASON_BYTES] = "";
    arena_reset(arena);
    if (publication_unpack(item, arena, &publication, reason) != STATUS_OK)
        fail_msg("publication %llu: %s", (unsigned long long)position, reason);
    for (size_t i = 0; i < item.size; i++) /* FNV-1a */
        sink->fingerprint = (sink->fingerprint ^ (unsigned char)item.data[i]) * 1099511628211u;
    switch (publication.kind) {
    case PUBLICATION_RULE:
        sink->rules++;
        return;
    case PUBLICATION_INCIDENT:
    case PUBLICATION_RETRACTED:
        take_position(sink, publication.incident.position);
        sink->incidents += publication.kind == PUBLICATION_INCIDENT;
        sink->retractions += publication.kind == PUBLICATION_RETRACTED;
        return;
    case PUBLICATION_NOTICE:
        take_position(sink, publication.notice.position);
        return;
    case PUBLICATION_EPISODE:
        take_position(sink, publication.episode.position);
        tell_episode(sink, &publication.episode);
        return;
    }
}

struct sink_self {
    struct desk *desk;
    size_t index;
};
static struct sink_self sink_selves[DESK_SINKS];

static void on_publications(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    const struct sink_self *which = self;
    struct desk_sink *sink = &which->desk->sinks[which->index];
    assert_int_equal(first, sink->last + 1);
    for (size_t i = 0; i < count; i++)
        take(sink, &which->desk->arena, first + i, items[i]);
    sink->last = first + count - 1;
    sink->epoch = peer->epoch;
    if (sink->manner == SINK_ACKS)
        receiver_ack(sink->receiver, peer->name, peer->epoch, sink->last);
}

void desk_sink(struct desk *desk, size_t index, const char *name, enum sink_manner manner)
{
    const struct receiver_options options = {
        .url = EPISODES_URL, .end = BUS_DIAL, .name = name, .item_bytes_max = LIMIT_EPISODE_BYTES};
    sink_selves[index] = (struct sink_self){desk, index};
    const struct receiver_events events = {.batch = on_publications, .self = &sink_selves[index]};
    char reason[256] = "";
    desk->sinks[index].manner = manner;
    desk->sinks[index].fingerprint = 14695981039346656037u;
    assert_int_equal(receiver_open(desk->bus, &options, &events, &desk->sinks[index].receiver, reason), STATUS_OK);
    desk->open++;
}

void desk_sink_acks(struct desk *desk, size_t index)
{
    struct desk_sink *sink = &desk->sinks[index];
    sink->manner = SINK_ACKS;
    if (sink->last > 0)
        receiver_ack(sink->receiver, "correlator", sink->epoch, sink->last);
}

const struct told *desk_told(const struct desk *desk, size_t sink, const char *id)
{
    for (size_t i = 0; i < desk->sinks[sink].told_count; i++)
        if (strcmp(desk->sinks[sink].told[i].id, id) == 0)
            return &desk->sinks[sink].told[i];
    return NULL;
}

/* --- agents --- */

void desk_send_bytes(struct desk *desk, size_t agent, struct span bytes)
{
    uint64_t position;
    if (desk->archive != NULL)
        (void)archive_memory_add(desk->archive, bytes, 0);
    assert_int_equal(sender_submit(desk->agents[agent], bytes, &position), STATUS_OK);
}

void desk_send(struct desk *desk, size_t agent, const struct report *report)
{
    text_clear(&desk->bytes);
    assert_int_equal(report_pack(report, &desk->bytes), STATUS_OK);
    desk_send_bytes(desk, agent, (struct span){desk->bytes.data, desk->bytes.size});
}

void desk_mark(struct desk *desk, size_t agent, const char *source, int64_t watermark_ms, enum source_state state)
{
    const struct source_mark mark = {span_of(source), watermark_ms, state};
    assert_int_equal(sender_marks(desk->agents[agent], &mark, 1), STATUS_OK);
}

/* --- the loop --- */

static void on_done(void *self)
{
    struct desk *desk = self;
    assert_false(desk->done);
    desk->done = true;
}

void desk_finish(struct desk *desk)
{
    correlator_finish(desk->correlator, on_done, desk);
}

void desk_until(struct desk *desk, bool (*is_so)(const struct desk *desk))
{
    uint64_t began_ns = uv_hrtime();
    while (!is_so(desk)) {
        (void)uv_run(&desk->loop, UV_RUN_ONCE);
        if (uv_hrtime() - began_ns > PATIENCE_NS)
            fail_msg("it did not come to that within a minute");
    }
}

void desk_for(struct desk *desk, uint64_t ms)
{
    uint64_t began_ns = uv_hrtime();
    while (uv_hrtime() - began_ns < ms * 1000000u)
        (void)uv_run(&desk->loop, UV_RUN_ONCE);
}

bool desk_is_quiet(const struct desk *desk)
{
    for (size_t i = 0; i < 2; i++)
        if (desk->agents[i] != NULL && sender_acked(desk->agents[i]) < sender_position(desk->agents[i]))
            return false;
    const struct correlator_stats *stats = correlator_stats(desk->correlator);
    uint64_t episodes = stats->published;
    for (size_t i = 0; i < DESK_SINKS; i++)
        if (desk->sinks[i].receiver != NULL && (desk->sinks[i].rules == 0 || desk->sinks[i].episodes < episodes ||
                                                desk->sinks[i].incidents + desk->sinks[i].retractions < stats->applied))
            return false;
    return true;
}

bool desk_is_done(const struct desk *desk)
{
    return desk->done;
}

void assert_ledger_balances(struct desk *desk)
{
    const struct correlator_stats *stats = correlator_stats(desk->correlator);
    assert_int_equal(stats->received,
                     stats->applied + stats->duplicate + stats->stale + stats->rejected + stats->too_late);
}

static void part_closed(void *self)
{
    struct desk *desk = self;
    desk->open--;
}

static bool all_closed(const struct desk *desk)
{
    return desk->open == 0;
}

void desk_close(struct desk *desk)
{
    for (size_t i = 0; i < 2; i++)
        if (desk->agents[i] != NULL)
            sender_close(desk->agents[i], part_closed, desk);
    for (size_t i = 0; i < DESK_SINKS; i++)
        if (desk->sinks[i].receiver != NULL)
            receiver_close(desk->sinks[i].receiver, part_closed, desk);
    correlator_close(desk->correlator, part_closed, desk);
    desk_until(desk, all_closed);
    bus_close(desk->bus);
    uv_close((uv_handle_t *)&desk->tick, NULL);
    (void)uv_run(&desk->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&desk->loop), 0); /* nothing is left open */
    correlator_config_fini(&desk->correlator_config);
    config_close(desk->config);
    arena_fini(&desk->arena);
    text_fini(&desk->bytes);
}
