/* The catalogue answers what an archive in memory answers: while segments are sealed, after a start, with indices that
 * are missing or damaged. */
#include "correlator/journal/catalogue.h"

#include "correlator/journal/journal.h"
#include "tests/support/archive_memory.h"
#include "tests/support/dice.h"
#include "tests/unit/base/unit.h"
#include "tests/unit/correlator/pipeline/reports.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SEED    20251122u
#define REPORTS 3000u
#define IDS     400u

struct shelf {
    uv_loop_t loop;
    char folder[64];
    struct journal *journal;
    struct catalogue *catalogue;
    struct archive_memory memory;
    struct arena arena;
    struct dice dice;
    uint64_t safe; /* numbers told as safe */
    bool is_closed;
};

static void on_synced(void *self, uint64_t number)
{
    ((struct shelf *)self)->safe = number;
}

static void note_all(struct shelf *shelf, uint64_t first, const struct span *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct report report;
        char reason[REASON_BYTES];
        arena_reset(&shelf->arena);
        bool right = report_unpack(items[i], &shelf->arena, &report, reason) == STATUS_OK;
        assert_int_equal(catalogue_note(shelf->catalogue, first + i, right ? &report : NULL), STATUS_OK);
    }
}

static void on_failed(void *self, const char *reason)
{
    (void)self;
    fail_msg("%s", reason);
}

static void catalogue_begin(struct shelf *shelf, uint64_t next)
{
    char reason[CATALOGUE_REASON_BYTES] = "";
    if (catalogue_open(&shelf->loop, shelf->folder, next, &shelf->catalogue, reason) != STATUS_OK)
        fail_msg("%s", reason);
}

static void journal_begin(struct shelf *shelf)
{
    const struct journal_options options = {.folder = shelf->folder, .segment_bytes = (size_t)32 * 1024};
    const struct journal_events events = {.synced = on_synced, .failed = on_failed, .self = shelf};
    struct wal_found found;
    char reason[WAL_REASON_BYTES] = "";
    if (journal_open(&shelf->loop, &options, &events, 1757000000000, &shelf->journal, &found, reason) != STATUS_OK)
        fail_msg("%s", reason);
}

static void shelf_open(struct shelf *shelf)
{
    *shelf = (struct shelf){.dice = {SEED}};
    assert_int_equal(uv_loop_init(&shelf->loop), 0);
    (void)snprintf(shelf->folder, sizeof shelf->folder, "/tmp/vedette-catalogue-XXXXXX");
    assert_non_null(mkdtemp(shelf->folder));
    arena_init(&shelf->arena, 1u << 20);
    archive_memory_init(&shelf->memory);
    journal_begin(shelf);
    catalogue_begin(shelf, 1);
}

static void on_closed(void *self)
{
    ((struct shelf *)self)->is_closed = true;
}

static void catalogue_end(struct shelf *shelf)
{
    shelf->is_closed = false;
    catalogue_close(shelf->catalogue, on_closed, shelf);
    while (!shelf->is_closed)
        (void)uv_run(&shelf->loop, UV_RUN_ONCE);
}

static void shelf_close(struct shelf *shelf)
{
    catalogue_end(shelf);
    shelf->is_closed = false;
    journal_close(shelf->journal, on_closed, shelf);
    while (!shelf->is_closed)
        (void)uv_run(&shelf->loop, UV_RUN_ONCE);
    (void)uv_run(&shelf->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&shelf->loop), 0);
    archive_memory_fini(&shelf->memory);
    arena_fini(&shelf->arena);
    char command[96];
    (void)snprintf(command, sizeof command, "rm -r %s", shelf->folder);
    assert_int_equal(system(command), 0);
}

/* A revision of any id, anywhere within a year; one in ten is bare, one in fifty no report. */
static void random_item(struct shelf *shelf, struct text *bytes)
{
    char id[24];
    uint32_t which = dice_below(&shelf->dice, IDS);
    (void)snprintf(id, sizeof id, "%u", which);
    struct report report = report_make(id, dice_below(&shelf->dice, 5));
    report.occurred.start_ms += (int64_t)dice_below(&shelf->dice, 365) * DAY_MS;
    report.occurred.end_ms = report.occurred.start_ms + (int64_t)dice_below(&shelf->dice, 3) * DAY_MS;
    if (dice_below(&shelf->dice, 10) == 0)
        report = report_retraction(id, 9);
    text_clear(bytes);
    if (dice_below(&shelf->dice, 50) == 0)
        text_append(bytes, SPAN("no report"));
    else
        assert_int_equal(report_pack(&report, bytes), STATUS_OK);
}

static void write_batches(struct shelf *shelf, uint32_t reports)
{
    while (reports > 0) {
        struct text texts[40] = {{0}};
        struct span items[40];
        size_t count = 1 + dice_below(&shelf->dice, 40);
        count = count < reports ? count : reports;
        for (size_t i = 0; i < count; i++) {
            random_item(shelf, &texts[i]);
            items[i] = (struct span){texts[i].data, texts[i].size};
            (void)archive_memory_add(&shelf->memory, items[i], 77);
        }
        const struct journal_record record = {.kind = JOURNAL_BATCH,
                                              .at_ms = 77,
                                              .name = SPAN("north"),
                                              .epoch = 1,
                                              .first = shelf->memory.count - count + 1,
                                              .items = items,
                                              .item_count = count};
        uint64_t number;
        assert_int_equal(journal_put(shelf->journal, &record, &number), STATUS_OK);
        assert_int_equal(number, record.first);
        while (shelf->safe < shelf->memory.count)
            (void)uv_run(&shelf->loop, UV_RUN_ONCE);
        note_all(shelf, number, items, count);
        reports -= (uint32_t)count;
        for (size_t i = 0; i < count; i++)
            text_fini(&texts[i]);
        catalogue_tick(shelf->catalogue, shelf->safe + 1);
    }
}

/* --- what they answer --- */

struct answer {
    uint64_t sum;
    size_t count;
    uint64_t last;
    uint64_t numbers[64];
};

static enum status on_stub(void *self, const struct archive_stub *stub)
{
    struct answer *answer = self;
    assert_true(stub->number > answer->last);
    answer->last = stub->number;
    if (answer->count < 64)
        answer->numbers[answer->count] = stub->number;
    answer->count++;
    answer->sum = answer->sum * 31 + stub->number + stub->id_hash + (uint64_t)stub->start_ms + (uint64_t)stub->end_ms +
                  (uint32_t)stub->point.x + (uint64_t)stub->category * 7 + (uint64_t)stub->role;
    return STATUS_OK;
}

static enum status on_report(void *self, uint64_t number, struct span report, int64_t heard_ms)
{
    struct answer *answer = self;
    answer->count++;
    answer->sum = answer->sum * 31 + number + (uint64_t)heard_ms + report.size;
    for (size_t i = 0; i < report.size; i++)
        answer->sum = answer->sum * 131 + (unsigned char)report.data[i];
    return STATUS_OK;
}

static void assert_same_reports(struct archive *one, struct archive *other, const struct answer *which)
{
    struct answer a = {0}, b = {0};
    size_t count = which->count < 64 ? which->count : 64;
    assert_int_equal(one->driver->read(one, which->numbers, count, on_report, &a), STATUS_OK);
    assert_int_equal(other->driver->read(other, which->numbers, count, on_report, &b), STATUS_OK);
    assert_true(a.count == b.count && a.sum == b.sum);
}

static void compare(struct shelf *shelf)
{
    struct archive *one = catalogue_archive(shelf->catalogue), *other = &shelf->memory.archive;
    for (unsigned round = 0; round < 60; round++) {
        struct answer a = {0}, b = {0};
        int64_t from_ms = report_make("x", 0).occurred.start_ms + (int64_t)dice_below(&shelf->dice, 365) * DAY_MS;
        int64_t to_ms = from_ms + (int64_t)dice_below(&shelf->dice, 60) * DAY_MS;
        uint64_t until = 1 + dice_below(&shelf->dice, (uint32_t)shelf->memory.count + 10);
        assert_int_equal(one->driver->within(one, from_ms, to_ms, until, on_stub, &a), STATUS_OK);
        assert_int_equal(other->driver->within(other, from_ms, to_ms, until, on_stub, &b), STATUS_OK);
        assert_true(a.count == b.count && a.sum == b.sum);
        assert_same_reports(one, other, &b);

        char id[64];
        struct answer c = {0}, d = {0};
        (void)snprintf(id, sizeof id, "desk:%u", dice_below(&shelf->dice, IDS + 5));
        uint64_t hash = archive_id_hash(span_of(id));
        assert_int_equal(one->driver->versions(one, hash, until, on_stub, &c), STATUS_OK);
        assert_int_equal(other->driver->versions(other, hash, until, on_stub, &d), STATUS_OK);
        assert_true(c.count == d.count && c.sum == d.sum);
        assert_same_reports(one, other, &d);
    }
}

/* Files in the folder that end so. */
static size_t files(const struct shelf *shelf, const char *ending, char *ret_last)
{
    DIR *entries = opendir(shelf->folder);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        size_t size = strlen(entry->d_name);
        if (size < strlen(ending) || strcmp(entry->d_name + size - strlen(ending), ending) != 0)
            continue;
        count++;
        if (ret_last != NULL)
            (void)snprintf(ret_last, 400, "%s/%s", shelf->folder, entry->d_name);
    }
    (void)closedir(entries);
    return count;
}

static void sealed_until(struct shelf *shelf, size_t indices)
{
    uint64_t began_ns = uv_hrtime();
    while (files(shelf, ".idx", NULL) < indices) {
        catalogue_tick(shelf->catalogue, shelf->safe + 1);
        (void)uv_run(&shelf->loop, UV_RUN_NOWAIT);
        if (uv_hrtime() - began_ns > 60000000000u)
            fail_msg("no %zu indices within a minute", indices);
    }
    catalogue_tick(shelf->catalogue, shelf->safe + 1);
    (void)uv_run(&shelf->loop, UV_RUN_NOWAIT);
}

static void it_answers_as_memory_does_while_segments_are_sealed(void **state)
{
    struct shelf shelf;
    shelf_open(&shelf);
    for (unsigned piece = 0; piece < 6; piece++) {
        write_batches(&shelf, REPORTS / 6);
        compare(&shelf);
    }
    size_t segments = files(&shelf, ".wal", NULL);
    assert_true(segments > 5);
    sealed_until(&shelf, segments - 2); /* one grows, one may be made ready ahead */
    compare(&shelf);
    shelf_close(&shelf);
}

static void it_answers_as_memory_does_after_a_start(void **state)
{
    struct shelf shelf;
    char path[400];
    shelf_open(&shelf);
    write_batches(&shelf, REPORTS);
    sealed_until(&shelf, 4);
    catalogue_end(&shelf);
    catalogue_begin(&shelf, shelf.safe + 1);
    compare(&shelf);
    assert_true(files(&shelf, ".idx", path) > 4);
    catalogue_end(&shelf);
    assert_int_equal(unlink(path), 0); /* one is missing */
    catalogue_begin(&shelf, shelf.safe + 1);
    assert_int_equal(unlink(path), 0);               /* it was made, */
    catalogue_tick(shelf.catalogue, shelf.safe + 1); /* and is not made again out of memory */
    catalogue_end(&shelf);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(files(&shelf, ".idx", path) > 3);
    FILE *file = fopen(path, "r+b"); /* one is damaged where only its checksum shows it */
    assert_non_null(file);
    assert_int_equal(fseek(file, -5, SEEK_END), 0);
    (void)putc(getc(file) ^ 1, file);
    (void)fclose(file);
    catalogue_begin(&shelf, shelf.safe + 1);
    compare(&shelf);
    write_batches(&shelf, REPORTS / 10);
    compare(&shelf);
    shelf_close(&shelf);
}

static uint64_t trim(struct shelf *shelf, uint64_t number, int64_t since_ms, int64_t needed_ms)
{
    const struct catalogue_past past = {.number = number, .since_ms = since_ms, .needed_ms = needed_ms};
    return catalogue_trim(shelf->catalogue, &past);
}

static void what_is_trimmed_is_no_longer_found_and_the_rest_is(void **state)
{
    struct shelf shelf;
    struct answer answer = {0};
    shelf_open(&shelf);
    write_batches(&shelf, REPORTS);
    sealed_until(&shelf, 4);
    assert_true(trim(&shelf, 0, INT64_MAX, INT64_MAX) == 0);
    assert_true(trim(&shelf, UINT64_MAX - 1, 0, INT64_MAX) == 0); /* none is so old */
    assert_true(catalogue_is_older(shelf.catalogue, INT64_MAX) && !catalogue_is_older(shelf.catalogue, 0));
    int64_t early_ms = report_make("x", 0).occurred.start_ms; /* in each segment something is later */
    assert_true(trim(&shelf, UINT64_MAX - 1, INT64_MAX, early_ms) == 0);
    uint64_t gone = trim(&shelf, shelf.safe / 2, INT64_MAX, INT64_MAX);
    assert_true(gone > 0 && gone <= shelf.safe / 2);
    struct archive *archive = catalogue_archive(shelf.catalogue);
    assert_int_equal(archive->driver->within(archive, INT64_MIN + 1, INT64_MAX, UINT64_MAX, on_stub, &answer),
                     STATUS_OK);
    assert_true(answer.numbers[0] > gone && answer.last > gone);
    uint64_t first = 1;
    assert_int_equal(archive->driver->read(archive, &first, 1, on_report, &answer), STATUS_NOT_FOUND);
    shelf_close(&shelf);
}

/* However young they are, but never what is needed. */
static void what_is_beyond_the_size_goes_segment_by_segment(void **state)
{
    struct shelf shelf;
    shelf_open(&shelf);
    write_batches(&shelf, REPORTS);
    sealed_until(&shelf, 4);
    struct catalogue_past past = {.number = UINT64_MAX - 1, .since_ms = 0, .needed_ms = INT64_MAX};
    assert_true(catalogue_trim(shelf.catalogue, &past) == 0);
    past.excess_bytes = 1; /* one segment is more than that */
    uint64_t first = catalogue_trim(shelf.catalogue, &past);
    assert_true(first > 0);
    past.excess_bytes = 40 * 1024; /* two of 32 KiB */
    uint64_t third = catalogue_trim(shelf.catalogue, &past);
    assert_true(third > first && third < 4 * first);
    past.number = third; /* what a start still applies */
    assert_true(catalogue_trim(shelf.catalogue, &past) == 0);
    past.number = UINT64_MAX - 1;
    past.needed_ms = report_make("x", 0).occurred.start_ms; /* what it reads back */
    assert_true(catalogue_trim(shelf.catalogue, &past) == 0);
    shelf_close(&shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_as_memory_does_while_segments_are_sealed),
        cmocka_unit_test(it_answers_as_memory_does_after_a_start),
        cmocka_unit_test(what_is_trimmed_is_no_longer_found_and_the_rest_is),
        cmocka_unit_test(what_is_beyond_the_size_goes_segment_by_segment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
