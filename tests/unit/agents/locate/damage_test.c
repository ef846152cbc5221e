/* Damaged, truncated, foreign and hostile files: refused with a reason, never a crash. */
#include "agents/locate/territories.h"
#include "tests/unit/agents/locate/atlas_file.h"

#include <cmocka.h>

#define HEAD_BYTES 20u

static struct span shipped;

static int shipped_load(void **state)
{
    shipped = atlas_file_load();
    return shipped.size > HEAD_BYTES ? 0 : -1;
}

static int shipped_free(void **state)
{
    free((void *)(uintptr_t)shipped.data);
    return 0;
}

static unsigned char *shipped_copy(size_t size)
{
    unsigned char *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, shipped.data, size);
    return copy;
}

/* Takes a copy of exactly its size, so that a sanitizer sees a read behind its end. */
static enum status bytes_open(const unsigned char *bytes, size_t size, char *ret_reason)
{
    struct territories *territories = NULL;
    enum status status =
        territories_open_bytes((struct span){(const char *)bytes, size}, "un", &territories, ret_reason);
    if (status == STATUS_OK)
        territories_close(territories);
    else
        assert_null(territories);
    return status;
}

static uint32_t crc_plainly(const unsigned char *bytes, size_t size)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1u) * 0xedb88320u;
    }
    return ~crc;
}

static void little_write(unsigned char *bytes, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
}

/* Makes length and checksum true again: what a hostile hand would do. */
static void head_mend(unsigned char *bytes, size_t size)
{
    little_write(bytes + 12, (uint32_t)(size - HEAD_BYTES));
    little_write(bytes + 16, crc_plainly(bytes + HEAD_BYTES, size - HEAD_BYTES));
}

static void a_file_cut_anywhere_is_damaged(void **state)
{
    size_t step = 1;
    for (size_t size = 0; size < shipped.size; size += step) {
        step = size < 200 ? 1 : 9973;
        unsigned char *cut = shipped_copy(size);
        char reason[TERRITORIES_REASON_BYTES] = "";
        assert_int_equal(bytes_open(cut, size, reason), STATUS_CORRUPT);
        assert_true(strlen(reason) > 10);
        free(cut);
    }
}

static void a_file_cut_anywhere_with_its_head_mended_is_still_damaged(void **state)
{
    size_t step = 1;
    for (size_t size = HEAD_BYTES; size < shipped.size; size += step) {
        step = size < 1000 ? 7 : 29989;
        unsigned char *cut = shipped_copy(size);
        head_mend(cut, size);
        char reason[TERRITORIES_REASON_BYTES] = "";
        assert_int_equal(bytes_open(cut, size, reason), STATUS_CORRUPT);
        assert_int_equal(strncmp(reason, "byte ", 5), 0);
        free(cut);
    }
}

static void any_flipped_bit_is_found(void **state)
{
    unsigned char *bytes = shipped_copy(shipped.size);
    for (size_t at = 0; at < shipped.size; at += at < 64 ? 1 : 15013) {
        bytes[at] ^= 0x10;
        char reason[TERRITORIES_REASON_BYTES] = "";
        enum status status = bytes_open(bytes, shipped.size, reason);
        assert_int_equal(status, at < 12 ? STATUS_UNSUPPORTED : STATUS_CORRUPT);
        bytes[at] ^= 0x10;
    }
    free(bytes);
}

static void a_foreign_file_is_said_to_be_foreign(void **state)
{
    char reason[TERRITORIES_REASON_BYTES] = "";
    const unsigned char text[] = "{\"type\":\"FeatureCollection\",\"features\":[]}";
    assert_int_equal(bytes_open(text, sizeof text, reason), STATUS_UNSUPPORTED);
    assert_string_equal(reason, "not a territories file");
}

static void a_newer_format_is_said_to_be_newer(void **state)
{
    unsigned char *bytes = shipped_copy(shipped.size);
    little_write(bytes + 8, 2);
    char reason[TERRITORIES_REASON_BYTES] = "";
    assert_int_equal(bytes_open(bytes, shipped.size, reason), STATUS_UNSUPPORTED);
    assert_string_equal(reason, "format 2, expected 1");
    free(bytes);
}

static void bytes_behind_the_content_are_damage(void **state)
{
    size_t size = shipped.size + 3;
    unsigned char *bytes = calloc(1, size);
    assert_non_null(bytes);
    memcpy(bytes, shipped.data, shipped.size);
    char reason[TERRITORIES_REASON_BYTES] = "";
    assert_int_equal(bytes_open(bytes, size, reason), STATUS_CORRUPT);
    head_mend(bytes, size);
    assert_int_equal(bytes_open(bytes, size, reason), STATUS_CORRUPT);
    assert_non_null(strstr(reason, "more bytes than its content"));
    free(bytes);
}

static void bytes_changed_with_the_head_mended_never_crash(void **state)
{
    uint64_t seed = 42;
    size_t refused = 0;
    unsigned char *bytes = shipped_copy(shipped.size);
    for (int round = 0; round < 60; round++) {
        size_t at[4];
        unsigned char was[4];
        for (int i = 0; i < 4; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            at[i] = HEAD_BYTES + (size_t)((seed >> 20) % (round % 2 == 0 ? 2000 : shipped.size - HEAD_BYTES));
            was[i] = bytes[at[i]];
            bytes[at[i]] = (unsigned char)(seed >> 56);
        }
        head_mend(bytes, shipped.size);
        struct territories *territories = NULL;
        struct span span = {(const char *)bytes, shipped.size};
        char reason[TERRITORIES_REASON_BYTES] = "";
        if (territories_open_bytes(span, "un", &territories, reason) == STATUS_OK) {
            struct country countries[TERRITORIES_COUNTRIES_MAX];
            for (int i = 0; i < 1000; i++)
                assert_true(territories_find(territories, i % 180 - 90, i * 7 % 360 - 180, countries, 5) <= 5);
            territories_close(territories);
        } else {
            refused++;
        }
        for (int i = 3; i >= 0; i--)
            bytes[at[i]] = was[i];
    }
    assert_true(refused > 10);
    free(bytes);
}

/* One territory whose every edge goes round the world: each crosses all columns of a row. */
static void outlines_that_cross_too_many_cells_are_refused_not_stored(void **state)
{
    size_t points = 20000;
    size_t room = HEAD_BYTES + 64 + points * 10;
    unsigned char *bytes = shipped_copy(HEAD_BYTES);
    bytes = realloc(bytes, room);
    assert_non_null(bytes);
    unsigned char *at = bytes + HEAD_BYTES;
    *at++ = 0; /* no notice */
    *at++ = 1; /* one territory */
    *at++ = 'Q';
    *at++ = 'Q';
    *at++ = 1;                                /* km² */
    *at++ = 1;                                /* ring */
    *at++ = 0xa0, *at++ = 0x9c, *at++ = 0x01; /* 20,000 points */
    for (size_t i = 0; i < points; i++) {
        uint64_t lon = i == 0 ? 2 * 170000000u : i % 2 == 1 ? 2 * 340000000u - 1 : 2 * 340000000u;
        for (; lon >= 0x80; lon >>= 7)
            *at++ = (unsigned char)(lon | 0x80);
        *at++ = (unsigned char)lon;
        *at++ = i % 4 < 2 ? 2 : 1; /* a microdegree north or south */
    }
    *at++ = 1; /* one view, of no rows */
    *at++ = 2, *at++ = 'u', *at++ = 'n', *at++ = 0;
    head_mend(bytes, (size_t)(at - bytes));
    char reason[TERRITORIES_REASON_BYTES] = "";
    enum status status = bytes_open(bytes, (size_t)(at - bytes), reason);
    if (status != STATUS_TOO_LARGE)
        fail_msg("%s: %s", status_name(status), reason);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_cut_anywhere_is_damaged),
        cmocka_unit_test(a_file_cut_anywhere_with_its_head_mended_is_still_damaged),
        cmocka_unit_test(any_flipped_bit_is_found),
        cmocka_unit_test(a_foreign_file_is_said_to_be_foreign),
        cmocka_unit_test(a_newer_format_is_said_to_be_newer),
        cmocka_unit_test(bytes_behind_the_content_are_damage),
        cmocka_unit_test(bytes_changed_with_the_head_mended_never_crash),
        cmocka_unit_test(outlines_that_cross_too_many_cells_are_refused_not_stored),
    };
    return cmocka_run_group_tests_name("territories: damage", tests, shipped_load, shipped_free);
}
