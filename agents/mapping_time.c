#include "agents/mapping_time.h"

#include "agents/time_scan.h"
#include "base/utf8.h"

#include <stdio.h>

#define MINUTE_MS   60000LL
#define DAY_MINUTES 1440

const struct day_parts day_parts_default = {.morning = {6 * 60, 12 * 60},
                                            .afternoon = {12 * 60, 18 * 60},
                                            .evening = {18 * 60, 24 * 60},
                                            .night = {22 * 60, 6 * 60}};

static const struct {
    const char *text;
    enum precision precision;
} words[] = {
#define X(name, word_text, word_precision) {word_text, PRECISION_##word_precision},
    TIME_WORD_LIST(X)
#undef X
};

enum status time_word_find(struct span text, enum time_word *ret_word)
{
    for (int i = 0; i < TIME_WORD_COUNT; i++)
        if (span_equal(text, span_of(words[i].text))) {
            *ret_word = (enum time_word)i;
            return STATUS_OK;
        }
    return STATUS_NOT_FOUND;
}

enum precision time_word_precision(enum time_word word)
{
    return words[word].precision;
}

const char *time_word_names(void)
{
#define X(name, text, precision) " " text
    return &(TIME_WORD_LIST(X))[1];
#undef X
}

enum status day_part_parse(struct span text, struct day_part *ret_part)
{
    struct day_part part = {0};
    int32_t *const ends[] = {&part.from, &part.to};
    if (text.size != 11 || text.data[5] != '-')
        return STATUS_INVALID;
    for (size_t i = 0; i < 2; i++) {
        const char *clock = text.data + i * 6;
        for (size_t k = 0; k < 5; k++)
            if (k == 2 ? clock[k] != ':' : clock[k] < '0' || clock[k] > '9')
                return STATUS_INVALID;
        int32_t hour = (clock[0] - '0') * 10 + clock[1] - '0', minute = (clock[3] - '0') * 10 + clock[4] - '0';
        if (minute > 59 || hour * 60 + minute > DAY_MINUTES)
            return STATUS_INVALID;
        *ends[i] = hour * 60 + minute;
    }
    if (part.from == part.to || part.from == DAY_MINUTES)
        return STATUS_INVALID;
    *ret_part = part;
    return STATUS_OK;
}

/* --- intervals --- */

struct reader {
    struct span text;
    const struct day_parts *parts;
    struct zone *zone;
    struct scan_time time;
    char *reason;
};

static enum status wrong(struct reader *reader, const char *what)
{
    char shown[120];
    utf8_printable(reader->text, shown, sizeof(shown));
    snprintf(reader->reason, REASON_BYTES, "%s in \"%s\"", what, shown);
    return STATUS_INVALID;
}

/* The instant of a date at some minutes from its midnight, by the local clock: 24:00 is the next day's 0:00. */
static enum status instant(struct reader *reader, struct civil date, int32_t minutes, int64_t *ret_ms)
{
    struct civil local = civil_shift(date, minutes / DAY_MINUTES);
    local.hour = minutes % DAY_MINUTES / 60;
    local.minute = minutes % 60;
    enum status status = zone_to_utc(reader->zone, &local, ret_ms);
    return status == STATUS_OK ? status : wrong(reader, "a date beyond the calendar");
}

/* From one local time up to, but not including, another. */
static enum status stretch(struct reader *reader, struct civil first, int32_t from, struct civil last, int32_t to,
                           struct local_time *ret_time)
{
    struct local_time time = *ret_time;
    enum status status = instant(reader, first, from, &time.start_ms);
    if (status == STATUS_OK)
        status = instant(reader, last, to, &time.end_ms);
    if (status != STATUS_OK)
        return status;
    time.end_ms--;
    *ret_time = time;
    return STATUS_OK;
}

static struct civil last_date(const struct scan_time *time)
{
    return time->dates[time->date_count - 1];
}

static enum status read_days(struct reader *reader, struct local_time *ret_time)
{
    return stretch(reader, reader->time.dates[0], 0, last_date(&reader->time), DAY_MINUTES, ret_time);
}

static enum status read_part(struct reader *reader, struct day_part part, struct local_time *ret_time)
{
    if (reader->time.date_count > 1)
        return wrong(reader, "two dates for one part of a day");
    int32_t to = part.to <= part.from ? part.to + DAY_MINUTES : part.to;
    return stretch(reader, reader->time.dates[0], part.from, reader->time.dates[0], to, ret_time);
}

/* Between two dates that follow one another: that night. */
static enum status read_night(struct reader *reader, struct local_time *ret_time)
{
    struct scan_time *time = &reader->time;
    if (time->has_night) {
        time->dates[0] = time->night[0];
        time->date_count = 1;
    }
    if (time->date_count == 2 && civil_day(time->dates[1]) - civil_day(time->dates[0]) > 1)
        return wrong(reader, "a night over more than two days");
    time->date_count = 1;
    return read_part(reader, reader->parts->night, ret_time);
}

static enum status read_half_day(struct reader *reader, struct local_time *ret_time)
{
    switch (reader->time.part) {
    case SCAN_MORNING:
        return read_part(reader, reader->parts->morning, ret_time);
    case SCAN_AFTERNOON:
        return read_part(reader, reader->parts->afternoon, ret_time);
    case SCAN_EVENING:
        return read_part(reader, reader->parts->evening, ret_time);
    case SCAN_NIGHT:
        return read_night(reader, ret_time);
    case SCAN_NO_PART:
        break;
    }
    return wrong(reader, "neither morning, afternoon nor evening");
}

static enum status read_week(struct reader *reader, struct local_time *ret_time)
{
    int64_t day = civil_day(reader->time.dates[0]);
    int32_t since_monday = (int32_t)(((day + 3) % 7 + 7) % 7); /* day 0 was a Thursday */
    struct civil monday = civil_shift(reader->time.dates[0], -since_monday);
    struct civil last = civil_shift(last_date(&reader->time), 0);
    struct civil sunday = civil_shift(monday, 6);
    if (civil_day(last) > civil_day(sunday)) {
        int32_t beyond = (int32_t)(civil_day(last) - civil_day(sunday));
        sunday = civil_shift(sunday, (beyond + 6) / 7 * 7);
    }
    return stretch(reader, monday, 0, sunday, DAY_MINUTES, ret_time);
}

static enum status read_month(struct reader *reader, struct local_time *ret_time)
{
    struct civil first = reader->time.dates[0], last = last_date(&reader->time);
    first.day = 1;
    struct civil next = {.year = last.year + last.month / 12, .month = last.month % 12 + 1, .day = 1};
    return stretch(reader, first, 0, next, 0, ret_time);
}

static enum status clock_instant(struct reader *reader, struct civil date, struct civil clock, int64_t *ret_ms)
{
    clock.year = date.year;
    clock.month = date.month;
    clock.day = date.day;
    enum status status = zone_to_utc(reader->zone, &clock, ret_ms);
    return status == STATUS_OK ? status : wrong(reader, "a date beyond the calendar");
}

static int64_t clock_ms(struct civil clock)
{
    return ((clock.hour * 60 + clock.minute) * 60 + clock.second) * 1000LL + clock.millisecond;
}

/* "20:26-00:30": the second clock is the next day's where it is not later than the first. */
static enum status read_clock(struct reader *reader, struct local_time *ret_time)
{
    const struct scan_time *scan = &reader->time;
    struct local_time time = *ret_time;
    if (scan->clock_count == 0)
        return wrong(reader, "no time of day");
    if (scan->clock_count == 1 && scan->date_count == 2)
        return wrong(reader, "two dates but one time of day");
    struct civil last = last_date(scan);
    if (scan->clock_count == 2 && scan->date_count == 1 && clock_ms(scan->clocks[1]) < clock_ms(scan->clocks[0]))
        last = civil_shift(last, 1);
    enum status status = clock_instant(reader, scan->dates[0], scan->clocks[0], &time.start_ms);
    if (status == STATUS_OK)
        status = clock_instant(reader, last, scan->clocks[scan->clock_count - 1], &time.end_ms);
    if (status != STATUS_OK)
        return status;
    if (time.end_ms < time.start_ms)
        return wrong(reader, "an end before its start");
    *ret_time = time;
    return STATUS_OK;
}

static enum time_word word_of(const struct scan_time *time)
{
    static const enum time_word of_part[] = {[SCAN_NO_PART] = TIME_WORD_DAY,
                                             [SCAN_MORNING] = TIME_WORD_MORNING,
                                             [SCAN_AFTERNOON] = TIME_WORD_AFTERNOON,
                                             [SCAN_EVENING] = TIME_WORD_EVENING,
                                             [SCAN_NIGHT] = TIME_WORD_NIGHT};
    return time->clock_count > 0 ? TIME_WORD_MINUTE : of_part[time->part];
}

static enum status read_as(struct reader *reader, enum time_word word, struct local_time *ret_time)
{
    ret_time->precision = time_word_precision(word);
    switch (word) {
    case TIME_WORD_SECOND:
    case TIME_WORD_MINUTE:
    case TIME_WORD_TEN_MINUTES:
    case TIME_WORD_HOUR:
        return read_clock(reader, ret_time);
    case TIME_WORD_HALF_DAY:
        return read_half_day(reader, ret_time);
    case TIME_WORD_MORNING:
        return read_part(reader, reader->parts->morning, ret_time);
    case TIME_WORD_AFTERNOON:
        return read_part(reader, reader->parts->afternoon, ret_time);
    case TIME_WORD_EVENING:
        return read_part(reader, reader->parts->evening, ret_time);
    case TIME_WORD_NIGHT:
        return read_night(reader, ret_time);
    case TIME_WORD_DAY:
        return read_days(reader, ret_time);
    case TIME_WORD_WEEK:
        return read_week(reader, ret_time);
    case TIME_WORD_MONTH:
        return read_month(reader, ret_time);
    case TIME_WORD_AUTO:
    case TIME_WORD_COUNT:
        break;
    }
    return wrong(reader, "no way to read it");
}

enum status local_time_read(struct span text, enum time_word word, const struct day_parts *parts, struct zone *zone,
                            struct local_time *ret_time, char ret_reason[REASON_BYTES])
{
    struct reader reader = {.text = text, .parts = parts, .zone = zone, .reason = ret_reason};
    struct local_time time = {0};
    enum status status = time_scan(text, &reader.time, ret_reason);
    if (status == STATUS_OK)
        status = read_as(&reader, word == TIME_WORD_AUTO ? word_of(&reader.time) : word, &time);
    if (status == STATUS_OK)
        *ret_time = time;
    return status;
}
