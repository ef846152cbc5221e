/* Finds dates, clock times and parts of the day in a text people wrote. Knows no time zone.
 *
 * Dates: 2024-09-07, 2024/09/07, 7 Sep 2024, 7 September 2024, 07.09.2024 · two of them: 2024-09-07/08, 2024-09-07..10,
 * 09–10 Sep 2025, or both in full · clocks: 22:58, 22:58:30, 22:58:30.5, two of them with anything between · words:
 * morning, afternoon, evening, night, "night 3-4 Sep". What stands in parentheses is a remark and is passed over; so is
 * any other word. */
#pragma once

#include "base/span.h"
#include "base/time_text.h"
#include "proto/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum scan_part { SCAN_NO_PART, SCAN_MORNING, SCAN_AFTERNOON, SCAN_EVENING, SCAN_NIGHT };

struct scan_time {
    struct civil dates[2]; /* years, months and days */
    size_t date_count;
    struct civil clocks[2]; /* hours, minutes, seconds, milliseconds */
    size_t clock_count;
    enum scan_part part;
    struct civil night[2]; /* "night 3-4 Sep": its two days, which outrank the dates */
    bool has_night;
};

/* STATUS_INVALID with the reason: no date, a date that is none, more than two, or more clock times than two. */
enum status time_scan(struct span text, struct scan_time *ret_time, char ret_reason[REASON_BYTES]) MUST_CHECK;
/* The date, days later or earlier. */
struct civil civil_shift(struct civil date, int32_t days);
/* Days since 1970-01-01 of a valid date. */
int64_t civil_day(struct civil date);
