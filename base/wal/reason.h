/* Sentences for those who are refused: printed into what the caller has, cut off where they do not fit. */
#pragma once

#include "base/wal/wal.h"

void reason_say(char ret_reason[WAL_REASON_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Behind what is there. */
void reason_add(char ret_reason[WAL_REASON_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));
