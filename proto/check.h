/* Inside proto: checks that several nouns share. */
#pragma once

#include "proto/reason.h"

#include <stdbool.h>
#include <stdint.h>

/* At most size_max bytes of UTF-8 without control characters. */
enum status check_plain(const char *field, struct span text, size_t size_max, char reason[REASON_BYTES]) MUST_CHECK;
/* The same, but tab and line feed may occur. */
enum status check_text(const char *field, struct span text, size_t size_max, char reason[REASON_BYTES]) MUST_CHECK;
/* Milliseconds of the years 0001 to 9999. */
enum status check_time(const char *field, int64_t time_ms, char reason[REASON_BYTES]) MUST_CHECK;
/* Finite and within [min, max]. */
enum status check_number(const char *field, double value, double min, double max, char reason[REASON_BYTES]) MUST_CHECK;
