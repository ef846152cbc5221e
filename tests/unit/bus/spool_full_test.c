/* The outbox on disk when it is full, or its disk is, or fails. */
#include "tests/unit/bus/spool_trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Until an append is not taken; answers with what. */
static enum status fill(struct trial *trial)
{
    for (;;) {
        for (int i = 0; i < 50; i++) {
            enum status status = trial_give(trial);
            if (status == STATUS_FULL || (status == STATUS_AGAIN && trial->outbox->full)) {
                trial_commit(trial);
                return status;
            }
            if (status == STATUS_AGAIN)
                (void)uv_run(&trial->loop, UV_RUN_ONCE);
        }
        trial_commit(trial);
    }
}

static void a_full_one_that_blocks_has_room_once_something_is_acknowledged(void **state)
{
    struct trial trial;
    trial_init(&trial);
    trial.options.bytes_max = 2u << 20;
    trial_must_open(&trial);
    assert_int_equal(fill(&trial), STATUS_AGAIN);
    assert_true(trial.outbox->full);
    assert_false(trial.outbox->driver->room(trial.outbox, 100));
    assert_true(trial.outbox->last > 6000); /* it is full when it is */
    uint64_t last = trial.outbox->last;
    trial.outbox->driver->trim(trial.outbox, last / 2);
    while (!trial.outbox->driver->room(trial.outbox, 100))
        (void)uv_run(&trial.loop, UV_RUN_ONCE);
    assert_false(trial.outbox->full);
    assert_true(trial.changes > 0);
    trial_give_up_to(&trial, last + 500, 50);
    trial_settle(&trial, last + 500); /* what was held is there too */
    trial_check(&trial, trial.outbox->first, last + 500);
    assert_int_equal(trial.outbox->dropped, 0);
    trial_close(&trial);
    trial_fini(&trial);
}

static void a_full_one_that_rejects_counts_what_it_does_not_take(void **state)
{
    struct trial trial;
    trial_init(&trial);
    trial.options.bytes_max = 2u << 20;
    trial.options.full = SPOOL_REJECT;
    trial_must_open(&trial);
    assert_int_equal(fill(&trial), STATUS_FULL);
    uint64_t last = trial.outbox->last;
    for (int i = 0; i < 99; i++)
        assert_int_equal(trial_give(&trial), STATUS_FULL);
    assert_int_equal(trial.outbox->dropped, 100);
    assert_int_equal(trial.outbox->last, last);
    assert_true(trial.outbox->driver->room(trial.outbox, 100)); /* whoever waits for room would wait in vain */
    trial.outbox->driver->trim(trial.outbox, last / 2);
    while (trial.outbox->full)
        (void)uv_run(&trial.loop, UV_RUN_ONCE);
    trial_give_up_to(&trial, last + 500, 50);
    trial_settle(&trial, last + 500);
    trial_check(&trial, trial.outbox->first, last + 500);
    trial_close(&trial);
    trial_fini(&trial);
}

/* Its sources are read on meanwhile, and every step is noted. */
static void the_notes_of_a_full_one_that_rejects_do_not_grow_with_each_step(void **state)
{
    struct trial trial;
    char key[32], value[32];
    trial_init(&trial);
    trial.options.bytes_max = 8u << 20;
    trial.options.full = SPOOL_REJECT;
    trial_must_open(&trial);
    trial_note(&trial, "gone", "it was there");
    assert_int_equal(fill(&trial), STATUS_FULL);
    uint64_t last = trial.outbox->last;
    trial_note(&trial, "gone", "");
    for (unsigned step = 0; step < 600000; step++) {
        (void)snprintf(key, sizeof key, "file %u", step % 7);
        (void)snprintf(value, sizeof value, "%u", step);
        trial_note(&trial, key, value);
    }
    trial.outbox->driver->trim(trial.outbox, last / 2);
    while (trial.outbox->full && trial.failed == STATUS_OK)
        (void)uv_run(&trial.loop, UV_RUN_ONCE);
    assert_int_equal(trial.failed, STATUS_OK);
    trial_settle(&trial, last);
    trial_close(&trial);
    trial_must_open(&trial);
    trial_assert_note(&trial, "gone", "");
    trial_assert_note(&trial, "file 3", "599994");
    trial_check(&trial, trial.outbox->first, last);
    trial_close(&trial);
    trial_fini(&trial);
}

static void a_full_one_that_drops_keeps_the_latest_and_counts_the_rest(void **state)
{
    struct trial trial;
    trial_init(&trial);
    trial.options.bytes_max = 2u << 20;
    trial.options.full = SPOOL_DROP_OLDEST;
    trial_must_open(&trial);
    trial_note(&trial, "once", "long ago");
    trial_give_up_to(&trial, 60000, 50);
    trial_settle(&trial, 60000);
    assert_true(trial.outbox->first > 30000);
    assert_int_equal(trial.outbox->dropped, trial.outbox->first - 1);
    assert_true(trial.outbox->bytes <= 2u << 20);
    assert_true(trial.outbox->lossy);
    trial_check(&trial, trial.outbox->first, 60000);
    trial_close(&trial);
    trial_must_open(&trial);
    trial_assert_note(&trial, "once", "long ago");
    trial_check(&trial, trial.outbox->first, 60000);
    trial_close(&trial);
    trial_fini(&trial);
}

/* --- a disk that fails --- */

static struct wal_files broken;

static int sync_fails(void *self, int fd)
{
    return -EIO;
}

static void a_disk_that_fails_is_said_and_nothing_is_ready_that_is_not_safe(void **state)
{
    struct trial trial;
    trial_init(&trial);
    broken = wal_files_system;
    trial.options.files = &broken;
    trial_must_open(&trial);
    trial_give_up_to(&trial, 100, 10);
    trial_settle(&trial, 100);
    broken.fdatasync = sync_fails;
    trial_give_up_to(&trial, 110, 10);
    trial_settle(&trial, 110);
    assert_int_equal(trial.failed, STATUS_IO);
    assert_non_null(strstr(trial.reason, trial.folder));
    assert_int_equal(trial.outbox->ready, 100);
    assert_int_equal(trial_give(&trial), STATUS_CLOSED);
    trial_check(&trial, 1, 100);
    trial_close(&trial);
    broken.fdatasync = wal_files_system.fdatasync;
    trial.failed = STATUS_OK;
    trial_must_open(&trial);
    assert_true(trial.outbox->last >= 100);
    trial_check(&trial, 1, trial.outbox->last);
    trial_close(&trial);
    trial_fini(&trial);
}

static int no_space(void *self, int fd, uint64_t size)
{
    return -ENOSPC;
}

static int64_t no_space_to_write(void *self, int fd, const void *bytes, size_t size, uint64_t offset)
{
    return -ENOSPC;
}

static void a_full_device_is_a_full_spool(void **state)
{
    struct trial trial;
    trial_init(&trial);
    broken = wal_files_system;
    trial.options.files = &broken;
    trial_must_open(&trial);
    trial_give_up_to(&trial, 100, 10);
    trial_settle(&trial, 100);
    broken.fallocate = no_space;
    broken.pwrite = no_space_to_write;
    assert_int_equal(fill(&trial), STATUS_AGAIN);
    assert_true(trial.outbox->full);
    uint64_t last = trial.outbox->last;
    broken = wal_files_system;
    while (!trial.outbox->driver->room(trial.outbox, 100))
        (void)uv_run(&trial.loop, UV_RUN_ONCE);
    trial_settle(&trial, last);
    assert_int_equal(trial.failed, STATUS_OK);
    trial_check(&trial, 1, last);
    trial_close(&trial);
    trial_fini(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_one_that_blocks_has_room_once_something_is_acknowledged),
        cmocka_unit_test(a_full_one_that_rejects_counts_what_it_does_not_take),
        cmocka_unit_test(the_notes_of_a_full_one_that_rejects_do_not_grow_with_each_step),
        cmocka_unit_test(a_full_one_that_drops_keeps_the_latest_and_counts_the_rest),
        cmocka_unit_test(a_disk_that_fails_is_said_and_nothing_is_ready_that_is_not_safe),
        cmocka_unit_test(a_full_device_is_a_full_spool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
