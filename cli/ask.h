/* Asks a running program, over its socket in the state folder (base/monitor). */
#pragma once

#include "base/status.h"
#include "proto/json.h"

/* folder: state/run; path: "/status". The answer's body is appended.
 * STATUS_CLOSED: nobody is there, or it does not answer within 5 s; STATUS_REFUSED: it answered something other than
 * 200; the sentence is in ret_reason. */
enum status ask(const char *folder, const char *socket, const char *path, struct text *ret_body,
                char ret_reason[256]) MUST_CHECK;
