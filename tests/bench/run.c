#include "tests/bench/run.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Made at once, outside of what is timed; still in the cache when inserted, as what the register has just written. */
#define CHUNK    1024u
#define ID_BYTES 24u

/* correlator.c */
#define FLUSH_EACH_MAX   256u
#define FLUSH_RATIO      8u
#define MEMBERS_EACH_MAX 4096u

/* The engine borrows an incident and what it points to until it is released; the free ones are chained. */
struct held {
    struct engine_incident incident;
    struct held *next;
    country_code country;
    char id[ID_BYTES];
};

struct pass {
    const struct run_options *options;
    struct run run;
    struct engine *engine;
    struct held *free;
    struct held *blocks; /* of CHUNK; their first is not handed out but chains them */
    size_t free_count;
    size_t in_batch, unflushed, members_told;
    size_t inserted, inserted_half;
    uint64_t allocations_half;
};

/* --- flow --- */

static void on_change(void *self, const struct engine_change *change)
{
    struct pass *pass = self;
    pass->run.changes++;
    pass->run.episodes += change->is_new;
    pass->run.members += change->member_count;
    pass->members_told += change->member_count;
}

static void on_released(void *self, const struct engine_incident *incident, bool evicted)
{
    struct pass *pass = self;
    struct held *held = incident->user;
    (void)evicted;
    held->next = pass->free;
    pass->free = held;
    pass->free_count++;
}

static enum status flush(struct pass *pass)
{
    const struct engine_events events = {on_change, on_released, pass};
    struct histogram *flushes = pass->options->flushes;
    if (engine_pending(pass->engine) == 0)
        return STATUS_OK;
    pass->unflushed = 0;
    uint64_t begun_ns = flushes != NULL ? clock_monotonic_ns() : 0;
    enum status status = engine_flush(pass->engine, &events);
    if (flushes != NULL)
        histogram_add(flushes, clock_monotonic_ns() - begun_ns);
    return status;
}

static enum status batch_end(struct pass *pass, int64_t watermark_ms)
{
    struct engine_stats stats;
    pass->in_batch = pass->members_told = 0;
    engine_watermark(pass->engine, watermark_ms);
    enum status status = engine_pending(pass->engine) <= FLUSH_RATIO * pass->unflushed ? flush(pass) : STATUS_OK;
    engine_stats(pass->engine, &stats);
    if (stats.incidents > pass->run.live_most)
        pass->run.live_most = stats.incidents;
    if (stats.bytes > pass->run.bytes_most)
        pass->run.bytes_most = stats.bytes;
    return status;
}

static enum status insert(struct pass *pass, const struct engine_incident *incident)
{
    uint32_t handle;
    struct histogram *inserts = pass->options->inserts;
    if (inserts == NULL)
        return engine_insert(pass->engine, incident, &handle);
    uint64_t begun_ns = clock_monotonic_ns();
    enum status status = engine_insert(pass->engine, incident, &handle);
    histogram_add(inserts, clock_monotonic_ns() - begun_ns);
    return status;
}

static enum status chunk_run(struct pass *pass, struct held *const *chunk, const int64_t *watermarks_ms, size_t count)
{
    bool each = pass->options->flushing == FLUSH_EACH;
    for (size_t i = 0; i < count; i++) {
        enum status status = insert(pass, &chunk[i]->incident);
        pass->unflushed++;
        if (status == STATUS_OK && each && pass->members_told <= MEMBERS_EACH_MAX &&
            engine_pending(pass->engine) <= FLUSH_EACH_MAX)
            status = flush(pass);
        if (status == STATUS_OK && ++pass->in_batch == RUN_BATCH)
            status = batch_end(pass, watermarks_ms[i]);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* What is still held is told and let go. */
static enum status drain(struct pass *pass)
{
    engine_watermark(pass->engine, INT64_MAX);
    return flush(pass);
}

/* --- making --- */

static bool held_more(struct pass *pass)
{
    struct held *block = calloc(CHUNK + 1, sizeof *block);
    if (block == NULL)
        return false;
    block->next = pass->blocks;
    pass->blocks = block;
    for (size_t i = CHUNK; i > 0; i--) {
        block[i].next = pass->free;
        pass->free = &block[i];
    }
    pass->free_count += CHUNK;
    return true;
}

static void held_free(struct pass *pass)
{
    while (pass->blocks != NULL) {
        struct held *block = pass->blocks;
        pass->blocks = block->next;
        free(block);
    }
}

/* "bench:" and eight digits */
static size_t id_write(char id[ID_BYTES], uint32_t number)
{
    memcpy(id, "bench:00000000", 15);
    for (size_t i = 13; number > 0; i--, number /= 10)
        id[i] = (char)('0' + number % 10);
    return 14;
}

static struct held *held_make(struct pass *pass, const struct stream_incident *made)
{
    struct held *held = pass->free;
    pass->free = held->next;
    pass->free_count--;
    held->country = made->country;
    held->incident = (struct engine_incident){
        .id = {held->id, id_write(held->id, made->number)},
        .point = made->point,
        .start_ms = made->start_ms,
        .end_ms = made->end_ms,
        .reported_at_ms = TIME_NONE,
        .category = CATEGORY_AIR_DRONE_SIGHTING,
        .role = ROLE_TRIGGER,
        .countries = &held->country,
        .country_count = 1,
        .touched_countries = &held->country,
        .touched_country_count = 1,
        .user = held,
    };
    return held;
}

/* In order the watermark is an hour behind; shuffled, as far as any may still be late. */
static int64_t watermark_of(enum stream_order order, const struct stream_incident *last)
{
    switch (order) {
    case STREAM_IN_ORDER:
        return last->start_ms - STREAM_HOUR_MS;
    case STREAM_SHUFFLED:
        return last->arrival_ms - STREAM_LATENESS_MS;
    }
    abort();
}

static size_t chunk_make(struct pass *pass, struct stream *stream, struct held **chunk, int64_t *watermarks_ms)
{
    static struct stream_incident made[CHUNK];
    if (pass->free_count < CHUNK && !held_more(pass))
        return 0;
    size_t count = stream_next(stream, made, CHUNK);
    for (size_t i = 0; i < count; i++) {
        chunk[i] = held_make(pass, &made[i]);
        watermarks_ms[i] = watermark_of(pass->options->order, &made[i]);
    }
    return count;
}

/* --- the pass --- */

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void milestones(struct pass *pass, size_t count)
{
    static const size_t tenths[] = {1, 5, 10};
    struct engine_stats stats;
    size_t before = pass->inserted;
    engine_stats(pass->engine, &stats);
    pass->inserted += count;
    for (size_t i = 0; i < 3; i++) {
        size_t milestone = pass->options->incidents * tenths[i] / 10;
        if (before < milestone && pass->inserted >= milestone)
            pass->run.bytes_at[i] = stats.bytes;
    }
    if (pass->inserted_half == 0 && pass->inserted >= pass->options->incidents / 2) {
        pass->inserted_half = pass->inserted;
        pass->allocations_half = stats.allocations;
    } else if (pass->inserted > pass->inserted_half) {
        pass->run.allocations_each =
            (double)(stats.allocations - pass->allocations_half) / (double)(pass->inserted - pass->inserted_half);
    }
}

static enum status drive(struct pass *pass, struct stream *stream)
{
    static struct held *chunk[CHUNK];
    static int64_t watermarks_ms[CHUNK];
    enum status status = STATUS_OK;
    size_t count = 1;
    while (status == STATUS_OK && count > 0) {
        count = chunk_make(pass, stream, chunk, watermarks_ms);
        uint64_t begun_cpu_ns = cpu_ns();
        uint64_t begun_ns = clock_monotonic_ns();
        status = count > 0 ? chunk_run(pass, chunk, watermarks_ms, count) : drain(pass);
        pass->run.ns += clock_monotonic_ns() - begun_ns;
        pass->run.cpu_ns += cpu_ns() - begun_cpu_ns;
        if (count > 0)
            milestones(pass, count);
    }
    return status == STATUS_OK && pass->inserted != pass->options->incidents ? STATUS_NO_MEMORY : status;
}

struct rule run_rule(const struct stream_kind *kind, const struct baseline_rule *baseline)
{
    return (struct rule){.name = SPAN("bench"),
                         .categories = UINT64_MAX,
                         .reach_km = kind->reach_km,
                         .window_ms = kind->window_ms,
                         .min_neighbours = kind->min_neighbours,
                         .min_incidents = 2,
                         .min_countries = 2,
                         .alpha = 1e-4,
                         .max_radius_km = 200.0,
                         .cap_duration_ms = 60 * STREAM_DAY_MS,
                         .cap_extent_km = 3000.0,
                         .baseline = baseline};
}

enum status run_pass(const struct run_options *options, struct run *ret_run)
{
    const struct rule rule = run_rule(options->kind, options->baseline);
    const struct engine_limits limits = {.incidents_max = options->incidents};
    struct pass pass = {.options = options};
    struct stream *stream = NULL;
    enum status status =
        stream_new(options->kind->place, options->kind->an_hour, options->order, 1, options->incidents, &stream);
    if (status == STATUS_OK)
        status = engine_new(&allocator_heap, &rule, 1, &limits, &pass.engine);
    if (status == STATUS_OK)
        status = drive(&pass, stream);
    engine_free(pass.engine);
    stream_free(stream);
    held_free(&pass);
    *ret_run = pass.run;
    return status;
}
