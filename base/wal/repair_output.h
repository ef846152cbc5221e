/* A segment written anew by repair, under a temporary name, until it takes the place of the old one. */
#pragma once

#include "base/wal/segment.h"

struct repair_output {
    const struct wal_files *files;
    const char *folder;
    int fd;
    uint32_t salt;
    uint64_t end;
    enum status status; /* sticky: what failed first */
};

void repair_output_begin(struct repair_output *output, const struct wal_files *files, const char *folder,
                         const struct segment_head *head);
void repair_output_frame(struct repair_output *output, const char *bytes, uint64_t size);
/* from … to − 1 are missing; nothing where there are none. */
void repair_output_hole(struct repair_output *output, uint64_t from, uint64_t to);
/* Durable under the path, and a copy of the old one in `path`.damaged. Answers what failed first, from begin on. */
enum status repair_output_finish(struct repair_output *output, const char *path) MUST_CHECK;
