/* vedette: the command a person types. Finds the row of the first word and hands over. */
#include "base/log.h"
#include "base/nearest.h"
#include "cli/command.h"
#include "cli/version.h"

#include <argp.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

static const struct command *const commands[] = {
    &command_run,     &command_replay,  &command_episodes, &command_incidents, &command_explain, &command_calibrate,
    &command_convert, &command_check,   &command_alerts,   &command_backup,    &command_restore, &command_keys,
    &command_status,  &command_journal, &command_source,   &command_sink,
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static void print_help(FILE *stream)
{
    fputs("Usage: vedette COMMAND [OPTION...]\n"
          "Incident reports in, episodes that span several countries out.\n\n",
          stream);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-10s %s\n", commands[i]->name, commands[i]->help);
    fputs("\n  --help     this text; `vedette COMMAND --help` says more\n"
          "  --version  the version\n",
          stream);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    }
    return NULL;
}

static int refuse_command(const char *name)
{
    const char *names[COMMAND_COUNT + 1] = {NULL};
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i]->name;
    const char *nearest = nearest_name(span_of(name), names);
    if (nearest != NULL)
        fprintf(stderr, "vedette: there is no command \"%s\"; did you mean \"%s\"?\n", name, nearest);
    else
        fprintf(stderr, "vedette: there is no command \"%s\"; `vedette --help` lists them\n", name);
    return EXIT_MISUSED;
}

/* Words of all languages go through; numbers and dates stay those of the C locale. */
static void use_utf8(void)
{
    if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
        (void)setlocale(LC_CTYPE, "C.UTF-8");
}

static int run_command(const struct command *command, int argc, char **argv)
{
    static char name[64];
    (void)snprintf(name, sizeof name, "vedette %s", command->name);
    argv[0] = name;
    int status = command->main(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("vedette: cannot write to standard output\n", stderr);
        return status == EXIT_DONE ? EXIT_FAILED : status;
    }
    return status;
}

int main(int argc, char **argv)
{
    argp_err_exit_status = EXIT_MISUSED;
    argp_program_version = "vedette " VEDETTE_VERSION;
    use_utf8();
    log_setup("vedette", LOG_PLAIN, LOG_INFO);
    if (argc < 2) {
        print_help(stderr);
        return EXIT_MISUSED;
    }
    const char *word = argv[1];
    bool asks_help = strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-?") == 0;
    if (asks_help && argc == 2) {
        print_help(stdout);
        return EXIT_DONE;
    }
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        puts(argp_program_version);
        return EXIT_DONE;
    }
    const struct command *command = find_command(asks_help ? argv[2] : word);
    if (command == NULL)
        return refuse_command(asks_help ? argv[2] : word);
    if (asks_help) {
        char *help_argv[] = {argv[0], (char[]){"--help"}, NULL};
        return run_command(command, 2, help_argv);
    }
    return run_command(command, argc - 1, argv + 1);
}
