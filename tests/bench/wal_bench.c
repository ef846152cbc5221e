/* Records a second that the log makes durable, 200 bytes each: so many appended, then waited for, again and again; and
 * appended as they are taken. Beside each the disk's own limit, in turns: the same bytes by pwrite and fdatasync into a
 * file made of zeros. One JSON object a line.
 *
 *   wal_bench [--quick] [FOLDER]      on FOLDER's file system (.) */
#include "base/clock.h"
#include "base/wal/frame.h"
#include "base/wal/wal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_BYTES 200u
#define FILE_BYTES   ((size_t)64 * 1024 * 1024)
#define TURNS        5

static const char record[RECORD_BYTES] = "a report";

struct bench {
    uv_loop_t loop;
    struct wal *wal;
    bool room;
    bool closed;
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "wal_bench: %s\n", what);
    exit(1);
}

static void on_synced(void *self, uint64_t lsn)
{
}

static void on_room(void *self)
{
    ((struct bench *)self)->room = true;
}

static void on_failed(void *self, enum status status, const char *reason)
{
    must(false, reason);
}

static void on_closed(void *self)
{
    ((struct bench *)self)->closed = true;
}

static void append(struct bench *bench)
{
    uint64_t lsn;
    struct span part = {record, sizeof record};
    enum status status;
    while ((status = wal_append(bench->wal, 1, 1, &part, 1, &lsn)) == STATUS_AGAIN)
        for (bench->room = false; !bench->room;)
            (void)uv_run(&bench->loop, UV_RUN_ONCE);
    must(status == STATUS_OK, status_text(status));
}

static void settle(struct bench *bench)
{
    while (wal_synced(bench->wal) + 1 < wal_next(bench->wal))
        (void)uv_run(&bench->loop, UV_RUN_ONCE);
    wal_trim(bench->wal, wal_synced(bench->wal));
}

/* Seconds for `syncs` times `batch` records. */
static double log_run(struct bench *bench, size_t syncs, size_t batch, bool waits)
{
    uint64_t start_ns = clock_monotonic_ns();
    for (size_t i = 0; i < syncs; i++) {
        for (size_t k = 0; k < batch; k++)
            append(bench);
        if (waits)
            settle(bench);
    }
    settle(bench);
    return (double)(clock_monotonic_ns() - start_ns) / 1e9;
}

static double disk_run(int fd, size_t syncs, size_t batch)
{
    static char bytes[1024 * 256];
    size_t size = batch * frame_bytes(RECORD_BYTES);
    size_t at = 0;
    must(size <= sizeof bytes, "a batch is too large");
    memset(bytes, 'x', size);
    uint64_t start_ns = clock_monotonic_ns();
    for (size_t i = 0; i < syncs; i++, at += size) {
        if (at + size > FILE_BYTES)
            at = 0;
        must(pwrite(fd, bytes, size, (off_t)at) == (ssize_t)size && fdatasync(fd) == 0, "the disk's own limit");
    }
    return (double)(clock_monotonic_ns() - start_ns) / 1e9;
}

static int zeros_file(const char *folder)
{
    static const char zeros[1024 * 1024];
    char path[256];
    (void)snprintf(path, sizeof path, "%s/limit", folder);
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
    must(fd >= 0, path);
    for (size_t at = 0; at < FILE_BYTES; at += sizeof zeros)
        must(pwrite(fd, zeros, sizeof zeros, (off_t)at) == (ssize_t)sizeof zeros, path);
    must(fsync(fd) == 0, path);
    return fd;
}

static int by_size(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

static double median(double *figures)
{
    qsort(figures, TURNS, sizeof *figures, by_size);
    return figures[TURNS / 2];
}

static void compare(struct bench *bench, int fd, size_t records, size_t batch, bool waits)
{
    double log_s[TURNS];
    double disk_s[TURNS];
    double ratios[TURNS];
    size_t syncs = records / batch + 1;
    for (int turn = 0; turn < TURNS; turn++) {
        disk_s[turn] = disk_run(fd, syncs, batch);
        log_s[turn] = log_run(bench, syncs, batch, waits);
        ratios[turn] = disk_s[turn] / log_s[turn];
    }
    double count = (double)(syncs * batch);
    double each_mb = (double)frame_bytes(RECORD_BYTES) / 1e6;
    double log_rate = count / median(log_s);
    double disk_rate = count / median(disk_s);
    printf(
        "{\"bench\":\"wal\",\"records_a_sync\":\"%s%zu\",\"record_bytes\":%u,\"records_per_s\":%.0f,\"mb_per_s\":%.1f,"
        "\"disk_records_per_s\":%.0f,\"disk_mb_per_s\":%.1f,\"ratio\":%.2f}\n",
        waits ? "" : "as they come, limit at ", batch, RECORD_BYTES, log_rate, log_rate * each_mb, disk_rate,
        disk_rate * each_mb, median(ratios));
}

static void folder_remove(const char *folder)
{
    char command[300];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", folder);
    must(system(command) == 0, command);
}

int main(int argc, char **argv)
{
    static const struct {
        size_t batch;
        size_t records;
    } runs[] = {{1, 2000}, {64, 100000}, {256, 400000}, {1024, 1000000}};
    bool quick = argc > 1 && strcmp(argv[1], "--quick") == 0;
    char folder[200];
    char reason[WAL_REASON_BYTES] = "";
    struct bench bench = {.closed = false};
    struct wal_found found;
    (void)snprintf(folder, sizeof folder, "%s/wal_bench.XXXXXX", argc > 1 + quick ? argv[1 + quick] : ".");
    must(mkdtemp(folder) != NULL, folder);
    struct wal_options options = {.folder = folder, .kind = "bench", .version = 1};
    must(uv_loop_init(&bench.loop) == 0, "a loop");
    must(wal_open(&bench.loop, &options, &(struct wal_events){on_synced, on_room, on_failed, &bench}, clock_wall_ms(),
                  &bench.wal, &found, reason) == STATUS_OK,
         reason);
    int fd = zeros_file(folder);
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        compare(&bench, fd, quick ? runs[i].records / 50 : runs[i].records, runs[i].batch, true);
    compare(&bench, fd, quick ? 20000 : 2000000, 256, false);
    wal_close(bench.wal, on_closed, &bench);
    while (!bench.closed)
        (void)uv_run(&bench.loop, UV_RUN_ONCE);
    (void)close(fd);
    folder_remove(folder);
    return uv_loop_close(&bench.loop) == 0 ? 0 : 1;
}
