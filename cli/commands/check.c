/* vedette check: is the configuration right? */
#include "cli/command.h"
#include "cli/notes.h"
#include "cli/settings.h"
#include "cli/standing.h"
#include "cli/wording.h"

#include <argp.h>
#include <errno.h>

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "The configuration", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    const char **config = state->input;
    switch (key) {
    case 'c':
        *config = value;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "\"%s\" is not understood here", value);
        return EINVAL;
    case ARGP_KEY_END:
        if (*config == NULL)
            argp_error(state, "--config is missing: which configuration?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int check_main(int argc, char **argv)
{
    const struct argp argp = {
        options,
        parse_option,
        "--config FILE",
        "Reads the configuration and the files it names, and says what is wrong, without running.",
        NULL,
        NULL,
        NULL};
    const char *config = NULL;
    struct settings settings;
    /* Wrong usage ends the program within. */
    if (argp_parse(&argp, argc, argv, 0, NULL, &config) != 0)
        return EXIT_MISUSED;
    enum status status = settings_open(&settings, config, SETTINGS_FILES, stderr);
    if (status != STATUS_OK)
        return settings_refused(status);
    notes_print(&settings, stderr);
    char sources[WORDS_BYTES], rules[WORDS_BYTES], stores[WORDS_BYTES], alerts[WORDS_BYTES];
    words_count(settings.agent.source_count, "source", "sources", sources);
    words_count(settings.correlator.rule_count, "rule", "rules", rules);
    words_count(settings.sink.store != NULL, "store", "stores", stores);
    words_count(settings.sink.alert_count, "alert", "alerts", alerts);
    printf("%s: OK: %s, %s, %s, %s\n", config, sources, rules, stores, alerts);
    standing_print(&settings.correlator, stdout);
    settings_close(&settings);
    return EXIT_DONE;
}

const struct command command_check = {"check", "say whether a configuration is right", check_main};
