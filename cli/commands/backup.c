/* vedette backup, vedette restore: store, journal and keys into a folder, and back. */
#include "cli/backup/backup.h"

#include "base/state_folder.h"
#include "cli/command.h"
#include "cli/settings.h"

#include <argp.h>
#include <limits.h>
#include <sodium.h>

enum { KEY_TO = 0x100, KEY_KEYS };

struct arguments {
    const char *config, *folder;
    bool is_backup, with_keys;
};

static const struct argp_option backup_options[] = {
    {"config", 'c', "FILE", 0, "The configuration the programs run with", 0},
    {"to", KEY_TO, "FOLDER", 0, "Where to: missing or empty", 0},
    {"with-keys", KEY_KEYS, NULL, 0, "The keys too", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};
static const struct argp_option restore_options[] = {
    {"config", 'c', "FILE", 0, "The configuration that says where store and journal go", 0},
    {"with-keys", KEY_KEYS, NULL, 0, "The keys too", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->config = value;
        return 0;
    case KEY_TO:
        arguments->folder = value;
        return 0;
    case KEY_KEYS:
        arguments->with_keys = true;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->is_backup || arguments->folder != NULL)
            argp_error(state, "\"%s\" is not understood here", value);
        arguments->folder = value;
        return 0;
    case ARGP_KEY_END:
        if (arguments->config == NULL)
            argp_error(state, "--config is missing: which configuration?");
        if (arguments->folder == NULL)
            argp_error(state, arguments->is_backup ? "--to is missing: into which folder?"
                                                   : "the folder of the backup is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int carry_out(const struct arguments *arguments, const struct settings *settings, const char *program)
{
    char journal[PATH_MAX], keys[PATH_MAX], reason[BACKUP_REASON_BYTES] = "";
    const char *state = state_folder_read(settings->config);
    if (state == NULL)
        return EXIT_MISUSED;
    snprintf(journal, sizeof journal, "%s/correlator/journal", state);
    snprintf(keys, sizeof keys, "%s/keys", state);
    const struct backup_places places = {
        .store = settings->sink.store, .journal = journal, .keys = arguments->with_keys ? keys : NULL};
    enum status status = arguments->is_backup ? backup_make(&places, arguments->folder, stdout, reason)
                                              : backup_restore(&places, arguments->folder, stdout, reason);
    if (status == STATUS_OK)
        return EXIT_DONE;
    fprintf(stderr, "%s: %s\n", program, reason[0] != '\0' ? reason : status_text(status));
    return EXIT_FAILED;
}

static int run(int argc, char **argv, const struct argp *argp, bool is_backup)
{
    struct arguments arguments = {.is_backup = is_backup};
    struct settings settings;
    /* Wrong usage ends the program within. */
    if (argp_parse(argp, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_MISUSED;
    enum status status = settings_open(&settings, arguments.config, SETTINGS_PART, stderr);
    if (status != STATUS_OK)
        return settings_refused(status);
    int exit_status = sodium_init() >= 0 ? carry_out(&arguments, &settings, argv[0]) : EXIT_FAILED;
    settings_close(&settings);
    return exit_status;
}

static int backup_main(int argc, char **argv)
{
    const struct argp argp = {.options = backup_options,
                              .parser = parse_option,
                              .args_doc = "--config FILE --to FOLDER",
                              .doc = "Copies store and journal, consistently, while the programs run."};
    return run(argc, argv, &argp, true);
}

static int restore_main(int argc, char **argv)
{
    const struct argp argp = {.options = restore_options,
                              .parser = parse_option,
                              .args_doc = "--config FILE FOLDER",
                              .doc = "Puts a backup where the configuration says, after it has checked every file. "
                                     "Nothing may run, and no store or journal be there already."};
    return run(argc, argv, &argp, false);
}

const struct command command_backup = {"backup", "copy store and journal while they are used", backup_main};
const struct command command_restore = {"restore", "put a backup in its place", restore_main};
