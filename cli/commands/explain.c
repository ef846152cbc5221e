/* vedette explain: every member, every link with its reason, and what came near; or why an incident is in none. */
#include "cli/command.h"
#include "cli/explain/account_print.h"
#include "cli/explain/whynot_print.h"

#include <argp.h>
#include <errno.h>

enum { KEY_STORE = 's', KEY_JSON = 0x100, KEY_TZ, KEY_WHY_NOT, KEY_BASELINE };

static const struct argp_option options[] = {
    {"store", KEY_STORE, "STORE", 0, "The store to read", 0},
    {"why-not", KEY_WHY_NOT, "INCIDENT", 0, "Why this incident is in no episode, or not in EPISODE", 0},
    {"baseline", KEY_BASELINE, "FILE", 0, "The baseline it was judged by: says what its numbers come from", 0},
    {"json", KEY_JSON, NULL, 0, "One JSON object", 0},
    {"tz", KEY_TZ, "ZONE", 0, "Times are of this zone (default: local)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

struct arguments {
    const char *store, *episode, *why_not, *baseline, *tz;
    bool json;
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case KEY_STORE:
        arguments->store = value;
        return 0;
    case KEY_JSON:
        arguments->json = true;
        return 0;
    case KEY_WHY_NOT:
        if (value[0] == '\0')
            argp_error(state, "--why-not: which incident? `vedette incidents` lists them");
        arguments->why_not = value;
        return 0;
    case KEY_BASELINE:
        arguments->baseline = value;
        return 0;
    case KEY_TZ:
        arguments->tz = value;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->episode != NULL)
            argp_error(state, "one episode at a time: \"%s\" or \"%s\"?", arguments->episode, value);
        arguments->episode = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->store == NULL)
            argp_error(state, "--store is missing: which store?");
        if (arguments->why_not == NULL && (arguments->episode == NULL || arguments->episode[0] == '\0'))
            argp_error(state, "which episode? `vedette episodes` lists them");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What is asked, and what it is answered from. */
struct question {
    const struct arguments *arguments;
    struct store *store;
    struct baseline *baseline; /* NULL: none */
    struct zone *zone;
};

static enum status explain_episode(const struct question *question, char reason[256])
{
    struct account account;
    enum status status =
        account_open(&account, question->store, question->arguments->episode, question->baseline, reason);
    if (status != STATUS_OK)
        return status;
    status = question->arguments->json ? account_print_json(&account, stdout)
                                       : account_print_text(&account, question->zone, stdout);
    account_close(&account);
    return status;
}

static enum status explain_why_not(const struct question *question, char reason[256])
{
    struct whynot whynot;
    const struct arguments *arguments = question->arguments;
    enum status status =
        whynot_open(&whynot, question->store, arguments->why_not, arguments->episode, question->baseline, reason);
    if (status != STATUS_OK)
        return status;
    status = arguments->json ? whynot_print_json(&whynot, stdout) : whynot_print_text(&whynot, question->zone, stdout);
    whynot_close(&whynot);
    return status;
}

static int complain(const char *program, const char *file, const char *reason, enum status status)
{
    const char *words = reason[0] != '\0' ? reason : status_text(status);
    if (file != NULL)
        fprintf(stderr, "%s: %s: %s\n", program, file, words);
    else
        fprintf(stderr, "%s: %s\n", program, words);
    return EXIT_FAILED;
}

static int explain(const struct arguments *arguments, struct zone *zone, const char *program)
{
    char reason[256] = "", complaint[BASELINE_REASON_BYTES] = "";
    struct question question = {.arguments = arguments, .zone = zone};
    enum status status = STATUS_OK;
    if (arguments->baseline != NULL)
        status = baseline_open(arguments->baseline, &question.baseline, complaint);
    if (status != STATUS_OK)
        return complain(program, NULL, complaint, status);
    status = store_open(arguments->store, STORE_READ, &question.store, reason);
    if (status != STATUS_OK) {
        baseline_close(question.baseline);
        return complain(program, NULL, reason, status);
    }
    status = arguments->why_not != NULL ? explain_why_not(&question, reason) : explain_episode(&question, reason);
    store_close(question.store);
    baseline_close(question.baseline);
    if (status == STATUS_OK)
        return EXIT_DONE;
    const char *file = status == STATUS_NOT_FOUND ? arguments->store
                       : status == STATUS_INVALID ? arguments->baseline
                                                  : NULL;
    return complain(program, file, reason, status);
}

static int explain_main(int argc, char **argv)
{
    const struct argp argp = {
        options,
        parse_option,
        "--store STORE EPISODE\n--store STORE --why-not INCIDENT [EPISODE]",
        "Says why an episode is one: its members, every link with its reason, whose removal would unflag "
        "it, and what came near. With --why-not, says why an incident is in no episode, or not in that one: "
        "every condition in order. EPISODE is an id or its beginning; INCIDENT an id, the SOURCE:SOURCE_ID of one of "
        "its reports, or a SOURCE_ID that only one has.",
        NULL,
        NULL,
        NULL};
    struct arguments arguments = {0};
    /* Wrong usage ends the program within. */
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_MISUSED;
    struct zone *zone;
    if (zone_open(arguments.tz, &zone) != STATUS_OK) {
        fprintf(stderr, "%s: --tz %s: there is no such time zone; expected one like Europe/Warsaw\n", argv[0],
                arguments.tz);
        return EXIT_MISUSED;
    }
    int exit_status = explain(&arguments, zone, argv[0]);
    zone_close(zone);
    return exit_status;
}

const struct command command_explain = {"explain", "say why an episode is one", explain_main};
