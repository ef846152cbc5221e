#include "correlator/journal/checkpoint.h"

#include "correlator/journal/octets.h"
#include "proto/limits.h"

/* The body, in this order: journal, number, watermark, rules_number, then each list with its count before it; swept_ms
 * and those refused last, as differences. */
#define TOLD_BYTES_MAX ((size_t)1 << 31)

static void pack_sources(const struct checkpoint *checkpoint, struct text *bytes)
{
    octets_put_number(bytes, checkpoint->source_count);
    for (size_t i = 0; i < checkpoint->source_count; i++) {
        octets_put_bytes(bytes, checkpoint->sources[i].source);
        octets_put_time(bytes, checkpoint->sources[i].watermark_ms);
        octets_put_number(bytes, (uint64_t)checkpoint->sources[i].state);
    }
}

static void pack_streams(const struct checkpoint *checkpoint, struct text *bytes)
{
    octets_put_number(bytes, checkpoint->stream_count);
    for (size_t i = 0; i < checkpoint->stream_count; i++) {
        octets_put_bytes(bytes, checkpoint->streams[i].name);
        octets_put_number(bytes, checkpoint->streams[i].epoch);
        octets_put_number(bytes, checkpoint->streams[i].received);
    }
}

static void pack_rules(const struct checkpoint *checkpoint, struct text *bytes)
{
    octets_put_number(bytes, checkpoint->rule_count);
    for (size_t i = 0; i < checkpoint->rule_count; i++) {
        octets_put_bytes(bytes, checkpoint->rules[i].name);
        octets_put_bytes(bytes, checkpoint->rules[i].hash);
    }
}

static void pack_names(const struct span *names, size_t count, struct text *bytes)
{
    octets_put_number(bytes, count);
    for (size_t i = 0; i < count; i++)
        octets_put_bytes(bytes, names[i]);
}

static void pack_refused(const struct checkpoint *checkpoint, struct text *bytes)
{
    uint64_t before = 0;
    octets_put_number(bytes, checkpoint->refused_count);
    for (size_t i = 0; i < checkpoint->refused_count; i++) {
        octets_put_number(bytes, checkpoint->refused[i] - before);
        before = checkpoint->refused[i];
    }
}

enum status checkpoint_pack(const struct checkpoint *checkpoint, struct text *bytes)
{
    octets_put_number(bytes, checkpoint->journal);
    octets_put_number(bytes, checkpoint->number);
    octets_put_time(bytes, checkpoint->watermark_ms);
    octets_put_number(bytes, checkpoint->rules_number);
    pack_sources(checkpoint, bytes);
    pack_names(checkpoint->retired, checkpoint->retired_count, bytes);
    pack_streams(checkpoint, bytes);
    pack_names(checkpoint->sinks, checkpoint->sink_count, bytes);
    pack_rules(checkpoint, bytes);
    octets_put_bytes(bytes, checkpoint->baseline);
    octets_put_bytes(bytes, checkpoint->same);
    octets_put_bytes(bytes, checkpoint->told);
    octets_put_time(bytes, checkpoint->swept_ms);
    pack_refused(checkpoint, bytes);
    return bytes->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

/* --- reading: a list is taken once, for no more than the bytes can hold --- */

static enum status unpack_sources(struct octets *octets, struct arena *arena, struct checkpoint *checkpoint)
{
    size_t count = octets_count(octets, 3);
    struct source_mark *sources = arena_take(arena, count * sizeof *sources);
    if (sources == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        sources[i].source = octets_bytes(octets, LIMIT_NAME_BYTES);
        sources[i].watermark_ms = octets_time(octets);
        sources[i].state = (enum source_state)octets_number_to(octets, SOURCE_STATE_COUNT - 1);
    }
    checkpoint->sources = sources;
    checkpoint->source_count = count;
    return STATUS_OK;
}

static enum status unpack_streams(struct octets *octets, struct arena *arena, struct checkpoint *checkpoint)
{
    size_t count = octets_count(octets, 3);
    struct checkpoint_stream *streams = arena_take(arena, count * sizeof *streams);
    if (streams == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        streams[i].name = octets_bytes(octets, LIMIT_NAME_BYTES);
        streams[i].epoch = octets_number(octets);
        streams[i].received = octets_number(octets);
    }
    checkpoint->streams = streams;
    checkpoint->stream_count = count;
    return STATUS_OK;
}

static enum status unpack_rules(struct octets *octets, struct arena *arena, struct checkpoint *checkpoint)
{
    size_t count = octets_count(octets, 2);
    struct checkpoint_rule *rules = arena_take(arena, count * sizeof *rules);
    if (rules == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        rules[i].name = octets_bytes(octets, LIMIT_NAME_BYTES);
        rules[i].hash = octets_bytes(octets, LIMIT_NAME_BYTES);
    }
    checkpoint->rules = rules;
    checkpoint->rule_count = count;
    return STATUS_OK;
}

static enum status unpack_names(struct octets *octets, struct arena *arena, const struct span **ret_names,
                                size_t *ret_count)
{
    size_t count = octets_count(octets, 1);
    struct span *names = arena_take(arena, count * sizeof *names);
    if (names == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        names[i] = octets_bytes(octets, LIMIT_NAME_BYTES);
    *ret_names = names;
    *ret_count = count;
    return STATUS_OK;
}

/* Ascending, none greater than the checkpoint's own. */
static enum status unpack_refused(struct octets *octets, struct arena *arena, struct checkpoint *checkpoint)
{
    size_t count = octets_count(octets, 1);
    uint64_t *refused = arena_take(arena, count * sizeof *refused), number = 0;
    if (refused == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        uint64_t more = octets_number_to(octets, checkpoint->number - number);
        if (more == 0)
            return STATUS_INVALID;
        refused[i] = number += more;
    }
    checkpoint->refused = refused;
    checkpoint->refused_count = count;
    return STATUS_OK;
}

enum status checkpoint_unpack(struct span bytes, struct arena *arena, struct checkpoint *ret_checkpoint)
{
    struct checkpoint checkpoint = {0};
    struct octets octets = {.rest = bytes};
    checkpoint.journal = octets_number(&octets);
    checkpoint.number = octets_number(&octets);
    checkpoint.watermark_ms = octets_time(&octets);
    checkpoint.rules_number = octets_number(&octets);
    enum status status = unpack_sources(&octets, arena, &checkpoint);
    if (status == STATUS_OK)
        status = unpack_names(&octets, arena, &checkpoint.retired, &checkpoint.retired_count);
    if (status == STATUS_OK)
        status = unpack_streams(&octets, arena, &checkpoint);
    if (status == STATUS_OK)
        status = unpack_names(&octets, arena, &checkpoint.sinks, &checkpoint.sink_count);
    if (status == STATUS_OK)
        status = unpack_rules(&octets, arena, &checkpoint);
    if (status != STATUS_OK)
        return status;
    checkpoint.baseline = octets_bytes(&octets, LIMIT_NAME_BYTES);
    checkpoint.same = octets_bytes(&octets, LIMIT_RULE_BYTES);
    checkpoint.told = octets_bytes(&octets, TOLD_BYTES_MAX);
    checkpoint.swept_ms = TIME_NONE;
    if (octets.rest.size > 0) { /* the first ones said no more */
        checkpoint.swept_ms = octets_time(&octets);
        status = unpack_refused(&octets, arena, &checkpoint);
    }
    if (status != STATUS_OK)
        return status;
    if (!octets_finish(&octets))
        return STATUS_INVALID;
    *ret_checkpoint = checkpoint;
    return STATUS_OK;
}
