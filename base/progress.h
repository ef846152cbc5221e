/* A progress bar on stderr, where stderr is a terminal; silent elsewhere. */
#pragma once

#include <stdint.h>

struct progress {
    const char *label; /* borrowed */
    uint64_t total;    /* 0: unknown, a count is shown instead of a bar */
    uint64_t drawn_ns;
    int enabled;
};

void progress_start(struct progress *progress, const char *label, uint64_t total);
/* Draws at most ten times a second. */
void progress_update(struct progress *progress, uint64_t done);
/* Clears the line. */
void progress_stop(struct progress *progress);
