/* A spool in a folder of its own, on a loop of its own, for its tests. */
#pragma once

#include "base/wal/wal_files.h"
#include "bus/outboxes/spool.h"

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#define NOW_MS 1757453400000

struct trial {
    char root[64], folder[80];
    uv_loop_t loop;
    struct spool_options options;
    struct outbox *outbox;
    char reason[WAL_REASON_BYTES];
    unsigned changes;
    enum status failed;
    bool closed;
};

/* Not open yet. Nothing is synced: no power is cut here, the log's own tests see to that. */
void trial_init(struct trial *trial);
void trial_fini(struct trial *trial);
enum status trial_open(struct trial *trial);
void trial_must_open(struct trial *trial);
void trial_close(struct trial *trial);
/* Until all up to that position is ready, or it has failed. */
void trial_settle(struct trial *trial, uint64_t ready);

/* Appends the next item; its bytes follow from its position. */
enum status trial_give(struct trial *trial);
void trial_commit(struct trial *trial);
/* Items up to position last, in records of `together`. */
void trial_give_up_to(struct trial *trial, uint64_t last, unsigned together);
/* Reads from..to as a sender does, and looks at each. */
void trial_check(struct trial *trial, uint64_t from, uint64_t to);

void trial_note(struct trial *trial, const char *key, const char *value);
void trial_assert_note(const struct trial *trial, const char *key, const char *value);
