/* A log under test: a folder of its own, a loop, and records whose bytes follow from their number, so that one that is
 * not what was appended is seen. */
#pragma once

#include "base/wal/wal.h"
#include "base/wal/wal_files.h"
#include "tests/unit/base/unit.h"
#include "tests/unit/base/wal/disk.h"

struct trial {
    char folder[64];   /* made by trial_init, removed by trial_fini; "/log" on a disk in memory */
    struct disk *disk; /* borrowed; NULL: the system's */
    uv_loop_t loop;
    struct wal_options options; /* change before trial_open */
    struct wal *wal;
    struct wal_found found;
    char reason[WAL_REASON_BYTES];
    uint64_t synced; /* as told */
    unsigned rooms;
    unsigned failures;
    enum status failed;
    bool closed;
};

void trial_init(struct trial *trial, struct disk *disk);
void trial_fini(struct trial *trial);

enum status trial_open(struct trial *trial);
/* Closes, and runs the loop until it is. */
void trial_close(struct trial *trial);
/* A record of `size` bytes that takes `count` numbers. */
enum status trial_append(struct trial *trial, size_t size, uint32_t count);
/* Runs the loop while the answer is AGAIN, until it is taken. */
void trial_must_append(struct trial *trial, size_t size, uint32_t count);
/* Runs the loop until all is synced, or the log has failed. */
void trial_settle(struct trial *trial);
/* Runs the loop until the room event has come once more, or the log has failed. */
void trial_await_room(struct trial *trial);
/* A round of the loop, waiting for one event. */
void trial_turn(struct trial *trial);

/* The bytes of record lsn. */
void trial_payload(uint64_t lsn, size_t size, char *ret_bytes);
/* The record is one that trial_append made. */
bool trial_is_right(const struct wal_record *record);
/* Reads all from lsn on; fails the test at one that is not right or not the next. Answers how it ended, and the number
 * behind the last. */
enum status trial_read(struct trial *trial, uint64_t lsn, uint64_t *ret_next);
/* trial_read to the end without damage; answers the number behind the last. */
uint64_t trial_read_all(struct trial *trial);
