#include "tests/support/report_oracle.h"

#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/wire.h"
#include "vedette/v1/report.pb-c.h"

#include <stdlib.h>

/* What protobuf-c takes to be the same, in its own words: fields in order, defaults left out. NULL data: refused. */
static struct span normal(struct span bytes)
{
    Vedette__V1__Report *message = vedette__v1__report__unpack(NULL, bytes.size, (const uint8_t *)bytes.data);
    if (message == NULL)
        return (struct span){0};
    size_t size = vedette__v1__report__get_packed_size(message);
    char *data = malloc(size + 1);
    if (data != NULL)
        (void)vedette__v1__report__pack(message, (uint8_t *)data);
    vedette__v1__report__free_unpacked(message, NULL);
    return (struct span){data, size};
}

#define IS_PART(number) ((number) == 7 || (number) == 9 || (number) == 10 || (number) == 19)

static bool is_malformed(struct span bytes)
{
    bool malformed = false;
    for (struct wire_field field; wire_next(&bytes, &field, &malformed);)
        ;
    return malformed;
}

/* Where the two may differ: a field of number 0 or beyond 2^29, a varint of more than 64 bits; and where a part is
 * given twice protobuf-c forgets the first one's numbers. */
static bool is_beyond_comparison(struct span bytes)
{
    size_t occurred = 0, place = 0;
    bool malformed = false, wrong = false;
    for (struct wire_field field; wire_next(&bytes, &field, &malformed);) {
        occurred += field.number == 7;
        place += field.number == 9;
        wrong = wrong || (field.number == 11 && field.type != WIRE_VARINT);
        if (field.type == WIRE_BYTES && IS_PART(field.number))
            wrong = wrong || is_malformed(field.bytes);
    }
    return malformed || wrong || occurred > 1 || place > 1;
}

static bool is_same(struct span a, struct span b)
{
    struct arena arena;
    struct report first, second;
    char first_reason[REASON_BYTES] = "", second_reason[REASON_BYTES] = "";
    unsigned char first_digest[32], second_digest[32];
    arena_init(&arena, (size_t)16 << 20);
    enum status status = report_unpack(a, &arena, &first, first_reason);
    bool same = report_unpack(b, &arena, &second, second_reason) == status;
    if (same && status == STATUS_OK) {
        report_digest(&first, first_digest);
        report_digest(&second, second_digest);
        same = first.revision == second.revision && memcmp(first_digest, second_digest, 32) == 0;
    } else if (same) {
        same = strcmp(first_reason, second_reason) == 0;
    }
    arena_fini(&arena);
    return same;
}

static bool is_refused(struct span bytes)
{
    struct arena arena;
    struct report report;
    char reason[REASON_BYTES];
    arena_init(&arena, (size_t)16 << 20);
    bool refused = report_unpack(bytes, &arena, &report, reason) == STATUS_INVALID;
    arena_fini(&arena);
    return refused;
}

const char *report_oracle_differs(struct span bytes)
{
    struct span again = normal(bytes);
    const char *wrong = NULL;
    if (bytes.size > LIMIT_REPORT_BYTES || again.size > LIMIT_REPORT_BYTES || is_beyond_comparison(bytes))
        wrong = !is_malformed(bytes) || is_refused(bytes) ? NULL : "what is malformed is read by hand";
    else if (again.data == NULL)
        wrong = is_refused(bytes) ? NULL : "protobuf-c refuses what is read by hand";
    else if (!is_same(bytes, again))
        wrong = "read by hand it is not what protobuf-c reads";
    free((char *)again.data);
    return wrong;
}

const char *report_oracle_rewrites(struct span bytes)
{
    struct span again = normal(bytes);
    const char *wrong = again.data == NULL         ? "protobuf-c refuses what was written by hand"
                        : span_equal(bytes, again) ? NULL
                                                   : "protobuf-c writes it otherwise";
    free((char *)again.data);
    return wrong;
}
