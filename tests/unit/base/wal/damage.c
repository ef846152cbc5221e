/* Whatever is changed in a log's files, it is recovered to a beginning of what was appended, or refused with a
 * sentence; what is read is never wrong; and what is recovered can be appended to. */
#include "base/wal/segment.h"
#include "tests/unit/base/wal/trial.h"

#include <stdio.h>
#include <stdlib.h>

#define SEGMENT_BYTES (64u * 1024u)
#define FLIPS         10000u
#define FILE_1        "/log/00000000000000000001.wal"

/* A log of one segment, nearly full, and where its records and groups lie. */
struct image {
    char bytes[SEGMENT_BYTES];
    uint64_t ends[1024]; /* of its records, bytes */
    uint64_t group;      /* the first record of the last group */
    uint64_t next;
};

static void image_append(struct image *image, struct trial *trial, size_t size)
{
    uint64_t lsn = wal_next(trial->wal);
    assert_true(lsn < 1024);
    image->ends[lsn] = (lsn > 1 ? image->ends[lsn - 1] : SEGMENT_HEAD_BYTES) + frame_bytes(size);
    assert_int_equal(trial_append(trial, size, 1), STATUS_OK);
}

static void image_make(struct image *image)
{
    struct disk *disk = disk_new(1);
    struct trial trial;
    trial_init(&trial, disk);
    trial.options.segment_bytes = SEGMENT_BYTES;
    assert_int_equal(trial_open(&trial), STATUS_OK);
    size_t size = 0;
    do {
        image_append(image, &trial, size = (size * 7 + 13) % 500);
        if (wal_next(trial.wal) % 9 == 0)
            trial_settle(&trial);
    } while (image->ends[wal_next(trial.wal) - 1] < SEGMENT_BYTES - 6000);
    trial_settle(&trial);
    disk_hold(disk); /* one record under way, and all that come meanwhile are one group */
    image_append(image, &trial, 100);
    disk_await_held(disk);
    image->group = wal_next(trial.wal);
    for (int i = 0; i < 10; i++)
        image_append(image, &trial, size = (size * 7 + 13) % 500);
    disk_release(disk);
    image->next = wal_next(trial.wal);
    trial_close(&trial);
    struct span file = disk_get(disk, FILE_1);
    assert_int_equal(file.size, SEGMENT_BYTES);
    memcpy(image->bytes, file.data, SEGMENT_BYTES);
    trial_fini(&trial);
    disk_free(disk);
}

/* Opens it with these bytes. Where it opens, it can be appended to and opened again. */
static enum status image_try(struct trial *trial, const char *bytes, size_t size, uint64_t *ret_next)
{
    disk_clear(trial->disk);
    disk_put(trial->disk, "/log/lock", SPAN(""));
    disk_put(trial->disk, FILE_1, (struct span){bytes, size});
    enum status status = trial_open(trial);
    if (status != STATUS_OK) {
        assert_non_null(strstr(trial->reason, FILE_1));
        struct span file = disk_get(trial->disk, FILE_1); /* nothing is touched */
        assert_true(span_equal(file, (struct span){bytes, size}));
        return status;
    }
    *ret_next = trial->found.next;
    trial_must_append(trial, 100, 1);
    trial_must_append(trial, 0, 2);
    trial_close(trial);
    assert_int_equal(trial_read_all(trial), *ret_next + 3);
    return STATUS_OK;
}

static void cut_off_at_any_byte_it_is_recovered_to_the_records_before(void **state)
{
    static struct image image;
    struct trial trial;
    uint64_t whole = 1; /* the next number of the longest beginning that fits */
    unsigned refused = 0;
    image_make(&image);
    assert_true(image.next > 200);
    struct disk *disk = disk_new(2);
    trial_init(&trial, disk);
    trial.options.segment_bytes = SEGMENT_BYTES;
    for (size_t size = 0; size <= SEGMENT_BYTES; size++) {
        uint64_t next = 0;
        enum status status = image_try(&trial, image.bytes, size, &next);
        while (whole < image.next && image.ends[whole] <= size)
            whole++;
        if (size < SEGMENT_HEAD_BYTES) {
            assert_int_equal(status, STATUS_CORRUPT);
            refused++;
        } else {
            assert_int_equal(status, STATUS_OK);
            assert_int_equal(next, whole);
        }
    }
    assert_int_equal(whole, image.next);
    assert_int_equal(refused, SEGMENT_HEAD_BYTES);
    trial_fini(&trial);
    disk_free(disk);
}

/* The record that holds the byte; next where none does. */
static uint64_t record_at(const struct image *image, size_t byte)
{
    uint64_t lsn = 1;
    while (lsn < image->next && image->ends[lsn] <= byte)
        lsn++;
    return lsn;
}

static void with_any_bit_flipped_only_the_last_group_may_be_lost(void **state)
{
    static struct image image;
    static char bytes[SEGMENT_BYTES];
    struct trial trial;
    unsigned refused = 0;
    unsigned lost = 0;
    uint64_t dice = 20261122;
    image_make(&image);
    struct disk *disk = disk_new(3);
    trial_init(&trial, disk);
    trial.options.segment_bytes = SEGMENT_BYTES;
    for (unsigned flip = 0; flip < FLIPS; flip++) {
        uint64_t next = 0;
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        size_t bit = (size_t)(dice >> 33) % (SEGMENT_BYTES * 8);
        memcpy(bytes, image.bytes, sizeof bytes);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        enum status status = image_try(&trial, bytes, sizeof bytes, &next);
        uint64_t hit = record_at(&image, bit / 8);
        if (status == STATUS_OK) {
            /* Zeros behind the last record, or the last record itself, which might have been torn. */
            assert_true(hit >= image.next - 1);
            assert_int_equal(next, hit);
            lost += hit < image.next;
        } else {
            assert_int_equal(status, STATUS_CORRUPT);
            assert_true(hit < image.next);
            refused++;
        }
    }
    assert_true(refused > FLIPS * 9 / 10);
    assert_true(lost > 0);
    trial_fini(&trial);
    disk_free(disk);
}

static void a_group_of_which_sectors_were_never_written_is_cut_off(void **state)
{
    static struct image image;
    static char bytes[SEGMENT_BYTES];
    struct trial trial;
    image_make(&image);
    struct disk *disk = disk_new(4);
    trial_init(&trial, disk);
    trial.options.segment_bytes = SEGMENT_BYTES;
    uint64_t from = image.ends[image.group - 1];
    unsigned tried = 0;
    for (uint64_t sector = from / 512; sector * 512 < image.ends[image.next - 1]; sector++, tried++) {
        uint64_t next = 0;
        size_t begin = sector * 512 > from ? (size_t)(sector * 512) : (size_t)from;
        memcpy(bytes, image.bytes, sizeof bytes);
        memset(bytes + begin, 0, (size_t)(sector + 1) * 512 - begin);
        assert_int_equal(image_try(&trial, bytes, sizeof bytes, &next), STATUS_OK);
        assert_true(next >= image.group && next <= record_at(&image, begin));
    }
    assert_true(tried > 1);
    /* A sector of the group before: that was synced. */
    memcpy(bytes, image.bytes, sizeof bytes);
    memset(bytes + (from / 512 - 1) * 512, 0, 512);
    uint64_t next;
    assert_int_equal(image_try(&trial, bytes, sizeof bytes, &next), STATUS_CORRUPT);
    trial_fini(&trial);
    disk_free(disk);
}

static void a_frame_that_somebody_sent_is_none(void **state)
{
    struct disk *disk = disk_new(5);
    struct trial trial;
    trial_init(&trial, disk);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    trial_must_append(&trial, 10, 1);
    char nested[64];
    uint64_t lsn;
    struct frame frame = {.length = 8, .count = 1, .lsn = 3};
    frame_encode(nested, &frame, &(struct span){"abcdefgh", 8}, 1, 12345); /* the salt is not to be guessed */
    struct span part = {nested, sizeof nested};
    assert_int_equal(wal_append(trial.wal, 1, 1, &part, 1, &lsn), STATUS_OK);
    trial_close(&trial);
    struct span file = disk_get(disk, FILE_1);
    char *bytes = malloc(file.size);
    assert_non_null(bytes);
    memcpy(bytes, file.data, file.size);
    bytes[SEGMENT_HEAD_BYTES + frame_bytes(10)] ^= 1; /* the frame around it */
    uint64_t next;
    assert_int_equal(image_try(&trial, bytes, file.size, &next), STATUS_OK);
    assert_int_equal(next, 2);
    free(bytes);
    trial_fini(&trial);
    disk_free(disk);
}

/* --- several segments, repair --- */

struct told {
    char lines[64][WAL_REASON_BYTES];
    unsigned count;
};

static void hear(void *self, const char *line)
{
    struct told *told = self;
    if (told->count < 64)
        (void)snprintf(told->lines[told->count++], WAL_REASON_BYTES, "%s", line);
}

static bool was_told(const struct told *told, const char *words)
{
    for (unsigned i = 0; i < told->count; i++) {
        if (strstr(told->lines[i], words) != NULL)
            return true;
    }
    return false;
}

/* Three hundred records of two numbers each, some thirty a segment. */
static void several_make(struct trial *trial, struct disk *disk)
{
    trial_init(trial, disk);
    trial->options.segment_bytes = 8192;
    assert_int_equal(trial_open(trial), STATUS_OK);
    for (int i = 0; i < 300; i++) {
        trial_must_append(trial, 200, 2);
        if (i % 5 == 0)
            trial_settle(trial);
    }
    trial_close(trial);
}

static struct wal_record record_find(struct trial *trial, uint64_t lsn)
{
    struct wal_reader *reader;
    struct wal_record record;
    assert_int_equal(wal_reader_open(&trial->options, lsn, &reader, trial->reason), STATUS_OK);
    assert_int_equal(wal_reader_next(reader, &record, trial->reason), STATUS_OK);
    wal_reader_close(reader);
    return record;
}

static void flip(struct trial *trial, uint64_t lsn)
{
    struct wal_record record = record_find(trial, lsn);
    char path[PATH_MAX];
    segment_path("/log", record.segment, path);
    ((char *)(uintptr_t)disk_get(trial->disk, path).data)[record.offset + 30] ^= 4;
}

/* What can be read, numbers missing or not. */
static unsigned count_read(struct trial *trial, uint64_t *ret_last)
{
    struct wal_reader *reader;
    struct wal_record record;
    enum status status;
    unsigned count = 0;
    assert_int_equal(wal_reader_open(&trial->options, 0, &reader, trial->reason), STATUS_OK);
    while ((status = wal_reader_next(reader, &record, trial->reason)) == STATUS_OK) {
        assert_true(trial_is_right(&record));
        *ret_last = record.lsn;
        count++;
    }
    wal_reader_close(reader);
    assert_int_equal(status, STATUS_END);
    return count;
}

static void repair_looks_and_touches_nothing(void **state)
{
    static struct told told;
    struct disk *disk = disk_new(6);
    struct trial trial;
    uint64_t next;
    several_make(&trial, disk);
    assert_int_equal(wal_repair(&trial.options, WAL_REPAIR_LOOK, hear, &told), STATUS_OK);
    assert_true(was_told(&told, "is whole"));
    flip(&trial, 101);
    flip(&trial, 301);
    assert_int_equal(trial_read(&trial, 1, &next), STATUS_CORRUPT);
    assert_non_null(strstr(trial.reason, "where record 101 should begin"));
    assert_int_equal(wal_repair(&trial.options, WAL_REPAIR_LOOK, hear, &told), STATUS_CORRUPT);
    assert_true(was_told(&told, "where record 101 should begin"));
    assert_true(was_told(&told, "where record 301 should begin"));
    assert_true(was_told(&told, "numbers 301 to 302 are missing"));
    assert_int_equal(trial_read(&trial, 1, &next), STATUS_CORRUPT);
    trial_fini(&trial);
    disk_free(disk);
}

static void repair_skips_what_is_damaged_and_keeps_the_rest(void **state)
{
    static struct told told;
    struct disk *disk = disk_new(7);
    struct trial trial;
    uint64_t last;
    several_make(&trial, disk);
    flip(&trial, 103);
    flip(&trial, 101);
    flip(&trial, 401);
    assert_int_equal(wal_repair(&trial.options, WAL_REPAIR_SKIP, hear, &told), STATUS_OK);
    assert_int_equal(count_read(&trial, &last), 297);
    assert_int_equal(last, 599);
    assert_int_equal(wal_repair(&trial.options, WAL_REPAIR_LOOK, hear, &told), STATUS_OK);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    assert_int_equal(trial.found.next, 601);
    trial_must_append(&trial, 100, 1);
    trial_close(&trial);
    assert_int_equal(count_read(&trial, &last), 298);
    assert_int_equal(record_find(&trial, 101).lsn, 105); /* what follows those that are missing */
    trial_fini(&trial);
    disk_free(disk);
}

static void repair_cuts_off_and_gives_no_number_twice(void **state)
{
    static struct told told;
    struct disk *disk = disk_new(8);
    struct trial trial;
    uint64_t last;
    several_make(&trial, disk);
    flip(&trial, 101);
    struct wal_record record = record_find(&trial, 200);
    char path[PATH_MAX];
    segment_path("/log", record.segment, path);
    struct span kept = disk_get(disk, path);
    assert_int_equal(wal_repair(&trial.options, WAL_REPAIR_CUT, hear, &told), STATUS_OK);
    assert_int_equal(count_read(&trial, &last), 50);
    assert_int_equal(last, 99);
    (void)strcat(path, ".damaged");
    assert_true(span_equal(disk_get(disk, path), kept));
    assert_int_equal(trial_open(&trial), STATUS_OK);
    assert_int_equal(trial.found.next, 601);
    trial_must_append(&trial, 100, 1);
    trial_close(&trial);
    assert_int_equal(count_read(&trial, &last), 51);
    assert_int_equal(last, 601);
    trial_fini(&trial);
    disk_free(disk);
}

static void a_head_or_a_file_that_is_gone_is_a_hole(void **state)
{
    static struct told told;
    struct disk *disk = disk_new(9);
    struct trial trial;
    uint64_t last;
    several_make(&trial, disk);
    struct wal_record first = record_find(&trial, 201);
    struct wal_record second = record_find(&trial, 401);
    char path[PATH_MAX];
    segment_path("/log", first.segment, path);
    ((char *)(uintptr_t)disk_get(disk, path).data)[20] ^= 1;
    segment_path("/log", second.segment, path);
    assert_int_equal(disk_files(disk)->unlink(disk, path), 0);
    assert_int_equal(trial_open(&trial), STATUS_CORRUPT);
    assert_non_null(strstr(trial.reason, "damaged head"));
    assert_int_equal(wal_repair(&trial.options, WAL_REPAIR_SKIP, hear, &told), STATUS_OK);
    unsigned count = count_read(&trial, &last);
    assert_true(count > 200 && count < 290);
    assert_int_equal(last, 599);
    assert_int_equal(trial_open(&trial), STATUS_OK);
    assert_int_equal(trial.found.next, 601);
    trial_close(&trial);
    trial_fini(&trial);
    disk_free(disk);
}

static void a_repair_may_be_killed_anywhere_and_begun_again(void **state)
{
    static struct told told;
    for (enum wal_repair how = WAL_REPAIR_CUT; how <= WAL_REPAIR_SKIP; how++) {
        bool was_killed = true;
        for (uint64_t after = 0; was_killed; after++) {
            struct disk *disk = disk_new(10 + after);
            struct trial trial;
            uint64_t last;
            told.count = 0;
            several_make(&trial, disk);
            flip(&trial, 401);
            disk_restart(disk, DISK_LOSES_NOTHING);
            disk_die_after(disk, after);
            enum status status = wal_repair(&trial.options, how, hear, &told);
            was_killed = disk_is_dead(disk);
            assert_int_equal(status == STATUS_OK, !was_killed);
            disk_restart(disk, DISK_LOSES_SOME);
            assert_int_equal(wal_repair(&trial.options, how, hear, &told), STATUS_OK);
            assert_int_equal(wal_repair(&trial.options, WAL_REPAIR_LOOK, hear, &told), STATUS_OK);
            assert_int_equal(count_read(&trial, &last), how == WAL_REPAIR_CUT ? 200 : 299);
            assert_int_equal(trial_open(&trial), STATUS_OK);
            assert_int_equal(trial.found.next, 601);
            trial_close(&trial);
            trial_fini(&trial);
            disk_free(disk);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_off_at_any_byte_it_is_recovered_to_the_records_before),
        cmocka_unit_test(with_any_bit_flipped_only_the_last_group_may_be_lost),
        cmocka_unit_test(a_group_of_which_sectors_were_never_written_is_cut_off),
        cmocka_unit_test(a_frame_that_somebody_sent_is_none),
        cmocka_unit_test(repair_looks_and_touches_nothing),
        cmocka_unit_test(repair_skips_what_is_damaged_and_keeps_the_rest),
        cmocka_unit_test(repair_cuts_off_and_gives_no_number_twice),
        cmocka_unit_test(a_head_or_a_file_that_is_gone_is_a_hole),
        cmocka_unit_test(a_repair_may_be_killed_anywhere_and_begun_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
