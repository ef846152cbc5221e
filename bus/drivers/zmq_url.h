/* Which urls ZeroMQ is given: ipc and tcp, and without keys tcp on loopback only. */
#pragma once

#include "base/status.h"
#include "bus/bus.h"

/* The form only. STATUS_INVALID with a sentence. */
enum status zmq_url_check(const char *url, enum bus_reach reach, char ret_reason[256]) MUST_CHECK;
/* Whether a listener may take it: ZeroMQ would remove whatever file lies at the path of an ipc url, a living socket
 * too. STATUS_BUSY or STATUS_INVALID with a sentence. */
enum status zmq_url_is_free(const char *url, char ret_reason[256]) MUST_CHECK;
