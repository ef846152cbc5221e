/* Inside the spool: the epoch its stream goes on in, where that is not the one it began with, and from where on nothing
 * has left yet. Files beside the log, for an epoch may begin when nothing can be appended.
 *
 *     FOLDER/epoch     one line: "1 CREATED EPOCH BEGINS"
 *     FOLDER/unsent    one line: "1 CREATED POSITION"; from a start until the first item of that life leaves */
#pragma once

#include "base/status.h"

#include <stdint.h>

struct wal_files;

struct spool_epoch {
    uint64_t created; /* the log's identity: of another one it says nothing */
    uint64_t epoch;
    uint64_t begins; /* position */
};

/* Durably, at once or not at all. */
enum status spool_epoch_write(const struct wal_files *files, const char *folder,
                              const struct spool_epoch *epoch) MUST_CHECK;
/* STATUS_NOT_FOUND: there is none, or none that can be read. */
enum status spool_epoch_read(const struct wal_files *files, const char *folder,
                             struct spool_epoch *ret_epoch) MUST_CHECK;

/* Nothing after the position has left. Durably, at once or not at all. */
enum status spool_unsent_write(const struct wal_files *files, const char *folder, uint64_t created,
                               uint64_t position) MUST_CHECK;
/* STATUS_NOT_FOUND: as spool_epoch_read, or of another log. */
enum status spool_unsent_read(const struct wal_files *files, const char *folder, uint64_t created,
                              uint64_t *ret_position) MUST_CHECK;
/* Durably; where that fails what is sent may be sent again in a new epoch. */
void spool_unsent_remove(const struct wal_files *files, const char *folder);
