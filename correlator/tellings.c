#include "correlator/tellings.h"

#include <stdlib.h>
#include <string.h>

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
