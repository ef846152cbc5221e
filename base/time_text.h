/* Times and durations as people and JSON write them. Proleptic Gregorian calendar, UTC, no leap seconds, no locale. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stdint.h>

#define TIME_TEXT_BYTES     32 /* room for "2025-09-09T21:30:00.000+02:00" and its NUL */
#define DURATION_TEXT_BYTES 32

struct civil { /* a broken-down time; month 1 … 12, day 1 … 31 */
    int32_t year, month, day, hour, minute, second, millisecond;
};

/* RFC 3339 with an offset ("Z" or ±hh:mm, T or a blank between), seconds and fraction optional, finer digits than
 * milliseconds cut off. Years 0001 to 9999 (after the offset is applied). STATUS_INVALID otherwise; a leap second (:60)
 * counts as the second after :59. */
enum status time_parse(struct span text, int64_t *ret_ms) MUST_CHECK;
/* "2025-09-09T21:30:00Z", with ".123" only where the milliseconds are not 0. */
void time_format(int64_t ms, char ret_text[TIME_TEXT_BYTES]);
/* Valid dates and times only, else STATUS_INVALID. */
enum status time_from_civil(const struct civil *civil, int64_t *ret_ms) MUST_CHECK;
void time_to_civil(int64_t ms, struct civil *ret_civil);

/* "14d", "6h", "30s", "250ms", "2w", "90m"; one number, not negative, and one unit of ms s m h d w. */
enum status duration_parse(struct span text, int64_t *ret_ms) MUST_CHECK;
/* The shortest exact form: "14d", "36h", "1500ms". */
void duration_format(int64_t ms, char ret_text[DURATION_TEXT_BYTES]);
/* For sentences: "9.1 days", "6 hours", "45 minutes", "1 day". */
void duration_words(int64_t ms, char ret_text[DURATION_TEXT_BYTES]);
