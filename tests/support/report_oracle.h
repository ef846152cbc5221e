/* protobuf-c's own reading and writing of a report, against which that by hand is held (proto/report_read.c). */
#pragma once

#include "base/span.h"

#include <stdbool.h>

/* NULL where reading the bytes by hand says what protobuf-c says: refused by both, or the same report, or refused for
 * the same reason. Otherwise what is wrong. */
const char *report_oracle_differs(struct span bytes);
/* NULL where protobuf-c writes a report that it read from the bytes to the same bytes. */
const char *report_oracle_rewrites(struct span bytes);
