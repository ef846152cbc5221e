/* vedette alerts test NAME: sends an example to one of the configured alerts. */
#include "sink/alerts.h"

#include "cli/command.h"
#include "cli/settings.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "The configuration with the alert", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

struct arguments {
    const char *config, *verb, *name;
};

static void take_word(struct arguments *arguments, char *word, struct argp_state *state)
{
    if (arguments->verb == NULL && strcmp(word, "test") == 0)
        arguments->verb = word;
    else if (arguments->verb == NULL)
        argp_error(state, "\"%s\" is not understood here; expected: test NAME", word);
    else if (arguments->name == NULL)
        arguments->name = word;
    else
        argp_error(state, "one alert at a time: \"%s\" or \"%s\"?", arguments->name, word);
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->config = value;
        return 0;
    case ARGP_KEY_ARG:
        take_word(arguments, value, state);
        return 0;
    case ARGP_KEY_END:
        if (arguments->name == NULL)
            argp_error(state, "which alert? expected: test NAME");
        if (arguments->config == NULL)
            argp_error(state, "--config is missing: which configuration?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct alert_config *find_alert(const struct sink_config *sink, const char *name)
{
    for (size_t i = 0; i < sink->alert_count; i++) {
        if (strcmp(sink->alerts[i].name, name) == 0)
            return &sink->alerts[i];
    }
    return NULL;
}

static int refuse_name(const struct settings *settings, const struct arguments *arguments, const char *program)
{
    fprintf(stderr, "%s: %s has no alert \"%s\"", program, arguments->config, arguments->name);
    for (size_t i = 0; i < settings->sink.alert_count; i++)
        fprintf(stderr, "%s%s", i == 0 ? "; it has: " : ", ", settings->sink.alerts[i].name);
    fputc('\n', stderr);
    return EXIT_MISUSED;
}

static int alerts_main(int argc, char **argv)
{
    const struct argp argp = {options,
                              parse_option,
                              "test NAME --config FILE",
                              "Sends an example to an alert, and says what it answered.",
                              NULL,
                              NULL,
                              NULL};
    struct arguments arguments = {0};
    struct settings settings;
    /* Wrong usage ends the program within. */
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_MISUSED;
    enum status status = settings_open(&settings, arguments.config, SETTINGS_FILE, stderr);
    if (status != STATUS_OK)
        return settings_refused(status);
    const struct alert_config *alert = find_alert(&settings.sink, arguments.name);
    int exit_status;
    /* An endpoint that goes away while it is written to is an answer, not our end. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (alert == NULL)
        exit_status = refuse_name(&settings, &arguments, argv[0]);
    else
        exit_status = alerts_test(alert, stdout) == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
    settings_close(&settings);
    return exit_status;
}

const struct command command_alerts = {"alerts", "send an example to an alert", alerts_main};
