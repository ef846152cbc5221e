#include "base/size_text.h"

#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *suffix;
    unsigned shift;
} units[] = {{"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}};
#define UNIT_COUNT (sizeof units / sizeof *units)

enum status size_parse(struct span text, int64_t *ret_bytes)
{
    uint64_t number = 0;
    size_t at = 0;
    for (; at < text.size && text.data[at] >= '0' && text.data[at] <= '9'; at++) {
        number = number * 10 + (uint64_t)(text.data[at] - '0');
        if (number > INT64_MAX / 10)
            return STATUS_INVALID;
    }
    for (size_t i = 0; at > 0 && i < UNIT_COUNT; i++) {
        if (!span_equal((struct span){text.data + at, text.size - at}, span_of(units[i].suffix)))
            continue;
        if (number > (uint64_t)INT64_MAX >> units[i].shift)
            return STATUS_INVALID;
        *ret_bytes = (int64_t)(number << units[i].shift);
        return STATUS_OK;
    }
    return STATUS_INVALID;
}

void size_format(int64_t bytes, char ret_text[SIZE_TEXT_BYTES])
{
    size_t unit = 0;
    while (unit + 1 < UNIT_COUNT && (bytes == 0 || bytes % ((int64_t)1 << units[unit].shift) != 0))
        unit++;
    (void)snprintf(ret_text, SIZE_TEXT_BYTES, "%" PRId64 "%s", bytes >> units[unit].shift, units[unit].suffix);
}
