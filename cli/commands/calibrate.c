/* vedette calibrate: from an archive of what was to a baseline of what is normal. */
#include "cli/calibrate/calibrate.h"

#include "base/log.h"
#include "base/time_text.h"
#include "cli/command.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define YEARS_MAX   1000000u
#define THREADS_MAX 1024u

enum {
    KEY_CONFIG = 'c',
    KEY_OUT = 'o',
    KEY_MAPPING = 'm',
    KEY_UNTIL = 0x100,
    KEY_FROM,
    KEY_GUARD,
    KEY_YEARS,
    KEY_THREADS,
    KEY_TZ
};

static const struct argp_option options[] = {
    {"config", KEY_CONFIG, "FILE", 0, "The configuration: its rules, `same`, territories", 0},
    {"until", KEY_UNTIL, "TIME", 0, "The history is of incidents that began before this date or time", 0},
    {"out", KEY_OUT, "FILE", 0, "The baseline to write; what it was is replaced at the end", 0},
    {"from", KEY_FROM, "TIME", 0, "… and not before this (default: the first incident)", 0},
    {"guard", KEY_GUARD, "SPAN", 0,
     "Leave so much before --until out of the history, so that a campaign under way does not become normal (default "
     "0d)",
     0},
    {"years", KEY_YEARS, "N", 0,
     "Null years to simulate (default: 1000, fewer for large histories, 100 at least). N years tell a recurrence of T "
     "years to within 1/√(N/T), and of what none of them had that it takes more than N/3 years",
     0},
    {"threads", KEY_THREADS, "N", 0, "Simulate on so many (default: one a processor); the file is the same", 0},
    {"mapping", KEY_MAPPING, "FILE", 0, "What the columns of .csv files mean", 0},
    {"tz", KEY_TZ, "ZONE", 0, "Dates are of this zone (default: local)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void add_file(struct calibrate_options *calibrate, const char *path, struct argp_state *state)
{
    const char **files = realloc(calibrate->files, (calibrate->file_count + 1) * sizeof *files);
    if (files == NULL)
        argp_failure(state, EXIT_FAILED, ENOMEM, "too many files");
    calibrate->files = files;
    calibrate->files[calibrate->file_count++] = path;
}

static unsigned parse_count(const char *name, const char *text, unsigned most, struct argp_state *state)
{
    char *end;
    errno = 0;
    unsigned long count = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || count < 1 || count > most)
        argp_error(state, "--%s %s: a whole number from 1 to %u is expected", name, text, most);
    return (unsigned)count;
}

static int64_t parse_guard(const char *text, struct argp_state *state)
{
    int64_t guard_ms = 0;
    if (duration_parse(span_of(text), &guard_ms) != STATUS_OK)
        argp_error(state, "--guard %s: a span of time is expected, as in 60d", text);
    return guard_ms;
}

/* What is read must not be what is written: the archive would be gone. */
static void check_kept(const char *out, const char *path, struct argp_state *state)
{
    struct stat written, read;
    if (path != NULL && stat(out, &written) == 0 && stat(path, &read) == 0 && S_ISREG(written.st_mode) &&
        written.st_dev == read.st_dev && written.st_ino == read.st_ino)
        argp_error(state, "--out %s would replace %s, which it is made from", out, path);
}

static void check_options(const struct calibrate_options *calibrate, struct argp_state *state)
{
    if (calibrate->config == NULL)
        argp_error(state, "--config is missing: which configuration?");
    if (calibrate->until == NULL)
        argp_error(state, "--until is missing: where does the history end?");
    if (calibrate->out == NULL)
        argp_error(state, "--out is missing: where to?");
    if (calibrate->file_count == 0)
        argp_error(state, "which files? (- is standard input)");
    check_kept(calibrate->out, calibrate->config, state);
    check_kept(calibrate->out, calibrate->mapping, state);
    for (size_t i = 0; i < calibrate->file_count; i++)
        check_kept(calibrate->out, calibrate->files[i], state);
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct calibrate_options *calibrate = state->input;
    switch (key) {
    case KEY_CONFIG:
        calibrate->config = value;
        return 0;
    case KEY_UNTIL:
        calibrate->until = value;
        return 0;
    case KEY_OUT:
        calibrate->out = value;
        return 0;
    case KEY_FROM:
        calibrate->from = value;
        return 0;
    case KEY_GUARD:
        calibrate->guard_ms = parse_guard(value, state);
        return 0;
    case KEY_YEARS:
        calibrate->years = parse_count("years", value, YEARS_MAX, state);
        return 0;
    case KEY_THREADS:
        calibrate->threads = parse_count("threads", value, THREADS_MAX, state);
        return 0;
    case KEY_MAPPING:
        calibrate->mapping = value;
        return 0;
    case KEY_TZ:
        calibrate->tz = value;
        return 0;
    case ARGP_KEY_ARG:
        add_file(calibrate, value, state);
        return 0;
    case ARGP_KEY_END:
        check_options(calibrate, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int calibrate_main(int argc, char **argv)
{
    const struct argp argp = {options,
                              parse_option,
                              "--config FILE --until TIME --out FILE FILE...",
                              "Reads an archive of reports (JSON Lines, .gz, .zst; CSV with --mapping), learns what is "
                              "normal where, simulates years in which nothing hangs together, and writes the baseline "
                              "that says how often chance alone makes an episode.\v"
                              "The table: how many incidents the history has of each rule; K, the neighbours that make "
                              "a core, where the history has none, at a typical place and at the busiest (in brackets "
                              "its incidents within reach); episodes that the background alone makes in a year. Name "
                              "the file as `baseline:` in the configuration. The same archive, rules and options give "
                              "the same bytes.",
                              NULL,
                              NULL,
                              NULL};
    struct calibrate_options calibrate = {0};
    log_set_level(LOG_WARN);
    int exit_status = EXIT_MISUSED;
    if (argp_parse(&argp, argc, argv, 0, NULL, &calibrate) == 0)
        exit_status = calibrate_run(&calibrate, argv[0]);
    free(calibrate.files);
    return exit_status;
}

const struct command command_calibrate = {"calibrate", "learn from an archive what is normal, and what chance makes",
                                          calibrate_main};
