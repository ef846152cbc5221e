/* vedette alerts: test NAME sends an example to one of the configured alerts; list, retry and drop are for what a store
 * keeps of them. */
#include "sink/alerts.h"

#include "base/clock.h"
#include "cli/alert_rows.h"
#include "cli/command.h"
#include "cli/settings.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

enum { KEY_STORE = 0x100, KEY_ALL, KEY_JSON };

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "test: the configuration with the alert", 0},
    {"store", KEY_STORE, "S", 0, "list, retry, drop: the store", 0},
    {"all", KEY_ALL, NULL, 0, "list: what was told, too", 0},
    {"json", KEY_JSON, NULL, 0, "list: one JSON object a line", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

enum verb { VERB_NONE, VERB_TEST, VERB_LIST, VERB_RETRY, VERB_DROP, VERB_COUNT };
static const char *const verbs[VERB_COUNT] = {"", "test", "list", "retry", "drop"};

struct arguments {
    enum verb verb;
    const char *config, *store, *name, *subject;
    bool all, json;
};

static void take_word(struct arguments *arguments, char *word, struct argp_state *state)
{
    if (arguments->verb == VERB_NONE) {
        for (enum verb verb = VERB_TEST; verb < VERB_COUNT; verb++)
            if (strcmp(word, verbs[verb]) == 0)
                arguments->verb = verb;
        if (arguments->verb == VERB_NONE)
            argp_error(state, "\"%s\" is not understood here; expected: test, list, retry or drop", word);
    } else if (arguments->name == NULL)
        arguments->name = word;
    else if (arguments->subject == NULL && arguments->verb != VERB_TEST)
        arguments->subject = word;
    else
        argp_error(state, "one alert at a time: \"%s\" or \"%s\"?", arguments->name, word);
}

static void check_words(const struct arguments *arguments, struct argp_state *state)
{
    if (arguments->verb == VERB_NONE)
        argp_error(state, "what? expected: test, list, retry or drop");
    if (arguments->name == NULL && (arguments->verb == VERB_TEST || arguments->verb == VERB_DROP))
        argp_error(state, "which alert? expected: %s NAME", verbs[arguments->verb]);
    if (arguments->verb == VERB_TEST && arguments->config == NULL)
        argp_error(state, "--config is missing: which configuration?");
    if (arguments->verb != VERB_TEST && arguments->store == NULL)
        argp_error(state, "--store is missing: which store?");
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->config = value;
        return 0;
    case KEY_STORE:
        arguments->store = value;
        return 0;
    case KEY_ALL:
        arguments->all = true;
        return 0;
    case KEY_JSON:
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        take_word(arguments, value, state);
        return 0;
    case ARGP_KEY_END:
        check_words(arguments, state);
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

static int run_test(const struct arguments *arguments, const char *program)
{
    struct settings settings;
    enum status status = settings_open(&settings, arguments->config, SETTINGS_PART, stderr);
    if (status != STATUS_OK)
        return settings_refused(status);
    const struct alert_config *alert = find_alert(&settings.sink, arguments->name);
    int exit_status;
    /* An endpoint that goes away while it is written to is an answer, not our end. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (alert == NULL)
        exit_status = refuse_name(&settings, arguments, program);
    else
        exit_status = alerts_test(alert, stdout) == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
    settings_close(&settings);
    return exit_status;
}

/* Only while the sink is down: it has its rows in memory, and would not see what is written beside it. */
static enum status change_rows(struct store *store, const struct arguments *arguments,
                               const struct alert_rows_query *query, char ret_reason[256])
{
    size_t count = 0;
    bool is_retry = arguments->verb == VERB_RETRY;
    enum status status =
        alert_rows_write(store, query, is_retry ? ROW_AGAIN : ROW_DROPPED, clock_wall_ms(), &count, ret_reason);
    if (status == STATUS_OK)
        printf(is_retry ? "%zu messages are tried again when the sink starts\n" : "%zu messages count as told\n",
               count);
    return status;
}

static int run_rows(const struct arguments *arguments, const char *program)
{
    char reason[256] = "";
    struct store *store;
    const struct alert_rows_query query = {
        .endpoint = arguments->name != NULL ? span_of(arguments->name) : (struct span){0},
        .subject = arguments->subject != NULL ? span_of(arguments->subject) : (struct span){0},
        .with_told = arguments->all,
        .as_json = arguments->json};
    bool is_list = arguments->verb == VERB_LIST;
    enum status status = store_open(arguments->store, is_list ? STORE_READ : STORE_WRITE, &store, reason);
    if (status == STATUS_OK) {
        if (!store_keeps_alerts(store))
            snprintf(reason, sizeof reason, "%s keeps no alerts", arguments->store);
        else
            status = is_list ? alert_rows_list(store, &query, stdout) : change_rows(store, arguments, &query, reason);
        store_close(store);
    }
    if (status == STATUS_OK)
        return EXIT_DONE;
    fprintf(stderr, "%s: %s%s\n", program, reason[0] != '\0' ? reason : status_text(status),
            status == STATUS_BUSY && !is_list ? "; stop the sink first" : "");
    return EXIT_FAILED;
}

static int alerts_main(int argc, char **argv)
{
    const struct argp argp = {options,
                              parse_option,
                              "test NAME --config FILE\nlist [NAME [SUBJECT]] --store S\n"
                              "retry [NAME [SUBJECT]] --store S\ndrop NAME [SUBJECT] --store S",
                              "Sends an example to an alert, and says what it answered; or shows what alerts are owed, "
                              "has what was refused or fails tried again, or lets it be."
                              "\vA subject is an episode's id, or source/NAME. retry and drop want the sink stopped.",
                              NULL,
                              NULL,
                              NULL};
    struct arguments arguments = {0};
    /* Wrong usage ends the program within. */
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_MISUSED;
    return arguments.verb == VERB_TEST ? run_test(&arguments, argv[0]) : run_rows(&arguments, argv[0]);
}

const struct command command_alerts = {"alerts", "send an example to an alert, show what alerts are owed", alerts_main};
