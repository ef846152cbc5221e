/* vedette explain: every member, every link with its reason, and what came near. */
#include "cli/command.h"
#include "cli/explain/account_print.h"

#include <argp.h>
#include <errno.h>

enum { KEY_STORE = 's', KEY_JSON = 0x100, KEY_TZ };

static const struct argp_option options[] = {
    {"store", KEY_STORE, "STORE", 0, "The store to read", 0},
    {"json", KEY_JSON, NULL, 0, "One JSON object", 0},
    {"tz", KEY_TZ, "ZONE", 0, "Times are of this zone (default: local)", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

struct arguments {
    const char *store, *episode, *tz;
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
        if (arguments->episode == NULL || arguments->episode[0] == '\0')
            argp_error(state, "which episode? `vedette episodes` lists them");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int explain(const struct arguments *arguments, struct zone *zone, const char *program)
{
    char reason[256] = "";
    struct store *store;
    struct account account;
    enum status status = store_open(arguments->store, STORE_READ, &store, reason);
    if (status == STATUS_OK) {
        status = account_open(&account, store, arguments->episode, reason);
        store_close(store);
        if (status == STATUS_OK) {
            status =
                arguments->json ? account_print_json(&account, stdout) : account_print_text(&account, zone, stdout);
            account_close(&account);
        } else if (status == STATUS_NOT_FOUND) {
            fprintf(stderr, "%s: %s: %s\n", program, arguments->store, reason);
            return EXIT_FAILED;
        }
    }
    if (status != STATUS_OK)
        fprintf(stderr, "%s: %s\n", program, reason[0] != '\0' ? reason : status_text(status));
    return status == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
}

static int explain_main(int argc, char **argv)
{
    const struct argp argp = {
        options,
        parse_option,
        "--store STORE EPISODE",
        "Says why an episode is one: its members, every link with its reason, whose removal would unflag "
        "it, and what came near. EPISODE is an id or its beginning.",
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
