/* Asks a running program, over its socket in the state folder (base/monitor). */
#pragma once

#include "base/status.h"
#include "proto/json.h"

enum ask_method { ASK_GET, ASK_POST };

/* folder: state/run; path with its arguments escaped: "/source/retire?name=desk". The answer's body is appended.
 * STATUS_CLOSED: nobody is there, or it does not answer within 5 s; STATUS_REFUSED: it answered something other than
 * 200; the sentence is in ret_reason. */
enum status ask(const char *folder, const char *socket, enum ask_method method, const char *path, struct text *ret_body,
                char ret_reason[256]) MUST_CHECK;
