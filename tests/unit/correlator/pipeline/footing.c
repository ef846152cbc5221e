/* A baseline stands under the rules it was made for, and under no others. */
#include "correlator/footing.h"

#include "base/log.h"
#include "correlator/correlator.h"
#include "correlator/coverage.h"
#include "proto/config_blocks.h"
#include "tests/unit/base/unit.h"
#include "tests/unit/correlator/pipeline/ground.h"
#include "tests/unit/correlator/pipeline/reports.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD  "rules:\n  - {name: airspace, categories: [air.balloon, sea.cable]"
#define USUAL ", reach_km: 900, window: 14d"

/* A configuration beside a baseline in a folder of its own. */
struct bench {
    char folder[32], path[64];
    FILE *stream;
    char *complaints;
    size_t size;
    struct config *config;
    struct correlator_config correlator;
};

static void bench_open(struct bench *bench, const char *yaml)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    bench->stream = open_memstream(&bench->complaints, &bench->size);
    assert_non_null(bench->stream);
    assert_int_equal(config_parse(span_of(yaml), "v.yaml", blocks, bench->stream, &bench->config), STATUS_OK);
    if (!correlator_config_read(bench->config, &bench->correlator)) {
        (void)fflush(bench->stream);
        fail_msg("%s", bench->complaints);
    }
}

static void bench_close(struct bench *bench)
{
    correlator_config_fini(&bench->correlator);
    config_close(bench->config);
    (void)fclose(bench->stream);
    free(bench->complaints);
}

static const struct point places[] = {{1 << 27, 1 << 26, 0}, {1 << 27, 1 << 26, 5}, {-(1 << 27), 0, 9}};

static int setup(void **state)
{
    static struct bench bench;
    bench = (struct bench){.folder = "/tmp/footing-XXXXXX"};
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
    return 0;
}

/* Makes the baseline for these rules. */
static void lay_down(struct bench *bench, const char *yaml)
{
    struct text bytes = {0};
    bench_open(bench, yaml);
    ground_write(bench->correlator.rules, bench->correlator.rule_count, places, 3, &bytes);
    FILE *file = fopen(bench->path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
    text_fini(&bytes);
    bench_close(bench);
}

static enum status load(struct bench *bench, const char *rules)
{
    char yaml[1024];
    (void)snprintf(yaml, sizeof yaml, "%sbaseline: %s\n", rules, bench->path);
    bench_open(bench, yaml);
    enum status status = correlator_config_load(bench->config, &bench->correlator);
    (void)fflush(bench->stream);
    return status;
}

static void rules_stand_on_what_was_made_for_them_and_others_on_nothing(void **state)
{
    struct bench *bench = *state;
    lay_down(bench, HEAD USUAL "}\n  - {name: gone, categories: [em.gnss], reach_km: 5, window: 1d}\n");
    assert_int_equal(load(bench, "rules:\n  - {name: new, categories: [em.gnss], reach_km: 5, window: 1d}\n"
                                 "  - {name: airspace, window: 2w, reach_km: 900.0, categories: [sea.cable, "
                                 "air.balloon], alpha: 0.001}\n"),
                     STATUS_OK);
    assert_string_equal(bench->complaints, "");
    assert_null(bench->correlator.rules[0].baseline);
    assert_non_null(bench->correlator.rules[1].baseline);
    assert_int_equal(history_count(bench->correlator.rules[1].baseline), 3);
    footing_lay(NULL, bench->correlator.rules, 2);
    assert_null(bench->correlator.rules[1].baseline);
    bench_close(bench);
}

static void a_baseline_of_another_rule_is_refused_by_the_name_of_the_option(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *rule, *said;
    } rows[] = {
        {HEAD ", reach_km: 1000, window: 14d}\n", "reach_km is 900 in the baseline, 1000 in the configuration"},
        {HEAD ", reach_km: 900, window: 36h}\n", "window is 14d in the baseline, 36h in the configuration"},
        {HEAD USUAL ", min_neighbours: 3}\n", "min_neighbours is 1 in the baseline, 3 in the configuration"},
        {HEAD USUAL ", min_incidents: 5}\n", "min_incidents is 2 in the baseline, 5 in the configuration"},
        {HEAD USUAL ", min_countries: 0}\n", "min_countries is 2 in the baseline, 0 in the configuration"},
        {HEAD USUAL ", alpha: 1e-4}\n", "alpha is 0.001 in the baseline, 0.0001 in the configuration"},
        {HEAD USUAL ", max_radius_km: 50}\n", "max_radius_km is 200 in the baseline, 50 in the configuration"},
        {HEAD USUAL ", only_countries: [PL, EE]}\n",
         "only_countries is [] in the baseline, [EE, PL] in the configuration"},
        {HEAD USUAL ", except_countries: [UA]}\n", "except_countries is [] in the baseline, [UA] in the configuration"},
        {HEAD USUAL ", caps: {duration: 60d}}\n", "duration is 90d in the baseline, 60d in the configuration"},
        {HEAD USUAL ", caps: {extent_km: 3000}}\n", "extent_km is none in the baseline, 3000 in the configuration"},
        {"rules:\n  - {name: airspace, categories: [sea.cable]" USUAL "}\n",
         "categories is [air.balloon, sea.cable] in the baseline, [sea.cable] in the configuration"},
    };
    lay_down(bench, HEAD USUAL "}\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char expected[512];
        assert_int_equal(load(bench, rows[i].rule), STATUS_INVALID);
        (void)snprintf(expected, sizeof expected, "v.yaml:3:11: %s: rule airspace: %s: run vedette calibrate anew\n",
                       bench->path, rows[i].said);
        assert_string_equal(bench->complaints, expected);
        assert_null(bench->correlator.baseline);
        assert_null(bench->correlator.rules[0].baseline);
        bench_close(bench);
    }
}

static void a_baseline_that_is_not_there_is_named(void **state)
{
    struct bench *bench = *state;
    char expected[256];
    assert_int_equal(load(bench, HEAD USUAL "}\n"), STATUS_NOT_FOUND);
    (void)snprintf(expected, sizeof expected,
                   "v.yaml:3:11: %s: the baseline cannot be read: No such file or directory\n", bench->path);
    assert_string_equal(bench->complaints, expected);
    bench_close(bench);
}

/* ---- what it does not cover ---- */

/* What is logged meanwhile. */
static char *logged(void (*act)(struct coverage *coverage, const struct rule *rules), struct coverage *coverage,
                    const struct rule *rules)
{
    FILE *file = tmpfile();
    assert_non_null(file);
    (void)fflush(stderr);
    int before = dup(STDERR_FILENO);
    (void)dup2(fileno(file), STDERR_FILENO);
    act(coverage, rules);
    (void)fflush(stderr);
    (void)dup2(before, STDERR_FILENO);
    (void)close(before);
    static char text[8192];
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

static size_t times(const char *text, const char *word)
{
    size_t count = 0;
    while ((text = strstr(text, word)) != NULL) {
        count++;
        text += strlen(word);
    }
    return count;
}

static struct report report_of(struct span source, int64_t start_ms)
{
    struct report report = report_make("a", 1);
    report.source = source;
    report.occurred.start_ms = report.occurred.end_ms = start_ms;
    return report;
}

#define GUARDED_MS (GROUND_UNTIL_MS + GROUND_GUARD_MS)

static void tell_reports(struct coverage *coverage, const struct rule *rules)
{
    (void)rules;
    for (int i = 0; i < 3; i++) {
        struct report known = report_of(SPAN("desk"), GUARDED_MS), early = report_of(SPAN("list"), GUARDED_MS - 1),
                      strange = report_of(SPAN("wire"), GUARDED_MS + 5), bare = report_of(SPAN("des"), TIME_NONE);
        assert_false(coverage_report(coverage, &known));
        assert_true(coverage_report(coverage, &early));
        assert_false(coverage_report(coverage, &strange));
        assert_false(coverage_report(coverage, &bare));
    }
}

static void what_the_baseline_does_not_cover_is_said_once(void **state)
{
    struct bench *bench = *state;
    lay_down(bench, HEAD USUAL "}\n");
    assert_int_equal(load(bench, HEAD USUAL "}\n  - {name: new, categories: [em.gnss], reach_km: 5, window: 1d}\n"),
                     STATUS_OK);
    struct coverage *coverage;
    assert_int_equal(coverage_new(bench->correlator.baseline, &coverage), STATUS_OK);
    const char *text = logged(tell_reports, coverage, NULL);
    assert_int_equal(times(text, "source wire is not in the baseline's history"), 1);
    assert_int_equal(times(text, "source des is not in the baseline's history"), 1);
    assert_int_equal(times(text, "list:a begins before 2025-01-31T00:00:00Z"), 1);
    assert_int_equal(times(text, "\n"), 3);
    coverage_rebase(coverage, bench->correlator.baseline); /* another: said anew */
    assert_int_equal(times(logged(tell_reports, coverage, NULL), "\n"), 3);
    coverage_rebase(coverage, NULL);
    struct report report = report_of(SPAN("wire"), 0);
    assert_false(coverage_report(coverage, &report));
    coverage_free(coverage);
    bench_close(bench);
}

static void tell_rules(struct coverage *coverage, const struct rule *rules)
{
    coverage_rules(coverage, rules, 2);
}

static void a_rule_without_history_is_said(void **state)
{
    struct bench *bench = *state;
    lay_down(bench, HEAD USUAL "}\n");
    assert_int_equal(load(bench, HEAD USUAL "}\n  - {name: new, categories: [em.gnss], reach_km: 5, window: 1d}\n"),
                     STATUS_OK);
    struct coverage *coverage;
    assert_int_equal(coverage_new(bench->correlator.baseline, &coverage), STATUS_OK);
    const char *text = logged(tell_rules, coverage, bench->correlator.rules);
    assert_int_equal(times(text, "has no rule new"), 1);
    assert_int_equal(times(text, "\n"), 1);
    coverage_free(coverage);
    bench_close(bench);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    log_setup("test", LOG_PLAIN, LOG_INFO);
    const struct CMUnitTest tests[] = {
        T(rules_stand_on_what_was_made_for_them_and_others_on_nothing),
        T(a_baseline_of_another_rule_is_refused_by_the_name_of_the_option),
        T(a_baseline_that_is_not_there_is_named),
        T(what_the_baseline_does_not_cover_is_said_once),
        T(a_rule_without_history_is_said),
    };
#undef T
    return cmocka_run_group_tests(tests, NULL, NULL);
}
