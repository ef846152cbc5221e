/* The keys of one program: its own, and whom it trusts. Read from files, and read again when they change: keys are
 * allowed, revoked and replaced without a restart.
 *
 *     correlator   own pair + allow-list        agent, sink   own pair + the correlator's public key, or several
 *
 * The loop's thread owns it; keyring_admits is for any thread. Secrets are in no message of it. */
#pragma once

#include "base/log.h"
#include "bus/keys/allowed.h"

#include <stdbool.h>
#include <stdint.h>

#define KEYRING_SERVERS_MAX 8u

struct keyring;

struct keyring_options {
    const char *own;    /* path of the secret key; or NULL, then: */
    const char *secret; /* the secret key's 40 characters (out of the environment); it never changes */
    const char *server; /* a dialler's: path of the listener's public key, or keys: each is tried in turn */
    const char *allow;  /* a listener's: path of the allow-list */
    /* What was read anew, or could not be: then what was known stays. May be NULL. */
    void (*said)(void *self, enum log_level level, const char *id, const char *sentence);
    void *self;
};

/* Copies. What a file answers, with the sentence. */
enum status keyring_open(const struct keyring_options *options, struct keyring **ret_keyring,
                         char ret_reason[256]) MUST_CHECK;
/* Ports that use it must be closed before. NULL: nothing. */
void keyring_close(struct keyring *keyring);

/* Looks whether a file has changed, at most once in KEYRING_LOOK_MS; `now`: at once. */
#define KEYRING_LOOK_MS 500u
enum keyring_when { KEYRING_NOW, KEYRING_IN_TIME };
void keyring_refresh(struct keyring *keyring, enum keyring_when when, uint64_t now_ms);
/* Counts the changes: of anything, and of the own pair. */
uint64_t keyring_generation(const struct keyring *keyring);
uint64_t keyring_own_generation(const struct keyring *keyring);

const struct key_pair *keyring_own(const struct keyring *keyring);
/* The number-th of the listener's keys, counted round and round; NULL: it knows none. */
const struct key *keyring_server(const struct keyring *keyring, uint64_t number);
size_t keyring_server_count(const struct keyring *keyring);
bool keyring_has_list(const struct keyring *keyring);

/* Is the key on the list, in that role? Any thread. */
bool keyring_admits(struct keyring *keyring, enum key_role role, const struct key *public);
/* As the list is now; NULL: the key (its Z85) is not on it. Good until the next refresh. */
const struct allowed_key *keyring_find(const struct keyring *keyring, const char *public_text);
bool keyring_owns(const struct keyring *keyring, const struct allowed_key *key, const char *name);
