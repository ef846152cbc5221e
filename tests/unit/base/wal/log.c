#include "base/wal/crc32c.h"
#include "tests/unit/base/wal/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void crc32c_gives_the_known_answers_by_table_and_instruction(void **state)
{
    char zeros[32] = {0};
    assert_int_equal(crc32c(0, "123456789", 9), 0xE3069283); /* the check value of CRC-32C */
    assert_int_equal(crc32c(0, zeros, 32), 0x8A9136AA);      /* RFC 3720, B.4 */
    for (size_t size = 0; size < 100; size++) {
        char bytes[100];
        trial_payload(size, sizeof bytes, bytes);
        assert_int_equal(crc32c(7, bytes, size), crc32c_by_table(7, bytes, size));
        assert_int_equal(crc32c(crc32c(7, bytes, size), bytes + size, 100 - size), crc32c(7, bytes, 100));
    }
}

static void what_was_appended_is_read_after_it_was_closed_and_opened(void **state)
{
    struct trial trial;
    trial_init(&trial, NULL);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    assert_int_equal(trial.found.first, 1);
    assert_int_equal(trial.found.next, 1);
    assert_int_equal(trial.found.created_ms, 1700000000000);
    uint64_t next = 1;
    for (int round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < 100; next += 1 + i % 7, i++)
            trial_must_append(&trial, i * 13, 1 + i % 7);
        trial_settle(&trial);
        assert_int_equal(trial.synced, next - 1);
        assert_int_equal(wal_synced(trial.wal), next - 1);
        trial_close(&trial);
        assert_int_equal(trial_read_all(&trial), next);
        assert_int_equal(trial_open(&trial), STATUS_OK);
        assert_int_equal(trial.found.next, next);
        assert_int_equal(trial.found.cut_bytes, 0);
        assert_int_equal(trial.found.created_ms, 1700000000000);
    }
    trial_close(&trial);
    trial_fini(&trial);
}

static void closing_makes_durable_what_was_taken(void **state)
{
    struct trial trial;
    trial_init(&trial, NULL);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(trial_append(&trial, 100, 1), STATUS_OK);
    trial_close(&trial);
    assert_int_equal(trial.synced, 1000);
    assert_int_equal(trial_read_all(&trial), 1001);
    trial_fini(&trial);
}

static void segments_follow_one_another_and_are_trimmed_from_the_front(void **state)
{
    struct trial trial;
    struct wal_segment segments[64];
    trial_init(&trial, NULL);
    trial.options.segment_bytes = 8192;
    assert_int_equal(trial_open(&trial), STATUS_OK);
    for (int i = 0; i < 400; i++)
        trial_must_append(&trial, 200, 3);
    trial_settle(&trial);
    size_t count = wal_segments(trial.folder, segments, 64);
    assert_true(count > 9 && count < 20);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(segments[i].next, i + 1 < count ? segments[i + 1].first : 1201);
        assert_int_equal(segments[i].sealed, i + 1 < count);
    }
    uint64_t bytes = wal_bytes(trial.wal);
    wal_trim(trial.wal, segments[4].first - 1);
    while (wal_first(trial.wal) < segments[4].first)
        trial_turn(&trial);
    assert_true(wal_bytes(trial.wal) < bytes);
    trial_must_append(&trial, 200, 3);
    trial_settle(&trial);
    assert_int_equal(wal_first(trial.wal), segments[4].first);
    uint64_t next;
    assert_int_equal(trial_read(&trial, 1, &next), STATUS_NOT_FOUND);
    assert_int_equal(trial_read(&trial, segments[4].first, &next), STATUS_END);
    assert_int_equal(next, 1204);
    wal_trim(trial.wal, 5000); /* beyond the end: the last segment stays */
    while (wal_first(trial.wal) < segments[count - 1].first)
        trial_turn(&trial);
    trial_close(&trial);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    assert_int_equal(trial.found.next, 1204);
    assert_int_equal(trial.found.created_ms, 1700000000000);
    trial_close(&trial);
    trial_fini(&trial);
}

static void a_record_larger_than_a_segment_gets_one_of_its_own(void **state)
{
    struct trial trial;
    trial_init(&trial, NULL);
    trial.options.segment_bytes = 8192;
    trial.options.pending_bytes = 20000;
    assert_int_equal(trial_open(&trial), STATUS_OK);
    for (int round = 0; round < 3; round++) {
        trial_must_append(&trial, 100, 1);
        trial_must_append(&trial, 100000, 5);
    }
    trial_must_append(&trial, 0, 1);
    trial_close(&trial);
    assert_int_equal(trial_read_all(&trial), 20);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    assert_int_equal(trial.found.next, 20);
    char *bytes = calloc(1, WAL_RECORD_MAX + 1);
    uint64_t lsn;
    struct span part = {bytes, WAL_RECORD_MAX + 1};
    assert_int_equal(wal_append(trial.wal, 1, 1, &part, 1, &lsn), STATUS_TOO_LARGE);
    free(bytes);
    trial_close(&trial);
    trial_fini(&trial);
}

static void too_much_under_way_is_refused_until_there_is_room(void **state)
{
    struct trial trial;
    trial_init(&trial, NULL);
    trial.options.pending_bytes = 10000;
    assert_int_equal(trial_open(&trial), STATUS_OK);
    unsigned refused = 0;
    for (int i = 0; i < 3000; i++) {
        while (trial_append(&trial, 500, 1) != STATUS_OK) {
            refused++;
            trial_await_room(&trial);
        }
    }
    trial_close(&trial);
    assert_true(refused > 0);
    assert_int_equal(trial_read_all(&trial), 3001);
    trial_fini(&trial);
}

static void a_full_log_takes_more_once_it_is_trimmed(void **state)
{
    struct trial trial;
    trial_init(&trial, NULL);
    trial.options.bytes_max = 256 * 1024;
    assert_int_equal(trial_open(&trial), STATUS_OK);
    for (int round = 0; round < 3; round++) {
        enum status status;
        while ((status = trial_append(&trial, 1000, 1)) != STATUS_FULL) {
            assert_true(status == STATUS_OK || status == STATUS_AGAIN);
            if (status == STATUS_AGAIN)
                trial_await_room(&trial); /* or to be told that it is full */
        }
        trial_settle(&trial);
        assert_true(wal_bytes(trial.wal) <= 256 * 1024);
        assert_true(wal_next(trial.wal) - wal_first(trial.wal) > 200); /* three quarters at the least */
        unsigned rooms = trial.rooms;
        wal_trim(trial.wal, wal_first(trial.wal)); /* less than a segment: nothing */
        assert_int_equal(trial_append(&trial, 1000, 1), STATUS_FULL);
        assert_int_equal(trial.rooms, rooms);
        wal_trim(trial.wal, wal_synced(trial.wal));
        trial_await_room(&trial);
        trial_must_append(&trial, 1000, 1);
    }
    assert_int_equal(trial_append(&trial, 256 * 1024, 1), STATUS_TOO_LARGE);
    trial_settle(&trial);
    wal_trim(trial.wal, wal_synced(trial.wal));
    trial_must_append(&trial, 200 * 1024, 1); /* alone it fits */
    trial_close(&trial);
    trial_fini(&trial);
}

static void one_process_has_it(void **state)
{
    struct trial first;
    trial_init(&first, NULL);
    assert_int_equal(trial_open(&first), STATUS_OK);
    struct trial second = {.options = first.options};
    assert_int_equal(uv_loop_init(&second.loop), 0);
    assert_int_equal(trial_open(&second), STATUS_BUSY);
    assert_non_null(strstr(second.reason, "lock"));
    assert_int_equal(uv_loop_close(&second.loop), 0);
    trial_close(&first);
    trial_fini(&first);
}

static void another_kind_or_a_newer_version_is_refused(void **state)
{
    struct trial trial;
    uint64_t next;
    trial_init(&trial, NULL);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    trial_must_append(&trial, 10, 1);
    trial_close(&trial);
    memcpy(trial.options.kind, "another", 8);
    assert_int_equal(trial_open(&trial), STATUS_UNSUPPORTED);
    assert_non_null(strstr(trial.reason, "is of a trial, not of a another"));
    assert_int_equal(trial_read(&trial, 0, &next), STATUS_UNSUPPORTED);
    memcpy(trial.options.kind, "trial\0\0", 8);
    trial.options.version = 0;
    assert_int_equal(trial_open(&trial), STATUS_UNSUPPORTED);
    assert_non_null(strstr(trial.reason, "version 1"));
    trial.options.version = 2; /* an upgraded program: it begins a segment of its own */
    assert_int_equal(trial_open(&trial), STATUS_OK);
    trial_must_append(&trial, 10, 1);
    trial_close(&trial);
    struct wal_segment segments[3];
    assert_int_equal(wal_segments(trial.folder, segments, 3), 2);
    assert_int_equal(trial_read_all(&trial), 3);
    trial.options.version = 1;
    assert_int_equal(trial_open(&trial), STATUS_UNSUPPORTED);
    trial_fini(&trial);
}

static void nobody_else_may_read_the_files(void **state)
{
    struct trial trial;
    char path[256];
    char deep[128];
    struct stat status;
    trial_init(&trial, NULL);
    (void)snprintf(deep, sizeof deep, "%s/state/agent/ais/spool", trial.folder);
    trial.options.folder = deep;
    assert_int_equal(trial_open(&trial), STATUS_OK);
    trial_close(&trial);
    assert_int_equal(stat(deep, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    (void)snprintf(path, sizeof path, "%s/00000000000000000001.wal", deep);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    trial_fini(&trial);
}

static void records_are_found_by_number_and_by_place(void **state)
{
    struct trial trial;
    struct wal_reader *reader;
    struct wal_reader *finder;
    struct wal_record record;
    trial_init(&trial, NULL);
    trial.options.segment_bytes = 8192;
    assert_int_equal(trial_open(&trial), STATUS_OK);
    for (int i = 0; i < 200; i++)
        trial_must_append(&trial, 100, 4);
    trial_close(&trial);
    assert_int_equal(wal_reader_open(&trial.options, 0, &reader, trial.reason), STATUS_OK);
    while (wal_reader_next(reader, &record, trial.reason) == STATUS_OK) {
        struct wal_record found;
        assert_int_equal(wal_reader_open(&trial.options, record.lsn + record.lsn % 4, &finder, trial.reason),
                         STATUS_OK);
        assert_int_equal(wal_reader_next(finder, &found, trial.reason), STATUS_OK);
        assert_int_equal(found.lsn, record.lsn);
        assert_int_equal(wal_reader_at(finder, record.segment, record.offset, &found, trial.reason), STATUS_OK);
        assert_int_equal(found.lsn, record.lsn);
        assert_true(trial_is_right(&found));
        assert_int_equal(wal_reader_at(finder, record.segment, record.offset + 8, &found, trial.reason),
                         STATUS_CORRUPT);
        assert_int_equal(wal_reader_at(finder, record.segment, UINT64_MAX - 7, &found, trial.reason), STATUS_CORRUPT);
        assert_int_equal(wal_reader_at(finder, 999999, 64, &found, trial.reason), STATUS_NOT_FOUND);
        wal_reader_close(finder);
    }
    wal_reader_close(reader);
    assert_int_equal(wal_reader_open(&trial.options, 801, &finder, trial.reason), STATUS_OK); /* the next one */
    assert_int_equal(wal_reader_next(finder, &record, trial.reason), STATUS_END);
    wal_reader_close(finder);
    assert_int_equal(wal_reader_open(&trial.options, 802, &finder, trial.reason), STATUS_NOT_FOUND);
    trial.options.folder = "/tmp/vedette_wal_nowhere";
    assert_int_equal(wal_reader_open(&trial.options, 0, &finder, trial.reason), STATUS_NOT_FOUND);
    trial.options.folder = trial.folder;
    trial_fini(&trial);
}

static void a_reader_beside_the_writer_sees_all_that_is_synced(void **state)
{
    struct trial trial;
    struct wal_reader *reader;
    struct wal_record record;
    trial_init(&trial, NULL);
    trial.options.segment_bytes = 16384;
    assert_int_equal(trial_open(&trial), STATUS_OK);
    assert_int_equal(wal_reader_open(&trial.options, 0, &reader, trial.reason), STATUS_OK);
    uint64_t next = 1;
    for (int i = 0; i < 5000; i++) {
        uint64_t synced = wal_synced(trial.wal);
        enum status status;
        while ((status = wal_reader_next(reader, &record, trial.reason)) == STATUS_OK) {
            assert_int_equal(record.lsn, next);
            assert_true(trial_is_right(&record));
            next = record.lsn + record.count;
        }
        assert_int_equal(status, STATUS_END);
        assert_true(next > synced);
        trial_must_append(&trial, (size_t)i % 400, 2);
    }
    wal_reader_close(reader);
    trial_close(&trial);
    assert_true(next > 5000);
    trial_fini(&trial);
}

static void a_reader_that_read_ahead_sees_what_was_synced_since(void **state)
{
    struct trial trial;
    struct wal_reader *reader;
    struct wal_record record;
    trial_init(&trial, NULL);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    assert_int_equal(wal_reader_open(&trial.options, 0, &reader, trial.reason), STATUS_OK);
    for (uint64_t lsn = 1; lsn < 100; lsn++) {
        trial_must_append(&trial, 30, 1);
        trial_settle(&trial);
        assert_int_equal(wal_reader_next(reader, &record, trial.reason), STATUS_OK); /* never asked beyond the last */
        assert_int_equal(record.lsn, lsn);
    }
    wal_reader_close(reader);
    trial_close(&trial);
    trial_fini(&trial);
}

static void a_reader_left_behind_by_trimming_is_told(void **state)
{
    struct trial trial;
    struct wal_reader *reader;
    struct wal_record record;
    trial_init(&trial, NULL);
    trial.options.segment_bytes = 4096;
    assert_int_equal(trial_open(&trial), STATUS_OK);
    assert_int_equal(wal_reader_open(&trial.options, 0, &reader, trial.reason), STATUS_OK);
    for (int i = 0; i < 100; i++)
        trial_must_append(&trial, 200, 1);
    trial_settle(&trial);
    uint64_t first = wal_first(trial.wal);
    wal_trim(trial.wal, 60);
    while (wal_first(trial.wal) == first)
        trial_turn(&trial);
    trial_close(&trial);
    enum status status;
    while ((status = wal_reader_next(reader, &record, trial.reason)) == STATUS_OK)
        assert_true(trial_is_right(&record));
    assert_int_equal(status, STATUS_NOT_FOUND);
    assert_non_null(strstr(trial.reason, "no longer kept"));
    wal_reader_close(reader);
    trial_fini(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_gives_the_known_answers_by_table_and_instruction),
        cmocka_unit_test(what_was_appended_is_read_after_it_was_closed_and_opened),
        cmocka_unit_test(closing_makes_durable_what_was_taken),
        cmocka_unit_test(segments_follow_one_another_and_are_trimmed_from_the_front),
        cmocka_unit_test(a_record_larger_than_a_segment_gets_one_of_its_own),
        cmocka_unit_test(too_much_under_way_is_refused_until_there_is_room),
        cmocka_unit_test(a_full_log_takes_more_once_it_is_trimmed),
        cmocka_unit_test(one_process_has_it),
        cmocka_unit_test(another_kind_or_a_newer_version_is_refused),
        cmocka_unit_test(nobody_else_may_read_the_files),
        cmocka_unit_test(records_are_found_by_number_and_by_place),
        cmocka_unit_test(a_reader_beside_the_writer_sees_all_that_is_synced),
        cmocka_unit_test(a_reader_that_read_ahead_sees_what_was_synced_since),
        cmocka_unit_test(a_reader_left_behind_by_trimming_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
