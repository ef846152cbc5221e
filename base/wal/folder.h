/* The folder of a log: its segments, in order. */
#pragma once

#include "base/wal/wal_files.h"

#define FOLDER_SPARE "spare.tmp" /* a segment being made; what is left of it is deleted when the log is opened */
#define FOLDER_LOCK  "lock"

struct folder_list {
    uint64_t *firsts; /* ascending */
    size_t count;
    size_t room;
    enum status status;
};

/* STATUS_NOT_FOUND: no such folder. Free the list in any case. */
enum status folder_list(const struct wal_files *files, const char *folder, struct folder_list *ret_list) MUST_CHECK;
void folder_list_free(struct folder_list *list);
