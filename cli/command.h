/* What a person can type after `vedette`: one row {name, help, main} a command, one file each in commands/. */
#pragma once

/* Exit statuses of the contract. */
enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_MISUSED = 2, EXIT_REFUSALS = 3 };

struct command {
    const char *name; /* one word */
    const char *help; /* one line */
    /* argv[0] is "vedette NAME", for messages. Answers the exit status; wrong usage ends the program with EXIT_MISUSED.
     */
    int (*main)(int argc, char **argv);
};

extern const struct command command_run;
extern const struct command command_replay;
extern const struct command command_episodes;
extern const struct command command_incidents;
extern const struct command command_explain;
extern const struct command command_calibrate;
extern const struct command command_convert;
extern const struct command command_check;
extern const struct command command_alerts;
extern const struct command command_backup;
extern const struct command command_restore;
extern const struct command command_keys;
extern const struct command command_status;
extern const struct command command_journal;
extern const struct command command_source;
extern const struct command command_sink;
