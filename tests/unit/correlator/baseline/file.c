#include "correlator/baseline/file.h"

#include "correlator/baseline/format.h"
#include "dice.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define DAY     86400000LL
#define POINTS  300
#define SOURCES 2

/* Two rules, one with curves, over the same history of 300 incidents. */
struct bench {
    struct thresholds *thresholds;
    struct baseline_rule *rules[2];
    struct baseline_rule_facts rule_facts[2];
    struct span sources[SOURCES];
    struct point points[POINTS];
    struct baseline_draft draft;
    struct text bytes;
    char folder[32], path[64];
    char reason[BASELINE_REASON_BYTES];
};

static const struct curve_step steps[] = {{0.0, 40}, {2.5, 7}, {9.75, 1}};

static int setup(void **state)
{
    static struct bench bench;
    bench = (struct bench){.sources = {SPAN("desk"), SPAN("list")}, .folder = "/tmp/baseline-XXXXXX"};
    uint64_t dice = 1;
    for (size_t i = 0; i < POINTS; i++)
        bench.points[i] = point_from_degrees(45.0 + 10.0 * dice_real(&dice), 10.0 + 20.0 * dice_real(&dice));
    assert_int_equal(thresholds_new(&(struct thresholds_options){.window_ms = 2 * DAY,
                                                                 .history_ms = 365 * DAY,
                                                                 .mean_length_ms = DAY / 3,
                                                                 .min_neighbours = 3,
                                                                 .alpha = 1e-3,
                                                                 .history_max = POINTS},
                                    &bench.thresholds),
                     STATUS_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(history_new(i == 0 ? 150.0 : 1000.0, bench.thresholds, &bench.rules[i]), STATUS_OK);
        assert_int_equal(history_fill(bench.rules[i], bench.points, POINTS - i * 100), STATUS_OK);
    }
    history_set_curves(bench.rules[0],
                       (struct curve[BASELINE_CURVE_COUNT]){
                           [BASELINE_CURVE_ANY] = {steps, 3, 1000}, [BASELINE_CURVE_FLAGGED] = {steps, 0, 1000}});
    bench.rule_facts[0] = (struct baseline_rule_facts){SPAN("near"), SPAN("00ff"), SPAN("{\"name\":\"near\"}")};
    bench.rule_facts[1] = (struct baseline_rule_facts){SPAN("far"), SPAN("ff00"), SPAN("{\"name\":\"far\"}")};
    bench.draft = (struct baseline_draft){
        .facts = {.from_ms = 0,
                  .until_ms = 365 * DAY,
                  .guard_ms = 7 * DAY,
                  .seed = 42,
                  .sources = bench.sources,
                  .source_count = SOURCES},
        .rule_count = 2,
        .rule_facts = bench.rule_facts,
        .rules = (const struct baseline_rule *const *)bench.rules,
    };
    assert_int_equal(baseline_pack(&bench.draft, &bench.bytes), STATUS_OK);
    assert_non_null(mkdtemp(bench.folder));
    (void)snprintf(bench.path, sizeof bench.path, "%s/b.vdb", bench.folder);
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    (void)unlink(bench->path);
    (void)rmdir(bench->folder);
    for (size_t i = 0; i < 2; i++)
        history_free(bench->rules[i]);
    thresholds_free(bench->thresholds);
    text_fini(&bench->bytes);
    return 0;
}

static enum status parse(struct bench *bench, size_t size, struct baseline **ret_baseline)
{
    /* In a block of its own, so that reading beyond it is seen. */
    char *copy = malloc(size + (size == 0));
    assert_non_null(copy);
    memcpy(copy, bench->bytes.data, size);
    enum status status = baseline_parse((struct span){copy, size}, "b.vdb", ret_baseline, bench->reason);
    free(copy);
    return status;
}

/* As it is now, with a checksum that is right. */
static enum status parse_sealed(struct bench *bench, struct baseline **ret_baseline)
{
    size_t size = bench->bytes.size - FORMAT_SUM_BYTES;
    crypto_hash_sha256((unsigned char *)bench->bytes.data + size, (const unsigned char *)bench->bytes.data, size);
    return parse(bench, bench->bytes.size, ret_baseline);
}

static void assert_same_rule(const struct baseline_rule *a, const struct baseline_rule *b)
{
    uint64_t dice = 3;
    assert_int_equal(history_count(a), history_count(b));
    assert_memory_equal(history_points(a), history_points(b), history_count(a) * sizeof(struct point));
    assert_true(baseline_reach_km(a) == baseline_reach_km(b));
    assert_true(baseline_window_ms(a) == baseline_window_ms(b));
    assert_true(baseline_history_ms(a) == baseline_history_ms(b));
    assert_true(baseline_mean_length_ms(a) == baseline_mean_length_ms(b));
    for (int i = 0; i < 200; i++) {
        struct point at = point_from_degrees(40.0 + 20.0 * dice_real(&dice), 5.0 + 30.0 * dice_real(&dice));
        uint32_t history = baseline_history(a, baseline_cell_of(a, at));
        assert_int_equal(history, baseline_history(b, baseline_cell_of(b, at)));
        int64_t length = (int64_t)(dice_roll(&dice) % (uint64_t)(2 * DAY));
        assert_int_equal(baseline_threshold(a, history, length), baseline_threshold(b, history, length));
    }
    for (enum baseline_curve_kind kind = 0; kind < BASELINE_CURVE_COUNT; kind++) {
        const struct curve *one = baseline_curve(a, kind), *other = baseline_curve(b, kind);
        assert_true(one->years == other->years && one->count == other->count);
        for (size_t i = 0; i < one->count; i++)
            assert_true(one->steps[i].score == other->steps[i].score &&
                        one->steps[i].exceedances == other->steps[i].exceedances);
    }
}

static void what_is_written_is_read(void **state)
{
    struct bench *bench = *state;
    struct baseline *baseline;
    assert_int_equal(baseline_write(bench->path, &bench->draft, bench->reason), STATUS_OK);
    assert_int_equal(baseline_open(bench->path, &baseline, bench->reason), STATUS_OK);
    const struct baseline_facts *facts = baseline_facts(baseline);
    assert_true(facts->from_ms == 0 && facts->until_ms == 365 * DAY && facts->guard_ms == 7 * DAY && facts->seed == 42);
    assert_int_equal(facts->source_count, SOURCES);
    assert_true(baseline_has_source(baseline, SPAN("desk")) && baseline_has_source(baseline, SPAN("list")));
    assert_false(baseline_has_source(baseline, SPAN("desks")) || baseline_has_source(baseline, SPAN("a")));
    assert_int_equal(baseline_rule_count(baseline), 2);
    for (size_t i = 0; i < 2; i++) {
        const struct baseline_rule_facts *rule = baseline_rule_facts_at(baseline, i);
        assert_true(span_equal(rule->name, bench->rule_facts[i].name));
        assert_true(span_equal(rule->hash, bench->rule_facts[i].hash));
        assert_true(span_equal(rule->json, bench->rule_facts[i].json));
        assert_same_rule(baseline_rule_at(baseline, i), bench->rules[i]);
        assert_ptr_equal(baseline_rule_find(baseline, rule->name), baseline_rule_at(baseline, i));
    }
    assert_null(baseline_rule_find(baseline, SPAN("nea")));
    assert_int_equal(strlen(baseline_hash(baseline)), BASELINE_HASH_BYTES - 1);
    baseline_close(baseline);
}

static void a_file_is_there_whole_readable_by_all_and_alone(void **state)
{
    struct bench *bench = *state;
    struct stat about;
    char command[128];
    mode_t mask = umask(0077);
    assert_int_equal(baseline_write(bench->path, &bench->draft, bench->reason), STATUS_OK);
    assert_int_equal(baseline_write(bench->path, &bench->draft, bench->reason), STATUS_OK); /* over the first */
    (void)umask(mask);
    assert_int_equal(stat(bench->path, &about), 0);
    assert_int_equal(about.st_mode & 07777, 0644);
    assert_int_equal(about.st_size, bench->bytes.size);
    (void)snprintf(command, sizeof command, "test $(ls -A %s | wc -l) = 1", bench->folder);
    assert_int_equal(system(command), 0);
    assert_int_not_equal(baseline_write("/nowhere/at/all/b.vdb", &bench->draft, bench->reason), STATUS_OK);
    assert_string_equal(bench->reason, "/nowhere/at/all/b.vdb: cannot be written: No such file or directory");
}

static void the_same_history_makes_the_same_bytes_in_whatever_order_it_comes(void **state)
{
    struct bench *bench = *state;
    struct text again = {0};
    struct point turned[POINTS];
    for (size_t i = 0; i < POINTS; i++)
        turned[i] = bench->points[POINTS - 1 - i];
    assert_int_equal(history_fill(bench->rules[0], turned, POINTS), STATUS_OK);
    assert_int_equal(baseline_pack(&bench->draft, &again), STATUS_OK);
    assert_int_equal(again.size, bench->bytes.size);
    assert_memory_equal(again.data, bench->bytes.data, again.size);
    text_fini(&again);
}

static void a_file_cut_at_any_byte_is_refused_in_a_sentence_that_names_it(void **state)
{
    struct bench *bench = *state;
    struct baseline *baseline = NULL;
    for (size_t size = 0; size < bench->bytes.size; size++) {
        assert_int_equal(parse(bench, size, &baseline), STATUS_CORRUPT);
        assert_null(baseline);
        if (strncmp(bench->reason, "b.vdb: the baseline is cut off", 30) != 0)
            fail_msg("at %zu: %s", size, bench->reason);
    }
}

static void a_file_with_any_byte_changed_is_refused(void **state)
{
    struct bench *bench = *state;
    struct baseline *baseline;
    for (size_t at = 0; at < bench->bytes.size; at++) {
        bench->bytes.data[at] ^= (char)(1 << at % 8);
        if (parse(bench, bench->bytes.size, &baseline) == STATUS_OK)
            fail_msg("byte %zu", at);
        assert_int_equal(strncmp(bench->reason, "b.vdb: ", 7), 0);
        bench->bytes.data[at] ^= (char)(1 << at % 8);
    }
    bench->bytes.data[40] ^= 1;
    assert_int_equal(parse(bench, bench->bytes.size, &baseline), STATUS_CORRUPT);
    assert_string_equal(
        bench->reason,
        "b.vdb: the baseline was changed since it was written: its checksum is not that of what it holds");
}

/* Whoever changes it and knows how to make a checksum: nothing is read that is not there, what opens can be asked. */
static void a_sealed_file_with_any_byte_changed_is_refused_or_answers(void **state)
{
    struct bench *bench = *state;
    char *kept = malloc(bench->bytes.size);
    size_t refused = 0;
    assert_non_null(kept);
    memcpy(kept, bench->bytes.data, bench->bytes.size);
    static const unsigned char masks[] = {0x01, 0x80, 0xff};
    for (size_t at = FORMAT_HEAD_BYTES; at < bench->bytes.size - FORMAT_SUM_BYTES; at++)
        for (size_t i = 0; i < sizeof masks; i++) {
            struct baseline *baseline;
            bench->bytes.data[at] = (char)((unsigned char)kept[at] ^ masks[i]);
            enum status status = parse_sealed(bench, &baseline);
            bench->bytes.data[at] = kept[at];
            if (status != STATUS_OK) {
                refused++;
                if (strncmp(bench->reason, "b.vdb: ", 7) != 0)
                    fail_msg("at %zu: %s", at, bench->reason);
                continue;
            }
            for (size_t k = 0; k < baseline_rule_count(baseline); k++) {
                const struct baseline_rule *rule = baseline_rule_at(baseline, k);
                struct baseline_cell cell = baseline_cell_of(rule, bench->points[k]);
                assert_true(baseline_threshold(rule, baseline_history(rule, cell), DAY) >= 1);
            }
            baseline_close(baseline);
        }
    assert_true(refused > bench->bytes.size);
    free(kept);
}

static void what_is_no_baseline_is_refused_in_a_sentence(void **state)
{
    struct bench *bench = *state;
    struct baseline *baseline;
    char expected[256];
    assert_int_equal(baseline_open("/nowhere", &baseline, bench->reason), STATUS_NOT_FOUND);
    assert_string_equal(bench->reason, "/nowhere: the baseline cannot be read: No such file or directory");
    assert_int_equal(baseline_open(bench->folder, &baseline, bench->reason), status_from_errno(EISDIR));
    (void)snprintf(expected, sizeof expected, "%s: the baseline cannot be read: Is a directory", bench->folder);
    assert_string_equal(bench->reason, expected);
    assert_int_equal(baseline_parse(SPAN("{\"source\":\"desk\"}"), "in.jsonl", &baseline, bench->reason),
                     STATUS_UNSUPPORTED);
    assert_string_equal(bench->reason, "in.jsonl: found something else, expected a baseline of vedette");
    bench->bytes.data[FORMAT_MAGIC_BYTES] = 7;
    assert_int_equal(parse(bench, bench->bytes.size, &baseline), STATUS_UNSUPPORTED);
    assert_string_equal(bench->reason,
                        "b.vdb: the baseline is of format 7, this program reads format 1: run vedette calibrate anew");
}

static void a_draft_that_could_not_be_read_is_not_written(void **state)
{
    struct bench *bench = *state;
    struct text bytes = {0};
    bench->rule_facts[1].name = SPAN("near");
    assert_int_equal(baseline_pack(&bench->draft, &bytes), STATUS_INVALID);
    bench->rule_facts[1].name = SPAN("");
    assert_int_equal(baseline_pack(&bench->draft, &bytes), STATUS_INVALID);
    bench->rule_facts[1].name = SPAN("far");
    bench->sources[0] = SPAN("zebra");
    assert_int_equal(baseline_pack(&bench->draft, &bytes), STATUS_INVALID);
    assert_int_equal(baseline_write(bench->path, &bench->draft, bench->reason), STATUS_INVALID);
    assert_int_equal(access(bench->path, F_OK), -1);
    assert_int_equal(bytes.size, 0);
    text_fini(&bytes);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_is_written_is_read),
        T(a_file_is_there_whole_readable_by_all_and_alone),
        T(the_same_history_makes_the_same_bytes_in_whatever_order_it_comes),
        T(a_file_cut_at_any_byte_is_refused_in_a_sentence_that_names_it),
        T(a_file_with_any_byte_changed_is_refused),
        T(a_sealed_file_with_any_byte_changed_is_refused_or_answers),
        T(what_is_no_baseline_is_refused_in_a_sentence),
        T(a_draft_that_could_not_be_read_is_not_written),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
