#include "tests/unit/bus/spool_trial.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

void trial_init(struct trial *trial)
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

void trial_fini(struct trial *trial)
{
    assert_int_equal(uv_run(&trial->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&trial->loop), 0);
    (void)nftw(trial->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

enum status trial_open(struct trial *trial)
{
    enum status status = spool_open(&trial->loop, &trial->options, NOW_MS, &trial->outbox, trial->reason);
    if (status == STATUS_OK)
        trial->outbox->events = (struct outbox_events){on_changed, on_failed, trial};
    return status;
}

void trial_must_open(struct trial *trial)
{
    if (trial_open(trial) != STATUS_OK)
        fail_msg("%s", trial->reason);
}

void trial_close(struct trial *trial)
{
    trial->closed = false;
    trial->outbox->driver->close(trial->outbox, on_closed, trial);
    trial->outbox = NULL;
    while (!trial->closed)
        (void)uv_run(&trial->loop, UV_RUN_ONCE);
}

void trial_settle(struct trial *trial, uint64_t ready)
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

enum status trial_give(struct trial *trial)
{
    char room[512];
    return trial->outbox->driver->append(trial->outbox, item_of(trial->outbox->last + 1, room));
}

void trial_commit(struct trial *trial)
{
    trial->outbox->driver->commit(trial->outbox);
}

void trial_give_up_to(struct trial *trial, uint64_t last, unsigned together)
{
    while (trial->outbox->last < last) {
        for (unsigned i = 0; i < together && trial->outbox->last < last; i++) {
            enum status status;
            while ((status = trial_give(trial)) == STATUS_AGAIN)
                (void)uv_run(&trial->loop, UV_RUN_ONCE);
            assert_int_equal(status, STATUS_OK);
        }
        trial_commit(trial);
    }
}

void trial_check(struct trial *trial, uint64_t from, uint64_t to)
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

void trial_note(struct trial *trial, const char *key, const char *value)
{
    spool_note_set(trial->outbox, span_of(key), span_of(value));
}

void trial_assert_note(const struct trial *trial, const char *key, const char *value)
{
    struct span found = spool_note(trial->outbox, span_of(key));
    if (!span_equal(found, span_of(value)))
        fail_msg("%s: found \"%.*s\", expected \"%s\"", key, SPAN_ARG(found), value);
}
