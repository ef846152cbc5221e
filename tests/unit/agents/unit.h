/* What every test of the agents begins with: cmocka, a folder of its own, and a source's events kept as text. */
#pragma once

/* cmocka wants these before it */
#include "agents/source_driver.h"
#include "base/time_text.h"
#include "proto/json.h"

#include <archive.h>
#include <archive_entry.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A new empty folder; freed and removed by folder_remove. */
static inline char *folder_make(void)
{
    char template[] = "/tmp/vedette-test-XXXXXX";
    assert_non_null(mkdtemp(template));
    return strdup(template);
}

static inline int folder_remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    return remove(path);
}

static inline void folder_remove(char *folder)
{
    nftw(folder, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

/* Answers FOLDER/NAME; the caller frees. */
static inline char *path_in(const char *folder, const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

enum write_mode { WRITE_NEW, WRITE_MORE };

static inline void file_write(const char *folder, const char *name, enum write_mode mode, const void *bytes,
                              size_t size)
{
    char *path = path_in(folder, name);
    FILE *file = fopen(path, mode == WRITE_NEW ? "w" : "a");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    free(path);
}

static inline void file_say(const char *folder, const char *name, enum write_mode mode, const char *text)
{
    file_write(folder, name, mode, text, strlen(text));
}

/* Packs FOLDER/FROM as FOLDER/TO; filter: "gzip" or "zstd". */
static inline void file_pack(const char *folder, const char *from, const char *to, const char *filter)
{
    char *source = path_in(folder, from), *target = path_in(folder, to), bytes[4096];
    FILE *file = fopen(source, "r");
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_pathname(entry, from);
    assert_non_null(file);
    assert_int_equal(archive_write_add_filter_by_name(archive, filter), ARCHIVE_OK);
    assert_int_equal(archive_write_set_format_raw(archive), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(archive, target), ARCHIVE_OK);
    assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
    for (size_t got; (got = fread(bytes, 1, sizeof(bytes), file)) > 0;)
        assert_int_equal(archive_write_data(archive, bytes, got), got);
    assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
    archive_write_free(archive);
    archive_entry_free(entry);
    fclose(file);
    free(source);
    free(target);
}

static inline void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* What a source said, as lines: "report ID FILE:LINE", "refused FILE:LINE: reason", "skipped FILE:LINE"; folders left
 * out. */
struct heard {
    struct text text;
    size_t reports, refused, skipped;
    size_t take; /* so many more reports are taken, then STATUS_AGAIN is answered */
};

static inline const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static inline enum status heard_report(void *self, struct report *report, const char *file, uint64_t line)
{
    struct heard *heard = self;
    if (heard->take == 0)
        return STATUS_AGAIN;
    heard->take--;
    heard->reports++;
    text_print(&heard->text, "report %.*s %s:%llu\n", SPAN_ARG(report->source_id), base_name(file),
               (unsigned long long)line);
    return STATUS_OK;
}

static inline void heard_refused(void *self, const char *file, uint64_t line, const char *reason)
{
    struct heard *heard = self;
    heard->refused++;
    text_print(&heard->text, "refused %s:%llu: %s\n", base_name(file), (unsigned long long)line, reason);
}

static inline void heard_skipped(void *self, const char *file, uint64_t line)
{
    struct heard *heard = self;
    heard->skipped++;
    text_print(&heard->text, "skipped %s:%llu\n", base_name(file), (unsigned long long)line);
}

static inline struct source_events heard_events(struct heard *heard)
{
    *heard = (struct heard){.take = SIZE_MAX};
    text_append(&heard->text, SPAN(""));
    return (struct source_events){heard_report, heard_refused, heard_skipped, heard};
}

static inline const char *heard_text(const struct heard *heard)
{
    return heard->text.data != NULL ? heard->text.data : "";
}
