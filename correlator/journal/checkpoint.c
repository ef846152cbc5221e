#include "correlator/journal/checkpoint.h"

#include "correlator/journal/lists.h"
#include "proto/limits.h"

/* The body, in this order: journal, number, watermark, rules_number, then each list with its count before it; swept_ms
 * and those refused last, as differences. */
#define TOLD_BYTES_MAX ((size_t)1 << 31)

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

enum status checkpoint_pack(const struct checkpoint *checkpoint, struct text *bytes)
{
    octets_put_number(bytes, checkpoint->journal);
    octets_put_number(bytes, checkpoint->number);
    octets_put_time(bytes, checkpoint->watermark_ms);
    octets_put_number(bytes, checkpoint->rules_number);
    lists_put_marks(bytes, checkpoint->sources, checkpoint->source_count);
    lists_put_texts(bytes, checkpoint->retired, checkpoint->retired_count);
    pack_streams(checkpoint, bytes);
    lists_put_texts(bytes, checkpoint->sinks, checkpoint->sink_count);
    pack_rules(checkpoint, bytes);
    octets_put_bytes(bytes, checkpoint->baseline);
    octets_put_bytes(bytes, checkpoint->same);
    octets_put_bytes(bytes, checkpoint->told);
    octets_put_time(bytes, checkpoint->swept_ms);
    lists_put_numbers(bytes, checkpoint->refused, checkpoint->refused_count);
    return bytes->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

/* --- reading --- */

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

enum status checkpoint_unpack(struct span bytes, struct arena *arena, struct checkpoint *ret_checkpoint)
{
    struct checkpoint checkpoint = {0};
    struct octets octets = {.rest = bytes};
    checkpoint.journal = octets_number(&octets);
    checkpoint.number = octets_number(&octets);
    checkpoint.watermark_ms = octets_time(&octets);
    checkpoint.rules_number = octets_number(&octets);
    enum status status = lists_marks(&octets, arena, &checkpoint.sources, &checkpoint.source_count);
    if (status == STATUS_OK)
        status = lists_texts(&octets, arena, LIMIT_NAME_BYTES, &checkpoint.retired, &checkpoint.retired_count);
    if (status == STATUS_OK)
        status = unpack_streams(&octets, arena, &checkpoint);
    if (status == STATUS_OK)
        status = lists_texts(&octets, arena, LIMIT_NAME_BYTES, &checkpoint.sinks, &checkpoint.sink_count);
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
        status = lists_numbers(&octets, arena, checkpoint.number, &checkpoint.refused, &checkpoint.refused_count);
    }
    if (status != STATUS_OK)
        return status;
    if (!octets_finish(&octets))
        return STATUS_INVALID;
    *ret_checkpoint = checkpoint;
    return STATUS_OK;
}
