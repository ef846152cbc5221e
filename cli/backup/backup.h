/* A backup of an installation while it runs, and its way back.
 *
 *     checkpoint ─▶ store ─▶ journal, in this order: what the checkpoint says is stored is in the store that is copied
 *     later, and what the store knows is in the journal that is copied last. So a start from the copies tells again
 *     what the copied store may lack, and the store has nothing of which the journal does not know.
 *
 *     FOLDER/store.gpkg   a copy SQLite makes: one moment of it
 *     FOLDER/journal/     segments (of the last one what was whole), checkpoints
 *     FOLDER/keys/        if asked for, 0600
 *     FOLDER/manifest.json */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stdio.h>

#define BACKUP_REASON_BYTES 512u

struct backup_places {
    const char *store;   /* NULL: none */
    const char *journal; /* folder; need not be there */
    const char *keys;    /* folder; NULL: they are not asked for */
};

/* The folder must be empty or missing. Says on `out` what was copied. */
enum status backup_make(const struct backup_places *places, const char *folder, FILE *out,
                        char ret_reason[BACKUP_REASON_BYTES]) MUST_CHECK;
/* Checks all sums and places first, and takes back what it has put where something fails after that. STATUS_EXISTS:
 * there is a store, a journal or a key already where one is to go. Nothing may run. */
enum status backup_restore(const struct backup_places *places, const char *folder, FILE *out,
                           char ret_reason[BACKUP_REASON_BYTES]) MUST_CHECK;
