/* What the publisher has told of each episode that is not final: a table by id. What is final is forgotten; that it was
 * told, and how often at most, is all that is kept of it. */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "proto/episode.h"

#include <stdbool.h>
#include <stdint.h>

/* uthash answers "out of memory" through this; the insertion is then undone and reported. */
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) (element)->unhashed = true
#include <uthash.h>

#define SUPERSEDES_MAX 32u /* ids kept of those an episode took in, the latest */

/* What was told last of an episode. */
struct told {
    UT_hash_handle hh;
    char id[EPISODE_ID_BYTES];
    size_t rule; /* of the publisher's; beyond them: none of those */
    uint32_t revision;
    enum episode_state state;
    bool capped;
    bool final;
    bool unhashed;
    int64_t last_ms;
    unsigned char digest[32];
    char *cause; /* of the last change of content: a final revision repeats it */
    size_t cause_room;
    size_t supersedes_count;
    char (*supersedes)[EPISODE_ID_BYTES]; /* ascending */
};

struct tellings {
    struct told *first;          /* a hash by id */
    int64_t forgotten_ms;        /* of what ended before, it may be forgotten that it was told */
    uint32_t forgotten_revision; /* the greatest of what was forgotten */
};

void tellings_init(struct tellings *tellings);
void tellings_fini(struct tellings *tellings);
/* NULL: nothing was told of it, or it is forgotten. */
struct told *tellings_find(const struct tellings *tellings, const char *id);
/* NULL: no memory. */
struct told *tellings_add(struct tellings *tellings, const char *id);
void tellings_forget(struct tellings *tellings, struct told *told);
/* Forgets the withdrawn ones that ended before. O(all). */
void tellings_sweep(struct tellings *tellings, int64_t before_ms);
enum status told_set_cause(struct told *told, struct span cause) MUST_CHECK;
enum status told_add_superseded(struct told *told, const char *id) MUST_CHECK;
