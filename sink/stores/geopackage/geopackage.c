/* A store that is an OGC GeoPackage: any map program opens it. schema.c draws the tables.
 *
 *     STORE_READ     NAME.gpkg, read only, also while another writes (WAL), also from a read-only medium (immutable)
 *     STORE_WRITE    NAME.gpkg-lock held │ WAL, synchronous FULL │ at a clean end one plain file again
 *     STORE_REPLACE  NAME.gpkg-lock held │ NAME.gpkg.tmp-PID-N, no journal on disk ─ commit: fsync, rename, fsync
 * folder
 *
 * A file left in WAL mode with a -wal beside it must never be renamed over: SQLite would play the old -wal into the new
 * file. So an old store is settled (its -wal folded in and removed) before a new one takes its place, and a store that
 * somebody else has open in that moment is not replaced.
 *
 * Measured: see tests/contract/sink/store_rates.c. */
#include "sink/stores/geopackage/geopackage.h"

#include "sink/stores/stores.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS           5000
#define QUICK_CHECK_BYTES (64 * 1024 * 1024) /* a larger file is checked page by page as it is read only */

static const char *const statement_sql[STATEMENT_COUNT] = {
#define X(name, sql) [STATEMENT_##name] = sql,
    STATEMENT_LIST(X)
#undef X
};

enum status geopackage_fail(struct geopackage *geopackage, int result)
{
    enum status status = sqlite_status(geopackage->db, result);
    const char *what = status == STATUS_NO_SPACE  ? "no space left on the device"
                       : status == STATUS_CORRUPT ? "damaged or cut off"
                       : status == STATUS_BUSY    ? "in use by another program"
                                                  : sqlite3_errmsg(geopackage->db);
    snprintf(geopackage->reason, sizeof geopackage->reason, "%.160s: %.80s", geopackage->path, what);
    return status;
}

sqlite3_stmt *geopackage_statement(struct geopackage *geopackage, enum statement statement)
{
    sqlite3_stmt **slot = &geopackage->statements[statement];
    if (*slot == NULL)
        (void)sqlite3_prepare_v3(geopackage->db, statement_sql[statement], -1, SQLITE_PREPARE_PERSISTENT, slot, NULL);
    else
        (void)sqlite3_clear_bindings(*slot);
    return *slot; /* NULL: stepping it fails, and says why */
}

enum status geopackage_run(struct geopackage *geopackage, sqlite3_stmt *statement)
{
    int result = statement != NULL ? sqlite3_step(statement) : sqlite3_errcode(geopackage->db);
    enum status status = result == SQLITE_DONE ? STATUS_OK : geopackage_fail(geopackage, result);
    if (statement != NULL)
        (void)sqlite3_reset(statement);
    return status;
}

static bool geopackage_serves(const char *url)
{
    size_t size = strlen(url);
    return strstr(url, "://") == NULL && size > 5 && strcmp(url + size - 5, ".gpkg") == 0;
}

/* --- opening --- */

static enum status say(struct geopackage *geopackage, enum status status, const char *what, char ret_reason[256])
{
    snprintf(ret_reason, 256, "%.150s %.100s", geopackage->path, what);
    return status;
}

static int pragma(struct geopackage *geopackage, const char *sql)
{
    return sqlite3_exec(geopackage->db, sql, NULL, NULL, NULL);
}

/* The journal mode asked for, or not: another program has the file open. */
static bool journal_becomes(sqlite3 *db, const char *mode)
{
    char sql[64];
    snprintf(sql, sizeof sql, "PRAGMA journal_mode = %s", mode);
    sqlite3_stmt *row = NULL;
    bool is_so = sqlite3_prepare_v2(db, sql, -1, &row, NULL) == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW &&
                 strcmp((const char *)sqlite3_column_text(row, 0), mode) == 0;
    (void)sqlite3_finalize(row);
    return is_so;
}

static enum status database_open(struct geopackage *geopackage, const char *name, int flags, char ret_reason[256])
{
    int result = sqlite3_open_v2(name, &geopackage->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (result != SQLITE_OK) {
        enum status status = sqlite_status(geopackage->db, result);
        char what[100];
        snprintf(what, sizeof what, "cannot be opened: %.70s",
                 geopackage->db != NULL ? sqlite3_errmsg(geopackage->db) : "out of memory");
        return say(geopackage, status, what, ret_reason);
    }
    (void)sqlite3_busy_timeout(geopackage->db, BUSY_MS);
    (void)sqlite3_db_config(geopackage->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL); /* schema.c says why */
    (void)pragma(geopackage, "PRAGMA cell_size_check = ON; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY");
    return STATUS_OK;
}

static void database_close(struct geopackage *geopackage)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(geopackage->statements[i]);
        geopackage->statements[i] = NULL;
    }
    (void)sqlite3_close(geopackage->db);
    geopackage->db = NULL;
}

static enum status check_version(struct geopackage *geopackage, int *ret_version, char ret_reason[256])
{
    char what[256];
    enum status status = schema_version(geopackage->db, ret_version, what);
    return status == STATUS_OK ? status : say(geopackage, status, what, ret_reason);
}

static enum status check_pages(struct geopackage *geopackage, char ret_reason[256])
{
    struct stat stat_of;
    if (stat(geopackage->path, &stat_of) != 0 || stat_of.st_size > QUICK_CHECK_BYTES)
        return STATUS_OK;
    sqlite3_stmt *row = NULL;
    int result = sqlite3_prepare_v2(geopackage->db, "PRAGMA quick_check(1)", -1, &row, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(row);
    bool is_sound = result == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(row, 0), "ok") == 0;
    (void)sqlite3_finalize(row);
    return is_sound ? STATUS_OK : say(geopackage, STATUS_CORRUPT, "is damaged or cut off", ret_reason);
}

static enum status load(struct geopackage *geopackage, char ret_reason[256])
{
    static const char *const keys[] = {"epoch", "number"};
    uint64_t *const values[] = {&geopackage->link.epoch, &geopackage->link.number};
    for (size_t i = 0; i < 2; i++) {
        sqlite3_stmt *row = geopackage_statement(geopackage, STATEMENT_META_GET);
        bind_span(row, 1, span_of(keys[i]));
        int result = sqlite3_step(row);
        if (result == SQLITE_ROW)
            *values[i] = (uint64_t)sqlite3_column_int64(row, 0);
        (void)sqlite3_reset(row);
        if (result != SQLITE_ROW)
            return say(geopackage, STATUS_CORRUPT, "is damaged: its position is missing", ret_reason);
    }
    if (layers_load(geopackage) != STATUS_OK)
        return say(geopackage, STATUS_CORRUPT, "is damaged: its layers are not listed", ret_reason);
    return STATUS_OK;
}

/* Where SQLite cannot make the files it keeps beside a WAL database (a read-only medium or folder), nothing is being
 * written either: it may be read as it is, unless a -wal is left whose content would be missed. */
static enum status open_immutable(struct geopackage *geopackage, char ret_reason[256])
{
    char *wal = file_beside(geopackage->path, "-wal");
    struct stat stat_of;
    bool is_whole = wal != NULL && (stat(wal, &stat_of) != 0 || stat_of.st_size == 0);
    free(wal);
    if (!is_whole)
        return say(geopackage, STATUS_PERMISSION, "cannot be read: its -wal file needs a writable folder", ret_reason);
    char *url = file_immutable_url(geopackage->path);
    if (url == NULL)
        return say(geopackage, STATUS_NO_MEMORY, "cannot be opened: out of memory", ret_reason);
    database_close(geopackage);
    enum status status = database_open(geopackage, url, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, ret_reason);
    free(url);
    return status;
}

static enum status open_read(struct geopackage *geopackage, enum file_kind kind, char ret_reason[256])
{
    if (kind == FILE_MISSING)
        return say(geopackage, STATUS_NOT_FOUND, "is not there", ret_reason);
    if (kind == FILE_EMPTY)
        return say(geopackage, STATUS_UNSUPPORTED, "is not a Vedette store: it is empty", ret_reason);
    enum status status = database_open(geopackage, geopackage->path, SQLITE_OPEN_READONLY, ret_reason);
    if (status != STATUS_OK)
        return status;
    int result = pragma(geopackage, "SELECT 1 FROM sqlite_master LIMIT 1") & 0xff;
    if (result == SQLITE_CANTOPEN || result == SQLITE_READONLY)
        status = open_immutable(geopackage, ret_reason);
    int version = 0;
    if (status == STATUS_OK)
        status = check_version(geopackage, &version, ret_reason);
    geopackage->schema = version;
    if (status == STATUS_OK && version == 0)
        status = say(geopackage, STATUS_UNSUPPORTED, "is not a Vedette store: it has no tables", ret_reason);
    /* An older schema has all that is read: what came later are columns for people. */
    return status == STATUS_OK ? load(geopackage, ret_reason) : status;
}

static enum status lock(struct geopackage *geopackage, char ret_reason[256])
{
    char what[256];
    enum status status = file_lock_take(geopackage->path, &geopackage->lock, what);
    return status == STATUS_OK ? status : say(geopackage, status, what, ret_reason);
}

static enum status prepare_write(struct geopackage *geopackage, char ret_reason[256])
{
    int version = 0;
    enum status status = check_version(geopackage, &version, ret_reason);
    if (status != STATUS_OK)
        return status;
    if (sqlite3_db_readonly(geopackage->db, "main") == 1)
        return say(geopackage, STATUS_PERMISSION, "cannot be written: permission denied", ret_reason);
    if (geopackage->mode == STORE_WRITE && !journal_becomes(geopackage->db, "wal")) {
        enum status why = sqlite_status(geopackage->db, sqlite3_extended_errcode(geopackage->db));
        bool is_space = why == STATUS_NO_SPACE;
        return say(geopackage, is_space ? why : STATUS_BUSY,
                   is_space ? "cannot be written: no space left on the device" : "is in use by another program",
                   ret_reason);
    }
    (void)pragma(geopackage, geopackage->mode == STORE_WRITE
                                 ? "PRAGMA synchronous = FULL"
                                 : "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF");
    if (version > 0)
        status = check_pages(geopackage, ret_reason);
    if (status != STATUS_OK)
        return status;
    status = schema_upgrade(geopackage->db, version);
    if (status != STATUS_OK) {
        char what[100];
        snprintf(what, sizeof what, "cannot be written: %.70s", sqlite3_errmsg(geopackage->db));
        return say(geopackage, status, what, ret_reason);
    }
    geopackage->schema = SCHEMA_VERSION;
    return load(geopackage, ret_reason);
}

static enum status name_temporary(struct geopackage *geopackage, char ret_reason[256])
{
    static atomic_uint counter;
    char suffix[48];
    snprintf(suffix, sizeof suffix, ".tmp-%ld-%u", (long)getpid(), atomic_fetch_add(&counter, 1u));
    geopackage->temporary = file_beside(geopackage->path, suffix);
    if (geopackage->temporary == NULL)
        return say(geopackage, STATUS_NO_MEMORY, "cannot be opened: out of memory", ret_reason);
    file_remove_stale(geopackage->path); /* of processes that were killed: who holds the lock is alone */
    return STATUS_OK;
}

/* A new store appears with all its tables: who reads at that moment finds none, or one. */
static enum status make_new(struct geopackage *geopackage, char ret_reason[256])
{
    enum status status = name_temporary(geopackage, ret_reason);
    if (status != STATUS_OK)
        return status;
    status = database_open(geopackage, geopackage->temporary, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, ret_reason);
    if (status == STATUS_OK) {
        status = schema_upgrade(geopackage->db, 0);
        if (status != STATUS_OK) {
            char what[100];
            snprintf(what, sizeof what, "cannot be written: %.70s", sqlite3_errmsg(geopackage->db));
            (void)say(geopackage, status, what, ret_reason);
        }
    }
    database_close(geopackage);
    char what[256];
    if (status == STATUS_OK) {
        status = file_put_in_place(geopackage->temporary, geopackage->path, what);
        if (status != STATUS_OK)
            (void)say(geopackage, status, what, ret_reason);
    }
    if (status != STATUS_OK)
        file_remove_database(geopackage->temporary);
    free(geopackage->temporary);
    geopackage->temporary = NULL;
    return status;
}

static enum status open_write(struct geopackage *geopackage, enum file_kind kind, char ret_reason[256])
{
    if (kind != FILE_MISSING && access(geopackage->path, W_OK) != 0)
        return say(geopackage, STATUS_PERMISSION, "cannot be written: permission denied", ret_reason);
    enum status status = lock(geopackage, ret_reason);
    if (status != STATUS_OK)
        return status;
    char what[256];
    status = file_inspect(geopackage->path, &kind, what); /* again: before the lock another may have made it */
    if (status != STATUS_OK)
        return say(geopackage, status, what, ret_reason);
    if (kind == FILE_MISSING || kind == FILE_EMPTY)
        status = make_new(geopackage, ret_reason);
    if (status == STATUS_OK)
        status = database_open(geopackage, geopackage->path, SQLITE_OPEN_READWRITE, ret_reason);
    return status == STATUS_OK ? prepare_write(geopackage, ret_reason) : status;
}

/* What stands where the new store is to go: a store of ours with nothing beside it, an empty file, or nothing. */
static enum status settle_old(struct geopackage *geopackage, char ret_reason[256])
{
    enum file_kind kind;
    char what[256];
    enum status status = file_inspect(geopackage->path, &kind, what);
    if (status != STATUS_OK)
        return say(geopackage, status, what, ret_reason);
    if (kind == FILE_MISSING || kind == FILE_EMPTY)
        return STATUS_OK;
    struct geopackage old = {.path = geopackage->path};
    status = database_open(&old, geopackage->path, SQLITE_OPEN_READWRITE, ret_reason);
    int version = 0;
    if (status == STATUS_OK) {
        status = schema_version(old.db, &version, what);
        if (status == STATUS_UNSUPPORTED || status == STATUS_CORRUPT || (status == STATUS_OK && version == 0))
            status = say(geopackage, STATUS_UNSUPPORTED, "is not a Vedette store, not replaced", ret_reason);
        else if (status != STATUS_OK)
            status = say(geopackage, status, what, ret_reason);
    }
    if (status == STATUS_OK && sqlite3_db_readonly(old.db, "main") != 1 && !journal_becomes(old.db, "delete"))
        status = say(geopackage, STATUS_BUSY, "is in use by another program, not replaced", ret_reason);
    database_close(&old);
    return status;
}

static enum status open_replace(struct geopackage *geopackage, char ret_reason[256])
{
    enum status status = lock(geopackage, ret_reason);
    if (status == STATUS_OK)
        status = settle_old(geopackage, ret_reason);
    if (status == STATUS_OK)
        status = name_temporary(geopackage, ret_reason);
    if (status != STATUS_OK)
        return status;
    status = database_open(geopackage, geopackage->temporary, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, ret_reason);
    return status == STATUS_OK ? prepare_write(geopackage, ret_reason) : status;
}

/* --- closing --- */

static enum status measure(struct geopackage *geopackage)
{
    if (!geopackage->shrunk[LAYER_EPISODES] && !geopackage->shrunk[LAYER_INCIDENTS])
        return STATUS_OK;
    enum status status = geopackage_begin(geopackage);
    if (status != STATUS_OK)
        return status;
    status = layers_measure(geopackage);
    return geopackage_end(geopackage, status == STATUS_OK ? STORE_KEEP : STORE_UNDO) == STATUS_OK ? status : STATUS_IO;
}

static enum status geopackage_commit(void *self, char ret_reason[256])
{
    struct geopackage *geopackage = self;
    if (geopackage->mode == STORE_READ || geopackage->committed)
        return STATUS_OK;
    enum status status = measure(geopackage);
    if (status != STATUS_OK) {
        snprintf(ret_reason, 256, "%s", geopackage->reason);
        return status;
    }
    if (geopackage->mode == STORE_WRITE)
        return STATUS_OK;                        /* every piece is durable already */
    status = settle_old(geopackage, ret_reason); /* again: somebody may have come since */
    if (status != STATUS_OK)
        return status;
    char what[256];
    status = file_put_in_place(geopackage->temporary, geopackage->path, what);
    if (status != STATUS_OK)
        return say(geopackage, status, what, ret_reason);
    free(geopackage->temporary);
    geopackage->temporary = NULL;
    geopackage->committed = true;
    return STATUS_OK;
}

static void settle_own(struct geopackage *geopackage)
{
    (void)measure(geopackage);
    (void)sqlite3_busy_timeout(geopackage->db, 100); /* a reader may go on with what it has: then it stays WAL */
    (void)journal_becomes(geopackage->db, "delete");
}

static void geopackage_close(void *self)
{
    struct geopackage *geopackage = self;
    if (geopackage->db != NULL && !sqlite3_get_autocommit(geopackage->db))
        (void)geopackage_end(geopackage, STORE_UNDO);
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(geopackage->statements[i]);
        geopackage->statements[i] = NULL;
    }
    if (geopackage->mode == STORE_WRITE && geopackage->db != NULL)
        settle_own(geopackage);
    database_close(geopackage);
    if (geopackage->temporary != NULL)
        file_remove_database(geopackage->temporary);
    free(geopackage->temporary);
    file_lock_release(&geopackage->lock);
    free(geopackage->dirty);
    free(geopackage->places);
    text_fini(&geopackage->blob);
    text_fini(&geopackage->record);
    free(geopackage->path);
    free(geopackage);
}

static enum status geopackage_open(const char *url, enum store_mode mode, void **ret_self, char ret_reason[256])
{
    struct geopackage *geopackage = calloc(1, sizeof *geopackage);
    if (geopackage == NULL || (geopackage->path = strdup(url)) == NULL) {
        free(geopackage);
        snprintf(ret_reason, 256, "out of memory");
        return STATUS_NO_MEMORY;
    }
    geopackage->lock.fd = -1;
    geopackage->mode = mode;
    char what[256];
    enum file_kind kind = FILE_MISSING;
    enum status status = file_inspect(url, &kind, what);
    if (status != STATUS_OK) {
        status = say(geopackage, status, what, ret_reason);
    } else {
        switch (mode) {
        case STORE_READ:
            status = open_read(geopackage, kind, ret_reason);
            break;
        case STORE_WRITE:
            status = open_write(geopackage, kind, ret_reason);
            break;
        case STORE_REPLACE:
            status = open_replace(geopackage, ret_reason);
            break;
        }
    }
    if (status == STATUS_OK) {
        *ret_self = geopackage;
        return STATUS_OK;
    }
    geopackage->mode = STORE_READ; /* nothing to settle */
    geopackage_close(geopackage);
    return status;
}

static const char *geopackage_reason(void *self)
{
    return ((struct geopackage *)self)->reason;
}

static struct stream_position geopackage_link(void *self)
{
    return ((struct geopackage *)self)->link;
}

const struct store_driver store_geopackage = {
    .name = "geopackage",
    .serves = geopackage_serves,
    .open = geopackage_open,
    .commit = geopackage_commit,
    .close = geopackage_close,
    .begin = geopackage_begin,
    .end = geopackage_end,
    .reason = geopackage_reason,
    .incident_get = geopackage_incident_get,
    .incident_position = geopackage_incident_position,
    .incident_put = geopackage_incident_put,
    .incident_drop = geopackage_incident_drop,
    .episode_head = geopackage_episode_head,
    .episode_put = geopackage_episode_put,
    .rule_put = geopackage_rule_put,
    .notice_put = geopackage_notice_put,
    .link = geopackage_link,
    .link_put = geopackage_link_put,
    .episodes = geopackage_episodes,
    .incidents = geopackage_incidents,
    .rules = geopackage_rules,
    .notices = geopackage_notices,
    .backup = geopackage_backup,
    .alerts = &geopackage_alerts,
};
