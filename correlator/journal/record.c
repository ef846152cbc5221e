#include "correlator/journal/record.h"

#include "correlator/journal/lists.h"
#include "proto/limits.h"

#include <stdio.h>

/* On disk, in this order:
 *
 *   every record   at_ms, name
 *   batch          epoch, first, count, items
 *   marks          count, (source, watermark_ms, state)
 *   flushes        until, four lists (flushes, late, ends, refused), each its count and differences; version 1: one
 *   rules          baseline, same, count, (name, hash, json)
 */
#define SAME_BYTES_MAX (1024u * 1024u)

static const struct {
    uint8_t type;
    const char *name;
} kinds[] = {
#define X(name, type, text) [JOURNAL_##name] = {type, text},
    JOURNAL_KIND_LIST(X)
#undef X
};

const char *journal_kind_name(enum journal_kind kind)
{
    return kinds[kind].name;
}

uint8_t journal_type(enum journal_kind kind)
{
    return kinds[kind].type;
}

/* --- writing --- */

static void pack_batch(const struct journal_record *record, struct text *bytes)
{
    octets_put_number(bytes, record->epoch);
    octets_put_number(bytes, record->first);
    lists_put_texts(bytes, record->items, record->item_count);
}

static void pack_flushes(const struct journal_record *record, struct text *bytes)
{
    octets_put_number(bytes, record->until);
    lists_put_numbers(bytes, record->flushes, record->flush_count);
    if (!record->has_verdicts)
        return;
    lists_put_numbers(bytes, record->late, record->late_count);
    lists_put_numbers(bytes, record->ends, record->end_count);
    lists_put_numbers(bytes, record->refused, record->refused_count);
}

static void pack_rules(const struct journal_record *record, struct text *bytes)
{
    octets_put_bytes(bytes, record->baseline);
    octets_put_bytes(bytes, record->same);
    octets_put_number(bytes, record->rule_count);
    for (size_t i = 0; i < record->rule_count; i++) {
        octets_put_bytes(bytes, record->rules[i].name);
        octets_put_bytes(bytes, record->rules[i].hash);
        octets_put_bytes(bytes, record->rules[i].json);
    }
}

enum status journal_pack(const struct journal_record *record, struct text *bytes)
{
    octets_put_time(bytes, record->at_ms);
    octets_put_bytes(bytes, record->name);
    switch (record->kind) {
    case JOURNAL_BATCH:
        pack_batch(record, bytes);
        break;
    case JOURNAL_MARKS:
        lists_put_marks(bytes, record->marks, record->mark_count);
        break;
    case JOURNAL_FLUSHES:
        pack_flushes(record, bytes);
        break;
    case JOURNAL_RULES:
        pack_rules(record, bytes);
        break;
    case JOURNAL_START:
    case JOURNAL_SOURCE_RETIRED:
    case JOURNAL_SINK_SEEN:
    case JOURNAL_SINK_RETIRED:
    case JOURNAL_KIND_COUNT:
        break;
    }
    return bytes->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

/* --- reading --- */

static enum status unpack_batch(struct octets *octets, struct arena *arena, struct journal_record *record)
{
    record->epoch = octets_number(octets);
    record->first = octets_number(octets);
    enum status status = lists_texts(octets, arena, LIMIT_REPORT_BYTES, &record->items, &record->item_count);
    if (status != STATUS_OK)
        return status;
    bool right =
        record->item_count == record->count && record->first > 0 && record->first <= UINT64_MAX - record->item_count;
    return right ? STATUS_OK : STATUS_INVALID;
}

static enum status unpack_flushes(struct octets *octets, struct arena *arena, struct journal_record *record)
{
    uint64_t until = record->until = octets_number(octets);
    enum status status = lists_numbers(octets, arena, until, &record->flushes, &record->flush_count);
    record->has_verdicts = octets->rest.size > 0;
    if (status != STATUS_OK || !record->has_verdicts)
        return status;
    status = lists_numbers(octets, arena, until, &record->late, &record->late_count);
    if (status == STATUS_OK)
        status = lists_numbers(octets, arena, until, &record->ends, &record->end_count);
    if (status == STATUS_OK)
        status = lists_numbers(octets, arena, until, &record->refused, &record->refused_count);
    return status;
}

static enum status unpack_rules(struct octets *octets, struct arena *arena, struct journal_record *record)
{
    record->baseline = octets_bytes(octets, LIMIT_NAME_BYTES);
    record->same = octets_bytes(octets, SAME_BYTES_MAX);
    record->rule_count = octets_count(octets, 3);
    struct journal_rule *rules = arena_take(arena, record->rule_count * sizeof *rules);
    if (rules == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < record->rule_count; i++) {
        rules[i].name = octets_bytes(octets, LIMIT_NAME_BYTES);
        rules[i].hash = octets_bytes(octets, LIMIT_NAME_BYTES);
        rules[i].json = octets_bytes(octets, LIMIT_RULE_BYTES);
    }
    record->rules = rules;
    return STATUS_OK;
}

static enum status unpack_body(struct octets *octets, struct arena *arena, struct journal_record *record)
{
    switch (record->kind) {
    case JOURNAL_BATCH:
        return unpack_batch(octets, arena, record);
    case JOURNAL_MARKS:
        return lists_marks(octets, arena, &record->marks, &record->mark_count);
    case JOURNAL_FLUSHES:
        return unpack_flushes(octets, arena, record);
    case JOURNAL_RULES:
        return unpack_rules(octets, arena, record);
    case JOURNAL_START:
    case JOURNAL_SOURCE_RETIRED:
    case JOURNAL_SINK_SEEN:
    case JOURNAL_SINK_RETIRED:
    case JOURNAL_KIND_COUNT:
        break;
    }
    return STATUS_OK;
}

static bool kind_find(uint8_t type, enum journal_kind *ret_kind)
{
    for (size_t i = 0; i < JOURNAL_KIND_COUNT; i++)
        if (kinds[i].type == type) {
            *ret_kind = (enum journal_kind)i;
            return true;
        }
    return false;
}

enum status journal_unpack(uint8_t type, uint64_t number, uint32_t count, struct span bytes, struct arena *arena,
                           struct journal_record *ret_record, char ret_reason[REASON_BYTES])
{
    struct journal_record record = {.number = number, .count = count};
    struct octets octets = {.rest = bytes};
    if (!kind_find(type, &record.kind)) {
        (void)snprintf(ret_reason, REASON_BYTES, "record %llu is of type %u, which this program does not know",
                       (unsigned long long)number, (unsigned)type);
        return STATUS_UNSUPPORTED;
    }
    record.at_ms = octets_time(&octets);
    record.name = octets_bytes(&octets, LIMIT_NAME_BYTES);
    enum status status = unpack_body(&octets, arena, &record);
    if (status == STATUS_NO_MEMORY) {
        (void)snprintf(ret_reason, REASON_BYTES, "no memory to read record %llu", (unsigned long long)number);
        return status;
    }
    if (status != STATUS_OK || !octets_finish(&octets)) {
        (void)snprintf(ret_reason, REASON_BYTES, "record %llu (%s) does not say what such a record says",
                       (unsigned long long)number, kinds[record.kind].name);
        return STATUS_INVALID;
    }
    *ret_record = record;
    return STATUS_OK;
}
