/* vedette source retire, vedette sink retire: letting go of one that does not come back. */
#include "base/state_folder.h"
#include "cli/command.h"
#include "correlator/requests.h"
#include "proto/config_blocks.h"

#include <argp.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 5000
#define STEP_MS     50

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "The configuration the correlator runs with", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

struct arguments {
    const char *config;
    const char *words[2]; /* retire, NAME */
    size_t count;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->config = value;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->count == 2)
            argp_error(state, "\"%s\" is not understood here", value);
        arguments->words[arguments->count++] = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->count < 2 || strcmp(arguments->words[0], "retire") != 0)
            argp_error(state, "retire NAME is expected");
        if (arguments->config == NULL)
            argp_error(state, "--config is missing: which configuration?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A correlator that runs takes it up within a second. */
static bool is_taken_up(const char *path)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
    for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += STEP_MS) {
        if (access(path, F_OK) != 0)
            return true;
        (void)nanosleep(&step, NULL);
    }
    return false;
}

static int ask(const char *program, const char *state, enum request_kind kind, const char *name)
{
    char path[4096], reason[256] = "";
    enum status status = request_leave(state, kind, name, path, reason);
    if (status != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", program, reason[0] != '\0' ? reason : status_text(status));
        return status == STATUS_INVALID ? EXIT_MISUSED : EXIT_FAILED;
    }
    if (is_taken_up(path))
        printf("%s is retired, until it speaks again\n", name);
    else
        printf("%s is retired as soon as the correlator runs\n", name);
    return EXIT_DONE;
}

static int retire_main(int argc, char **argv, enum request_kind kind, const char *what)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    const struct argp argp = {options, parse_option, "retire NAME --config FILE", what, NULL, NULL, NULL};
    struct arguments arguments = {0};
    struct config *config;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_MISUSED;
    if (config_open(arguments.config, blocks, stderr, &config) != STATUS_OK)
        return EXIT_MISUSED;
    const char *state = state_folder_read(config);
    int exit_status = state != NULL ? ask(argv[0], state, kind, arguments.words[1]) : EXIT_MISUSED;
    config_close(config);
    return exit_status;
}

static int source_main(int argc, char **argv)
{
    return retire_main(
        argc, argv, REQUEST_SOURCE,
        "Lets go of a source that is dead: the watermark waits for it no more. That is journaled; should "
        "it speak again it is back.");
}

static int sink_main(int argc, char **argv)
{
    return retire_main(argc, argv, REQUEST_SINK,
                       "Lets go of a sink that does not come back: what is published waits for it no more. That is "
                       "journaled; should it come again it gets what is kept.");
}

const struct command command_source = {"source", "retire a source that is dead", source_main};
const struct command command_sink = {"sink", "retire a sink that does not come back", sink_main};
