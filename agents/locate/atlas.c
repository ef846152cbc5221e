#include "agents/locate/atlas.h"

#include <stdio.h>
#include <stdlib.h>

#define MAGIC          "VDTERR\r\n"
#define FORMAT         1u
#define HEAD_BYTES     20u /* magic 8, format 4, length of the body 4, CRC-32 of the body 4 */
#define POINT_BYTES    2u  /* the least a point takes in the file: bounds what a file of a size can hold */
#define RING_BYTES     7u
#define LON_MAX        (180 * ATLAS_MICRODEGREES)
#define LAT_MAX        (90 * ATLAS_MICRODEGREES)
#define VIEW_NAME_MAX  64u
#define VIEWS_LIST_MAX 128u

/* Sticky: after the first fault it reads zeros, and `fault` says what was wrong. */
struct reader {
    const unsigned char *start;
    const unsigned char *at;
    const unsigned char *end;
    const char *fault;
    size_t fault_at;
};

static void reader_fail(struct reader *reader, const char *fault)
{
    if (reader->fault == NULL) {
        reader->fault = fault;
        reader->fault_at = (size_t)(reader->at - reader->start) + HEAD_BYTES;
    }
    reader->at = reader->end;
}

static uint64_t read_varint(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 63; shift += 7) {
        if (reader->at == reader->end) {
            reader_fail(reader, "the file ends inside a number");
            return 0;
        }
        unsigned byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7fu) << shift;
        if (byte < 0x80u)
            return value;
    }
    reader_fail(reader, "a number of more than 63 bits");
    return 0;
}

/* A number that must not be above max. */
static uint32_t read_count(struct reader *reader, uint32_t max, const char *fault)
{
    uint64_t value = read_varint(reader);
    if (value > max) {
        reader_fail(reader, fault);
        return 0;
    }
    return (uint32_t)value;
}

static struct span read_text(struct reader *reader, uint32_t max)
{
    uint32_t size = read_count(reader, max, "a text longer than allowed");
    if (size > (size_t)(reader->end - reader->at)) {
        reader_fail(reader, "the file ends inside a text");
        return (struct span){NULL, 0};
    }
    struct span text = {(const char *)reader->at, size};
    reader->at += size;
    return text;
}

static bool letters_in(const unsigned char *letters, unsigned char first, unsigned char last)
{
    return letters[0] >= first && letters[0] <= last && letters[1] >= first && letters[1] <= last;
}

static country_code read_code(struct reader *reader)
{
    if (reader->end - reader->at < 2) {
        reader_fail(reader, "the file ends inside a code");
        return 0;
    }
    const unsigned char *letters = reader->at;
    if (!letters_in(letters, 'A', 'Z') && !letters_in(letters, 'a', 'z')) {
        reader_fail(reader, "a code is not two letters");
        return 0;
    }
    reader->at += 2;
    return COUNTRY_CODE(letters[0], letters[1]);
}

/* The last value plus a signed step, refused where it leaves ±max. */
static int32_t read_step(struct reader *reader, int32_t last, int32_t max)
{
    uint64_t zigzag = read_varint(reader);
    int64_t half = (int64_t)(zigzag >> 1);
    int64_t step = (zigzag & 1u) != 0 ? -half - 1 : half;
    if (step > 2 * (int64_t)max || step < -2 * (int64_t)max || last + step > max || last + step < -max) {
        reader_fail(reader, "a point outside the world");
        return 0;
    }
    return (int32_t)(last + step);
}

static void read_ring(struct reader *reader, struct atlas *atlas, size_t point_room)
{
    uint32_t count = read_count(reader, (uint32_t)(point_room - atlas->point_count), "more points than the file holds");
    if (reader->fault != NULL)
        return;
    if (count < 3) {
        reader_fail(reader, "a ring of fewer than three points");
        return;
    }
    struct atlas_ring *ring = &atlas->rings[atlas->ring_count++];
    *ring = (struct atlas_ring){(uint32_t)atlas->point_count, count};
    struct atlas_point last = {0, 0};
    for (uint32_t i = 0; i < count && reader->fault == NULL; i++) {
        struct atlas_point point;
        point.lon = read_step(reader, last.lon, LON_MAX);
        point.lat = read_step(reader, last.lat, LAT_MAX);
        if (i > 0 && point.lon == last.lon && point.lat == last.lat)
            reader_fail(reader, "a point twice in a row");
        last = point;
        atlas->points[atlas->point_count++] = point;
    }
    const struct atlas_point *first = &atlas->points[ring->point_first];
    if (first->lon == last.lon && first->lat == last.lat)
        reader_fail(reader, "a ring that repeats its first point");
}

static void read_territory(struct reader *reader, struct atlas *atlas, size_t ring_room, size_t point_room)
{
    country_code code = read_code(reader);
    if (atlas->territory_count > 0 && code <= atlas->territories[atlas->territory_count - 1].code)
        reader_fail(reader, "territories out of order");
    uint64_t area_km2 = read_varint(reader);
    if (area_km2 == 0)
        reader_fail(reader, "a territory of no area");
    uint32_t count = read_count(reader, (uint32_t)(ring_room - atlas->ring_count), "more rings than the file holds");
    atlas->territories[atlas->territory_count++] =
        (struct atlas_territory){code, area_km2, (uint32_t)atlas->ring_count, count};
    for (uint32_t i = 0; i < count && reader->fault == NULL; i++)
        read_ring(reader, atlas, point_room);
}

static uint16_t read_found(struct reader *reader, const struct atlas *atlas)
{
    country_code code = read_code(reader);
    for (size_t i = 0; i < atlas->territory_count; i++)
        if (atlas->territories[i].code == code)
            return (uint16_t)i;
    reader_fail(reader, "a view speaks of a territory the file does not hold");
    return 0;
}

static country_code read_answer(struct reader *reader)
{
    country_code code = read_code(reader);
    if (atlas_code_is_area(code))
        reader_fail(reader, "a view answers with an area");
    return code;
}

static struct atlas_claim read_claim(struct reader *reader, const struct atlas *atlas)
{
    struct atlas_claim claim = {.found_count = 0};
    claim.found_count = (uint16_t)read_count(reader, ATLAS_CLAIM_FOUND_MAX, "a claim over too many territories");
    if (claim.found_count == 0)
        reader_fail(reader, "a claim over no territory");
    for (uint16_t i = 0; i < claim.found_count; i++)
        claim.found[i] = read_found(reader, atlas);
    claim.where = read_answer(reader);
    claim.claimed_by_count = (uint16_t)read_count(reader, ATLAS_CLAIMED_BY_MAX, "too many claimants");
    country_code last = 0;
    for (uint16_t i = 0; i < claim.claimed_by_count; i++) {
        claim.claimed_by[i] = read_answer(reader);
        if (claim.claimed_by[i] <= last || claim.claimed_by[i] == claim.where)
            reader_fail(reader, "claimants out of order");
        last = claim.claimed_by[i];
    }
    return claim;
}

/* Reads every view, keeps the one asked for. The names seen go to `known`, for the sentence of who asked for another.
 */
static enum status read_views(struct reader *reader, const char *view, struct atlas *atlas, char *known, size_t room)
{
    enum status status = STATUS_NOT_FOUND;
    uint32_t views = read_count(reader, 64, "too many views");
    for (uint32_t i = 0; i < views && reader->fault == NULL; i++) {
        struct span name = read_text(reader, VIEW_NAME_MAX);
        uint32_t rows = read_count(reader, ATLAS_CLAIMS_MAX, "a view of too many rows");
        bool wanted = span_equal(name, span_of(view)) && status == STATUS_NOT_FOUND;
        if (wanted) {
            atlas->claims = calloc(rows + 1u, sizeof *atlas->claims);
            if (atlas->claims == NULL)
                return STATUS_NO_MEMORY;
            status = STATUS_OK;
        }
        for (uint32_t row = 0; row < rows && reader->fault == NULL; row++) {
            struct atlas_claim claim = read_claim(reader, atlas);
            if (wanted)
                atlas->claims[atlas->claim_count++] = claim;
        }
        size_t used = strlen(known);
        (void)snprintf(known + used, room - used, "%s%.*s", used > 0 ? ", " : "", SPAN_ARG(name));
    }
    return status;
}

static enum status read_body(struct reader *reader, const char *view, struct atlas *atlas, char *reason)
{
    size_t size = (size_t)(reader->end - reader->start);
    size_t point_room = size / POINT_BYTES;
    size_t ring_room = size / RING_BYTES;
    (void)read_text(reader, 4096); /* the notice of the licence, for people */
    uint32_t territories = read_count(reader, ATLAS_TERRITORIES_MAX, "too many territories");
    atlas->territories = calloc(territories + 1u, sizeof *atlas->territories);
    atlas->rings = malloc((ring_room + 1) * sizeof *atlas->rings);
    atlas->points = malloc((point_room + 1) * sizeof *atlas->points);
    if (atlas->territories == NULL || atlas->rings == NULL || atlas->points == NULL) {
        (void)snprintf(reason, ATLAS_REASON_BYTES, "out of memory");
        return STATUS_NO_MEMORY;
    }
    for (uint32_t i = 0; i < territories && reader->fault == NULL; i++)
        read_territory(reader, atlas, ring_room, point_room);
    char known[VIEWS_LIST_MAX] = "";
    enum status status = read_views(reader, view, atlas, known, sizeof known);
    if (reader->fault == NULL && status != STATUS_NO_MEMORY && reader->at != reader->end)
        reader_fail(reader, "more bytes than its content");
    if (reader->fault != NULL) {
        (void)snprintf(reason, ATLAS_REASON_BYTES, "byte %zu: %s", reader->fault_at, reader->fault);
        return STATUS_CORRUPT;
    }
    if (status == STATUS_NOT_FOUND)
        (void)snprintf(reason, ATLAS_REASON_BYTES, "no view '%.64s' in it, it has: %s", view, known);
    else if (status != STATUS_OK)
        (void)snprintf(reason, ATLAS_REASON_BYTES, "out of memory");
    return status;
}

static uint32_t little_32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* CRC-32 of IEEE 802.3, four bits at a time: the file is read once, a bigger table would not pay. */
static uint32_t crc_32(const unsigned char *bytes, size_t size)
{
    uint32_t nibbles[16];
    for (uint32_t i = 0; i < 16; i++) {
        nibbles[i] = i;
        for (int bit = 0; bit < 4; bit++)
            nibbles[i] = nibbles[i] >> 1 ^ ((nibbles[i] & 1u) != 0 ? 0xedb88320u : 0u);
    }
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ nibbles[crc & 15u];
        crc = crc >> 4 ^ nibbles[crc & 15u];
    }
    return ~crc;
}

static enum status head_check(struct span bytes, char *reason)
{
    const unsigned char *head = (const unsigned char *)bytes.data;
    size_t magic = bytes.size < sizeof MAGIC - 1 ? bytes.size : sizeof MAGIC - 1;
    enum status status = STATUS_CORRUPT;
    if (bytes.size > ATLAS_FILE_BYTES_MAX) {
        (void)snprintf(reason, ATLAS_REASON_BYTES, "%zu bytes, at most %u are read", bytes.size, ATLAS_FILE_BYTES_MAX);
        status = STATUS_TOO_LARGE;
    } else if (magic > 0 && memcmp(head, MAGIC, magic) != 0) {
        (void)snprintf(reason, ATLAS_REASON_BYTES, "not a territories file");
        status = STATUS_UNSUPPORTED;
    } else if (bytes.size < HEAD_BYTES) {
        (void)snprintf(reason, ATLAS_REASON_BYTES, "truncated: %zu bytes are no whole head", bytes.size);
    } else if (little_32(head + 8) != FORMAT) {
        (void)snprintf(reason, ATLAS_REASON_BYTES, "format %u, expected %u", (unsigned)little_32(head + 8), FORMAT);
        status = STATUS_UNSUPPORTED;
    } else if (little_32(head + 12) != bytes.size - HEAD_BYTES) {
        (void)snprintf(reason, ATLAS_REASON_BYTES, "%zu bytes of content, expected %u", bytes.size - HEAD_BYTES,
                       (unsigned)little_32(head + 12));
    } else if (little_32(head + 16) != crc_32(head + HEAD_BYTES, bytes.size - HEAD_BYTES)) {
        (void)snprintf(reason, ATLAS_REASON_BYTES, "the checksum does not match its content");
    } else {
        status = STATUS_OK;
    }
    return status;
}

enum status atlas_read_body(struct span body, const char *view, struct atlas *ret_atlas, char *reason)
{
    const unsigned char *start = (const unsigned char *)body.data;
    struct reader reader = {.start = start, .at = start, .end = start + body.size};
    struct atlas atlas = {.territories = NULL};
    enum status status = read_body(&reader, view, &atlas, reason);
    if (status != STATUS_OK) {
        atlas_fini(&atlas);
        return status;
    }
    *ret_atlas = atlas;
    return STATUS_OK;
}

enum status atlas_read(struct span bytes, const char *view, struct atlas *ret_atlas, char *reason)
{
    enum status status = head_check(bytes, reason);
    if (status != STATUS_OK)
        return status;
    return atlas_read_body((struct span){bytes.data + HEAD_BYTES, bytes.size - HEAD_BYTES}, view, ret_atlas, reason);
}

void atlas_fini(struct atlas *atlas)
{
    free(atlas->territories);
    free(atlas->rings);
    free(atlas->points);
    free(atlas->claims);
    *atlas = (struct atlas){.territories = NULL};
}
