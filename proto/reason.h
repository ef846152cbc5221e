/* Inside proto: a sentence that says why something is refused. */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "proto/json.h"

/* printf into the reason, cut where it is too long; answers STATUS_INVALID, so that refusing is one line. */
enum status refuse(char reason[REASON_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A stranger's text, fit to be shown in a reason. */
#define SHOWN_BYTES 64
struct shown {
    char text[SHOWN_BYTES + 2]; /* and two quotes */
};
struct shown shown(struct span text);
