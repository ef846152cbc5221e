#include "tests/unit/base/wal/trial.h"

#include "base/wal/frame.h"

#include <stdio.h>
#include <stdlib.h>

#define RECORD_MAX (1u << 20)

static void on_synced(void *self, uint64_t lsn)
{
    struct trial *trial = self;
    assert_true(lsn > trial->synced);
    trial->synced = lsn;
}

static void on_room(void *self)
{
    ((struct trial *)self)->rooms++;
}

static void on_failed(void *self, enum status status, const char *reason)
{
    struct trial *trial = self;
    trial->failures++;
    trial->failed = status;
    (void)snprintf(trial->reason, sizeof trial->reason, "%s", reason);
}

static void on_closed(void *self)
{
    ((struct trial *)self)->closed = true;
}

void trial_init(struct trial *trial, struct disk *disk)
{
    *trial = (struct trial){.options = {.kind = "trial", .version = 1}, .disk = disk};
    (void)snprintf(trial->folder, sizeof trial->folder, "%s", disk != NULL ? "/log" : "/tmp/vedette_wal_XXXXXX");
    if (disk != NULL)
        trial->options.files = disk_files(disk);
    else
        assert_non_null(mkdtemp(trial->folder));
    trial->options.folder = trial->folder;
    assert_int_equal(uv_loop_init(&trial->loop), 0);
}

void trial_fini(struct trial *trial)
{
    char command[128];
    assert_int_equal(uv_loop_close(&trial->loop), 0);
    if (trial->disk != NULL)
        return;
    (void)snprintf(command, sizeof command, "rm -rf %s", trial->folder);
    assert_int_equal(system(command), 0);
}

enum status trial_open(struct trial *trial)
{
    trial->synced = 0;
    trial->closed = false;
    trial->failed = STATUS_OK;
    trial->failures = trial->rooms = 0;
    trial->reason[0] = '\0';
    enum status status =
        wal_open(&trial->loop, &trial->options, &(struct wal_events){on_synced, on_room, on_failed, trial},
                 1700000000000, &trial->wal, &trial->found, trial->reason);
    if (status == STATUS_OK) {
        trial->synced = trial->found.next - 1;
        assert_int_equal(wal_synced(trial->wal), trial->synced);
        assert_int_equal(wal_next(trial->wal), trial->found.next);
    } else {
        assert_true(trial->reason[0] != '\0');
    }
    return status;
}

void trial_turn(struct trial *trial)
{
    (void)uv_run(&trial->loop, UV_RUN_ONCE);
}

void trial_close(struct trial *trial)
{
    wal_close(trial->wal, on_closed, trial);
    while (!trial->closed)
        trial_turn(trial);
}

void trial_payload(uint64_t lsn, size_t size, char *ret_bytes)
{
    uint64_t state = lsn * 0x9E3779B97F4A7C15u + 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        ret_bytes[i] = (char)(state >> 56);
    }
}

enum status trial_append(struct trial *trial, size_t size, uint32_t count)
{
    static char bytes[RECORD_MAX];
    uint64_t lsn = 0;
    assert_true(size <= sizeof bytes);
    trial_payload(wal_next(trial->wal), size, bytes);
    size_t half = size / 2;
    struct span parts[] = {{bytes, half}, {NULL, 0}, {bytes + half, size - half}};
    uint64_t expected = wal_next(trial->wal);
    enum status status = wal_append(trial->wal, (uint8_t)(expected % 200), count, parts, 3, &lsn);
    if (status == STATUS_OK)
        assert_int_equal(lsn, expected);
    assert_int_equal(wal_next(trial->wal), status == STATUS_OK ? expected + count : expected);
    return status;
}

void trial_must_append(struct trial *trial, size_t size, uint32_t count)
{
    enum status status;
    while ((status = trial_append(trial, size, count)) == STATUS_AGAIN)
        trial_await_room(trial);
    assert_int_equal(status, STATUS_OK);
}

void trial_settle(struct trial *trial)
{
    while (trial->synced + 1 < wal_next(trial->wal) && trial->failed == STATUS_OK)
        trial_turn(trial);
}

void trial_await_room(struct trial *trial)
{
    unsigned before = trial->rooms;
    while (trial->rooms == before && trial->failed == STATUS_OK)
        trial_turn(trial);
}

bool trial_is_right(const struct wal_record *record)
{
    static char bytes[RECORD_MAX];
    if (record->payload.size > sizeof bytes || record->type != record->lsn % 200)
        return false;
    trial_payload(record->lsn, record->payload.size, bytes);
    return memcmp(bytes, record->payload.data, record->payload.size) == 0;
}

enum status trial_read(struct trial *trial, uint64_t lsn, uint64_t *ret_next)
{
    struct wal_reader *reader;
    struct wal_record record;
    uint64_t next = lsn;
    enum status status = wal_reader_open(&trial->options, lsn, &reader, trial->reason);
    if (status != STATUS_OK)
        return status;
    while ((status = wal_reader_next(reader, &record, trial->reason)) == STATUS_OK) {
        assert_true(trial_is_right(&record));
        if (next > 0 && next != record.lsn)
            fail_msg("record %llu follows %llu", (unsigned long long)record.lsn, (unsigned long long)next);
        next = record.lsn + record.count;
    }
    wal_reader_close(reader);
    *ret_next = next;
    return status;
}

uint64_t trial_read_all(struct trial *trial)
{
    uint64_t next = 0;
    assert_int_equal(trial_read(trial, 0, &next), STATUS_END);
    return next;
}
