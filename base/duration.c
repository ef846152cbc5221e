#include "base/time_text.h"

#include <inttypes.h>
#include <stdio.h>

/* From the largest; `written`: used by duration_format, which says 14d rather than 2w. */
static const struct {
    const char *suffix;
    const char *word;
    uint64_t ms;
    bool written;
} units[] = {
    {"w", NULL, 604800000, false}, {"d", "day", 86400000, true}, {"h", "hour", 3600000, true},
    {"m", "minute", 60000, true},  {"s", "second", 1000, true},  {"ms", "millisecond", 1, true},
};
#define UNIT_COUNT (sizeof units / sizeof *units)
#define UNIT_DAY   1

enum status duration_parse(struct span text, int64_t *ret_ms)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
        number = number * 10 + (uint64_t)(text.data[at] - '0');
        if (number > INT64_MAX / 10)
            return STATUS_INVALID;
    }
    if (at == 0)
        return STATUS_INVALID;
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (!span_equal((struct span){text.data + at, text.size - at}, span_of(units[i].suffix)))
            continue;
        if (number > (uint64_t)INT64_MAX / units[i].ms)
            return STATUS_INVALID;
        *ret_ms = (int64_t)(number * units[i].ms);
        return STATUS_OK;
    }
    return STATUS_INVALID;
}

static uint64_t magnitude(int64_t ms)
{
    return ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
}

void duration_format(int64_t ms, char ret_text[DURATION_TEXT_BYTES])
{
    uint64_t size = magnitude(ms);
    size_t unit = 0;
    while (!units[unit].written || size % units[unit].ms != 0)
        unit++;
    if (size == 0)
        (void)snprintf(ret_text, DURATION_TEXT_BYTES, "0s");
    else
        (void)snprintf(ret_text, DURATION_TEXT_BYTES, "%s%" PRIu64 "%s", ms < 0 ? "-" : "", size / units[unit].ms,
                       units[unit].suffix);
}

/* Tenths of the unit, rounded to nearest. */
static uint64_t unit_tenths(uint64_t size, size_t unit)
{
    uint64_t unit_ms = units[unit].ms;
    return size / unit_ms * 10 + (size % unit_ms * 10 + unit_ms / 2) / unit_ms;
}

void duration_words(int64_t ms, char ret_text[DURATION_TEXT_BYTES])
{
    uint64_t size = magnitude(ms);
    size_t unit = UNIT_DAY;
    while (size < units[unit].ms && unit + 1 < UNIT_COUNT)
        unit++;
    if (size == 0)
        unit = UNIT_COUNT - 2; /* "0 seconds" */
    uint64_t tenths = unit_tenths(size, unit);
    if (unit > UNIT_DAY && tenths * units[unit].ms >= 10 * units[unit - 1].ms)
        tenths = unit_tenths(size, --unit); /* 59.99 minutes are 1 hour, not 60 minutes */
    char text[64] = "";
    if (tenths % 10 == 0)
        (void)snprintf(text, sizeof text, "%s%" PRIu64 " %s%s", ms < 0 ? "-" : "", tenths / 10, units[unit].word,
                       tenths == 10 ? "" : "s");
    else
        (void)snprintf(text, sizeof text, "%s%" PRIu64 ".%" PRIu64 " %ss", ms < 0 ? "-" : "", tenths / 10, tenths % 10,
                       units[unit].word);
    memcpy(ret_text, text, DURATION_TEXT_BYTES - 1);
    ret_text[DURATION_TEXT_BYTES - 1] = '\0';
}
