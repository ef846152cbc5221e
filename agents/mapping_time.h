/* Local times as the press writes them, into intervals.
 *
 *   "2024-09-07/08 night"  ──scan──▶ dates 7, 8; no clock; night  ──word, parts, zone──▶ 2024-09-07T19:00Z …
 * 2024-09-08T03:00Z less 1 ms
 *
 * Every interval that a word makes (a day, a night, half a day, a week, a month) ends one millisecond before the next
 * one begins, so that the 20th's day never touches the 21st. A clock time is an instant, or the interval between two.
 */
#pragma once

#include "base/span.h"
#include "base/zone.h"
#include "proto/json.h"
#include "proto/report.h"

#include <stdint.h>

/* How a text is read. X(enum name, text, precision it makes) */
#define TIME_WORD_LIST(X)                                                                                              \
    X(AUTO, "auto", MINUTE)     /* what the text says: a clock, a part of the day, else the day */                     \
    X(SECOND, "second", SECOND) /* a clock time */                                                                     \
    X(MINUTE, "minute", MINUTE)                                                                                        \
    X(TEN_MINUTES, "10min", MINUTE)                                                                                    \
    X(HOUR, "hour", HOUR)                                                                                              \
    X(HALF_DAY, "half_day", HOUR) /* morning, afternoon or evening, as the text says */                                \
    X(MORNING, "morning", HOUR)                                                                                        \
    X(AFTERNOON, "afternoon", HOUR)                                                                                    \
    X(EVENING, "evening", HOUR)                                                                                        \
    X(NIGHT, "night", HOUR)  /* the night that begins on that date, or between the two given */                        \
    X(DAY, "day", DAY)       /* from midnight to midnight; of two dates, both days and those between */                \
    X(WEEK, "week", WEEK)    /* Monday to Sunday around the date */                                                    \
    X(MONTH, "month", MONTH) /* the calendar month of the date */

enum time_word {
#define X(name, text, precision) TIME_WORD_##name,
    TIME_WORD_LIST(X)
#undef X
        TIME_WORD_COUNT
};

/* STATUS_NOT_FOUND. */
enum status time_word_find(struct span text, enum time_word *ret_word) MUST_CHECK;
enum precision time_word_precision(enum time_word word);
/* "auto, second, minute, …" for sentences. */
const char *time_word_names(void);

/* Parts of the day, in minutes from local midnight; one that ends at or before its start ends the next day. */
struct day_part {
    int32_t from, to;
};
struct day_parts {
    struct day_part morning, afternoon, evening, night;
};
extern const struct day_parts day_parts_default; /* 06–12, 12–18, 18–24, 22–06 */
/* "22:00-06:00". STATUS_INVALID. */
enum status day_part_parse(struct span text, struct day_part *ret_part) MUST_CHECK;

struct local_time {
    int64_t start_ms, end_ms;
    enum precision precision;
};

/* STATUS_INVALID with the reason where the text does not say what the word needs. */
enum status local_time_read(struct span text, enum time_word word, const struct day_parts *parts, struct zone *zone,
                            struct local_time *ret_time, char ret_reason[REASON_BYTES]) MUST_CHECK;
