/* vedette status: how the programs of a configuration are. */
#include "base/clock.h"
#include "cli/command.h"
#include "cli/status/page.h"
#include "cli/status/survey.h"
#include "proto/config_blocks.h"

#include <argp.h>

enum { KEY_JSON = 0x100 };

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "The configuration the programs run with", 0},
    {"json", KEY_JSON, NULL, 0, "As one JSON object", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

enum page { PAGE_TABLE, PAGE_JSON };

struct arguments {
    const char *config;
    enum page page;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->config = value;
        return 0;
    case KEY_JSON:
        arguments->page = PAGE_JSON;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "\"%s\" is not understood here", value);
        return 0;
    case ARGP_KEY_END:
        if (arguments->config == NULL)
            argp_error(state, "--config is missing: which configuration?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum status show(const json_t *document, enum page page)
{
    if (page == PAGE_TABLE)
        return status_page(document, clock_wall_ms(), stdout);
    enum status status = json_dumpf(document, stdout, JSON_COMPACT) == 0 ? STATUS_OK : STATUS_IO;
    putchar('\n');
    return status;
}

static int status_main(int argc, char **argv)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    const struct argp argp = {options,
                              parse_option,
                              "--config FILE",
                              "Shows how agents, correlator and sink are, and what waits where."
                              "\vOf this host: a program of a configuration that goes to other hosts, and that has "
                              "never run on this one, is shown as elsewhere. Exit status 0 where all is well, 1 where "
                              "anything is not.",
                              NULL,
                              NULL,
                              NULL};
    struct arguments arguments = {0};
    struct config *config;
    json_t *document;
    /* Wrong usage ends the program within. */
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_MISUSED;
    if (config_open(arguments.config, blocks, stderr, &config) != STATUS_OK)
        return EXIT_MISUSED;
    enum status status = survey_take(config, &document);
    config_close(config);
    if (status == STATUS_INVALID)
        return EXIT_MISUSED;
    bool healthy = status == STATUS_OK && json_is_true(json_object_get(document, "healthy"));
    if (status == STATUS_OK) {
        status = show(document, arguments.page);
        json_decref(document);
    }
    if (status != STATUS_OK)
        fprintf(stderr, "%s: %s\n", argv[0], status_text(status));
    return status == STATUS_OK && healthy ? EXIT_DONE : EXIT_FAILED;
}

const struct command command_status = {"status", "how the programs are, and what waits where", status_main};
