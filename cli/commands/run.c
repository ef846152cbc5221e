/* vedette run: agents, correlator and sink on one machine. */
#include "base/log.h"
#include "cli/command.h"
#include "cli/run/supervisor.h"
#include "cli/settings.h"

#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum {
    KEY_CONFIG = 'c',
    KEY_DRAIN = 0x100,
    KEY_LOG_LEVEL,
    KEY_LOG_FORMAT,
    KEY_NO_SANDBOX,
    KEY_TELL_AGAIN,
    KEY_ACCEPT_GAP
};

static const struct argp_option options[] = {
    {"config", KEY_CONFIG, "FILE", 0, "The configuration", 0},
    {"drain", KEY_DRAIN, NULL, 0, "End once every source that does not follow is read, acknowledged and stored", 0},
    {"log-level", KEY_LOG_LEVEL, "LEVEL", 0, "debug, info, warn or error", 0},
    {"log-format", KEY_LOG_FORMAT, "FORMAT", 0, "logfmt (default) or json", 0},
    {"tell-again", KEY_TELL_AGAIN, NULL, 0, "Tell all of the journal anew, as where the store is missing", 0},
    {"accept-gap", KEY_ACCEPT_GAP, NULL, 0,
     "For one start, where a journal put back from a backup misses what the spool has let go of: go on without it", 0},
    {"no-sandbox", KEY_NO_SANDBOX, NULL, 0, "The programs give up no privileges", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct supervisor_options *run = state->input;
    enum log_style style;
    enum log_level level; /* the programs it starts read it themselves */
    switch (key) {
    case KEY_CONFIG:
        run->config = value;
        return 0;
    case KEY_DRAIN:
        run->end = SUPERVISE_DRAIN;
        return 0;
    case KEY_LOG_LEVEL:
        if (!log_level_find(value, &level))
            argp_error(state, "--log-level %s: debug, info, warn or error is expected", value);
        run->log_level = value;
        return 0;
    case KEY_LOG_FORMAT:
        if (!log_style_find(value, &style))
            argp_error(state, "--log-format %s: logfmt or json is expected", value);
        log_setup("vedette", style, LOG_INFO); /* as the programs' lines beside its own */
        run->log_format = value;
        return 0;
    case KEY_TELL_AGAIN:
        run->tell_again = true;
        return 0;
    case KEY_ACCEPT_GAP:
        run->accept_gap = true;
        return 0;
    case KEY_NO_SANDBOX:
        run->no_sandbox = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "\"%s\" is not understood here", value);
        return EINVAL;
    case ARGP_KEY_END:
        if (run->config == NULL)
            argp_error(state, "--config is missing: which configuration?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The folder this program lies in: the others lie beside it. */
static bool own_folder(char ret_folder[PATH_MAX])
{
    ssize_t size = readlink("/proc/self/exe", ret_folder, PATH_MAX - 1);
    if (size <= 0)
        return false;
    ret_folder[size] = '\0';
    char *slash = strrchr(ret_folder, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

/* A lock on the configuration itself, held until the program ends: two of us on one file would fight over one store. */
static int lock_config(const char *path, const char *program)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        fprintf(stderr, "%s: %s: %s\n", program, path, strerror(errno));
        return -1;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (errno == EWOULDBLOCK)
        fprintf(stderr, "%s: %s: another `vedette run` is at work with this configuration\n", program, path);
    else
        fprintf(stderr, "%s: %s: %s\n", program, path, strerror(errno));
    (void)close(fd);
    return -1;
}

/* A store that is yet to be made knows nothing of what the one before it acknowledged. */
static bool is_missing(const char *store)
{
    return access(store, F_OK) != 0 && errno == ENOENT;
}

static int run_checked(struct supervisor_options *run, const char *program)
{
    struct settings settings;
    enum status status = settings_open(&settings, run->config, SETTINGS_FILES, stderr);
    if (status != STATUS_OK)
        return settings_refused(status);
    bool has_store = settings.sink.store != NULL, has_rules = settings.correlator.rule_count > 0;
    run->tell_again = run->tell_again || (has_store && is_missing(settings.sink.store));
    settings_close(&settings);
    if (!has_rules) {
        fprintf(stderr, "%s: %s: there are no rules, and its keys say that the correlator runs elsewhere\n", program,
                run->config);
        return EXIT_MISUSED;
    }
    if (!has_store) {
        fprintf(stderr, "%s: %s: there is no store to write: the block `sink` with `store:` is missing\n", program,
                run->config);
        return EXIT_MISUSED;
    }
    int lock = lock_config(run->config, program);
    if (lock < 0)
        return EXIT_FAILED;
    int exit_status = supervisor_run(run);
    (void)close(lock);
    return exit_status;
}

static int run_main(int argc, char **argv)
{
    const struct argp argp = {options,
                              parse_option,
                              "--config FILE",
                              "Runs agents, correlator and sink on this machine until SIGTERM or Ctrl-C.",
                              NULL,
                              NULL,
                              NULL};
    struct supervisor_options run = {.end = SUPERVISE_FOR_EVER};
    /* Wrong usage ends the program within. */
    if (argp_parse(&argp, argc, argv, 0, NULL, &run) != 0)
        return EXIT_MISUSED;
    char folder[PATH_MAX];
    if (!own_folder(folder)) {
        fprintf(stderr, "%s: cannot tell where the programs are: %s\n", argv[0], strerror(errno));
        return EXIT_FAILED;
    }
    run.folder = folder;
    return run_checked(&run, argv[0]);
}

const struct command command_run = {"run", "run agents, correlator and sink on this machine", run_main};
