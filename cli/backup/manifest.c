#include "cli/backup/manifest.h"

#include "base/time_text.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MANIFEST_NAME    "manifest.json"
#define MANIFEST_VERSION 1

void manifest_fini(struct manifest *manifest)
{
    free(manifest->entries);
    *manifest = (struct manifest){0};
}

enum status manifest_add(struct manifest *manifest, const char *path, const struct copied *copied)
{
    if (manifest->count == manifest->room) {
        size_t room = manifest->room > 0 ? 2 * manifest->room : 64;
        struct manifest_entry *entries = realloc(manifest->entries, room * sizeof *entries);
        if (entries == NULL)
            return STATUS_NO_MEMORY;
        manifest->entries = entries;
        manifest->room = room;
    }
    struct manifest_entry *entry = &manifest->entries[manifest->count];
    if (strlen(path) >= sizeof entry->path)
        return STATUS_TOO_LARGE;
    *entry = (struct manifest_entry){.copied = *copied};
    memcpy(entry->path, path, strlen(path) + 1);
    manifest->count++;
    return STATUS_OK;
}

static json_t *entries_to_json(const struct manifest *manifest)
{
    json_t *files = json_array();
    for (size_t i = 0; i < manifest->count; i++) {
        const struct manifest_entry *entry = &manifest->entries[i];
        char sum[2 * SUM_BYTES + 1];
        (void)sodium_bin2hex(sum, sizeof sum, entry->copied.sum, SUM_BYTES);
        json_t *file =
            json_pack("{s:s, s:I, s:s}", "path", entry->path, "bytes", (json_int_t)entry->copied.bytes, "sha256", sum);
        if (json_array_append_new(files, file) != 0) {
            json_decref(files);
            return NULL;
        }
    }
    return files;
}

static enum status say(const char *folder, const char *what, enum status status, char ret_reason[MANIFEST_REASON_BYTES])
{
    snprintf(ret_reason, MANIFEST_REASON_BYTES, "%.300s: %s", folder, what);
    return status;
}

enum status manifest_write(const struct manifest *manifest, const char *folder, int64_t now_ms,
                           char ret_reason[MANIFEST_REASON_BYTES])
{
    char path[PATH_MAX], temporary[PATH_MAX], made[TIME_TEXT_BYTES];
    struct copied copied;
    snprintf(path, sizeof path, "%s/" MANIFEST_NAME, folder);
    snprintf(temporary, sizeof temporary, "%s/" MANIFEST_NAME ".tmp", folder);
    time_format(now_ms, made);
    json_t *files = entries_to_json(manifest);
    json_t *document =
        files != NULL ? json_pack("{s:i, s:s, s:o}", "vedette_backup", MANIFEST_VERSION, "made", made, "files", files)
                      : NULL;
    FILE *stream = document != NULL ? fopen(temporary, "wx") : NULL;
    bool is_written = stream != NULL && json_dumpf(document, stream, JSON_INDENT(1)) == 0 && fputc('\n', stream) != EOF;
    is_written = stream != NULL && fflush(stream) == 0 && fsync(fileno(stream)) == 0 && is_written;
    is_written = stream != NULL && fclose(stream) == 0 && is_written;
    json_decref(document);
    if (!is_written || rename(temporary, path) != 0 || folder_sync(folder) != STATUS_OK)
        return say(folder, strerror(errno), STATUS_IO, ret_reason);
    /* As it will be read. */
    return file_copy(path, NULL, 0, UINT64_MAX, &copied);
}

static enum status entry_read(struct manifest *manifest, const json_t *file)
{
    const char *path = json_string_value(json_object_get(file, "path"));
    const char *sum = json_string_value(json_object_get(file, "sha256"));
    json_int_t bytes = json_integer_value(json_object_get(file, "bytes"));
    struct copied copied = {.bytes = (uint64_t)bytes};
    size_t size = 0;
    /* Never out of the folder. */
    if (path == NULL || sum == NULL || bytes < 0 || path[0] == '/' || strstr(path, "..") != NULL ||
        sodium_hex2bin(copied.sum, SUM_BYTES, sum, strlen(sum), NULL, &size, NULL) != 0 || size != SUM_BYTES)
        return STATUS_CORRUPT;
    return manifest_add(manifest, path, &copied);
}

static enum status entry_check(const struct manifest_entry *entry, const char *folder,
                               char ret_reason[MANIFEST_REASON_BYTES])
{
    char path[PATH_MAX];
    struct copied found;
    snprintf(path, sizeof path, "%s/%s", folder, entry->path);
    enum status status = file_copy(path, NULL, 0, UINT64_MAX, &found);
    if (status != STATUS_OK)
        return say(path, status_text(status), STATUS_CORRUPT, ret_reason);
    if (found.bytes != entry->copied.bytes || memcmp(found.sum, entry->copied.sum, SUM_BYTES) != 0)
        return say(path, "is not what was backed up: its SHA-256 is another", STATUS_CORRUPT, ret_reason);
    return STATUS_OK;
}

enum status manifest_read(struct manifest *manifest, const char *folder, char ret_reason[MANIFEST_REASON_BYTES])
{
    char path[PATH_MAX];
    json_error_t error;
    snprintf(path, sizeof path, "%s/" MANIFEST_NAME, folder);
    if (access(path, R_OK) != 0)
        return say(folder, "is no backup, or not a whole one: it has no " MANIFEST_NAME, STATUS_NOT_FOUND, ret_reason);
    json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    const json_t *files = json_object_get(document, "files");
    json_int_t version = json_integer_value(json_object_get(document, "vedette_backup"));
    const char *made = json_string_value(json_object_get(document, "made"));
    enum status status = STATUS_OK;
    if (version > MANIFEST_VERSION)
        status = say(path, "was written by a later Vedette", STATUS_UNSUPPORTED, ret_reason);
    else if (version < 1 || !json_is_array(files))
        status = say(path, "is damaged", STATUS_CORRUPT, ret_reason);
    else
        snprintf(manifest->made, sizeof manifest->made, "%s", made != NULL ? made : "");
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(files); i++) {
        status = entry_read(manifest, json_array_get(files, i));
        if (status != STATUS_OK)
            (void)say(path, "is damaged", status, ret_reason);
    }
    json_decref(document);
    for (size_t i = 0; status == STATUS_OK && i < manifest->count; i++)
        status = entry_check(&manifest->entries[i], folder, ret_reason);
    return status;
}
