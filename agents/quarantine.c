#include "agents/quarantine.h"

#include "base/time_text.h"
#include "proto/json.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct quarantine {
    char path[PATH_MAX], previous[PATH_MAX];
    uint64_t bytes_max;
    int fd; /* -1: not open */
    struct text line;
};

enum status quarantine_open(const char *folder, uint64_t bytes_max, struct quarantine **ret_quarantine)
{
    struct quarantine *quarantine = calloc(1, sizeof *quarantine);
    if (quarantine == NULL)
        return STATUS_NO_MEMORY;
    quarantine->fd = -1;
    quarantine->bytes_max = bytes_max > 0 ? bytes_max : QUARANTINE_BYTES_MAX;
    int size = snprintf(quarantine->path, PATH_MAX, "%s/quarantine.jsonl", folder);
    int other = snprintf(quarantine->previous, PATH_MAX, "%s/quarantine.1.jsonl", folder);
    if (size >= PATH_MAX || other >= PATH_MAX) {
        free(quarantine);
        return STATUS_TOO_LARGE;
    }
    *ret_quarantine = quarantine;
    return STATUS_OK;
}

static enum status file_open(struct quarantine *quarantine)
{
    if (quarantine->fd < 0)
        quarantine->fd = open(quarantine->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    return quarantine->fd >= 0 ? STATUS_OK : status_from_errno(errno);
}

/* Makes way for the line, where the file would become too long. */
static enum status file_turn(struct quarantine *quarantine)
{
    struct stat about;
    if (fstat(quarantine->fd, &about) != 0)
        return status_from_errno(errno);
    if (about.st_size == 0 || (uint64_t)about.st_size + quarantine->line.size <= quarantine->bytes_max)
        return STATUS_OK;
    (void)close(quarantine->fd);
    quarantine->fd = -1;
    if (rename(quarantine->path, quarantine->previous) != 0)
        return status_from_errno(errno);
    return file_open(quarantine);
}

static void line_make(struct text *line, const struct report *report, const char *source, const char *reason,
                      int64_t now_ms)
{
    char time[TIME_TEXT_BYTES];
    time_format(now_ms, time);
    text_clear(line);
    text_print(line, "{\"time\":\"%s\",\"source\":", time);
    text_json_string(line, span_of(source));
    text_append(line, SPAN(",\"reason\":"));
    text_json_string(line, span_of(reason));
    text_append(line, SPAN(",\"report\":"));
    report_to_json(report, line);
    text_append(line, SPAN("}\n"));
}

enum status quarantine_add(struct quarantine *quarantine, const struct report *report, const char *source,
                           const char *reason, int64_t now_ms)
{
    line_make(&quarantine->line, report, source, reason, now_ms);
    if (quarantine->line.failed) {
        text_fini(&quarantine->line);
        return STATUS_NO_MEMORY;
    }
    enum status status = file_open(quarantine);
    if (status == STATUS_OK)
        status = file_turn(quarantine);
    if (status != STATUS_OK)
        return status;
    ssize_t put = write(quarantine->fd, quarantine->line.data, quarantine->line.size);
    if (put < 0)
        return status_from_errno(errno);
    if ((size_t)put < quarantine->line.size)
        return STATUS_NO_SPACE;
    return fdatasync(quarantine->fd) == 0 ? STATUS_OK : status_from_errno(errno); /* its source's place is safe too */
}

const char *quarantine_path(const struct quarantine *quarantine)
{
    return quarantine->path;
}

void quarantine_close(struct quarantine *quarantine)
{
    if (quarantine == NULL)
        return;
    if (quarantine->fd >= 0)
        (void)close(quarantine->fd);
    text_fini(&quarantine->line);
    free(quarantine);
}
