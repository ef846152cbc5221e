/* A copy of the file as it is at one moment, while another program writes it: SQLite's online backup in one step, under
 * one reader's view of the WAL. */
#include "sink/stores/geopackage/geopackage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES    100
#define PAUSE_MS 50

static int copy_all(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (backup == NULL)
        return sqlite3_extended_errcode(to);
    int result = SQLITE_BUSY;
    for (int i = 0; i < TRIES && ((result & 0xff) == SQLITE_BUSY || (result & 0xff) == SQLITE_LOCKED); i++) {
        if (i > 0)
            (void)sqlite3_sleep(PAUSE_MS);
        result = sqlite3_backup_step(backup, -1);
    }
    int finished = sqlite3_backup_finish(backup);
    return result == SQLITE_DONE ? finished : result;
}

/* One plain file, whole. */
static bool is_sound(sqlite3 *db)
{
    sqlite3_stmt *row = NULL;
    bool is_so = sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL) == SQLITE_OK &&
                 sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &row, NULL) == SQLITE_OK &&
                 sqlite3_step(row) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(row, 0), "ok") == 0;
    (void)sqlite3_finalize(row);
    return is_so;
}

static enum status copy_to(struct geopackage *geopackage, const char *to, char ret_reason[256])
{
    sqlite3 *copy = NULL;
    int result = sqlite3_open_v2(to, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE, NULL);
    if (result == SQLITE_OK)
        result = copy_all(geopackage->db, copy);
    enum status status = sqlite_status(copy, result);
    if (status != STATUS_OK)
        snprintf(ret_reason, 256, "%.120s cannot be copied to %.100s: %s", geopackage->path, to, status_text(status));
    if (status == STATUS_OK && !is_sound(copy)) {
        snprintf(ret_reason, 256, "%.200s: the copy is not sound", to);
        status = STATUS_CORRUPT;
    }
    (void)sqlite3_close(copy);
    return status;
}

enum status geopackage_backup(void *self, const char *to, char ret_reason[256])
{
    char *partial = file_beside(to, ".partial");
    if (partial == NULL) {
        snprintf(ret_reason, 256, "out of memory");
        return STATUS_NO_MEMORY;
    }
    file_remove_database(partial);
    char what[256];
    enum status status = copy_to(self, partial, ret_reason);
    if (status == STATUS_OK) {
        status = file_put_in_place(partial, to, what);
        if (status != STATUS_OK)
            snprintf(ret_reason, 256, "%.150s %.100s", to, what);
    }
    if (status != STATUS_OK)
        file_remove_database(partial);
    free(partial);
    return status;
}
