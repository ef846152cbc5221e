/* Reading a baseline. The checksum is looked at first: from then on only one who meant harm can have written nonsense,
 * and still every length is held against what is there before anything is taken for it.
 *
 * A sticky reader: the first thing wrong is noted, whatever is read after it is zero. */
#include "base/utf8.h"
#include "correlator/baseline/file_inside.h"
#include "correlator/baseline/format.h"
#include "correlator/baseline/morton.h"
#include "proto/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct reader {
    const unsigned char *at;
    size_t left;
    enum status status;
    const char *wrong; /* what was, in words */
};

static void reader_fail(struct reader *reader, enum status status, const char *wrong)
{
    if (reader->status != STATUS_OK)
        return;
    reader->status = status;
    reader->wrong = wrong;
    reader->left = 0;
}

static void expect(struct reader *reader, bool holds, const char *otherwise)
{
    if (!holds)
        reader_fail(reader, STATUS_CORRUPT, otherwise);
}

static const unsigned char *take(struct reader *reader, size_t size)
{
    if (reader->status == STATUS_OK && reader->left < size)
        reader_fail(reader, STATUS_CORRUPT, "it ends in the middle");
    if (reader->status != STATUS_OK)
        return NULL;
    const unsigned char *at = reader->at;
    reader->at += size;
    reader->left -= size;
    return at;
}

static uint32_t load32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static uint64_t load64(const unsigned char *at)
{
    return (uint64_t)load32(at) | (uint64_t)load32(at + 4) << 32;
}

static double load_real(const unsigned char *at)
{
    uint64_t bits = load64(at);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t take32(struct reader *reader)
{
    const unsigned char *at = take(reader, 4);
    return at != NULL ? load32(at) : 0;
}

static uint64_t take64(struct reader *reader)
{
    const unsigned char *at = take(reader, 8);
    return at != NULL ? load64(at) : 0;
}

static double take_real(struct reader *reader)
{
    const unsigned char *at = take(reader, 8);
    return at != NULL ? load_real(at) : 0.0;
}

/* A count of things of that size, all of which are there. */
static size_t take_count(struct reader *reader, size_t size)
{
    size_t count = take32(reader);
    if (count > reader->left / size) {
        reader_fail(reader, STATUS_CORRUPT, "it ends in the middle");
        return 0;
    }
    return count;
}

/* Copied into the arena. */
static struct span take_text(struct reader *reader, struct arena *arena, size_t size_max, const char *otherwise)
{
    size_t size = take_count(reader, 1);
    expect(reader, size > 0 && size <= size_max, otherwise);
    const unsigned char *at = take(reader, size);
    struct span text = {(const char *)at, at != NULL ? size : 0};
    expect(reader, utf8_is_plain(text), otherwise);
    if (reader->status != STATUS_OK)
        return (struct span){NULL, 0};
    struct span copy = arena_copy(arena, text);
    if (copy.data == NULL)
        reader_fail(reader, STATUS_NO_MEMORY, "no memory for its names");
    return copy;
}

static int64_t take_time(struct reader *reader)
{
    int64_t time = (int64_t)take64(reader);
    expect(reader, time >= LIMIT_TIME_MS_MIN && time <= LIMIT_TIME_MS_MAX, "a time that no calendar has");
    return time;
}

static void read_facts(struct reader *reader, struct baseline *baseline)
{
    struct baseline_facts *facts = &baseline->facts;
    facts->from_ms = take_time(reader);
    facts->until_ms = take_time(reader);
    facts->guard_ms = (int64_t)take64(reader);
    facts->seed = take64(reader);
    expect(reader, facts->from_ms < facts->until_ms, "a history that ends before it begins");
    expect(reader, facts->guard_ms >= 0 && facts->guard_ms <= LIMIT_TIME_MS_MAX, "a guard gap out of range");
    size_t count = take_count(reader, 4);
    expect(reader, count <= BASELINE_SOURCES_MAX, "too many sources");
    struct span *sources = reader->status == STATUS_OK ? arena_take(&baseline->arena, count * sizeof *sources) : NULL;
    if (sources == NULL)
        reader_fail(reader, STATUS_NO_MEMORY, "no memory for its sources");
    for (size_t i = 0; i < count && reader->status == STATUS_OK; i++) {
        sources[i] = take_text(reader, &baseline->arena, LIMIT_SOURCE_BYTES, "a source without a right name");
        expect(reader, i == 0 || span_compare(sources[i - 1], sources[i]) < 0, "sources out of order");
    }
    facts->sources = sources;
    facts->source_count = reader->status == STATUS_OK ? count : 0;
}

static bool on_lattice(int32_t coordinate)
{
    return coordinate >= -POINT_SCALE && coordinate <= POINT_SCALE;
}

static void read_points(struct reader *reader, struct baseline_rule *rule)
{
    size_t count = take_count(reader, FORMAT_POINT_BYTES);
    const unsigned char *at = take(reader, count * FORMAT_POINT_BYTES);
    struct point *points = at != NULL ? malloc((count + 1) * sizeof *points) : NULL;
    if (points == NULL) {
        reader_fail(reader, STATUS_NO_MEMORY, "no memory for its points");
        return;
    }
    for (size_t i = 0; i < count; i++, at += FORMAT_POINT_BYTES) {
        points[i] = (struct point){(int32_t)load32(at), (int32_t)load32(at + 4), (int32_t)load32(at + 8)};
        expect(reader, on_lattice(points[i].x) && on_lattice(points[i].y) && on_lattice(points[i].z),
               "a point that is not on the globe");
        if (reader->status != STATUS_OK)
            break;
        expect(reader, i == 0 || !morton_before(points[i], points[i - 1]), "points out of order");
    }
    if (reader->status == STATUS_OK) {
        enum status status = history_fill(rule, points, count);
        if (status != STATUS_OK)
            reader_fail(reader, status, "no memory for its points");
    }
    free(points);
}

static struct thresholds *read_thresholds(struct reader *reader, const struct thresholds_options *options)
{
    struct thresholds_row rows[THRESHOLDS_ROWS] = {0};
    uint32_t *bounds[THRESHOLDS_ROWS] = {0};
    struct thresholds *thresholds = NULL;
    for (size_t i = 0; i < THRESHOLDS_ROWS; i++) {
        size_t count = take_count(reader, 4);
        const unsigned char *at = take(reader, 4 * count);
        bounds[i] = at != NULL ? malloc((count + 1) * sizeof *bounds[i]) : NULL;
        if (bounds[i] == NULL) {
            reader_fail(reader, STATUS_NO_MEMORY, "no memory for its thresholds");
            break;
        }
        for (size_t k = 0; k < count; k++)
            bounds[i][k] = load32(at + 4 * k);
        rows[i] = (struct thresholds_row){bounds[i], count};
    }
    if (reader->status == STATUS_OK) {
        enum status status = thresholds_from_rows(options, rows, &thresholds);
        if (status != STATUS_OK)
            reader_fail(reader, status == STATUS_NO_MEMORY ? status : STATUS_CORRUPT,
                        "thresholds that do not fit the rule");
    }
    for (size_t i = 0; i < THRESHOLDS_ROWS; i++)
        free(bounds[i]);
    return thresholds;
}

static struct curve read_curve(struct reader *reader, struct arena *arena)
{
    struct curve curve = {.years = take64(reader)};
    size_t count = take_count(reader, FORMAT_STEP_BYTES);
    const unsigned char *at = take(reader, count * FORMAT_STEP_BYTES);
    struct curve_step *steps = at != NULL ? arena_take(arena, count * sizeof *steps) : NULL;
    if (steps == NULL)
        reader_fail(reader, STATUS_NO_MEMORY, "no memory for its curves");
    expect(reader, curve.years <= UINT32_MAX && (curve.years > 0 || count == 0), "a curve of no years");
    for (size_t i = 0; i < count && reader->status == STATUS_OK; i++, at += FORMAT_STEP_BYTES) {
        steps[i] = (struct curve_step){load_real(at), load64(at + 8)};
        expect(reader, isfinite(steps[i].score) && steps[i].score >= 0.0 && steps[i].exceedances > 0,
               "a curve with a step that is none");
        expect(reader,
               i == 0 || (steps[i - 1].score < steps[i].score && steps[i - 1].exceedances > steps[i].exceedances),
               "a curve whose steps are out of order");
    }
    curve.steps = steps;
    curve.count = count;
    return curve;
}

static void read_rule(struct reader *reader, struct baseline *baseline, struct baseline_entry *entry)
{
    struct arena *arena = &baseline->arena;
    entry->facts.name = take_text(reader, arena, LIMIT_NAME_BYTES, "a rule without a right name");
    entry->facts.hash = take_text(reader, arena, 64, "a rule without a right hash");
    entry->facts.json = take_text(reader, arena, LIMIT_RULE_BYTES, "a rule without a right text");
    double reach_km = take_real(reader);
    struct thresholds_options options = {.window_ms = (int64_t)take64(reader)};
    options.history_ms = (int64_t)take64(reader);
    options.mean_length_ms = (int64_t)take64(reader);
    options.min_neighbours = take32(reader);
    options.alpha = take_real(reader);
    options.history_max = take32(reader);
    expect(reader, options.window_ms >= 1 && options.window_ms <= RULE_WINDOW_MS_MAX, "a window out of range");
    expect(reader, options.history_ms >= 1 && options.history_ms <= LIMIT_TIME_MS_MAX - LIMIT_TIME_MS_MIN,
           "a history of no length");
    if (reader->status != STATUS_OK)
        return;
    enum status status = history_new(reach_km, NULL, &entry->rule);
    if (status != STATUS_OK) {
        reader_fail(reader, status == STATUS_NO_MEMORY ? status : STATUS_CORRUPT, "a reach out of range");
        return;
    }
    read_points(reader, entry->rule);
    entry->thresholds = read_thresholds(reader, &options);
    history_set_thresholds(entry->rule, entry->thresholds);
    struct curve curves[BASELINE_CURVE_COUNT];
    for (size_t i = 0; i < BASELINE_CURVE_COUNT; i++)
        curves[i] = read_curve(reader, arena);
    history_set_curves(entry->rule, curves);
}

static void read_rules(struct reader *reader, struct baseline *baseline)
{
    size_t count = take_count(reader, 1);
    expect(reader, count > 0 && count <= BASELINE_RULES_MAX, "no rule, or too many");
    if (reader->status != STATUS_OK)
        return;
    baseline->rules = calloc(count, sizeof *baseline->rules);
    if (baseline->rules == NULL) {
        reader_fail(reader, STATUS_NO_MEMORY, "no memory for its rules");
        return;
    }
    baseline->rule_count = count;
    for (size_t i = 0; i < count && reader->status == STATUS_OK; i++) {
        read_rule(reader, baseline, &baseline->rules[i]);
        for (size_t k = 0; k < i; k++)
            expect(reader, !span_equal(baseline->rules[k].facts.name, baseline->rules[i].facts.name),
                   "two rules of one name");
    }
}

/* ---- the whole ---- */

static enum status say(char ret_reason[BASELINE_REASON_BYTES], const char *name, enum status status, const char *what)
{
    (void)snprintf(ret_reason, BASELINE_REASON_BYTES, "%s: %s", name, what);
    return status;
}

/* Magic, version, size, checksum: in this order, for each tells the more. */
static enum status check_whole(struct span bytes, const char *name, char ret_reason[BASELINE_REASON_BYTES])
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    char what[128];
    size_t magic = bytes.size < FORMAT_MAGIC_BYTES ? bytes.size : FORMAT_MAGIC_BYTES;
    if (magic > 0 && memcmp(data, FORMAT_MAGIC, magic) != 0)
        return say(ret_reason, name, STATUS_UNSUPPORTED, "found something else, expected a baseline of vedette");
    if (bytes.size < FORMAT_HEAD_BYTES) {
        (void)snprintf(what, sizeof what, "the baseline is cut off: %zu bytes are no whole baseline", bytes.size);
        return say(ret_reason, name, STATUS_CORRUPT, what);
    }
    uint32_t version = load32(data + FORMAT_MAGIC_BYTES);
    if (version != BASELINE_FORMAT) {
        (void)snprintf(what, sizeof what,
                       "the baseline is of format %u, this program reads format %u: run vedette calibrate anew",
                       version, BASELINE_FORMAT);
        return say(ret_reason, name, STATUS_UNSUPPORTED, what);
    }
    uint64_t size = load64(data + FORMAT_MAGIC_BYTES + 4);
    if (size != bytes.size || size < FORMAT_HEAD_BYTES + FORMAT_SUM_BYTES) {
        (void)snprintf(what, sizeof what, "the baseline is cut off, or not whole: %zu bytes of %llu", bytes.size,
                       (unsigned long long)size);
        return say(ret_reason, name, STATUS_CORRUPT, what);
    }
    unsigned char sum[FORMAT_SUM_BYTES];
    crypto_hash_sha256(sum, data, bytes.size - FORMAT_SUM_BYTES);
    if (memcmp(sum, data + bytes.size - FORMAT_SUM_BYTES, FORMAT_SUM_BYTES) != 0)
        return say(ret_reason, name, STATUS_CORRUPT,
                   "the baseline was changed since it was written: its checksum is not that of what it holds");
    return STATUS_OK;
}

enum status baseline_parse(struct span bytes, const char *name, struct baseline **ret_baseline,
                           char ret_reason[BASELINE_REASON_BYTES])
{
    enum status status = check_whole(bytes, name, ret_reason);
    if (status != STATUS_OK)
        return status;
    struct baseline *baseline = calloc(1, sizeof *baseline);
    if (baseline == NULL)
        return say(ret_reason, name, STATUS_NO_MEMORY, status_text(STATUS_NO_MEMORY));
    arena_init(&baseline->arena, SIZE_MAX);
    const unsigned char *data = (const unsigned char *)bytes.data;
    sodium_bin2hex(baseline->hash, sizeof baseline->hash, data + bytes.size - FORMAT_SUM_BYTES,
                   (BASELINE_HASH_BYTES - 1) / 2);
    struct reader reader = {data + FORMAT_HEAD_BYTES, bytes.size - FORMAT_HEAD_BYTES - FORMAT_SUM_BYTES, STATUS_OK, ""};
    read_facts(&reader, baseline);
    read_rules(&reader, baseline);
    expect(&reader, reader.left == 0, "something after its end");
    if (reader.status != STATUS_OK) {
        char what[128];
        (void)snprintf(what, sizeof what, "the baseline is damaged: %s", reader.wrong);
        baseline_close(baseline);
        return say(ret_reason, name, reader.status, reader.status == STATUS_NO_MEMORY ? reader.wrong : what);
    }
    *ret_baseline = baseline;
    return STATUS_OK;
}

/* Answers an errno; EFBIG where it is larger than any baseline. */
static int read_all(const char *path, char **ret_data, size_t *ret_size)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe is refused, not waited for */
    if (fd < 0)
        return errno;
    int error = fstat(fd, &about) != 0 ? errno : S_ISDIR(about.st_mode) ? EISDIR : S_ISREG(about.st_mode) ? 0 : EINVAL;
    if (error == 0 && (uint64_t)about.st_size > BASELINE_BYTES_MAX)
        error = EFBIG;
    size_t size = error == 0 ? (size_t)about.st_size : 0, have = 0;
    char *data = error == 0 ? malloc(size + 1) : NULL;
    if (error == 0 && data == NULL)
        error = ENOMEM;
    while (error == 0 && have < size) {
        ssize_t got = read(fd, data + have, size - have);
        if (got < 0 && errno != EINTR)
            error = errno;
        if (got == 0)
            break; /* cut meanwhile: the size will tell */
        have += got > 0 ? (size_t)got : 0;
    }
    (void)close(fd);
    if (error != 0) {
        free(data);
        return error;
    }
    *ret_data = data;
    *ret_size = have;
    return 0;
}

enum status baseline_open(const char *path, struct baseline **ret_baseline, char ret_reason[BASELINE_REASON_BYTES])
{
    char *data = NULL;
    size_t size = 0;
    int error = read_all(path, &data, &size);
    if (error != 0) {
        char what[128];
        (void)snprintf(what, sizeof what, "the baseline cannot be read: %.80s", strerror(error));
        return say(ret_reason, path, status_from_errno(error), what);
    }
    enum status status = baseline_parse((struct span){data, size}, path, ret_baseline, ret_reason);
    free(data);
    return status;
}
