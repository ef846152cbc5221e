/* vedette keys: makes keys, and says who may connect. */
#include "base/state_folder.h"
#include "bus/bus_config.h"
#include "cli/command.h"
#include "proto/config_blocks.h"
#include "proto/json.h"
#include "proto/report.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KEY_FOLDER = 0x100 };

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "The configuration: its state folder, and its list where it names one", 0},
    {"folder", KEY_FOLDER, "DIR", 0, "Where keys and list lie, without a configuration (default: ./state/keys)", 0},
    {"role", 'r', "ROLE", 0, "allow: agent (default) or sink", 0},
    {"source", 's', "NAME", 0, "allow: a source it may write, given once for each; * stands for all", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

struct arguments {
    const char *config, *folder, *role;
    struct text sources; /* with commas between */
    const char *words[3];
    size_t word_count;
};

/* What a verb works with. */
struct desk {
    const char *program; /* for messages */
    struct config *config;
    char folder[PATH_MAX];
    char list[PATH_MAX];
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->config = value;
        return 0;
    case KEY_FOLDER:
        arguments->folder = value;
        return 0;
    case 'r':
        if (strcmp(value, "agent") != 0 && strcmp(value, "sink") != 0)
            argp_error(state, "--role: found \"%s\", expected agent or sink", value);
        arguments->role = value;
        return 0;
    case 's':
        if (arguments->sources.size > 0)
            text_append(&arguments->sources, SPAN(","));
        text_append(&arguments->sources, span_of(value));
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->word_count == 3)
            argp_error(state, "\"%s\" is one word too many", value);
        arguments->words[arguments->word_count++] = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int refuse(const struct desk *desk, enum status status, const char *reason)
{
    fprintf(stderr, "%s: %s\n", desk->program, reason);
    return status == STATUS_INVALID ? EXIT_MISUSED : EXIT_FAILED;
}

static enum status path_of(const struct desk *desk, const char *name, const char *suffix, char ret_path[PATH_MAX])
{
    int size = snprintf(ret_path, PATH_MAX, "%s/%s%s", desk->folder, name, suffix);
    return size > 0 && size < PATH_MAX ? STATUS_OK : STATUS_TOO_LARGE;
}

static void public_print(const struct key *public)
{
    char text[KEY_TEXT_BYTES];
    key_print(public, text);
    puts(text);
}

/* --- verbs --- */

static int new_main(const struct desk *desk, const struct arguments *arguments)
{
    const char *name = arguments->words[1];
    char secret[PATH_MAX], public[PATH_MAX], made[PATH_MAX], reason[256] = "";
    struct key_pair pair;
    enum status status = state_folder_make(desk->folder, ".", made, reason);
    if (status == STATUS_OK && (status = path_of(desk, name, ".key", secret)) == STATUS_OK)
        status = path_of(desk, name, ".pub", public);
    if (status != STATUS_OK)
        return refuse(desk, STATUS_IO, reason[0] != '\0' ? reason : status_text(status));
    key_pair_make(&pair);
    status = key_secret_write(secret, name, &pair, reason);
    if (status == STATUS_OK && (status = key_public_write(public, name, &pair.public, reason)) != STATUS_OK)
        (void)unlink(secret); /* both or none */
    if (status == STATUS_OK) {
        fprintf(stderr, "%s is secret, and stays here; %s may be given to everybody:\n", secret, public);
        public_print(&pair.public);
    }
    key_pair_wipe(&pair);
    return status == STATUS_OK ? EXIT_DONE : refuse(desk, STATUS_IO, reason);
}

/* The key as it is written, out of a file, or out of NAME.pub in the folder. */
static enum status public_find(const struct desk *desk, const char *name, const char *word, struct key *ret_key,
                               char ret_reason[256])
{
    char path[PATH_MAX];
    size_t count = 0;
    if (word != NULL && key_parse(span_of(word), ret_key))
        return STATUS_OK;
    if (word == NULL && path_of(desk, name, ".pub", path) != STATUS_OK) {
        (void)snprintf(ret_reason, 256, "the path of the folder is too long");
        return STATUS_TOO_LARGE;
    }
    return key_public_read(word != NULL ? word : path, ret_key, 1, &count, ret_reason);
}

static void since_now(char ret_text[32])
{
    struct tm broken;
    time_t now = time(NULL);
    (void)gmtime_r(&now, &broken);
    (void)strftime(ret_text, 32, "%Y-%m-%dT%H:%M:%SZ", &broken);
}

static int allow_main(const struct desk *desk, const struct arguments *arguments)
{
    const char *name = arguments->words[1], *sources = arguments->sources.data;
    char reason[256] = "", made[PATH_MAX];
    bool is_sink = arguments->role != NULL && strcmp(arguments->role, "sink") == 0;
    struct allowed_key key = {.role = is_sink ? KEY_SINK : KEY_AGENT};
    if (is_sink ? sources != NULL : sources == NULL)
        return refuse(desk, STATUS_INVALID,
                      is_sink ? "a sink writes no source: --source is not for it"
                              : "which sources may it write? expected --source NAME, once for each, or --source '*'");
    key.sources = is_sink ? "-" : sources;
    if (!allowed_sources_are_valid(key.sources))
        return refuse(desk, STATUS_INVALID, "--source: expected names of sources, or * alone");
    (void)snprintf(key.name, sizeof key.name, "%s", name);
    since_now(key.since);
    enum status status = public_find(desk, name, arguments->words[2], &key.public, reason);
    if (status == STATUS_OK)
        status = state_folder_make(desk->folder, ".", made, reason);
    if (status == STATUS_OK)
        status = allowed_put(desk->list, &key, reason);
    if (status != STATUS_OK)
        return refuse(desk, STATUS_IO, reason);
    fprintf(stderr, "%s may connect as %s; a correlator that runs with %s knows it within seconds\n", name,
            key_role_name(key.role), desk->list);
    return EXIT_DONE;
}

static int revoke_main(const struct desk *desk, const struct arguments *arguments)
{
    char reason[256] = "";
    enum status status = allowed_remove(desk->list, arguments->words[1], reason);
    if (status != STATUS_OK)
        return refuse(desk, STATUS_IO, reason);
    fprintf(stderr, "%s is not allowed any more; a correlator that runs ends its session within seconds\n",
            arguments->words[1]);
    return EXIT_DONE;
}

static int list_main(const struct desk *desk, const struct arguments *arguments)
{
    char reason[256] = "", public[KEY_TEXT_BYTES];
    struct allowed allowed = {0};
    (void)arguments;
    if (allowed_read(desk->list, &allowed, reason) != STATUS_OK)
        return refuse(desk, STATUS_IO, reason);
    for (size_t i = 0; i < allowed.count; i++) {
        const struct allowed_key *key = &allowed.keys[i];
        key_print(&key->public, public);
        printf("%-16s %-5s %s %s %s\n", key->name, key_role_name(key->role), public, key->since, key->sources);
    }
    if (allowed.count == 0)
        fprintf(stderr, "%s allows nobody\n", desk->list);
    allowed_fini(&allowed);
    return EXIT_DONE;
}

static int show_main(const struct desk *desk, const struct arguments *arguments)
{
    char reason[256] = "";
    struct key key;
    enum status status = public_find(desk, arguments->words[1], arguments->words[2], &key, reason);
    if (status != STATUS_OK)
        return refuse(desk, STATUS_IO, reason);
    public_print(&key);
    return EXIT_DONE;
}

static const struct verb {
    const char *name;
    size_t words_min, words_max; /* itself included */
    int (*main)(const struct desk *desk, const struct arguments *arguments);
} verbs[] = {
    {"new", 2, 2, new_main},   {"allow", 2, 3, allow_main}, {"revoke", 2, 2, revoke_main},
    {"list", 1, 1, list_main}, {"show", 2, 2, show_main},
};
#define VERB_COUNT (sizeof verbs / sizeof verbs[0])

/* --- the folder and the list --- */

static bool desk_from_config(struct desk *desk, const char *path)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    struct bus_config bus;
    if (config_open(path, blocks, stderr, &desk->config) != STATUS_OK)
        return false;
    const char *state = state_folder_read(desk->config);
    if (!bus_config_read(desk->config, &bus) || state == NULL)
        return false;
    int size = snprintf(desk->folder, sizeof desk->folder, "%s/keys", state);
    if (bus.allow != NULL)
        (void)snprintf(desk->list, sizeof desk->list, "%s", bus.allow);
    return size < (int)sizeof desk->folder;
}

static bool desk_lay(struct desk *desk, const struct arguments *arguments)
{
    if (arguments->config != NULL && !desk_from_config(desk, arguments->config))
        return false;
    if (arguments->folder != NULL || arguments->config == NULL)
        (void)snprintf(desk->folder, sizeof desk->folder, "%s",
                       arguments->folder != NULL ? arguments->folder : "./state/keys");
    return desk->list[0] != '\0' || path_of(desk, "allowed", "", desk->list) == STATUS_OK;
}

static int run(const char *program, const struct arguments *arguments)
{
    struct desk desk = {.program = program};
    const struct verb *verb = NULL;
    for (size_t i = 0; i < VERB_COUNT && arguments->word_count > 0; i++)
        if (strcmp(verbs[i].name, arguments->words[0]) == 0)
            verb = &verbs[i];
    if (verb == NULL)
        return refuse(&desk, STATUS_INVALID, "expected new NAME, allow NAME [KEY], revoke NAME, list or show NAME");
    if (arguments->word_count < verb->words_min || arguments->word_count > verb->words_max)
        return refuse(&desk, STATUS_INVALID,
                      arguments->word_count < verb->words_min ? "whose key? a NAME is missing"
                                                              : "there is a word too many");
    if (verb->words_min > 1 && !name_is_valid(span_of(arguments->words[1])))
        return refuse(&desk, STATUS_INVALID, "NAME: expected 1 to 64 of letters, digits, \".\", \"_\" and \"-\"");
    int exit_status = desk_lay(&desk, arguments) ? verb->main(&desk, arguments) : EXIT_MISUSED;
    if (desk.config != NULL)
        config_close(desk.config);
    return exit_status;
}

static int keys_main(int argc, char **argv)
{
    const struct argp argp = {
        options,
        parse_option,
        "new NAME\nallow NAME [KEY]\nrevoke NAME\nlist\nshow NAME",
        "Makes keys, and says who may connect to a correlator that listens beyond this host.\v"
        "new makes NAME.key, which is secret, and NAME.pub, and prints the public key. allow puts NAME and its public "
        "key (or the file of one; default: NAME.pub) on the list; its name on the link is NAME, or NAME- and more. "
        "revoke takes it off. Programs that run see the change within seconds.",
        NULL,
        NULL,
        NULL};
    struct arguments arguments = {0};
    /* Wrong usage ends the program within. */
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_MISUSED;
    if (arguments.sources.size > 0)
        text_append(&arguments.sources, (struct span){"", 1}); /* its end */
    int exit_status = run(argv[0], &arguments);
    text_fini(&arguments.sources);
    return exit_status;
}

const struct command command_keys = {"keys", "make keys, and say who may connect", keys_main};
