/* Keys of CURVE: 32 bytes, written as 40 characters of Z85, and the files they lie in.
 *
 *     NAME.key   curve / public-key = "…" / secret-key = "…"     0600: who can read it can speak as NAME
 *     NAME.pub   curve / public-key = "…"                        one key, or several: any of them is right
 *
 * The files have the form of ZeroMQ's certificates, which programs in other languages read too. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stdbool.h>

#define KEY_BYTES      32u
#define KEY_TEXT_BYTES 41u /* Z85 and a NUL */

struct key {
    unsigned char bytes[KEY_BYTES];
};

struct key_pair {
    struct key secret;
    struct key public;
};

/* false: not 40 characters of Z85 that say 32 bytes. */
bool key_parse(struct span text, struct key *ret_key);
void key_print(const struct key *key, char ret_text[KEY_TEXT_BYTES]);
bool key_equal(const struct key *a, const struct key *b);

/* A new pair, out of the system's randomness. */
void key_pair_make(struct key_pair *ret_pair);
/* The pair of a secret key. */
void key_pair_of(const struct key *secret, struct key_pair *ret_pair);
/* Leaves nothing of it in memory. */
void key_pair_wipe(struct key_pair *pair);

/* A new file each, NAME's; written to the disk before it answers. STATUS_EXISTS: a file is there, and stays as it is.
 * Failures have a sentence. */
enum status key_secret_write(const char *path, const char *name, const struct key_pair *pair,
                             char ret_reason[256]) MUST_CHECK;
enum status key_public_write(const char *path, const char *name, const struct key *public,
                             char ret_reason[256]) MUST_CHECK;
/* STATUS_PERMISSION: others than its owner may read or write it; the sentence says how that is mended. */
enum status key_secret_read(const char *path, struct key_pair *ret_pair, char ret_reason[256]) MUST_CHECK;
/* The public keys of a file, at most `room`. STATUS_INVALID: none, more, or one that is no key. */
enum status key_public_read(const char *path, struct key *ret_keys, size_t room, size_t *ret_count,
                            char ret_reason[256]) MUST_CHECK;
