/* CURVE on a socket: keys in, and the proof that strangers stay out. */
#pragma once

#include "bus/drivers/zmq_zap.h"

#include <stdbool.h>

/* Before it binds or connects. false: ZeroMQ refused. */
bool curve_listen(void *socket, const struct key_pair *own, const struct zap_seat *seat);
bool curve_dial(void *socket, const struct key_pair *own, const struct key *server);

/* Connects to a listener of this process that has just bound, as strangers would: with a key nobody knows, and with
 * none. STATUS_PERMISSION with a sentence: one got in, or it could not be told. Blocks for milliseconds, and for the
 * patience with each of them at most. */
#define CURVE_STRANGERS 2u
enum status curve_strangers_stay_out(void *context, const char *endpoint, const struct key *server, int patience_ms,
                                     char ret_reason[256]) MUST_CHECK;
