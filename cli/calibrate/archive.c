#include "cli/calibrate/archive.h"

#include "cli/nearness.h"
#include "cli/replay/inputs.h"
#include "cli/replay/pipeline.h"

#include <sodium.h>
#include <stdlib.h>

struct gathering {
    struct archive *archive;
    size_t room;
    size_t source_room;
    int64_t from_ms;
    int64_t until_ms;
};

static bool grow(void **items, size_t *room, size_t wanted, size_t size)
{
    if (wanted <= *room)
        return true;
    size_t larger = *room < 256 ? 256 : *room * 2;
    void *grown = realloc(*items, larger * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *room = larger;
    return true;
}

/* The place of a name among the sources, which are in order. */
static size_t source_place(const struct archive *archive, struct span name)
{
    size_t low = 0, high = archive->source_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (span_compare(archive->sources[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static enum status gather_source(struct gathering *gathering, struct span name)
{
    struct archive *archive = gathering->archive;
    size_t at = source_place(archive, name);
    if (at < archive->source_count && span_equal(archive->sources[at], name))
        return STATUS_OK;
    void *sources = archive->sources;
    bool grown = grow(&sources, &gathering->source_room, archive->source_count + 1, sizeof *archive->sources);
    archive->sources = sources;
    struct span copy = arena_copy(&archive->arena, name);
    if (!grown || copy.data == NULL)
        return STATUS_NO_MEMORY;
    memmove(archive->sources + at + 1, archive->sources + at, (archive->source_count - at) * sizeof *archive->sources);
    archive->sources[at] = copy;
    archive->source_count++;
    return STATUS_OK;
}

static enum status gather(void *self, const struct incident *incident, const struct span *episode_ids,
                          size_t episode_count)
{
    (void)episode_ids;
    (void)episode_count;
    struct gathering *gathering = self;
    struct archive *archive = gathering->archive;
    int64_t start_ms = incident->reports[0].occurred.start_ms;
    if (!incident_is_live(incident) || start_ms < gathering->from_ms || start_ms >= gathering->until_ms)
        return STATUS_OK;
    void *incidents = archive->incidents;
    bool grown = grow(&incidents, &gathering->room, archive->count + 1, sizeof *archive->incidents);
    archive->incidents = incidents;
    if (!grown)
        return STATUS_NO_MEMORY;
    struct engine_incident *made = &archive->incidents[archive->count];
    if (!engine_incident_from(incident, &archive->arena, made))
        return STATUS_NO_MEMORY;
    made->id = arena_copy(&archive->arena, made->id);
    made->user = NULL; /* what the store lends ends with the visit */
    if (made->id.data == NULL)
        return STATUS_NO_MEMORY;
    archive->count++;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < incident->report_count && status == STATUS_OK; i++)
        status = gather_source(gathering, incident->reports[i].source);
    return status;
}

static enum status archive_read(struct archive *archive, const struct settings *settings,
                                const struct agent_config *agent, char reason[256])
{
    struct correlator_config correlator = settings->correlator;
    struct sink_config sink = settings->sink;
    struct pipeline_result result;
    correlator.rule_count = 0; /* incidents are wanted, not episodes */
    correlator.baseline = NULL;
    sink.alert_count = 0;
    enum status status = store_open("memory:", STORE_REPLACE, &archive->store, reason);
    if (status != STATUS_OK)
        return status;
    const struct pipeline_options options = {
        .agent = agent, .correlator = &correlator, .sink = &sink, .store = archive->store, .label = "reading"};
    status = pipeline_run(&options, &result, reason);
    if (status != STATUS_OK)
        return status;
    archive->read = result.agent.read;
    archive->refused = result.agent.refused + result.correlator.rejected;
    archive->unread = result.agent.unread;
    return store_commit(archive->store, reason);
}

enum status archive_open(struct archive *archive, const struct settings *settings, const char *const *files,
                         size_t file_count, const char *mapping, int64_t from_ms, int64_t until_ms,
                         char ret_reason[256])
{
    const struct store_filter all = {.with_candidates = true, .with_withdrawn = true};
    struct gathering gathering = {.archive = archive, .from_ms = from_ms, .until_ms = until_ms};
    struct agent_source *sources;
    *archive = (struct archive){0};
    arena_init(&archive->arena, SIZE_MAX);
    enum status status = inputs_read(files, file_count, mapping, &archive->arena, &sources, ret_reason);
    if (status == STATUS_OK) {
        struct agent_config agent = settings->agent;
        agent.sources = sources;
        agent.source_count = file_count;
        status = archive_read(archive, settings, &agent, ret_reason);
    }
    if (status == STATUS_OK)
        status = store_incidents(archive->store, &all, gather, &gathering);
    if (status != STATUS_OK)
        archive_close(archive);
    return status;
}

void archive_close(struct archive *archive)
{
    if (archive->store != NULL)
        store_close(archive->store);
    free(archive->incidents);
    free(archive->sources);
    arena_fini(&archive->arena);
    *archive = (struct archive){0};
}

static void hash_number(crypto_hash_sha256_state *state, int64_t number)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)number >> 8 * i);
    crypto_hash_sha256_update(state, bytes, sizeof bytes);
}

uint64_t archive_seed(const struct archive *archive)
{
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES];
    uint64_t seed = 0;
    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < archive->count; i++) {
        const struct engine_incident *incident = &archive->incidents[i];
        const int64_t numbers[] = {(int64_t)incident->id.size, incident->start_ms, incident->end_ms,  incident->point.x,
                                   incident->point.y,          incident->point.z,  incident->category};
        for (size_t j = 0; j < sizeof numbers / sizeof numbers[0]; j++)
            hash_number(&state, numbers[j]);
        crypto_hash_sha256_update(&state, (const unsigned char *)incident->id.data, incident->id.size);
    }
    crypto_hash_sha256_final(&state, digest);
    for (int i = 0; i < 8; i++)
        seed = seed << 8 | digest[i];
    return seed;
}
