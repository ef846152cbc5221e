/* The outbox on disk: what was committed comes back, with its notes, wherever it was cut; what it does when it is full.
 */
#include "base/wal/wal_files.h"
#include "bus/outboxes/spool.h"
#include "proto/codec.h"
#include "proto/json.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
// cmocka wants those before it
#include <cmocka.h>

#define NOW_MS 1757453400000

struct trial {
    char root[64], folder[80];
    uv_loop_t loop;
    struct spool_options options;
    struct outbox *outbox;
    char reason[WAL_REASON_BYTES];
    unsigned changes;
    enum status failed;
    bool closed;
};

static void on_changed(void *self)
{
    ((struct trial *)self)->changes++;
}

static void on_failed(void *self, enum status status, const char *reason)
{
    struct trial *trial = self;
    trial->failed = status;
    (void)snprintf(trial->reason, sizeof trial->reason, "%s", reason);
}

static void on_closed(void *self)
{
    ((struct trial *)self)->closed = true;
}

/* No power is cut here: the log's own tests see to that. */
static struct wal_files quick;

static int sync_nothing(void *self, int fd)
{
    return 0;
}

static int sync_no_folder(void *self, const char *path)
{
    return 0;
}

static void trial_init(struct trial *trial)
{
    quick = wal_files_system;
    quick.fdatasync = sync_nothing;
    quick.sync_folder = sync_no_folder;
    *trial = (struct trial){.options = {.bytes_max = 8u << 20, .files = &quick}};
    (void)snprintf(trial->root, sizeof trial->root, "/tmp/vedette-spool-XXXXXX");
    assert_non_null(mkdtemp(trial->root));
    (void)snprintf(trial->folder, sizeof trial->folder, "%s/spool", trial->root);
    trial->options.folder = trial->folder;
    assert_int_equal(uv_loop_init(&trial->loop), 0);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    return remove(path);
}

static void trial_fini(struct trial *trial)
{
    assert_int_equal(uv_run(&trial->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&trial->loop), 0);
    (void)nftw(trial->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static enum status trial_open(struct trial *trial)
{
    enum status status = spool_open(&trial->loop, &trial->options, NOW_MS, &trial->outbox, trial->reason);
    if (status == STATUS_OK)
        trial->outbox->events = (struct outbox_events){on_changed, on_failed, trial};
    return status;
}

static void trial_must_open(struct trial *trial)
{
    if (trial_open(trial) != STATUS_OK)
        fail_msg("%s", trial->reason);
}

static void trial_close(struct trial *trial)
{
    trial->closed = false;
    trial->outbox->driver->close(trial->outbox, on_closed, trial);
    trial->outbox = NULL;
    while (!trial->closed)
        (void)uv_run(&trial->loop, UV_RUN_ONCE);
}

static void trial_settle(struct trial *trial, uint64_t ready)
{
    while (trial->outbox->ready < ready && trial->failed == STATUS_OK)
        (void)uv_run(&trial->loop, UV_RUN_ONCE);
}

/* The bytes of an item follow from its position. */
static struct span item_of(uint64_t position, char room[512])
{
    size_t size = (size_t)(position * 2654435761u % 400);
    memset(room, (int)('a' + position % 26), size);
    if (size >= sizeof position)
        memcpy(room, &position, sizeof position);
    return (struct span){room, size};
}

static enum status give(struct trial *trial)
{
    char room[512];
    return trial->outbox->driver->append(trial->outbox, item_of(trial->outbox->last + 1, room));
}

static void commit(struct trial *trial)
{
    trial->outbox->driver->commit(trial->outbox);
}

/* Items up to position last, in records of `together`. */
static void give_up_to(struct trial *trial, uint64_t last, unsigned together)
{
    while (trial->outbox->last < last) {
        for (unsigned i = 0; i < together && trial->outbox->last < last; i++) {
            enum status status;
            while ((status = give(trial)) == STATUS_AGAIN)
                (void)uv_run(&trial->loop, UV_RUN_ONCE);
            assert_int_equal(status, STATUS_OK);
        }
        commit(trial);
    }
}

/* Reads from..to as a sender does, and looks at each. */
static void check_items(struct trial *trial, uint64_t from, uint64_t to)
{
    struct span items[1024];
    while (from <= to) {
        size_t wanted = to - from + 1 < 1024 ? (size_t)(to - from + 1) : 1024;
        size_t count = trial->outbox->driver->read(trial->outbox, from, wanted, 1u << 20, 8, items);
        assert_true(count > 0 && count <= wanted);
        for (size_t i = 0; i < count; i++) {
            char room[512];
            assert_true(span_equal(items[i], item_of(from + i, room)));
        }
        from += count;
    }
}

static void what_was_committed_comes_back_and_goes_on_with_the_next_position(void **state)
{
    struct trial trial;
    trial_init(&trial);
    trial_must_open(&trial);
    assert_int_equal(trial.outbox->first, 1);
    assert_int_equal(trial.outbox->last, 0);
    assert_int_equal(trial.outbox->epoch, NOW_MS);
    give_up_to(&trial, 1000, 7);
    assert_int_equal(give(&trial), STATUS_OK); /* not committed */
    trial_settle(&trial, 1000);
    assert_int_equal(trial.outbox->ready, 1000);
    assert_int_equal(trial.outbox->last, 1001);
    check_items(&trial, 1, 1000);
    trial_close(&trial);
    trial_must_open(&trial);
    assert_int_equal(trial.outbox->first, 1);
    assert_int_equal(trial.outbox->last, 1000);
    assert_int_equal(trial.outbox->ready, 1000);
    assert_int_equal(trial.outbox->epoch, NOW_MS);
    check_items(&trial, 1, 1000);
    give_up_to(&trial, 1500, 100);
    trial_settle(&trial, 1500);
    check_items(&trial, 900, 1500);
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
    give_up_to(&trial, 10, 5);
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
        assert_int_equal(trial.outbox->sent, trial.outbox->last);
        if (life == 1)
            give_up_to(&trial, 20, 5);
    }
    trial_close(&trial);
    trial_fini(&trial);
}

static int no_more_files(void *self, const char *path, int flags)
{
    size_t size = strlen(path);
    return size > 9 && strcmp(path + size - 9, "epoch.tmp") == 0 ? -ENOSPC : quick.open(quick.self, path, flags);
}

/* And what is beside another log, or damaged, says nothing. */
static void an_epoch_that_cannot_be_written_begins_and_is_in_the_next_record(void **state)
{
    struct trial trial;
    char path[96];
    trial_init(&trial);
    struct wal_files full = quick;
    full.open = no_more_files;
    trial.options.files = &full;
    trial_must_open(&trial);
    give_up_to(&trial, 10, 5);
    assert_int_equal(trial.outbox->driver->renew(trial.outbox), STATUS_NO_SPACE);
    assert_int_equal(trial.outbox->epoch, NOW_MS + 1);
    give_up_to(&trial, 20, 5);
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

static void note(struct trial *trial, const char *key, const char *value)
{
    spool_note_set(trial->outbox, span_of(key), span_of(value));
}

static void assert_note(const struct trial *trial, const char *key, const char *value)
{
    struct span found = spool_note(trial->outbox, span_of(key));
    if (!span_equal(found, span_of(value)))
        fail_msg("%s: found \"%.*s\", expected \"%s\"", key, SPAN_ARG(found), value);
}

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
    note(&trial, "a", "1");
    note(&trial, "b", "1");
    give_up_to(&trial, 1, 1);
    note(&trial, "a", "2, and longer");
    note(&trial, "b", "");
    note(&trial, "c", "3");
    give_up_to(&trial, 2, 1);
    note(&trial, "a", "never committed");
    trial_close(&trial);
    trial_must_open(&trial);
    assert_note(&trial, "a", "2, and longer");
    assert_note(&trial, "b", "");
    assert_note(&trial, "c", "3");
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
        give_up_to(&trial, last, 100);
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
    note(&trial, "once", "long ago");
    for (uint64_t last = 100; last <= 200000; last += 100) {
        (void)snprintf(value, sizeof value, "%llu", (unsigned long long)last);
        note(&trial, "often", value);
        give_up_to(&trial, last, 100);
        trial_settle(&trial, last);
        trial.outbox->driver->trim(trial.outbox, last);
    }
    assert_true(trial.outbox->bytes < 4u << 20); /* of 40 MB that went through it */
    trial_close(&trial);
    trial_must_open(&trial);
    assert_true(trial.outbox->first > 150000);
    assert_note(&trial, "once", "long ago");
    assert_note(&trial, "often", "200000");
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
    give_up_to(&trial, 100000, 3);
    trial_settle(&trial, 100000);
    check_items(&trial, 1, 100000);
    give_up_to(&trial, 100500, 256);
    trial_settle(&trial, 100500);
    check_items(&trial, 99000, 100500);
    for (uint64_t at = 1; at < 100000; at = at * 3 + 7) /* anywhere, and on from there */
        check_items(&trial, at, at + 400);
    trial.outbox->driver->trim(trial.outbox, 50000);
    check_items(&trial, 50001, 60000);
    trial_close(&trial);
    trial_must_open(&trial);
    check_items(&trial, trial.outbox->first, 100500);
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
        note(&trial, "at", value);
        give_up_to(&trial, last, 3);
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
        assert_note(&trial, "at", last > 0 ? value : "");
        check_items(&trial, 1, last);
        steps += last != whole;
        whole = last;
        if (cut % 37 == 0) { /* and it goes on */
            give_up_to(&trial, last + 2, 2);
            trial_settle(&trial, last + 2);
            check_items(&trial, 1, last + 2);
        }
        trial_close(&trial);
    }
    assert_int_equal(whole, 0);
    assert_true(steps >= 12);
    free(bytes);
    trial_fini(&trial);
}

/* --- full --- */

/* Until an append is not taken; answers with what. */
static enum status fill(struct trial *trial)
{
    for (;;) {
        for (int i = 0; i < 50; i++) {
            enum status status = give(trial);
            if (status == STATUS_FULL || (status == STATUS_AGAIN && trial->outbox->full)) {
                commit(trial);
                return status;
            }
            if (status == STATUS_AGAIN)
                (void)uv_run(&trial->loop, UV_RUN_ONCE);
        }
        commit(trial);
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
    give_up_to(&trial, last + 500, 50);
    trial_settle(&trial, last + 500); /* what was held is there too */
    check_items(&trial, trial.outbox->first, last + 500);
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
        assert_int_equal(give(&trial), STATUS_FULL);
    assert_int_equal(trial.outbox->dropped, 100);
    assert_int_equal(trial.outbox->last, last);
    assert_true(trial.outbox->driver->room(trial.outbox, 100)); /* whoever waits for room would wait in vain */
    trial.outbox->driver->trim(trial.outbox, last / 2);
    while (trial.outbox->full)
        (void)uv_run(&trial.loop, UV_RUN_ONCE);
    give_up_to(&trial, last + 500, 50);
    trial_settle(&trial, last + 500);
    check_items(&trial, trial.outbox->first, last + 500);
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
    note(&trial, "gone", "it was there");
    assert_int_equal(fill(&trial), STATUS_FULL);
    uint64_t last = trial.outbox->last;
    note(&trial, "gone", "");
    for (unsigned step = 0; step < 600000; step++) {
        (void)snprintf(key, sizeof key, "file %u", step % 7);
        (void)snprintf(value, sizeof value, "%u", step);
        note(&trial, key, value);
    }
    trial.outbox->driver->trim(trial.outbox, last / 2);
    while (trial.outbox->full && trial.failed == STATUS_OK)
        (void)uv_run(&trial.loop, UV_RUN_ONCE);
    assert_int_equal(trial.failed, STATUS_OK);
    trial_settle(&trial, last);
    trial_close(&trial);
    trial_must_open(&trial);
    assert_note(&trial, "gone", "");
    assert_note(&trial, "file 3", "599994");
    check_items(&trial, trial.outbox->first, last);
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
    note(&trial, "once", "long ago");
    give_up_to(&trial, 60000, 50);
    trial_settle(&trial, 60000);
    assert_true(trial.outbox->first > 30000);
    assert_int_equal(trial.outbox->dropped, trial.outbox->first - 1);
    assert_true(trial.outbox->bytes <= 2u << 20);
    assert_true(trial.outbox->lossy);
    check_items(&trial, trial.outbox->first, 60000);
    trial_close(&trial);
    trial_must_open(&trial);
    assert_note(&trial, "once", "long ago");
    check_items(&trial, trial.outbox->first, 60000);
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
    give_up_to(&trial, 100, 10);
    trial_settle(&trial, 100);
    broken.fdatasync = sync_fails;
    give_up_to(&trial, 110, 10);
    trial_settle(&trial, 110);
    assert_int_equal(trial.failed, STATUS_IO);
    assert_non_null(strstr(trial.reason, trial.folder));
    assert_int_equal(trial.outbox->ready, 100);
    assert_int_equal(give(&trial), STATUS_CLOSED);
    check_items(&trial, 1, 100);
    trial_close(&trial);
    broken.fdatasync = wal_files_system.fdatasync;
    trial.failed = STATUS_OK;
    trial_must_open(&trial);
    assert_true(trial.outbox->last >= 100);
    check_items(&trial, 1, trial.outbox->last);
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
    give_up_to(&trial, 100, 10);
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
    check_items(&trial, 1, last);
    trial_close(&trial);
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
        cmocka_unit_test(a_full_one_that_blocks_has_room_once_something_is_acknowledged),
        cmocka_unit_test(a_full_one_that_rejects_counts_what_it_does_not_take),
        cmocka_unit_test(the_notes_of_a_full_one_that_rejects_do_not_grow_with_each_step),
        cmocka_unit_test(a_full_one_that_drops_keeps_the_latest_and_counts_the_rest),
        cmocka_unit_test(a_disk_that_fails_is_said_and_nothing_is_ready_that_is_not_safe),
        cmocka_unit_test(a_full_device_is_a_full_spool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
