/* Who may connect: the allow-list, a file with one key a line.
 *
 *     # name   role    public key                                 sources    since
 *     desk     agent   Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID   desk,list  2026-01-01T00:00:00Z
 *     store    sink    …                                          -          …
 *
 * A line that begins with # is a comment. Every change writes a new file beside it and renames it, so that a reader
 * sees the old or the new list, never a part. */
#pragma once

#include "bus/keys/key.h"

#include <stddef.h>

#define ALLOWED_NAME_BYTES 65u /* a name and its NUL */
#define ALLOWED_MAX        4096u

enum key_role { KEY_AGENT, KEY_SINK };
const char *key_role_name(enum key_role role);

struct allowed_key {
    char name[ALLOWED_NAME_BYTES];
    enum key_role role;
    struct key public;
    /* An agent's: names of the sources it may write, with commas between, or "*": all. A sink's is "-". Owned by the
     * list it is in. */
    const char *sources;
    char since[32];
};

/* Starts as zero. */
struct allowed {
    struct allowed_key *keys;
    size_t count;
    size_t room;
    char *text; /* the sources lie in it */
};

/* A file that is not there: a list of nobody. STATUS_INVALID with "FILE:LINE: what was found, what was expected": a
 * wrong line, a name or a key twice. STATUS_PERMISSION: others than its owner may write it. */
enum status allowed_read(const char *path, struct allowed *ret_allowed, char ret_reason[256]) MUST_CHECK;
/* The same from a text, which is taken (malloc'd, written into). */
enum status allowed_parse(char *text, const char *name, struct allowed *ret_allowed, char ret_reason[256]) MUST_CHECK;
void allowed_fini(struct allowed *allowed);

/* NULL: unknown. */
const struct allowed_key *allowed_find(const struct allowed *allowed, const struct key *public);
const struct allowed_key *allowed_find_name(const struct allowed *allowed, const char *name);
/* Whether on the link it may go by that name: its own, or its own with "-" and more behind it (agents that run one
 * source each), unless a longer name in the list has the better claim. */
bool allowed_owns(const struct allowed *allowed, const struct allowed_key *key, const char *name);
bool allowed_may_write(const struct allowed_key *key, struct span source);
/* "desk,list", "*" or "-", as a list is written? */
bool allowed_sources_are_valid(const char *sources);

/* Adds the line, or replaces the one of that name; the file is made where there is none (0600). STATUS_EXISTS: another
 * name has the key. Failures have a sentence, the file is as it was. */
enum status allowed_put(const char *path, const struct allowed_key *key, char ret_reason[256]) MUST_CHECK;
/* STATUS_NOT_FOUND: no such name. */
enum status allowed_remove(const char *path, const char *name, char ret_reason[256]) MUST_CHECK;
