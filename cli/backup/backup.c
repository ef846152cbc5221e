#include "cli/backup/backup.h"

#include "base/clock.h"
#include "cli/backup/log.h"
#include "cli/backup/manifest.h"
#include "correlator/journal/journal_reader.h"
#include "sink/store.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_NAME "store.gpkg"

struct backup {
    const struct backup_places *places;
    const char *folder;
    FILE *out;
    char *reason; /* BACKUP_REASON_BYTES */
    struct manifest manifest;
};

static enum status say(struct backup *backup, const char *path, const char *what, enum status status)
{
    snprintf(backup->reason, BACKUP_REASON_BYTES, "%.300s: %.150s", path, what);
    return status;
}

static bool is_there(const char *path)
{
    struct stat stat_of;
    return stat(path, &stat_of) == 0;
}

/* --- making --- */

/* One file into the backup, under that name. STATUS_NOT_FOUND is said by nobody. */
static enum status take_file(struct backup *backup, const char *from, const char *name, unsigned mode, uint64_t most)
{
    char to[PATH_MAX];
    struct copied copied;
    snprintf(to, sizeof to, "%s/%s", backup->folder, name);
    enum status status = file_copy(from, to, mode, most, &copied);
    if (status == STATUS_NOT_FOUND)
        return status;
    if (status != STATUS_OK)
        return say(backup, to, status_text(status), status);
    status = manifest_add(&backup->manifest, name, &copied);
    return status == STATUS_OK ? status : say(backup, name, status_text(status), status);
}

static enum status make_folder(struct backup *backup, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", backup->folder, name);
    enum status status = folder_make_empty(path);
    return status == STATUS_OK ? status : say(backup, path, status_text(status), status);
}

static enum status take_checkpoints(struct backup *backup)
{
    enum status status = make_folder(backup, "journal");
    for (int i = 0; i < 2 && status == STATUS_OK; i++) {
        char from[PATH_MAX], name[64];
        snprintf(from, sizeof from, "%s/checkpoint.%d", backup->places->journal, i);
        snprintf(name, sizeof name, "journal/checkpoint.%d", i);
        status = take_file(backup, from, name, 0600, UINT64_MAX);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    return status;
}

static enum status take_store(struct backup *backup)
{
    char to[PATH_MAX], reason[256];
    struct store *store;
    struct copied copied;
    snprintf(to, sizeof to, "%s/" STORE_NAME, backup->folder);
    enum status status = store_open(backup->places->store, STORE_READ, &store, reason);
    if (status == STATUS_OK) {
        status = store_backup(store, to, reason);
        store_close(store);
    }
    if (status != STATUS_OK) {
        snprintf(backup->reason, BACKUP_REASON_BYTES, "%s", reason);
        return status;
    }
    status = file_copy(to, NULL, 0, UINT64_MAX, &copied);
    if (status == STATUS_OK)
        status = manifest_add(&backup->manifest, STORE_NAME, &copied);
    if (status != STATUS_OK)
        return say(backup, to, status_text(status), status);
    fprintf(backup->out, "store    %s, %" PRIu64 " bytes\n", backup->places->store, copied.bytes);
    return STATUS_OK;
}

/* Sealed ones as they are, of the last one what is whole. */
static enum status take_segments(struct backup *backup, const struct wal_segment *segments, size_t count)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        char from[PATH_MAX], name[64];
        uint64_t most = UINT64_MAX;
        log_segment_path(backup->places->journal, segments[i].first, from);
        snprintf(name, sizeof name, "journal/%s", strrchr(from, '/') + 1);
        if (i + 1 == count)
            status = log_end(backup->places->journal, segments[i].first, &most, backup->reason);
        if (status == STATUS_OK)
            status = take_file(backup, from, name, 0600, most);
        if (status == STATUS_NOT_FOUND)
            (void)say(backup, from, "was let go of while it was copied; try again", status);
    }
    return status;
}

/* The copy from its first record to its last, every checksum. */
static enum status check_journal(struct backup *backup)
{
    char folder[PATH_MAX];
    snprintf(folder, sizeof folder, "%s/journal", backup->folder);
    struct wal_reader *reader;
    struct wal_record record;
    uint64_t first = 0, next = 0;
    enum status status = journal_reader_open(folder, 0, &reader, backup->reason);
    if (status != STATUS_OK)
        return status;
    while ((status = wal_reader_next(reader, &record, backup->reason)) == STATUS_OK) {
        first = first == 0 ? record.lsn : first;
        next = record.lsn + record.count;
    }
    wal_reader_close(reader);
    if (status != STATUS_END)
        return status;
    fprintf(backup->out, "journal  %s, items %" PRIu64 " to %" PRIu64 "\n", backup->places->journal, first,
            next > 0 ? next - 1 : 0);
    return STATUS_OK;
}

static enum status take_journal(struct backup *backup)
{
    size_t room = wal_segments(backup->places->journal, NULL, 0) + 16;
    struct wal_segment *segments = calloc(room, sizeof *segments);
    if (segments == NULL)
        return say(backup, backup->places->journal, "out of memory", STATUS_NO_MEMORY);
    size_t count = wal_segments(backup->places->journal, segments, room);
    enum status status = take_segments(backup, segments, count < room ? count : room);
    free(segments);
    return status == STATUS_OK && count > 0 ? check_journal(backup) : status;
}

static enum status take_keys(struct backup *backup)
{
    DIR *folder = opendir(backup->places->keys);
    if (folder == NULL)
        return errno == ENOENT ? STATUS_OK : say(backup, backup->places->keys, strerror(errno), STATUS_IO);
    enum status status = make_folder(backup, "keys");
    size_t count = 0;
    for (const struct dirent *entry; status == STATUS_OK && (entry = readdir(folder)) != NULL;) {
        char from[PATH_MAX], name[128];
        struct stat stat_of;
        snprintf(from, sizeof from, "%s/%s", backup->places->keys, entry->d_name);
        if (stat(from, &stat_of) != 0 || !S_ISREG(stat_of.st_mode))
            continue;
        if (strlen(entry->d_name) > 100)
            status = say(backup, from, "its name is too long", STATUS_TOO_LARGE);
        snprintf(name, sizeof name, "keys/%.100s", entry->d_name);
        if (status == STATUS_OK)
            status = take_file(backup, from, name, 0600, UINT64_MAX);
        count++;
    }
    (void)closedir(folder);
    if (status == STATUS_OK)
        fprintf(backup->out, "keys     %s, %zu files, only their owner may read them\n", backup->places->keys, count);
    return status;
}

enum status backup_make(const struct backup_places *places, const char *folder, FILE *out,
                        char ret_reason[BACKUP_REASON_BYTES])
{
    struct backup backup = {.places = places, .folder = folder, .out = out, .reason = ret_reason};
    bool has_journal = is_there(places->journal);
    enum status status = folder_make_empty(folder);
    if (status != STATUS_OK)
        return say(&backup, folder, status == STATUS_EXISTS ? "is not empty" : status_text(status), status);
    if (has_journal)
        status = take_checkpoints(&backup);
    if (status == STATUS_OK && places->store != NULL && is_there(places->store))
        status = take_store(&backup);
    if (status == STATUS_OK && has_journal)
        status = take_journal(&backup);
    if (status == STATUS_OK && places->keys != NULL)
        status = take_keys(&backup);
    if (status == STATUS_OK && backup.manifest.count == 0)
        status = say(&backup, folder, "there is neither a store nor a journal to be copied", STATUS_NOT_FOUND);
    if (status == STATUS_OK)
        status = manifest_write(&backup.manifest, folder, clock_wall_ms(), ret_reason);
    manifest_fini(&backup.manifest);
    return status;
}

/* --- and back --- */

static enum status make_parents(struct backup *backup, const char *path)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    for (char *slash = strchr(parent + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(parent, 0700) != 0 && errno != EEXIST)
            return say(backup, parent, strerror(errno), status_from_errno(errno));
        *slash = '/';
    }
    return STATUS_OK;
}

/* Where a file of the backup goes; "": nowhere. */
static void place_of(const struct backup *backup, const char *name, char ret_path[PATH_MAX])
{
    const struct backup_places *places = backup->places;
    ret_path[0] = '\0';
    if (strcmp(name, STORE_NAME) == 0 && places->store != NULL)
        snprintf(ret_path, PATH_MAX, "%s", places->store);
    else if (strncmp(name, "journal/", 8) == 0)
        snprintf(ret_path, PATH_MAX, "%s/%s", places->journal, name + 8);
    else if (strncmp(name, "keys/", 5) == 0 && places->keys != NULL)
        snprintf(ret_path, PATH_MAX, "%s/%s", places->keys, name + 5);
}

static enum status refuse_what_is_there(struct backup *backup)
{
    const struct backup_places *places = backup->places;
    char log[PATH_MAX];
    if (places->store != NULL && is_there(places->store))
        return say(backup, places->store, "is there already: move it away first", STATUS_EXISTS);
    /* What a store that was killed left beside it would be taken for the restored one's own. */
    snprintf(log, sizeof log, "%s-wal", places->store != NULL ? places->store : "");
    if (places->store != NULL && is_there(log))
        return say(backup, log, "is left of a store that was there: move it away too", STATUS_EXISTS);
    if (wal_segments(places->journal, NULL, 0) > 0)
        return say(backup, places->journal, "holds a journal already: move it away first", STATUS_EXISTS);
    for (size_t i = 0; i < backup->manifest.count; i++) {
        char to[PATH_MAX];
        place_of(backup, backup->manifest.entries[i].path, to);
        if (to[0] != '\0' && is_there(to))
            return say(backup, to, "is there already: move it away first", STATUS_EXISTS);
    }
    return STATUS_OK;
}

static enum status put_file(struct backup *backup, const struct manifest_entry *entry)
{
    char from[PATH_MAX], to[PATH_MAX], parent[PATH_MAX];
    struct copied copied;
    snprintf(from, sizeof from, "%s/%s", backup->folder, entry->path);
    place_of(backup, entry->path, to);
    if (to[0] == '\0')
        return STATUS_OK;
    enum status status = make_parents(backup, to);
    if (status != STATUS_OK)
        return status;
    bool is_store = strcmp(entry->path, STORE_NAME) == 0;
    status = file_copy(from, to, is_store ? 0666 : 0600, UINT64_MAX, &copied);
    if (status != STATUS_OK && status != STATUS_EXISTS)
        (void)unlink(to);
    if (status != STATUS_OK)
        return say(backup, to, status_text(status), status);
    snprintf(parent, sizeof parent, "%s", to);
    *strrchr(parent, '/') = '\0';
    status = folder_sync(parent);
    if (status == STATUS_OK)
        return status;
    (void)unlink(to);
    return say(backup, parent, status_text(status), status);
}

/* All of it or nothing: what a full disk or the like leaves half done would be taken for a journal. */
static enum status put_all(struct backup *backup)
{
    size_t put = 0;
    enum status status = STATUS_OK;
    for (; put < backup->manifest.count && status == STATUS_OK; put++)
        status = put_file(backup, &backup->manifest.entries[put]);
    for (size_t i = 0; status != STATUS_OK && i + 1 < put; i++) { /* the last one has seen to itself */
        char to[PATH_MAX];
        place_of(backup, backup->manifest.entries[i].path, to);
        if (to[0] != '\0')
            (void)unlink(to);
    }
    return status;
}

enum status backup_restore(const struct backup_places *places, const char *folder, FILE *out,
                           char ret_reason[BACKUP_REASON_BYTES])
{
    struct backup backup = {.places = places, .folder = folder, .out = out, .reason = ret_reason};
    enum status status = manifest_read(&backup.manifest, folder, ret_reason);
    if (status == STATUS_OK)
        status = refuse_what_is_there(&backup);
    if (status == STATUS_OK)
        status = put_all(&backup);
    if (status == STATUS_OK)
        fprintf(out, "%zu files of %s are in their places\n", backup.manifest.count, backup.manifest.made);
    if (status == STATUS_OK && wal_segments(places->journal, NULL, 0) > 0)
        fputs("agents go on, but for those that have let go of what was acknowledged since: they say so, and what to "
              "do\n",
              out);
    manifest_fini(&backup.manifest);
    return status;
}
