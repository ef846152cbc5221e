/* vedette replay: an archive through the whole pipeline, in event time. */
#include "cli/replay/replay.h"

#include "base/log.h"
#include "cli/command.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum {
    KEY_CONFIG = 'c',
    KEY_STORE = 's',
    KEY_MAPPING = 'm',
    KEY_COMPARE = 0x100,
    KEY_SPEED,
    KEY_TO,
    KEY_ALERTS,
    KEY_STRICT,
    KEY_JSON,
    KEY_TZ
};

static const struct argp_option options[] = {
    {"config", KEY_CONFIG, "FILE", 0, "The configuration: its rules, its territories", 0},
    {"store", KEY_STORE, "STORE", 0, "The store to write; what it held is replaced at the end", 0},
    {"mapping", KEY_MAPPING, "FILE", 0, "What the columns of .csv files mean", 0},
    {"compare", KEY_COMPARE, "FILE", 0, "Say what the rules of this configuration would have made of it", 0},
    {"speed", KEY_SPEED, "N", 0, "Play in the order of telling at N times real time, and tell the story", 0},
    {"to", KEY_TO, "ENDPOINT", 0, "Publish to a correlator that listens there, instead", 0},
    {"alerts", KEY_ALERTS, NULL, 0, "Send the configured alerts", 0},
    {"strict", KEY_STRICT, NULL, 0, "End with exit status 3 where anything was refused", 0},
    {"json", KEY_JSON, NULL, 0, "Print the flagged episodes as JSON Lines", 0},
    {"tz", KEY_TZ, "ZONE", 0, "Times are of this zone (default: local)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static void add_file(struct replay_options *replay, const char *path, struct argp_state *state)
{
    const char **files = realloc(replay->files, (replay->file_count + 1) * sizeof *files);
    if (files == NULL)
        argp_failure(state, EXIT_FAILED, ENOMEM, "too many files");
    replay->files = files;
    replay->files[replay->file_count++] = path;
}

static double parse_speed(const char *text, struct argp_state *state)
{
    char *end;
    double speed = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(speed) || speed <= 0)
        argp_error(state, "--speed %s: a number greater than 0 is expected", text);
    return speed;
}

static void check_options(const struct replay_options *replay, struct argp_state *state)
{
    char reason[256];
    if (replay->config == NULL)
        argp_error(state, "--config is missing: which configuration?");
    if (replay->file_count == 0)
        argp_error(state, "which files? (- is standard input)");
    if (replay->to == NULL && replay->store == NULL)
        argp_error(state, "--store is missing: where to?");
    if (replay->to != NULL && (replay->store != NULL || replay->compare != NULL || replay->alerts))
        argp_error(state, "--to publishes elsewhere: --store, --compare and --alerts have no place beside it");
    if (replay->to != NULL && bus_check_url(replay->to, BUS_THIS_HOST, reason) != STATUS_OK)
        argp_error(state, "--to %s: %s", replay->to, reason);
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct replay_options *replay = state->input;
    switch (key) {
    case KEY_CONFIG:
        replay->config = value;
        return 0;
    case KEY_STORE:
        replay->store = value;
        return 0;
    case KEY_MAPPING:
        replay->mapping = value;
        return 0;
    case KEY_COMPARE:
        replay->compare = value;
        return 0;
    case KEY_SPEED:
        replay->speed = parse_speed(value, state);
        return 0;
    case KEY_TO:
        replay->to = value;
        return 0;
    case KEY_ALERTS:
        replay->alerts = true;
        return 0;
    case KEY_STRICT:
        replay->strict = true;
        return 0;
    case KEY_JSON:
        replay->output = &output_json;
        return 0;
    case KEY_TZ:
        replay->tz = value;
        return 0;
    case ARGP_KEY_ARG:
        add_file(replay, value, state);
        return 0;
    case ARGP_KEY_END:
        check_options(replay, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int replay_main(int argc, char **argv)
{
    const struct argp argp = {
        options,
        parse_option,
        "--config FILE --store STORE FILE...",
        "Reads JSON Lines (.jsonl, .gz, .zst) and, with --mapping, CSV; correlates them in event time "
        "as fast as it can; writes the store, prints the flagged episodes and a ledger.",
        NULL,
        NULL,
        NULL};
    struct replay_options replay = {.output = &output_table};
    log_set_level(LOG_WARN);
    int exit_status = EXIT_MISUSED;
    if (argp_parse(&argp, argc, argv, 0, NULL, &replay) == 0)
        exit_status = replay_run(&replay, argv[0]);
    free(replay.files);
    return exit_status;
}

const struct command command_replay = {"replay", "run an archive of reports through the whole pipeline", replay_main};
