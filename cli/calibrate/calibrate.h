/* From an archive to a baseline: per rule history, thresholds and null years; one file; a table of what chance will do.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct calibrate_options {
    const char *config;
    const char *until; /* T: a date or a time */
    const char *from;  /* NULL: the first incident */
    const char *tz;    /* of dates; NULL: local */
    const char *out;
    const char *mapping; /* NULL: none */
    int64_t guard_ms;    /* before T, left out of the history */
    uint32_t years;      /* R; 0: by the size of the history */
    unsigned threads;    /* 0: one a processor */
    const char **files;
    size_t file_count;
};

/* Answers the exit status; what went wrong is said on stderr, after the program's name. */
int calibrate_run(const struct calibrate_options *options, const char *program);
