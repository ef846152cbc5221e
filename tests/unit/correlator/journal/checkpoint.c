/* A checkpoint is read back; of a damaged one the older counts, and where both are damaged none. */
#include "correlator/journal/checkpoint.h"

#include "proto/json.h"
#include "proto/limits.h"
#include "tests/unit/base/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct source_mark sources[] = {{{"desk", 4}, 1757453400000, SOURCE_LIVE}};
static const struct span retired[] = {{"old", 3}, {"older", 5}};
static const struct checkpoint_stream streams[] = {{{"north", 5}, 1757453400001, 44}};
static const struct span sinks[] = {{"sink", 4}};
static const struct checkpoint_rule rules[] = {{{"airspace", 8}, {"0123456789abcdef", 16}}};

static const uint64_t refused[] = {17, 4711};

static const struct checkpoint sample = {.journal = 1757453400000,
                                         .number = 4711,
                                         .watermark_ms = TIME_NONE,
                                         .sources = sources,
                                         .source_count = 1,
                                         .retired = retired,
                                         .retired_count = 2,
                                         .streams = streams,
                                         .stream_count = 1,
                                         .sinks = sinks,
                                         .sink_count = 1,
                                         .rules = rules,
                                         .rule_count = 1,
                                         .baseline = {"ff", 2},
                                         .same = {"off", 3},
                                         .told = {"t\0ld", 4},
                                         .swept_ms = 1757453400002,
                                         .refused = refused,
                                         .refused_count = 2};

static void pack(struct text *bytes)
{
    *bytes = (struct text){0};
    assert_int_equal(checkpoint_pack(&sample, bytes), STATUS_OK);
}

static void what_is_written_is_read_back(void **state)
{
    struct arena arena;
    struct text bytes;
    struct checkpoint again;
    arena_init(&arena, 1u << 20);
    pack(&bytes);
    assert_int_equal(checkpoint_unpack((struct span){bytes.data, bytes.size}, &arena, &again), STATUS_OK);
    assert_true(again.journal == sample.journal && again.number == 4711 && again.watermark_ms == TIME_NONE);
    assert_int_equal(again.source_count, 1);
    assert_true(span_equal(again.sources[0].source, SPAN("desk")) && again.sources[0].watermark_ms == 1757453400000);
    assert_int_equal(again.retired_count, 2);
    assert_true(span_equal(again.retired[1], SPAN("older")));
    assert_true(again.streams[0].received == 44 && again.streams[0].epoch == 1757453400001);
    assert_true(span_equal(again.sinks[0], SPAN("sink")));
    assert_true(span_equal(again.rules[0].hash, rules[0].hash));
    assert_true(span_equal(again.told, sample.told));
    assert_true(again.swept_ms == sample.swept_ms);
    assert_int_equal(again.refused_count, 2);
    assert_true(again.refused[0] == 17 && again.refused[1] == 4711);
    text_fini(&bytes);
    arena_fini(&arena);
}

/* swept_ms, a count, two numbers: later than the first ones. */
#define ADDED_BYTES (6u + 1u + 1u + 2u)

static void what_an_older_program_wrote_is_read(void **state)
{
    struct arena arena;
    struct text bytes;
    struct checkpoint again;
    arena_init(&arena, 1u << 20);
    pack(&bytes);
    assert_int_equal(checkpoint_unpack((struct span){bytes.data, bytes.size - ADDED_BYTES}, &arena, &again), STATUS_OK);
    assert_true(span_equal(again.told, sample.told));
    assert_true(again.swept_ms == TIME_NONE && again.refused_count == 0);
    text_fini(&bytes);
    arena_fini(&arena);
}

static void what_is_cut_short_or_too_long_is_refused(void **state)
{
    struct arena arena;
    struct text bytes;
    struct checkpoint again;
    arena_init(&arena, 1u << 20);
    pack(&bytes);
    size_t whole = bytes.size;
    text_append(&bytes, SPAN("\0"));
    for (size_t size = 0; size <= whole + 1; size++)
        if (size != whole && size != whole - ADDED_BYTES)
            assert_int_equal(checkpoint_unpack((struct span){bytes.data, size}, &arena, &again), STATUS_INVALID);
    text_fini(&bytes);
    arena_fini(&arena);
}

/* --- files --- */

static char folder[64];

static void write_one(uint64_t generation, const char *body)
{
    char reason[CHECKPOINT_REASON_BYTES] = "";
    if (checkpoint_write(folder, generation, span_of(body), reason) != STATUS_OK)
        fail_msg("%s", reason);
}

static void assert_read(uint64_t generation, const char *body)
{
    struct text found = {0};
    uint64_t which;
    assert_int_equal(checkpoint_read(folder, &found, &which), STATUS_OK);
    assert_true(which == generation);
    assert_true(span_equal((struct span){found.data, found.size}, span_of(body)));
    text_fini(&found);
}

static void damage(const char *name, long at)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    int byte = getc(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    (void)putc(byte ^ 4, file);
    (void)fclose(file);
}

static void the_newest_whole_one_counts(void **state)
{
    struct text found = {0};
    uint64_t generation;
    (void)snprintf(folder, sizeof folder, "/tmp/vedette-checkpoint-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(checkpoint_read(folder, &found, &generation), STATUS_NOT_FOUND);
    write_one(1, "first");
    assert_read(1, "first");
    write_one(2, "second");
    assert_read(2, "second");
    write_one(3, "third");
    assert_read(3, "third");
    damage("checkpoint.1", 34);
    assert_read(2, "second");
    damage("checkpoint.0", 3);
    assert_int_equal(checkpoint_read(folder, &found, &generation), STATUS_NOT_FOUND);
    write_one(4, "fourth");
    assert_read(4, "fourth");
    for (unsigned i = 0; i < 2; i++) {
        char path[96];
        (void)snprintf(path, sizeof path, "%s/checkpoint.%u", folder, i);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(folder), 0);
}

static void every_flipped_bit_is_seen(void **state)
{
    struct text bytes = {0};
    char reason[CHECKPOINT_REASON_BYTES] = "", path[96];
    struct span body;
    uint64_t generation;
    (void)snprintf(folder, sizeof folder, "/tmp/vedette-checkpoint-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(checkpoint_write(folder, 6, SPAN("told and done"), reason), STATUS_OK);
    (void)snprintf(path, sizeof path, "%s/checkpoint.0", folder);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *at = text_extend(&bytes, 45);
    assert_int_equal(fread(at, 1, 46, file), 45);
    (void)fclose(file);
    assert_true(checkpoint_frame_read((struct span){bytes.data, bytes.size}, &generation, &body));
    assert_true(generation == 6 && span_equal(body, SPAN("told and done")));
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
        assert_false(checkpoint_frame_read((struct span){bytes.data, bytes.size}, &generation, &body));
        bytes.data[bit / 8] = (char)(bytes.data[bit / 8] ^ 1 << bit % 8);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    text_fini(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(what_an_older_program_wrote_is_read),
        cmocka_unit_test(what_is_cut_short_or_too_long_is_refused),
        cmocka_unit_test(the_newest_whole_one_counts),
        cmocka_unit_test(every_flipped_bit_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
