/* The outbox on disk: what was committed comes back, with its notes, wherever it was cut. */
#include "tests/unit/bus/spool_trial.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void what_was_committed_comes_back_and_goes_on_with_the_next_position(void **state)
{
    struct trial trial;
    trial_init(&trial);
    trial_must_open(&trial);
    assert_int_equal(trial.outbox->first, 1);
    assert_int_equal(trial.outbox->last, 0);
    assert_int_equal(trial.outbox->epoch, NOW_MS);
    trial_give_up_to(&trial, 1000, 7);
    assert_int_equal(trial_give(&trial), STATUS_OK); /* not committed */
    trial_settle(&trial, 1000);
    assert_int_equal(trial.outbox->ready, 1000);
    assert_int_equal(trial.outbox->last, 1001);
    trial_check(&trial, 1, 1000);
    trial_close(&trial);
    trial_must_open(&trial);
    assert_int_equal(trial.outbox->first, 1);
    assert_int_equal(trial.outbox->last, 1000);
    assert_int_equal(trial.outbox->ready, 1000);
    assert_int_equal(trial.outbox->epoch, NOW_MS);
    trial_check(&trial, 1, 1000);
    trial_give_up_to(&trial, 1500, 100);
    trial_settle(&trial, 1500);
    trial_check(&trial, 900, 1500);
    struct trial other = trial;
    assert_int_equal(trial_open(&other), STATUS_BUSY);
    assert_non_null(strstr(other.reason, "in use"));
    trial_close(&trial);
    trial_fini(&trial);
}

static void a_new_epoch_outlives_a_restart(void **state)
{
    struct trial trial;
    trial_init(&trial);
    trial_must_open(&trial);
    assert_int_equal(trial.outbox->begins, 1);
    trial_give_up_to(&trial, 10, 5);
    trial_settle(&trial, 10);
    trial.outbox->driver->trim(trial.outbox, 7);
    assert_int_equal(trial.outbox->driver->renew(trial.outbox), STATUS_OK);
    assert_int_equal(trial.outbox->begins, 8);
    for (int life = 0; life < 3; life++) { /* whether anything is appended in it or not */
        trial_close(&trial);
        trial_must_open(&trial);
        assert_int_equal(trial.outbox->epoch, NOW_MS + 1);
        assert_int_equal(trial.outbox->begins, 8);
        assert_int_equal(trial.outbox->last, life < 2 ? 10 : 20);
        assert_int_equal(trial.outbox->sent, life < 2 ? 0 : 20); /* what has not left before */
        if (life == 1) {
            trial_give_up_to(&trial, 20, 5);
            trial.outbox->driver->leaves(trial.outbox);
        }
    }
    trial_close(&trial);
    trial_fini(&trial);
}

static int no_more_files(void *self, const char *path, int flags)
{
    size_t size = strlen(path);
    return size > 9 && strcmp(path + size - 9, "epoch.tmp") == 0 ? -ENOSPC : wal_files_system.open(self, path, flags);
}

/* And what is beside another log, or damaged, says nothing. */
static void an_epoch_that_cannot_be_written_begins_and_is_in_the_next_record(void **state)
{
    struct trial trial;
    char path[96];
    trial_init(&trial);
    struct wal_files full = *trial.options.files;
    full.open = no_more_files;
    trial.options.files = &full;
    trial_must_open(&trial);
    trial_give_up_to(&trial, 10, 5);
    assert_int_equal(trial.outbox->driver->renew(trial.outbox), STATUS_NO_SPACE);
    assert_int_equal(trial.outbox->epoch, NOW_MS + 1);
    trial_give_up_to(&trial, 20, 5);
    trial_close(&trial);
    static const char *const strange[] = {"", "1 2 3", "2 1757453400000 1757453400009 1\n", "1 5 1757453400009 1\n",
                                          "1 1757453400000 1757453400009\n"};
    (void)snprintf(path, sizeof path, "%s/epoch", trial.folder);
    for (size_t i = 0; i < sizeof strange / sizeof strange[0]; i++) {
        FILE *stream = fopen(path, "w");
        assert_non_null(stream);
        (void)fputs(strange[i], stream);
        (void)fclose(stream);
        trial_must_open(&trial);
        assert_int_equal(trial.outbox->epoch, NOW_MS + 1);
        assert_int_equal(trial.outbox->begins, 0); /* nobody knows: who comes anew has what is kept */
        trial_close(&trial);
    }
    trial_fini(&trial);
}

/* --- notes --- */

static void count_keys(void *visitor, struct span key)
{
    assert_true(key.size > 0);
    ++*(unsigned *)visitor;
}

static void notes_go_with_the_items_they_were_committed_with(void **state)
{
    struct trial trial;
    unsigned count = 0;
    trial_init(&trial);
    trial_must_open(&trial);
    trial_note(&trial, "a", "1");
    trial_note(&trial, "b", "1");
    trial_give_up_to(&trial, 1, 1);
    trial_note(&trial, "a", "2, and longer");
    trial_note(&trial, "b", "");
    trial_note(&trial, "c", "3");
    trial_give_up_to(&trial, 2, 1);
    trial_note(&trial, "a", "never committed");
    trial_close(&trial);
    trial_must_open(&trial);
    trial_assert_note(&trial, "a", "2, and longer");
    trial_assert_note(&trial, "b", "");
    trial_assert_note(&trial, "c", "3");
    spool_notes_each(trial.outbox, count_keys, &count);
    assert_int_equal(count, 2);
    trial_close(&trial);
    trial_fini(&trial);
}

static void promise(struct trial *trial, int64_t promise_ms)
{
    const struct source_mark mark = {SPAN("desk"), promise_ms, SOURCE_LIVE};
    const struct frame frame = {.kind = FRAME_HEARTBEAT, .heartbeat = {UINT64_MAX, &mark, 1}};
    struct text packed = {0};
    assert_int_equal(frame_pack(&frame, &packed), STATUS_OK);
    trial->outbox->driver->promise(trial->outbox, (struct span){packed.data, packed.size});
    text_fini(&packed);
}

/* Never before what was there when it was made. */
static void what_was_promised_is_there_again_when_its_items_are_read(void **state)
{
    struct trial trial;
    struct span items[100];
    unsigned told = 0;
    trial_init(&trial);
    trial_must_open(&trial);
    for (uint64_t last = 100; last <= 20000; last += 100) {
        promise(&trial, (int64_t)last - 100);
        trial_give_up_to(&trial, last, 100);
        trial_settle(&trial, last);
    }
    trial_close(&trial);
    trial_must_open(&trial);
    struct outbox *outbox = trial.outbox;
    assert_null(promises_find(&outbox->promises, 20000));
    for (uint64_t first = 1, count; first <= 20000; first += count) {
        count = outbox->driver->read(outbox, first, 100, 1u << 20, 0, items);
        assert_true(count > 0);
        const struct marks *marks = promises_find(&outbox->promises, first + count - 1);
        int64_t before_ms = marks != NULL ? marks->items[0].watermark_ms : 0;
        assert_true(before_ms <= (int64_t)(first + count - 1));
        assert_true(before_ms >= (int64_t)first - 1 - 10000);
        told += marks != NULL;
    }
    assert_true(told > 100);
    trial_close(&trial);
    trial_fini(&trial);
}

static void notes_outlive_the_segments_they_were_written_in(void **state)
{
    struct trial trial;
    char value[32];
    trial_init(&trial);
    trial_must_open(&trial);
    trial_note(&trial, "once", "long ago");
    for (uint64_t last = 100; last <= 200000; last += 100) {
        (void)snprintf(value, sizeof value, "%llu", (unsigned long long)last);
        trial_note(&trial, "often", value);
        trial_give_up_to(&trial, last, 100);
        trial_settle(&trial, last);
        trial.outbox->driver->trim(trial.outbox, last);
    }
    assert_true(trial.outbox->bytes < 4u << 20); /* of 40 MB that went through it */
    trial_close(&trial);
    trial_must_open(&trial);
    assert_true(trial.outbox->first > 150000);
    trial_assert_note(&trial, "once", "long ago");
    trial_assert_note(&trial, "often", "200000");
    trial_close(&trial);
    trial_fini(&trial);
}

/* --- reading --- */

static void what_is_no_longer_in_memory_is_read_from_the_disk(void **state)
{
    struct trial trial;
    trial_init(&trial);
    trial.options.bytes_max = 64u << 20;
    trial.options.recent_bytes = 64 * 1024;
    trial_must_open(&trial);
    trial_give_up_to(&trial, 100000, 3);
    trial_settle(&trial, 100000);
    trial_check(&trial, 1, 100000);
    trial_give_up_to(&trial, 100500, 256);
    trial_settle(&trial, 100500);
    trial_check(&trial, 99000, 100500);
    for (uint64_t at = 1; at < 100000; at = at * 3 + 7) /* anywhere, and on from there */
        trial_check(&trial, at, at + 400);
    trial.outbox->driver->trim(trial.outbox, 50000);
    trial_check(&trial, 50001, 60000);
    trial_close(&trial);
    trial_must_open(&trial);
    trial_check(&trial, trial.outbox->first, 100500);
    trial_close(&trial);
    trial_fini(&trial);
}

/* --- cuts --- */

static size_t file_take(const char *folder, char ret_name[300], char **ret_bytes)
{
    DIR *list = opendir(folder);
    char path[400];
    ret_name[0] = '\0';
    for (struct dirent *entry; (entry = readdir(list)) != NULL;)
        if (strstr(entry->d_name, ".wal") != NULL)
            (void)snprintf(ret_name, 300, "%s", entry->d_name);
    (void)closedir(list);
    (void)snprintf(path, sizeof path, "%s/%s", folder, ret_name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    *ret_bytes = malloc(1u << 20);
    assert_non_null(*ret_bytes);
    size_t size = fread(*ret_bytes, 1, 1u << 20, file);
    (void)fclose(file);
    return size;
}

static void file_put(const char *folder, const char *name, const char *bytes, size_t size)
{
    char path[400];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)unlink(path); /* a file that is cut and written anew is flushed by some file systems as it is closed */
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Every record says in a note how far it goes: items and notes must tell the same, at every cut. */
static void cut_anywhere_items_and_notes_tell_the_same(void **state)
{
    struct trial trial;
    char name[300], *bytes, value[32];
    trial_init(&trial);
    trial.options.bytes_max = SPOOL_BYTES_MIN;
    trial_must_open(&trial);
    for (uint64_t last = 3; last <= 36; last += 3) {
        (void)snprintf(value, sizeof value, "%llu", (unsigned long long)last);
        trial_note(&trial, "at", value);
        trial_give_up_to(&trial, last, 3);
    }
    trial_close(&trial);
    size_t size = file_take(trial.folder, name, &bytes);
    while (size > 0 && bytes[size - 1] == '\0') /* written ahead */
        size--;
    size_t whole = 0, steps = 0;
    for (size_t cut = size; cut > 64; cut--) {
        file_put(trial.folder, name, bytes, cut);
        trial_must_open(&trial);
        uint64_t last = trial.outbox->last;
        assert_int_equal(last % 3, 0);
        (void)snprintf(value, sizeof value, "%llu", (unsigned long long)last);
        trial_assert_note(&trial, "at", last > 0 ? value : "");
        trial_check(&trial, 1, last);
        steps += last != whole;
        whole = last;
        if (cut % 37 == 0) { /* and it goes on */
            trial_give_up_to(&trial, last + 2, 2);
            trial_settle(&trial, last + 2);
            trial_check(&trial, 1, last + 2);
        }
        trial_close(&trial);
    }
    assert_int_equal(whole, 0);
    assert_true(steps >= 12);
    free(bytes);
    trial_fini(&trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_committed_comes_back_and_goes_on_with_the_next_position),
        cmocka_unit_test(a_new_epoch_outlives_a_restart),
        cmocka_unit_test(an_epoch_that_cannot_be_written_begins_and_is_in_the_next_record),
        cmocka_unit_test(notes_go_with_the_items_they_were_committed_with),
        cmocka_unit_test(what_was_promised_is_there_again_when_its_items_are_read),
        cmocka_unit_test(notes_outlive_the_segments_they_were_written_in),
        cmocka_unit_test(what_is_no_longer_in_memory_is_read_from_the_disk),
        cmocka_unit_test(cut_anywhere_items_and_notes_tell_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
