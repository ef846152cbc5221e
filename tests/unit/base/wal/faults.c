/* Any operation on a file fails, or is the last before the power goes: what was told as synced is there afterwards, and
 * what is there is right. */
#include "tests/unit/base/wal/trial.h"

#include <errno.h>
#include <stdio.h>

#define RECORDS 60u

struct outcome {
    enum status opened;
    enum status failed;
    uint64_t synced;
    uint64_t taken; /* numbers */
    uint64_t trimmed;
};

static void trial_begin(struct trial *trial, struct disk *disk)
{
    trial_init(trial, disk);
    trial->options.segment_bytes = 4096;
    trial->options.retry_ms = 1;
}

/* Opens it twice, appends over several segments each time, trims. Goes on as long as it may. */
static struct outcome work(struct disk *disk)
{
    struct outcome outcome = {.opened = STATUS_OK};
    for (int round = 0; round < 2 && outcome.opened == STATUS_OK && outcome.failed == STATUS_OK; round++) {
        struct trial trial;
        trial_begin(&trial, disk);
        outcome.opened = trial_open(&trial);
        if (outcome.opened != STATUS_OK) {
            trial_fini(&trial);
            break;
        }
        assert_true(trial.found.next > outcome.synced);
        for (unsigned i = 0; i < RECORDS && trial.failed == STATUS_OK; i++) {
            enum status status;
            while ((status = trial_append(&trial, 50 + i * 7, 1 + i % 3)) == STATUS_AGAIN || status == STATUS_NO_SPACE)
                trial_await_room(&trial);
            assert_true(status == STATUS_OK || status == STATUS_CLOSED);
            if (i % 11 == 0)
                trial_settle(&trial);
            if (i == 40) {
                outcome.trimmed = trial.synced / 2;
                wal_trim(trial.wal, outcome.trimmed);
            }
        }
        trial_settle(&trial); /* closing does not wait for space */
        outcome.taken = wal_next(trial.wal) - 1;
        trial_close(&trial);
        outcome.failed = trial.failed;
        outcome.synced = trial.synced;
        assert_true(trial.failures <= 1);
        assert_true(trial.failed == STATUS_OK ? trial.synced == outcome.taken : trial.reason[0] != '\0');
        trial_fini(&trial);
    }
    return outcome;
}

/* All is well with the disk again. */
static void what_was_synced_is_there(struct disk *disk, const struct outcome *outcome)
{
    struct trial trial;
    uint64_t next = 1;
    trial_begin(&trial, disk);
    enum status status = trial_open(&trial);
    if (status != STATUS_OK)
        fail_msg("%s", trial.reason);
    assert_true(trial.found.next > outcome->synced);
    assert_true(trial.found.first <= outcome->trimmed + 1);
    assert_int_equal(trial_read(&trial, trial.found.first, &next), STATUS_END);
    assert_int_equal(next, trial.found.next);
    trial_must_append(&trial, 3000, 1);
    trial_must_append(&trial, 3000, 1);
    trial_close(&trial);
    assert_int_equal(trial_read_all(&trial), trial.found.next + 2);
    trial_fini(&trial);
}

/* One operation fails, each in its turn. Answers how many turns there were. */
static unsigned fail_each(enum disk_operation operation, uint64_t times, int error, bool passes)
{
    unsigned turns = 0;
    for (bool hit = true; hit; turns++) {
        struct disk *disk = disk_new(turns);
        disk_fail(disk, operation, turns + 1, times, error);
        struct outcome outcome = work(disk);
        hit = disk_has_failed(disk);
        if (passes && outcome.opened == STATUS_OK)
            assert_int_equal(outcome.failed, STATUS_OK);
        disk_fail(disk, operation, 0, 0, 0);
        disk_restart(disk, DISK_LOSES_SOME);
        what_was_synced_is_there(disk, &outcome);
        disk_free(disk);
    }
    return turns;
}

static void an_error_of_the_disk_at_any_operation_loses_nothing_that_was_synced(void **state)
{
    for (enum disk_operation operation = 0; operation < DISK_OPERATIONS; operation++)
        (void)fail_each(operation, 1, EIO, false);
    assert_true(fail_each(DISK_FDATASYNC, UINT64_MAX / 2, EIO, false) > 20);
}

static void no_space_at_any_operation_is_waited_out(void **state)
{
    static const enum disk_operation operations[] = {DISK_PWRITE, DISK_FALLOCATE, DISK_OPEN, DISK_RENAME};
    for (size_t i = 0; i < 4; i++) {
        assert_true(fail_each(operations[i], 1, ENOSPC, true) > 3);
        assert_true(fail_each(operations[i], 3, ENOSPC, true) > 3);
    }
    assert_true(fail_each(DISK_OPEN, 1, EMFILE, false) > 3);
}

static void a_failed_sync_is_told_once_and_is_for_ever(void **state)
{
    struct disk *disk = disk_new(1);
    struct trial trial;
    trial_begin(&trial, disk);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    trial_must_append(&trial, 10, 1);
    trial_settle(&trial);
    disk_fail(disk, DISK_FDATASYNC, 1, 1, EIO);
    trial_must_append(&trial, 10, 1);
    trial_settle(&trial);
    assert_int_equal(trial.failures, 1);
    assert_int_equal(trial.failed, STATUS_IO);
    assert_non_null(strstr(trial.reason, "fdatasync failed"));
    assert_non_null(strstr(trial.reason, "after record 1 is not safe"));
    assert_int_equal(disk_calls(disk, DISK_FDATASYNC), 1);
    for (int i = 0; i < 10; i++)
        assert_int_equal(trial_append(&trial, 10, 1), STATUS_CLOSED);
    trial_close(&trial);
    assert_int_equal(disk_calls(disk, DISK_FDATASYNC), 1); /* never tried again */
    assert_int_equal(trial.failures, 1);
    assert_int_equal(trial.synced, 1);
    trial_fini(&trial);
    disk_free(disk);
}

static void a_full_device_is_said_and_looked_at_again(void **state)
{
    struct disk *disk = disk_new(2);
    struct trial trial;
    trial_begin(&trial, disk);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    disk_fail(disk, DISK_FALLOCATE, 1, UINT64_MAX / 2, ENOSPC);
    enum status status;
    while ((status = trial_append(&trial, 500, 1)) != STATUS_NO_SPACE) {
        assert_true(status == STATUS_OK || status == STATUS_AGAIN);
        if (status == STATUS_AGAIN)
            trial_await_room(&trial);
    }
    trial_settle(&trial);
    uint64_t taken = wal_next(trial.wal);
    assert_int_equal(trial.synced, taken - 1); /* what was taken has its room, and is safe */
    assert_true(taken > 5);
    uint64_t calls = disk_calls(disk, DISK_FALLOCATE);
    while (disk_calls(disk, DISK_FALLOCATE) < calls + 5)
        uv_sleep(1);
    assert_int_equal(trial_append(&trial, 500, 1), STATUS_NO_SPACE);
    disk_fail(disk, DISK_FALLOCATE, 0, 0, 0);
    trial_await_room(&trial);
    trial_must_append(&trial, 500, 1);
    trial_close(&trial);
    assert_int_equal(trial_read_all(&trial), taken + 1);
    trial_fini(&trial);
    disk_free(disk);
}

static void where_room_cannot_be_reserved_zeros_reserve_it(void **state)
{
    struct disk *disk = disk_new(3);
    disk_fail(disk, DISK_FALLOCATE, 1, UINT64_MAX / 2, EOPNOTSUPP);
    struct outcome outcome = work(disk);
    assert_int_equal(outcome.opened, STATUS_OK);
    assert_int_equal(outcome.failed, STATUS_OK);
    disk_restart(disk, DISK_LOSES_ALL);
    what_was_synced_is_there(disk, &outcome);
    disk_free(disk);
}

static void short_writes_and_interruptions_are_no_matter(void **state)
{
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct disk *disk = disk_new(seed);
        disk_be_fitful(disk);
        struct outcome outcome = work(disk);
        assert_int_equal(outcome.opened, STATUS_OK);
        assert_int_equal(outcome.failed, STATUS_OK);
        disk_restart(disk, DISK_LOSES_ALL);
        what_was_synced_is_there(disk, &outcome);
        disk_free(disk);
    }
}

static void a_folder_that_may_not_be_written_to_is_refused_with_a_sentence(void **state)
{
    static const int errors[] = {EACCES, EROFS, EPERM};
    for (size_t i = 0; i < 3; i++) {
        struct disk *disk = disk_new(4);
        struct trial trial;
        trial_begin(&trial, disk);
        disk_fail(disk, DISK_OPEN, 1, UINT64_MAX / 2, errors[i]);
        assert_int_equal(trial_open(&trial), STATUS_PERMISSION);
        assert_non_null(strstr(trial.reason, "/log/lock: cannot be opened: permission denied"));
        disk_fail(disk, DISK_OPEN, 2, UINT64_MAX / 2, errors[i]);
        assert_int_equal(trial_open(&trial), STATUS_PERMISSION);
        assert_non_null(strstr(trial.reason, "/log: the first segment cannot be made: permission denied"));
        trial_fini(&trial);
        disk_free(disk);
    }
}

static void whenever_the_power_goes_what_was_synced_is_there(void **state)
{
    static const enum disk_loss losses[] = {DISK_LOSES_ALL,  DISK_LOSES_NOTHING, DISK_LOSES_SOME,
                                            DISK_LOSES_SOME, DISK_LOSES_SOME,    DISK_LOSES_SOME};
    for (uint64_t way = 0; way < sizeof losses / sizeof *losses; way++) {
        bool was_dead = true;
        for (uint64_t after = 0; was_dead; after++) {
            struct disk *disk = disk_new(after * 7 + way);
            disk_die_after(disk, after);
            struct outcome outcome = work(disk);
            was_dead = disk_is_dead(disk);
            assert_true(was_dead || (outcome.failed == STATUS_OK && after > 50));
            disk_restart(disk, losses[way]);
            disk_die_after(disk, after % 13); /* and again, while it recovers */
            struct trial trial;
            trial_begin(&trial, disk);
            if (trial_open(&trial) == STATUS_OK)
                trial_close(&trial);
            trial_fini(&trial);
            disk_restart(disk, losses[way]);
            what_was_synced_is_there(disk, &outcome);
            disk_free(disk);
        }
    }
}

/* What a killed process had written and not synced is found by the next, which says that it is there. */
static void what_opening_found_survives_the_power_too(void **state)
{
    bool was_dead = true;
    for (uint64_t after = 0; was_dead; after++) {
        struct disk *disk = disk_new(after);
        disk_die_after(disk, after);
        struct outcome outcome = work(disk);
        was_dead = disk_is_dead(disk);
        disk_kill(disk);
        struct trial trial;
        trial_begin(&trial, disk);
        assert_int_equal(trial_open(&trial), STATUS_OK);
        assert_true(trial.found.next > outcome.synced);
        outcome.synced = trial.found.next - 1;
        trial_close(&trial);
        trial_fini(&trial);
        disk_restart(disk, DISK_LOSES_ALL);
        what_was_synced_is_there(disk, &outcome);
        disk_free(disk);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_of_the_disk_at_any_operation_loses_nothing_that_was_synced),
        cmocka_unit_test(no_space_at_any_operation_is_waited_out),
        cmocka_unit_test(a_failed_sync_is_told_once_and_is_for_ever),
        cmocka_unit_test(a_full_device_is_said_and_looked_at_again),
        cmocka_unit_test(where_room_cannot_be_reserved_zeros_reserve_it),
        cmocka_unit_test(short_writes_and_interruptions_are_no_matter),
        cmocka_unit_test(a_folder_that_may_not_be_written_to_is_refused_with_a_sentence),
        cmocka_unit_test(whenever_the_power_goes_what_was_synced_is_there),
        cmocka_unit_test(what_opening_found_survives_the_power_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
