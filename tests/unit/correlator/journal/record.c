/* What a record says is read back, and nothing else is read as one. */
#include "correlator/journal/record.h"

#include "proto/limits.h"
#include "tests/unit/base/unit.h"

#include <stdio.h>

static const struct span items[] = {{"one", 3}, {"", 0}, {"three\0four", 10}};
static const struct source_mark marks[] = {{{"desk", 4}, 1757453400000, SOURCE_LIVE},
                                           {{"list", 4}, TIME_NONE, SOURCE_ENDED}};
static const uint64_t flushes[] = {7, 8, 300, 1ull << 60};
static const uint64_t late[] = {3, 9}, ends[] = {3}, refused[] = {9};
static const struct journal_rule rules[] = {{{"a", 1}, {"0123", 4}, {"{}", 2}}, {{"b", 1}, {"", 0}, {"[1]", 3}}};

static const struct journal_record samples[] = {
    {.kind = JOURNAL_START, .at_ms = 5, .name = {"vedette 1", 9}},
    {.kind = JOURNAL_RULES, .at_ms = -5, .baseline = {"ff", 2}, .same = {"off", 3}, .rules = rules, .rule_count = 2},
    {.kind = JOURNAL_BATCH,
     .at_ms = 6,
     .name = {"north", 5},
     .epoch = UINT64_MAX,
     .first = 9,
     .items = items,
     .item_count = 3},
    {.kind = JOURNAL_MARKS, .at_ms = 7, .name = {"north", 5}, .marks = marks, .mark_count = 2},
    {.kind = JOURNAL_MARKS, .at_ms = 7},
    {.kind = JOURNAL_FLUSHES, .at_ms = 8, .until = 1ull << 60, .flushes = flushes, .flush_count = 4},
    {.kind = JOURNAL_FLUSHES,
     .at_ms = 8,
     .until = 300,
     .flushes = flushes,
     .flush_count = 3,
     .has_verdicts = true,
     .late = late,
     .late_count = 2,
     .ends = ends,
     .end_count = 1,
     .refused = refused,
     .refused_count = 1},
    {.kind = JOURNAL_SOURCE_RETIRED, .at_ms = 9, .name = {"list", 4}},
    {.kind = JOURNAL_SINK_SEEN, .at_ms = 9, .name = {"sink", 4}},
    {.kind = JOURNAL_SINK_RETIRED, .at_ms = 9, .name = {"sink", 4}},
};
#define SAMPLES (sizeof samples / sizeof samples[0])

static uint32_t count_of(const struct journal_record *record)
{
    return record->kind == JOURNAL_BATCH ? (uint32_t)record->item_count : 1;
}

static void assert_same_lists(const struct journal_record *a, const struct journal_record *b)
{
    for (size_t i = 0; i < a->item_count; i++)
        assert_true(span_equal(a->items[i], b->items[i]));
    for (size_t i = 0; i < a->mark_count; i++) {
        assert_true(span_equal(a->marks[i].source, b->marks[i].source));
        assert_true(a->marks[i].watermark_ms == b->marks[i].watermark_ms);
        assert_int_equal(a->marks[i].state, b->marks[i].state);
    }
    for (size_t i = 0; i < a->flush_count; i++)
        assert_true(a->flushes[i] == b->flushes[i]);
    for (size_t i = 0; i < a->late_count; i++)
        assert_true(a->late[i] == b->late[i]);
    for (size_t i = 0; i < a->end_count; i++)
        assert_true(a->ends[i] == b->ends[i]);
    for (size_t i = 0; i < a->refused_count; i++)
        assert_true(a->refused[i] == b->refused[i]);
    for (size_t i = 0; i < a->rule_count; i++) {
        assert_true(span_equal(a->rules[i].name, b->rules[i].name));
        assert_true(span_equal(a->rules[i].hash, b->rules[i].hash));
        assert_true(span_equal(a->rules[i].json, b->rules[i].json));
    }
}

static void assert_same(const struct journal_record *a, const struct journal_record *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_true(a->at_ms == b->at_ms && a->epoch == b->epoch && a->first == b->first && a->until == b->until);
    assert_true(span_equal(a->name, b->name));
    assert_true(span_equal(a->baseline, b->baseline) && span_equal(a->same, b->same));
    assert_int_equal(a->item_count, b->item_count);
    assert_int_equal(a->mark_count, b->mark_count);
    assert_int_equal(a->flush_count, b->flush_count);
    assert_int_equal(a->has_verdicts, b->has_verdicts);
    assert_int_equal(a->late_count, b->late_count);
    assert_int_equal(a->end_count, b->end_count);
    assert_int_equal(a->refused_count, b->refused_count);
    assert_int_equal(a->rule_count, b->rule_count);
    assert_same_lists(a, b);
}

static void what_is_written_is_read_back(void **state)
{
    struct arena arena;
    struct text bytes = {0};
    char reason[REASON_BYTES] = "";
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < SAMPLES; i++) {
        struct journal_record again;
        text_clear(&bytes);
        assert_int_equal(journal_pack(&samples[i], &bytes), STATUS_OK);
        assert_int_equal(journal_unpack(journal_type(samples[i].kind), 77, count_of(&samples[i]),
                                        (struct span){bytes.data, bytes.size}, &arena, &again, reason),
                         STATUS_OK);
        assert_true(again.number == 77);
        assert_same(&samples[i], &again);
    }
    text_fini(&bytes);
    arena_fini(&arena);
}

/* How long it would be had version 1 written it: that much of it is a record, too. */
static size_t size_in_version_1(const struct journal_record *record)
{
    struct text bytes = {0};
    struct journal_record before = *record;
    before.has_verdicts = false;
    assert_int_equal(journal_pack(&before, &bytes), STATUS_OK);
    size_t size = bytes.size;
    text_fini(&bytes);
    return size;
}

static void what_is_cut_short_or_too_long_is_refused(void **state)
{
    struct arena arena;
    struct text bytes = {0};
    struct journal_record record;
    char reason[REASON_BYTES];
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < SAMPLES; i++) {
        text_clear(&bytes);
        assert_int_equal(journal_pack(&samples[i], &bytes), STATUS_OK);
        text_append(&bytes, SPAN("\0"));
        for (size_t size = 0; size <= bytes.size; size++) {
            if (size == bytes.size - 1 || size == size_in_version_1(&samples[i]))
                continue;
            reason[0] = '\0';
            assert_int_equal(journal_unpack(journal_type(samples[i].kind), 1, count_of(&samples[i]),
                                            (struct span){bytes.data, size}, &arena, &record, reason),
                             STATUS_INVALID);
            assert_non_null(strstr(reason, "record 1 ("));
        }
    }
    text_fini(&bytes);
    arena_fini(&arena);
}

static void a_batch_of_another_count_is_refused(void **state)
{
    struct arena arena;
    struct text bytes = {0};
    struct journal_record record;
    char reason[REASON_BYTES] = "";
    arena_init(&arena, 1u << 20);
    assert_int_equal(journal_pack(&samples[2], &bytes), STATUS_OK);
    assert_int_equal(journal_unpack(journal_type(JOURNAL_BATCH), 1, 2, (struct span){bytes.data, bytes.size}, &arena,
                                    &record, reason),
                     STATUS_INVALID);
    text_fini(&bytes);
    arena_fini(&arena);
}

static void a_type_of_a_later_program_is_said_so(void **state)
{
    struct arena arena;
    struct journal_record record;
    char reason[REASON_BYTES] = "";
    arena_init(&arena, 1u << 20);
    assert_int_equal(journal_unpack(200, 12, 1, SPAN("\0\0"), &arena, &record, reason), STATUS_UNSUPPORTED);
    assert_string_equal(reason, "record 12 is of type 200, which this program does not know");
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(what_is_cut_short_or_too_long_is_refused),
        cmocka_unit_test(a_batch_of_another_count_is_refused),
        cmocka_unit_test(a_type_of_a_later_program_is_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
