/* Who answers ZeroMQ's questions: one thread a process, from before the first listener with keys binds until the last
 * has closed. A thread of its own, so that who is honest gets in however busy the loop is. */
#pragma once

#include "bus/drivers/zmq_brake.h"
#include "bus/keys/keyring.h"

#define ZAP_SALT_WORDS (KEY_BYTES / 8u)

struct zap_seat; /* a listener's */

struct zap_options {
    struct keyring *keyring; /* borrowed until zap_close */
    enum key_role role;
    uint32_t refusals_per_s; /* of one address; beyond it is braked */
    uint32_t newcomers_max;  /* connections of one key that have not spoken */
};

/* Without the thread ZeroMQ would let everybody in: no listener binds before. */
enum status zap_open(void *context, const struct zap_options *options, struct zap_seat **ret_seat,
                     char ret_reason[256]) MUST_CHECK;
/* What the listener's socket is told to name in its questions. */
const char *zap_domain(const struct zap_seat *seat);
/* Was the address refused too often of late? */
bool zap_brakes(const struct zap_seat *seat, const struct address *address);

/* Newcomers. A key's connections that are let in and have not been heard yet are counted, for what they send lies in
 * memory unseen while nobody reads, and stays there once they are gone. Keys are told apart by 10 bits of a hash: two
 * that share them share the bound. Which do is another matter in each life, so nobody can make a key that shares
 * another's. */
size_t zap_slot(const uint64_t salt[ZAP_SALT_WORDS], const struct key *public);
/* One of the key (its Z85) was heard. */
void zap_heard(struct zap_seat *seat, const char *user);
/* All that came was read. Whoever was let in before the last time this was said is no newcomer any more: it was heard
 * or is gone. */
void zap_all_heard(struct zap_seat *seat);
/* How many were refused since it was asked last; the key that was the last of them, where there is one. */
uint64_t zap_crowded(struct zap_seat *seat, char ret_user[KEY_TEXT_BYTES]);
/* The listener's socket must be closed before. NULL: nothing. */
void zap_close(struct zap_seat *seat);
