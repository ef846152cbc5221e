#include "correlator/tellings.h"

#include "correlator/journal/octets.h"
#include "proto/limits.h"

#include <stdlib.h>
#include <string.h>

#define TOLD_BYTES_MIN 38u /* of one, packed: its digest and a byte for each other field */

void tellings_init(struct tellings *tellings)
{
    *tellings = (struct tellings){.forgotten_ms = INT64_MIN};
}

static void told_free(struct tellings *tellings, struct told *told)
{
    HASH_DELETE(hh, tellings->first, told);
    free(told->supersedes);
    free(told->cause);
    free(told);
}

void tellings_fini(struct tellings *tellings)
{
    struct told *told, *next;
    HASH_ITER(hh, tellings->first, told, next)
    {
        told_free(tellings, told);
    }
}

struct told *tellings_find(const struct tellings *tellings, const char *id)
{
    struct told *told;
    HASH_FIND_STR(tellings->first, id, told);
    return told;
}

struct told *tellings_add(struct tellings *tellings, const char *id)
{
    struct told *told = calloc(1, sizeof *told);
    if (told == NULL)
        return NULL;
    memcpy(told->id, id, strlen(id) + 1);
    HASH_ADD_STR(tellings->first, id, told);
    if (told->unhashed) {
        free(told);
        return NULL;
    }
    return told;
}

void tellings_forget(struct tellings *tellings, struct told *told)
{
    if (told->revision > tellings->forgotten_revision)
        tellings->forgotten_revision = told->revision;
    told_free(tellings, told);
}

void tellings_sweep(struct tellings *tellings, int64_t before_ms)
{
    struct told *told, *next;
    if (before_ms > tellings->forgotten_ms)
        tellings->forgotten_ms = before_ms;
    HASH_ITER(hh, tellings->first, told, next)
    {
        if (told->state == EPISODE_WITHDRAWN && told->last_ms < before_ms)
            tellings_forget(tellings, told);
    }
}

enum status told_set_cause(struct told *told, struct span cause)
{
    if (told->cause_room < cause.size + 1) {
        char *room = realloc(told->cause, cause.size + 64);
        if (room == NULL)
            return STATUS_NO_MEMORY;
        told->cause = room;
        told->cause_room = cause.size + 64;
    }
    if (cause.size > 0)
        memcpy(told->cause, cause.data, cause.size);
    told->cause[cause.size] = '\0';
    return STATUS_OK;
}

enum status told_add_superseded(struct told *told, const char *id)
{
    for (size_t i = 0; i < told->supersedes_count; i++)
        if (strcmp(told->supersedes[i], id) == 0)
            return STATUS_OK;
    if (told->supersedes == NULL && (told->supersedes = calloc(SUPERSEDES_MAX, EPISODE_ID_BYTES)) == NULL)
        return STATUS_NO_MEMORY;
    if (told->supersedes_count == SUPERSEDES_MAX) {
        memmove(told->supersedes, told->supersedes + 1, (SUPERSEDES_MAX - 1) * sizeof *told->supersedes);
        told->supersedes_count--;
    }
    size_t at = told->supersedes_count++; /* kept in ascending order */
    while (at > 0 && strcmp(told->supersedes[at - 1], id) > 0) {
        memcpy(told->supersedes[at], told->supersedes[at - 1], EPISODE_ID_BYTES);
        at--;
    }
    memcpy(told->supersedes[at], id, strlen(id) + 1);
    return STATUS_OK;
}

/* ---- as bytes ---- */

static void pack_told(const struct told *told, struct text *bytes)
{
    octets_put_bytes(bytes, span_of(told->id));
    octets_put_number(bytes, told->revision);
    octets_put_number(bytes, told->state);
    octets_put_number(bytes, (uint64_t)told->capped << 1 | told->final);
    octets_put_time(bytes, told->last_ms);
    octets_put_raw(bytes, told->digest, sizeof told->digest);
    octets_put_bytes(bytes, span_of(told->cause));
    octets_put_number(bytes, told->supersedes_count);
    for (size_t i = 0; i < told->supersedes_count; i++)
        octets_put_bytes(bytes, span_of(told->supersedes[i]));
}

enum status tellings_pack(const struct tellings *tellings, struct text *bytes)
{
    octets_put_time(bytes, tellings->forgotten_ms);
    octets_put_number(bytes, tellings->forgotten_revision);
    octets_put_number(bytes, HASH_COUNT(tellings->first));
    for (const struct told *told = tellings->first; told != NULL; told = told->hh.next)
        pack_told(told, bytes);
    return bytes->failed ? STATUS_NO_MEMORY : STATUS_OK;
}

/* "" where there is none, or it is none. */
static void read_id(struct octets *octets, char ret_id[EPISODE_ID_BYTES])
{
    struct span id = octets_bytes(octets, EPISODE_ID_BYTES - 1);
    memset(ret_id, 0, EPISODE_ID_BYTES);
    if (id.size > 0)
        memcpy(ret_id, id.data, id.size);
}

static enum status unpack_told(struct tellings *tellings, struct octets *octets)
{
    char id[EPISODE_ID_BYTES];
    read_id(octets, id);
    if (octets->failed || id[0] == '\0' || tellings_find(tellings, id) != NULL)
        return STATUS_INVALID;
    struct told *told = tellings_add(tellings, id);
    if (told == NULL)
        return STATUS_NO_MEMORY;
    told->revision = (uint32_t)octets_number_to(octets, LIMIT_REVISION);
    told->state = (enum episode_state)octets_number_to(octets, EPISODE_STATE_COUNT - 1);
    uint64_t flags = octets_number_to(octets, 3);
    told->capped = (flags & 2) != 0;
    told->final = (flags & 1) != 0;
    told->last_ms = octets_time(octets);
    octets_raw(octets, told->digest, sizeof told->digest);
    enum status status = told_set_cause(told, octets_bytes(octets, LIMIT_EPISODE_TEXT));
    size_t count = (size_t)octets_number_to(octets, SUPERSEDES_MAX);
    for (size_t i = 0; i < count && status == STATUS_OK && !octets->failed; i++) {
        read_id(octets, id);
        status = told_add_superseded(told, id);
    }
    return status == STATUS_OK && octets->failed ? STATUS_INVALID : status;
}

enum status tellings_unpack(struct tellings *tellings, struct span bytes)
{
    struct octets octets = {.rest = bytes};
    tellings->forgotten_ms = octets_time(&octets);
    tellings->forgotten_revision = (uint32_t)octets_number_to(&octets, LIMIT_REVISION);
    size_t count = octets_count(&octets, TOLD_BYTES_MIN);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = unpack_told(tellings, &octets);
    return status == STATUS_OK && !octets_finish(&octets) ? STATUS_INVALID : status;
}
