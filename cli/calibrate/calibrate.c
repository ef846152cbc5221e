#include "cli/calibrate/calibrate.h"

#include "base/progress.h"
#include "base/time_text.h"
#include "base/zone.h"
#include "cli/calibrate/archive.h"
#include "cli/calibrate/summary.h"
#include "cli/command.h"
#include "cli/query.h"
#include "correlator/baseline/file.h"
#include "correlator/rule_config.h"

#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define SILENCE_PART        10 /* of the history, at its end, is remarked on */
#define HISTORY_WINDOWS_MIN 4  /* a history of fewer says nothing of what is normal */

/* What is made of one rule. */
struct part {
    struct pool pool;
    struct thresholds *thresholds;
    struct baseline_rule *history;
    struct calibration calibration;
    struct text json;
    char hash[RULE_HASH_BYTES];
};

struct calibrate {
    const struct calibrate_options *options;
    const char *program;
    struct settings settings;
    struct archive archive;
    int64_t from_ms, until_ms; /* of the history: T less the guard gap */
    uint64_t seed;
    struct part *parts; /* one a rule */
    struct progress progress;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
    (void)signal;
    interrupted = 1;
}

static int complain(const struct calibrate *calibrate, enum status status, const char *reason)
{
    fprintf(stderr, "%s: %s\n", calibrate->program, reason[0] != '\0' ? reason : status_text(status));
    return status == STATUS_INVALID ? EXIT_MISUSED : EXIT_FAILED;
}

/* --- one rule --- */

static enum status part_history(const struct calibrate *calibrate, const struct rule *rule, struct part *part)
{
    const struct archive *archive = &calibrate->archive;
    if (calibrate->until_ms - calibrate->from_ms < HISTORY_WINDOWS_MIN * rule->window_ms)
        return STATUS_TOO_LARGE;
    enum status status =
        pool_init(&part->pool, rule, archive->incidents, archive->count, calibrate->from_ms, calibrate->until_ms);
    if (status != STATUS_OK)
        return status;
    const struct thresholds_options options = {.window_ms = rule->window_ms,
                                               .history_ms = part->pool.length_ms,
                                               .mean_length_ms = part->pool.mean_length_ms,
                                               .min_neighbours = rule->min_neighbours,
                                               .alpha = rule->alpha,
                                               .history_max = (uint32_t)part->pool.counting};
    struct point *points = malloc((part->pool.count + 1) * sizeof *points);
    if (points == NULL)
        return STATUS_NO_MEMORY;
    size_t count = 0;
    for (size_t i = 0; i < part->pool.count; i++) {
        if (!part->pool.items[i].coarse)
            points[count++] = part->pool.items[i].incident->point;
    }
    status = thresholds_new(&options, &part->thresholds);
    if (status == STATUS_OK)
        status = history_new(rule->reach_km, part->thresholds, &part->history);
    if (status == STATUS_OK)
        status = history_fill(part->history, points, count);
    free(points);
    return status;
}

static bool on_progress(void *self, uint32_t done)
{
    struct calibrate *calibrate = self;
    progress_update(&calibrate->progress, done);
    return interrupted == 0;
}

static unsigned thread_count(const struct calibrate_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    if (options->threads > 0)
        return options->threads;
    return processors > 0 ? (unsigned)processors : 1;
}

static enum status part_null_years(struct calibrate *calibrate, const struct rule *rule, struct part *part)
{
    rule_hash(rule, part->hash);
    char label[80];
    const struct calibration_options options = {.rule = rule,
                                                .pool = &part->pool,
                                                .thresholds = part->thresholds,
                                                .key = calibrate->seed ^ strtoull(part->hash, NULL, 16),
                                                .years = calibrate->options->years > 0 ? calibrate->options->years
                                                                                       : calibration_years(&part->pool),
                                                .threads = thread_count(calibrate->options),
                                                .progress = on_progress,
                                                .self = calibrate};
    (void)snprintf(label, sizeof label, "%.*s: %" PRIu32 " null years",
                   (int)(rule->name.size < 40 ? rule->name.size : 40), rule->name.data, options.years);
    progress_start(&calibrate->progress, label, options.years);
    enum status status = calibration_run(&options, &part->calibration);
    progress_stop(&calibrate->progress);
    if (status == STATUS_OK)
        history_set_curves(part->history, part->calibration.curves);
    return status;
}

static int part_make(struct calibrate *calibrate, const struct rule *rule, struct part *part)
{
    char reason[256] = "", window[DURATION_TEXT_BYTES], length[DURATION_TEXT_BYTES];
    enum status status = part_history(calibrate, rule, part);
    if (status == STATUS_TOO_LARGE) {
        duration_format(rule->window_ms, window);
        duration_words(calibrate->until_ms - calibrate->from_ms, length);
        (void)snprintf(reason, sizeof reason,
                       "rule %.*s: a history of %s is too short for a window of %s: it takes four of them",
                       (int)(rule->name.size < 64 ? rule->name.size : 64), rule->name.data, length, window);
        status = STATUS_FULL;
    }
    if (status == STATUS_OK && part->pool.counting == 0)
        fprintf(
            stderr,
            "%s: rule %.*s: the history has no incident of it: whatever comes will look surprising, and no recurrence "
            "can be told but a bound\n",
            calibrate->program, SPAN_ARG(rule->name));
    if (status == STATUS_OK)
        status = part_null_years(calibrate, rule, part);
    if (status == STATUS_OK) {
        rule_to_json(rule, &part->json);
        return EXIT_DONE;
    }
    if (status == STATUS_CLOSED)
        (void)snprintf(reason, sizeof reason, "interrupted: %.200s is left as it was", calibrate->options->out);
    return complain(calibrate, status, reason);
}

static void part_free(struct part *part)
{
    calibration_free(&part->calibration);
    history_free(part->history);
    thresholds_free(part->thresholds);
    pool_fini(&part->pool);
    text_fini(&part->json);
}

/* --- the file and the table --- */

static enum status write_file(const struct calibrate *calibrate, char reason[BASELINE_REASON_BYTES])
{
    size_t count = calibrate->settings.correlator.rule_count;
    struct baseline_rule_facts *facts = calloc(count, sizeof *facts);
    const struct baseline_rule **rules = calloc(count, sizeof(struct baseline_rule *));
    enum status status = STATUS_NO_MEMORY;
    if (facts != NULL && rules != NULL) {
        for (size_t i = 0; i < count; i++) {
            const struct part *part = &calibrate->parts[i];
            facts[i] = (struct baseline_rule_facts){.name = calibrate->settings.correlator.rules[i].name,
                                                    .hash = span_of(part->hash),
                                                    .json = {part->json.data, part->json.size}};
            rules[i] = part->history;
        }
        const struct baseline_draft draft = {.facts = {.from_ms = calibrate->from_ms,
                                                       .until_ms = calibrate->until_ms,
                                                       .guard_ms = calibrate->options->guard_ms,
                                                       .seed = calibrate->seed,
                                                       .sources = calibrate->archive.sources,
                                                       .source_count = calibrate->archive.source_count},
                                             .rule_count = count,
                                             .rule_facts = facts,
                                             .rules = rules};
        status = baseline_write(calibrate->options->out, &draft, reason);
    }
    free(facts);
    free(rules);
    return status;
}

static enum status print_summary(const struct calibrate *calibrate)
{
    size_t count = calibrate->settings.correlator.rule_count;
    struct summary_rule *rules = calloc(count, sizeof *rules);
    if (rules == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        rules[i] = (struct summary_rule){.name = calibrate->settings.correlator.rules[i].name,
                                         .pool = &calibrate->parts[i].pool,
                                         .history = calibrate->parts[i].history,
                                         .calibration = &calibrate->parts[i].calibration};
    enum status status = summary_print(rules, count, stdout);
    free(rules);
    if (status != STATUS_OK)
        return status;
    char from[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES], length[DURATION_TEXT_BYTES];
    time_format(calibrate->from_ms, from);
    time_format(calibrate->until_ms, until);
    duration_words(calibrate->until_ms - calibrate->from_ms, length);
    printf("history: %s from %s to before %s, %zu incidents of %zu source%s; baseline: %s\n", length, from, until,
           calibrate->archive.count, calibrate->archive.source_count, calibrate->archive.source_count == 1 ? "" : "s",
           calibrate->options->out);
    return STATUS_OK;
}

/* --- the way --- */

/* Where an archive ends long before the history does, everything in it looks rarer than it is. */
static void warn_of_silence(const struct calibrate *calibrate)
{
    const struct archive *archive = &calibrate->archive;
    int64_t last_ms = archive->incidents[archive->count - 1].start_ms;
    if ((calibrate->until_ms - last_ms) < (calibrate->until_ms - calibrate->from_ms) / SILENCE_PART)
        return;
    char length[DURATION_TEXT_BYTES];
    duration_words(calibrate->until_ms - last_ms, length);
    fprintf(
        stderr,
        "%s: nothing in these files began in the last %s before the history's end: if they were not told to it, that "
        "silence counts as history; --until is to be where they end\n",
        calibrate->program, length);
}

static int make_parts(struct calibrate *calibrate)
{
    const struct correlator_config *correlator = &calibrate->settings.correlator;
    char reason[BASELINE_REASON_BYTES] = "";
    int exit_status = EXIT_DONE;
    calibrate->parts = calloc(correlator->rule_count, sizeof *calibrate->parts);
    if (calibrate->parts == NULL)
        return complain(calibrate, STATUS_NO_MEMORY, "");
    for (size_t i = 0; i < correlator->rule_count && exit_status == EXIT_DONE; i++)
        exit_status = part_make(calibrate, &correlator->rules[i], &calibrate->parts[i]);
    if (exit_status == EXIT_DONE) {
        enum status status = write_file(calibrate, reason);
        if (status == STATUS_OK)
            status = print_summary(calibrate);
        if (status != STATUS_OK) {
            (void)complain(calibrate, status, reason);
            exit_status = EXIT_FAILED;
        }
    }
    for (size_t i = 0; i < correlator->rule_count; i++)
        part_free(&calibrate->parts[i]);
    free(calibrate->parts);
    return exit_status;
}

static int calibrate_archive(struct calibrate *calibrate, int64_t from_ms, bool has_from)
{
    const struct calibrate_options *options = calibrate->options;
    struct archive *archive = &calibrate->archive;
    char reason[256] = "", until[TIME_TEXT_BYTES];
    enum status status = archive_open(archive, &calibrate->settings, options->files, options->file_count,
                                      options->mapping, from_ms, calibrate->until_ms, reason);
    if (status != STATUS_OK)
        return complain(calibrate, status, reason);
    fprintf(stderr, "read %" PRIu64 " reports, refused %" PRIu64 "\n", archive->read, archive->refused);
    (void)signal(SIGINT, on_signal); /* while reading, the loop had handlers of its own */
    (void)signal(SIGTERM, on_signal);
    int exit_status = EXIT_FAILED;
    time_format(calibrate->until_ms, until);
    if (archive->unread > 0) {
        (void)snprintf(reason, sizeof reason, "%" PRIu64 " file%s could not be read whole: %.150s is left as it was",
                       archive->unread, archive->unread == 1 ? "" : "s", options->out);
        (void)complain(calibrate, STATUS_CORRUPT, reason);
    } else if (archive->count == 0) {
        (void)snprintf(reason, sizeof reason, "nothing in these files began %sbefore %s: there is no history",
                       has_from ? "in time, from --from to " : "", until);
        (void)complain(calibrate, STATUS_NOT_FOUND, reason);
    } else {
        calibrate->from_ms = has_from ? from_ms : archive->incidents[0].start_ms;
        calibrate->seed = archive_seed(archive);
        warn_of_silence(calibrate);
        exit_status = make_parts(calibrate);
    }
    archive_close(archive);
    return exit_status;
}

/* The file is renamed into place at the end: what would stop that is said before the work. */
static int check_out(const struct calibrate *calibrate)
{
    char path[PATH_MAX], reason[256];
    if (strlen(calibrate->options->out) >= sizeof path)
        return complain(calibrate, STATUS_TOO_LARGE, "--out: the path is too long");
    memcpy(path, calibrate->options->out, strlen(calibrate->options->out) + 1);
    const char *folder = dirname(path);
    if (access(folder, W_OK | X_OK) == 0)
        return EXIT_DONE;
    (void)snprintf(reason, sizeof reason, "%.160s: cannot be written: %s", calibrate->options->out, strerror(errno));
    return complain(calibrate, STATUS_IO, reason);
}

static int parse_times(struct calibrate *calibrate, int64_t *ret_from_ms)
{
    const struct calibrate_options *options = calibrate->options;
    struct zone *zone;
    char reason[256] = "";
    if (zone_open(options->tz, &zone) != STATUS_OK) {
        (void)snprintf(reason, sizeof reason, "--tz %.64s: there is no such time zone; expected one like Europe/Warsaw",
                       options->tz);
        return complain(calibrate, STATUS_INVALID, reason);
    }
    int64_t until_ms = 0;
    if (query_time_parse(zone, options->until, TIME_FROM, &until_ms) != STATUS_OK)
        (void)snprintf(reason, sizeof reason, "--until %.40s: a date or an RFC 3339 time is expected, as in 2025-09-10",
                       options->until);
    else if (options->from != NULL && query_time_parse(zone, options->from, TIME_FROM, ret_from_ms) != STATUS_OK)
        (void)snprintf(reason, sizeof reason, "--from %.40s: a date or an RFC 3339 time is expected, as in 2015-01-01",
                       options->from);
    calibrate->until_ms = until_ms - options->guard_ms;
    if (reason[0] == '\0' && options->from != NULL && *ret_from_ms >= calibrate->until_ms)
        (void)snprintf(reason, sizeof reason, "--from %.40s is not before --until %.40s less the guard", options->from,
                       options->until);
    zone_close(zone);
    return reason[0] == '\0' ? EXIT_DONE : complain(calibrate, STATUS_INVALID, reason);
}

int calibrate_run(const struct calibrate_options *options, const char *program)
{
    struct calibrate calibrate = {.options = options, .program = program};
    int64_t from_ms = INT64_MIN;
    int exit_status = parse_times(&calibrate, &from_ms);
    if (exit_status != EXIT_DONE)
        return exit_status;
    enum status status = settings_open(&calibrate.settings, options->config, SETTINGS_FILE, stderr);
    if (status != STATUS_OK)
        return settings_refused(status);
    exit_status = check_out(&calibrate);
    if (exit_status == EXIT_DONE) {
        (void)signal(SIGPIPE, SIG_IGN);
        exit_status = calibrate_archive(&calibrate, from_ms, options->from != NULL);
    }
    settings_close(&calibrate.settings);
    return exit_status;
}
