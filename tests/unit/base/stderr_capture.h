/* What a piece of code writes to stderr. */
#pragma once

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct stderr_capture {
    int saved;
    FILE *file;
};

static inline void stderr_capture_start(struct stderr_capture *capture)
{
    fflush(stderr);
    capture->saved = dup(STDERR_FILENO);
    capture->file = tmpfile();
    assert(capture->saved >= 0 && capture->file != NULL);
    if (dup2(fileno(capture->file), STDERR_FILENO) < 0)
        abort();
}

/* The bytes written since the start, terminated; the caller frees them. */
static inline char *stderr_capture_stop(struct stderr_capture *capture)
{
    fflush(stderr);
    if (dup2(capture->saved, STDERR_FILENO) < 0)
        abort();
    close(capture->saved);
    off_t size = lseek(fileno(capture->file), 0, SEEK_END);
    char *text = calloc(1, (size_t)size + 1);
    assert(text != NULL);
    if (pread(fileno(capture->file), text, (size_t)size, 0) != size)
        abort();
    fclose(capture->file);
    return text;
}
