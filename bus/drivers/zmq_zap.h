/* Who answers ZeroMQ's questions: one thread a process, from before the first listener with keys binds until the last
 * has closed. A thread of its own, so that who is honest gets in however busy the loop is. */
#pragma once

#include "bus/keys/keyring.h"

struct zap_seat; /* a listener's */

/* Borrows the keyring, until zap_close. Without the thread ZeroMQ would let everybody in: no listener binds before. */
enum status zap_open(void *context, struct keyring *keyring, enum key_role role, struct zap_seat **ret_seat,
                     char ret_reason[256]) MUST_CHECK;
/* What the listener's socket is told to name in its questions. */
const char *zap_domain(const struct zap_seat *seat);
/* The listener's socket must be closed before. NULL: nothing. */
void zap_close(struct zap_seat *seat);
