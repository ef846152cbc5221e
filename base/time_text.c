/* Days are counted in years that begin in March, so that the leap day is the last of its year and the lengths of the
 * months follow one line (153 days in five months); 400 years are always 146,097 days. No table, no loop. */
#include "base/time_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#define MS_PER_SECOND 1000
#define MS_PER_MINUTE (60 * MS_PER_SECOND)
#define MS_PER_HOUR   (60 * MS_PER_MINUTE)
#define MS_PER_DAY    (24 * MS_PER_HOUR)

#define DAYS_PER_ERA      146097                   /* 400 years */
#define DAYS_BEFORE_EPOCH 719468                   /* 0000-03-01 to 1970-01-01 */
#define FIRST_MS          INT64_C(-62135596800000) /* 0001-01-01T00:00:00Z */
#define LAST_MS           INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_leap_year(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int32_t month_days(int32_t year, int32_t month)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && is_leap_year(year));
}

static int64_t days_from_date(int32_t year, int32_t month, int32_t day)
{
    int64_t march_year = month <= 2 ? (int64_t)year - 1 : year;
    int64_t era = floor_divide(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_BEFORE_EPOCH;
}

static void date_from_days(int64_t days, struct civil *civil)
{
    int64_t shifted = days + DAYS_BEFORE_EPOCH;
    int64_t era = floor_divide(shifted, DAYS_PER_ERA);
    int64_t day_of_era = shifted - era * DAYS_PER_ERA;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    civil->day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    civil->month = (int32_t)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    civil->year = (int32_t)(year_of_era + era * 400 + (civil->month <= 2));
}

static bool in_bounds(int32_t value, int32_t least, int32_t most)
{
    return value >= least && value <= most;
}

/* Dates of any year; times up to second_most. */
static bool civil_is_valid(const struct civil *civil, int32_t second_most)
{
    return in_bounds(civil->month, 1, 12) && in_bounds(civil->day, 1, month_days(civil->year, civil->month)) &&
           in_bounds(civil->hour, 0, 23) && in_bounds(civil->minute, 0, 59) &&
           in_bounds(civil->second, 0, second_most) && in_bounds(civil->millisecond, 0, 999);
}

static int64_t civil_to_ms(const struct civil *civil)
{
    return days_from_date(civil->year, civil->month, civil->day) * MS_PER_DAY + civil->hour * (int64_t)MS_PER_HOUR +
           civil->minute * MS_PER_MINUTE + civil->second * MS_PER_SECOND + civil->millisecond;
}

enum status time_from_civil(const struct civil *civil, int64_t *ret_ms)
{
    if (!in_bounds(civil->year, 1, 9999) || !civil_is_valid(civil, 59))
        return STATUS_INVALID;
    *ret_ms = civil_to_ms(civil);
    return STATUS_OK;
}

void time_to_civil(int64_t ms, struct civil *ret_civil)
{
    int64_t days = floor_divide(ms, MS_PER_DAY);
    int32_t rest = (int32_t)(ms % MS_PER_DAY);
    rest += rest < 0 ? MS_PER_DAY : 0; /* not ms - days * MS_PER_DAY, which INT64_MIN would overflow */
    date_from_days(days, ret_civil);
    ret_civil->hour = rest / MS_PER_HOUR;
    ret_civil->minute = rest / MS_PER_MINUTE % 60;
    ret_civil->second = rest / MS_PER_SECOND % 60;
    ret_civil->millisecond = rest % MS_PER_SECOND;
}

/* Reads from the front; after a failure everything else fails too, so only the end is asked. */
struct reader {
    struct span rest;
    bool failed;
};

static bool reader_accept(struct reader *reader, char wanted)
{
    if (reader->failed || reader->rest.size == 0 || reader->rest.data[0] != wanted)
        return false;
    reader->rest = (struct span){reader->rest.data + 1, reader->rest.size - 1};
    return true;
}

static void reader_expect(struct reader *reader, char wanted)
{
    if (!reader_accept(reader, wanted))
        reader->failed = true;
}

/* A digit, or -1 (and that is no failure). */
static int32_t reader_digit(struct reader *reader)
{
    if (reader->failed || reader->rest.size == 0 || reader->rest.data[0] < '0' || reader->rest.data[0] > '9')
        return -1;
    int32_t digit = reader->rest.data[0] - '0';
    reader->rest = (struct span){reader->rest.data + 1, reader->rest.size - 1};
    return digit;
}

static int32_t reader_number(struct reader *reader, int digits)
{
    int32_t number = 0;
    for (int i = 0; i < digits; i++) {
        int32_t digit = reader_digit(reader);
        if (digit < 0) {
            reader->failed = true;
            return 0;
        }
        number = number * 10 + digit;
    }
    return number;
}

/* Digits after the point, as milliseconds; what is finer is cut off. */
static int32_t reader_fraction(struct reader *reader)
{
    int32_t milliseconds = reader_number(reader, 1) * 100;
    int32_t scale = 10;
    for (int32_t digit = reader_digit(reader); digit >= 0; digit = reader_digit(reader)) {
        milliseconds += digit * scale;
        scale /= 10;
    }
    return milliseconds;
}

static int32_t reader_offset_minutes(struct reader *reader)
{
    if (reader_accept(reader, 'Z') || reader_accept(reader, 'z'))
        return 0;
    int32_t sign = 1;
    if (reader_accept(reader, '-'))
        sign = -1;
    else
        reader_expect(reader, '+');
    int32_t hours = reader_number(reader, 2);
    reader_expect(reader, ':');
    int32_t minutes = reader_number(reader, 2);
    if (hours > 23 || minutes > 59)
        reader->failed = true;
    return sign * (hours * 60 + minutes);
}

enum status time_parse(struct span text, int64_t *ret_ms)
{
    struct reader reader = {text, false};
    struct civil civil = {0};
    civil.year = reader_number(&reader, 4);
    reader_expect(&reader, '-');
    civil.month = reader_number(&reader, 2);
    reader_expect(&reader, '-');
    civil.day = reader_number(&reader, 2);
    if (!reader_accept(&reader, ' ') && !reader_accept(&reader, 't')) /* RFC 3339 allows either case */
        reader_expect(&reader, 'T');
    civil.hour = reader_number(&reader, 2);
    reader_expect(&reader, ':');
    civil.minute = reader_number(&reader, 2);
    if (reader_accept(&reader, ':')) {
        civil.second = reader_number(&reader, 2);
        if (reader_accept(&reader, '.'))
            civil.millisecond = reader_fraction(&reader);
    }
    int32_t offset_minutes = reader_offset_minutes(&reader);
    if (reader.failed || reader.rest.size > 0 || !civil_is_valid(&civil, 60))
        return STATUS_INVALID;
    int64_t ms = civil_to_ms(&civil) - offset_minutes * (int64_t)MS_PER_MINUTE;
    if (ms < FIRST_MS || ms > LAST_MS)
        return STATUS_INVALID;
    *ret_ms = ms;
    return STATUS_OK;
}

void time_format(int64_t ms, char ret_text[TIME_TEXT_BYTES])
{
    struct civil civil;
    time_to_civil(ms, &civil);
    char fraction[16] = "";
    if (civil.millisecond != 0)
        (void)snprintf(fraction, sizeof fraction, ".%03d", (int)civil.millisecond);
    char text[96] = "";
    (void)snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d%sZ", (int)civil.year, (int)civil.month,
                   (int)civil.day, (int)civil.hour, (int)civil.minute, (int)civil.second, fraction);
    /* The longest, of INT64_MIN, has 30 bytes. */
    memcpy(ret_text, text, TIME_TEXT_BYTES - 1);
    ret_text[TIME_TEXT_BYTES - 1] = '\0';
}
