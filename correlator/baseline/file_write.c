/* The bytes of a baseline, end to end, and their way to the disk. */
#include "correlator/baseline/file.h"
#include "correlator/baseline/format.h"
#include "proto/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- little endian ---- */

static void put(struct text *bytes, uint64_t value, size_t size)
{
    char *at = text_extend(bytes, size);
    for (size_t i = 0; at != NULL && i < size; i++)
        at[i] = (char)(unsigned char)(value >> (8 * i));
}

static void put_real(struct text *bytes, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(bytes, bits, 8);
}

static void put_span(struct text *bytes, struct span span)
{
    put(bytes, span.size, 4);
    text_append(bytes, span);
}

/* ---- parts ---- */

static void put_facts(struct text *bytes, const struct baseline_facts *facts)
{
    put(bytes, (uint64_t)facts->from_ms, 8);
    put(bytes, (uint64_t)facts->until_ms, 8);
    put(bytes, (uint64_t)facts->guard_ms, 8);
    put(bytes, facts->seed, 8);
    put(bytes, facts->source_count, 4);
    for (size_t i = 0; i < facts->source_count; i++)
        put_span(bytes, facts->sources[i]);
}

static void put_points(struct text *bytes, const struct baseline_rule *rule)
{
    size_t count = history_count(rule);
    const struct point *points = history_points(rule);
    put(bytes, count, 4);
    char *at = text_extend(bytes, count * FORMAT_POINT_BYTES);
    for (size_t i = 0; at != NULL && i < count; i++) {
        const uint32_t axes[3] = {(uint32_t)points[i].x, (uint32_t)points[i].y, (uint32_t)points[i].z};
        for (size_t axis = 0; axis < 3; axis++)
            for (size_t byte = 0; byte < 4; byte++)
                *at++ = (char)(unsigned char)(axes[axis] >> (8 * byte));
    }
}

static void put_thresholds(struct text *bytes, const struct thresholds *thresholds)
{
    for (size_t i = 0; i < THRESHOLDS_ROWS; i++) {
        struct thresholds_row row = thresholds_row(thresholds, i);
        put(bytes, row.count, 4);
        for (size_t k = 0; k < row.count; k++)
            put(bytes, row.bounds[k], 4);
    }
}

static void put_curves(struct text *bytes, const struct baseline_rule *rule)
{
    for (enum baseline_curve_kind kind = BASELINE_CURVE_ANY; kind < BASELINE_CURVE_COUNT; kind++) {
        const struct curve *curve = baseline_curve(rule, kind);
        put(bytes, curve->years, 8);
        put(bytes, curve->count, 4);
        for (size_t i = 0; i < curve->count; i++) {
            put_real(bytes, curve->steps[i].score);
            put(bytes, curve->steps[i].exceedances, 8);
        }
    }
}

static void put_rule(struct text *bytes, const struct baseline_rule_facts *facts, const struct baseline_rule *rule)
{
    const struct thresholds_options *options = thresholds_options(history_thresholds(rule));
    put_span(bytes, facts->name);
    put_span(bytes, facts->hash);
    put_span(bytes, facts->json);
    put_real(bytes, baseline_reach_km(rule));
    put(bytes, (uint64_t)options->window_ms, 8);
    put(bytes, (uint64_t)options->history_ms, 8);
    put(bytes, (uint64_t)options->mean_length_ms, 8);
    put(bytes, options->min_neighbours, 4);
    put_real(bytes, options->alpha);
    put(bytes, options->history_max, 4);
    put_points(bytes, rule);
    put_thresholds(bytes, history_thresholds(rule));
    put_curves(bytes, rule);
}

enum status baseline_pack(const struct baseline_draft *draft, struct text *ret_bytes)
{
    struct text bytes = {0};
    text_append(&bytes, (struct span){FORMAT_MAGIC, FORMAT_MAGIC_BYTES});
    put(&bytes, BASELINE_FORMAT, 4);
    put(&bytes, 0, 8); /* the size, once it is known */
    put_facts(&bytes, &draft->facts);
    put(&bytes, draft->rule_count, 4);
    for (size_t i = 0; i < draft->rule_count; i++)
        put_rule(&bytes, &draft->rule_facts[i], draft->rules[i]);
    if (!bytes.failed) {
        uint64_t size = bytes.size + FORMAT_SUM_BYTES;
        for (size_t i = 0; i < 8; i++)
            bytes.data[FORMAT_MAGIC_BYTES + 4 + i] = (char)(unsigned char)(size >> (8 * i));
        unsigned char sum[FORMAT_SUM_BYTES];
        crypto_hash_sha256(sum, (const unsigned char *)bytes.data, bytes.size);
        text_append(&bytes, (struct span){(const char *)sum, sizeof sum});
    }
    enum status status = bytes.failed ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK) { /* who writes what nobody can read finds out now */
        char reason[BASELINE_REASON_BYTES];
        struct baseline *read_back;
        status = baseline_parse((struct span){bytes.data, bytes.size}, "", &read_back, reason);
        if (status == STATUS_OK)
            baseline_close(read_back);
        else if (status != STATUS_NO_MEMORY)
            status = STATUS_INVALID;
    }
    if (status == STATUS_OK)
        text_append(ret_bytes, (struct span){bytes.data, bytes.size});
    text_fini(&bytes);
    return status == STATUS_OK && ret_bytes->failed ? STATUS_NO_MEMORY : status;
}

/* ---- to the disk ---- */

static int write_all(int fd, struct span bytes)
{
    while (bytes.size > 0) {
        ssize_t written = write(fd, bytes.data, bytes.size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        bytes.data += written;
        bytes.size -= (size_t)written;
    }
    return 0;
}

/* Answers an errno. */
static int write_new(const char *path, struct span bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return errno;
    int error = write_all(fd, bytes);
    if (error == 0 && fchmod(fd, 0644) != 0)
        error = errno;
    if (error == 0 && fsync(fd) != 0)
        error = errno;
    if (close(fd) != 0 && error == 0)
        error = errno;
    return error;
}

static int sync_folder_of(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return ENOMEM;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd >= 0 && fsync(fd) == 0 ? 0 : errno;
    if (fd >= 0)
        (void)close(fd);
    free(copy);
    return error;
}

enum status baseline_write(const char *path, const struct baseline_draft *draft, char ret_reason[BASELINE_REASON_BYTES])
{
    struct text bytes = {0};
    char *beside = NULL;
    enum status status = baseline_pack(draft, &bytes);
    int error = 0;
    if (status == STATUS_OK && asprintf(&beside, "%s.tmp-%ld", path, (long)getpid()) < 0) {
        beside = NULL;
        status = STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK) {
        error = write_new(beside, (struct span){bytes.data, bytes.size});
        if (error == 0 && rename(beside, path) != 0)
            error = errno;
        if (error != 0)
            (void)unlink(beside);
        else
            error = sync_folder_of(path);
        status = error != 0 ? status_from_errno(error) : STATUS_OK;
    }
    if (status != STATUS_OK)
        (void)snprintf(ret_reason, BASELINE_REASON_BYTES, "%s: cannot be written: %s", path,
                       error != 0 ? strerror(error) : status_text(status));
    free(beside);
    text_fini(&bytes);
    return status;
}
