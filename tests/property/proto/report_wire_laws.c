/* Reports are written and read by hand; protobuf-c is the oracle. Made-up reports; and their fields in another order,
 * twice, left out, of other numbers and types, cut off, with bits turned over.
 *
 *   test_report_wire_laws [--rounds N] [--seed S] */

/* cmocka's own order of includes. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/wire.h"
#include "tests/support/dice.h"
#include "tests/support/report_oracle.h"

#include <math.h>
#include <stdlib.h>

static size_t rounds = 20000;
static uint64_t seed = 1;

static void holds(const char *wrong, size_t round, struct span bytes)
{
    if (wrong == NULL)
        return;
    for (size_t i = 0; i < bytes.size; i++)
        print_error("%02x", (unsigned)(unsigned char)bytes.data[i]);
    fail_msg("%s: seed %llu, round %zu", wrong, (unsigned long long)seed, round);
}

static bool report_is_read(struct span bytes)
{
    struct arena arena;
    struct report report;
    char reason[REASON_BYTES];
    arena_init(&arena, 1u << 20);
    bool is_read = report_unpack(bytes, &arena, &report, reason) == STATUS_OK;
    arena_fini(&arena);
    return is_read;
}

/* --- reports --- */

static const int64_t starts[] = {LIMIT_TIME_MS_MIN, -1, 0, 0, 1, 127, 128, TIME_NONE};
static const int64_t ends[] = {0, 1, 128, 1757453400000, LIMIT_TIME_MS_MAX, TIME_NONE};
static const double shares[] = {0, -0.0, 0.5, 1, 1, 2};
static const double reals[] = {0, -0.0, 1, 0.5, 51.56, 89.999, 1e-300};

static struct span text_of(struct dice *dice, char *room, size_t size_max)
{
    size_t size = dice_below(dice, 8) == 0 ? 0 : 1 + dice_below(dice, (uint32_t)size_max);
    for (size_t i = 0; i < size; i++)
        room[i] = (char)('a' + dice_below(dice, 26));
    return (struct span){room, size};
}

struct made {
    struct report report;
    struct country countries[LIMIT_COUNTRIES];
    struct attribute attributes[LIMIT_ATTRIBUTES];
    char texts[8][300];
    char keys[LIMIT_ATTRIBUTES];
    char values[LIMIT_ATTRIBUTES][40];
};

static void lists_make(struct dice *dice, struct made *made)
{
    struct report *report = &made->report;
    report->has_countries = dice_below(dice, 2) == 0;
    report->country_count = dice_below(dice, 2) == 0 ? 0 : dice_below(dice, LIMIT_COUNTRIES + 1);
    for (size_t i = 0; i < report->country_count; i++)
        made->countries[i] = (struct country){COUNTRY_CODE('A' + (int)dice_below(dice, 26), 'Z'),
                                              (enum country_role)dice_below(dice, COUNTRY_ROLE_COUNT)};
    report->countries = made->countries;
    report->attribute_count = dice_below(dice, 2) == 0 ? 0 : dice_below(dice, LIMIT_ATTRIBUTES + 1);
    for (size_t i = 0; i < report->attribute_count; i++) {
        made->keys[i] = (char)('!' + 2 * i + (dice_below(dice, 64) == 0 ? 2 : 0)); /* now and then one is given twice */
        made->attributes[i] =
            (struct attribute){{&made->keys[i], 1}, text_of(dice, made->values[i], sizeof made->values[i])};
    }
    report->attributes = made->attributes;
}

/* Nothing a report could not be made to say, valid or not. */
static void report_make(struct dice *dice, struct made *made)
{
    struct report *report = &made->report;
    *report = (struct report){
        .source = text_of(dice, made->texts[0], LIMIT_SOURCE_BYTES),
        .source_id = text_of(dice, made->texts[1], LIMIT_SOURCE_ID_BYTES),
        .revision = (uint32_t)(dice_roll(dice) >> dice_below(dice, 64)),
        .status = (enum report_status)dice_below(dice, REPORT_STATUS_COUNT),
        .category = (enum category)dice_below(dice, CATEGORY_COUNT),
        .role = (enum role)dice_below(dice, ROLE_COUNT),
        .occurred = {DICE_PICK(dice, starts), DICE_PICK(dice, ends), (enum precision)dice_below(dice, PRECISION_COUNT),
                     (enum basis)dice_below(dice, BASIS_COUNT)},
        .reported_at_ms = DICE_PICK(dice, ends),
        .has_place = dice_below(dice, 4) > 0,
        .place = {DICE_PICK(dice, reals), DICE_PICK(dice, reals), DICE_PICK(dice, reals),
                  text_of(dice, made->texts[2], LIMIT_NAME_BYTES)},
        .publisher = text_of(dice, made->texts[3], LIMIT_NAME_BYTES),
        .headline = text_of(dice, made->texts[4], 300),
        .url = text_of(dice, made->texts[5], 300),
        .language = text_of(dice, made->texts[6], LIMIT_LANGUAGE_BYTES),
        .severity = dice_below(dice, LIMIT_SEVERITY + 1),
        .confidence = dice_below(dice, 2) == 0 ? (double)NAN : DICE_PICK(dice, shares),
        .licence = (enum licence)dice_below(dice, LICENCE_COUNT),
    };
    lists_make(dice, made);
}

static void what_is_written_protobuf_c_writes_the_same(void **state)
{
    struct dice dice = {seed};
    struct text bytes = {0};
    static struct made made;
    for (size_t round = 0; round < rounds; round++) {
        report_make(&dice, &made);
        text_clear(&bytes);
        assert_int_equal(report_pack(&made.report, &bytes), STATUS_OK);
        holds(report_oracle_rewrites((struct span){bytes.data, bytes.size}), round,
              (struct span){bytes.data, bytes.size});
    }
    text_fini(&bytes);
}

/* --- bytes: those of a report, taken apart and put together otherwise --- */

#define FIELDS_MAX 128u

static char *noise_put(struct dice *dice, char *at)
{
    static const struct span words[] = {{"", 0},     {"s", 1},    {"PL", 2},      {"sea.cable", 9}, {"nat.hazard", 10},
                                        {"a\nb", 3}, {"\xff", 1}, {"\x08\x01", 2}};
    uint32_t number = 1 + dice_below(dice, dice_below(dice, 4) == 0 ? 1u << 29 : 24);
    uint64_t value = dice_roll(dice) >> dice_below(dice, 64);
    switch (dice_below(dice, 4)) {
    case 0:
        return wire_put_varint(wire_put_tag(at, number, WIRE_VARINT), value);
    case 1:
        at = wire_put_tag(at, number, WIRE_FIXED64);
        memcpy(at, &value, 8);
        return at + 8;
    case 2:
        at = wire_put_tag(at, number, WIRE_FIXED32);
        memcpy(at, &value, 4);
        return at + 4;
    default:
        return wire_put_bytes(at, number, DICE_PICK(dice, words));
    }
}

static bool is_part(const struct wire_field *field)
{
    return field->number == 7 || field->number == 9 || field->number == 10 || field->number == 19;
}

static char *mix(struct dice *dice, struct span bytes, bool is_top, char *at)
{
    struct wire_field fields[FIELDS_MAX];
    struct span raw[FIELDS_MAX];
    uint32_t count = 0;
    bool malformed;
    for (const char *from = bytes.data; count < FIELDS_MAX && wire_next(&bytes, &fields[count], &malformed); count++) {
        raw[count] = (struct span){from, (size_t)(bytes.data - from)};
        from = bytes.data;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t chance = dice_below(dice, 32);
        uint32_t which = chance == 0 ? dice_below(dice, count) : i;
        if (chance == 1)
            at = noise_put(dice, at);
        if (is_top && is_part(&fields[which]) && chance < 16) {
            char part[4096];
            const char *end = mix(dice, fields[which].bytes, false, part);
            at = wire_put_bytes(at, fields[which].number, (struct span){part, (size_t)(end - part)});
        } else if (chance != 2) {
            memcpy(at, raw[which].data, raw[which].size);
            at += raw[which].size;
        }
        i -= chance == 3 && i > 0; /* once more, or other things after it */
    }
    return at;
}

/* Now and then a byte is another, or the end is missing. */
static struct span damage(struct dice *dice, char *bytes, size_t size)
{
    uint32_t chance = dice_below(dice, 8);
    if (size > 0 && chance == 0)
        bytes[dice_below(dice, (uint32_t)size)] ^= (char)(1u << dice_below(dice, 8));
    else if (chance == 1)
        size = dice_below(dice, (uint32_t)size + 1);
    return (struct span){bytes, size};
}

static void what_is_read_protobuf_c_reads_the_same(void **state)
{
    struct dice dice = {seed};
    struct text bytes = {0};
    static struct made made;
    static char mixed[1u << 20];
    size_t read = 0;
    for (size_t round = 0; round < rounds; round++) {
        report_make(&dice, &made);
        text_clear(&bytes);
        assert_int_equal(report_pack(&made.report, &bytes), STATUS_OK);
        const char *end = mix(&dice, (struct span){bytes.data, bytes.size}, true, mixed);
        struct span given = damage(&dice, mixed, (size_t)(end - mixed));
        holds(report_oracle_differs(given), round, given);
        read += report_is_read(given);
    }
    text_fini(&bytes);
    assert_true(read > rounds / 10 && read < rounds - rounds / 10); /* of both kinds enough */
}

static int say_seed(void **state)
{
    print_message("seed %llu, %zu rounds\n", (unsigned long long)seed, rounds);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2)
        if (strcmp(argv[i], "--rounds") == 0)
            rounds = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_is_written_protobuf_c_writes_the_same, say_seed),
        cmocka_unit_test_teardown(what_is_read_protobuf_c_reads_the_same, say_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
