/* Inside the spool: what the sources promised, as a note of the record that was put together next. */
#pragma once

#include "bus/promises.h"

#define SPOOL_PROMISE_KEY SPAN("\0promises") /* no source has that name */

/* Adds what the notes of a record hold, if they do: it was said before the record's end, at position, and holds for
 * what comes after it. Without memory it is left out: a later one comes. */
void spool_promises_read(struct promises *promises, struct span notes, uint64_t position);
