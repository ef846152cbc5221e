/* Inside proto: a report's own bytes, for reports alone and within publications. */
#pragma once

#include "base/arena.h"
#include "proto/codec.h"

/* Does it keep to the limits of its lists? What does not is not written. */
bool report_is_packable(const struct report *report);
/* At least as many bytes as it is written to. O(attributes). */
size_t report_room(const struct report *report);
/* Writes it before `at`, where there must be report_room, and answers where it begins. */
char *report_lead(char *at, const struct report *report);

/* The report borrows from the bytes and the arena, and is validated. */
enum status report_read(struct span bytes, struct arena *arena, struct report *ret_report,
                        char reason[REASON_BYTES]) MUST_CHECK;
