#include "proto/check.h"

#include "base/utf8.h"
#include "proto/limits.h"
#include "proto/report.h"

#include <math.h>

/* Bytes a name may have. */
static const bool is_name_byte[256] = {
    ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true, ['G'] = true, ['H'] = true,
    ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true, ['O'] = true, ['P'] = true,
    ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true, ['W'] = true, ['X'] = true,
    ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true, ['e'] = true, ['f'] = true,
    ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true, ['l'] = true, ['m'] = true, ['n'] = true,
    ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true, ['u'] = true, ['v'] = true,
    ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true, ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true,
    ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true, ['8'] = true, ['9'] = true, ['.'] = true, ['_'] = true,
    ['-'] = true,
};

bool name_is_valid(struct span name)
{
    if (name.size == 0 || name.size > LIMIT_SOURCE_BYTES)
        return false;
    bool is_valid = true;
    for (size_t i = 0; i < name.size; i++)
        is_valid &= is_name_byte[(unsigned char)name.data[i]];
    return is_valid;
}

/* Most text is printable ASCII, and can be told so at a glance; the rest is looked at character by character. */
static bool is_printable_ascii(struct span text)
{
    unsigned char wrong = 0;
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        wrong |= (unsigned char)((unsigned char)(byte - 0x20) >= 0x5f);
    }
    return wrong == 0;
}

static enum status check_size(const char *field, struct span text, size_t size_max, char reason[REASON_BYTES])
{
    if (text.size > size_max)
        return refuse(reason, "%s: %zu bytes, expected at most %zu", field, text.size, size_max);
    return STATUS_OK;
}

enum status check_plain(const char *field, struct span text, size_t size_max, char reason[REASON_BYTES])
{
    if (text.size > size_max)
        return check_size(field, text, size_max, reason);
    if (!is_printable_ascii(text) && !utf8_is_plain(text))
        return refuse(reason, "%s: \"%s\", expected UTF-8 without control characters", field, shown(text).text);
    return STATUS_OK;
}

enum status check_text(const char *field, struct span text, size_t size_max, char reason[REASON_BYTES])
{
    if (text.size > size_max)
        return check_size(field, text, size_max, reason);
    if (!is_printable_ascii(text) && !utf8_is_text(text))
        return refuse(reason, "%s: \"%s\", expected UTF-8 without control characters but tab and line feed", field,
                      shown(text).text);
    return STATUS_OK;
}

enum status check_time(const char *field, int64_t time_ms, char reason[REASON_BYTES])
{
    if (time_ms < LIMIT_TIME_MS_MIN || time_ms > LIMIT_TIME_MS_MAX)
        return refuse(reason, "%s: %lld ms is outside the years 0001 to 9999", field, (long long)time_ms);
    return STATUS_OK;
}

enum status check_number(const char *field, double value, double min, double max, char reason[REASON_BYTES])
{
    if (isnan(value))
        return refuse(reason, "%s: not a number, expected %.15g to %.15g", field, min, max);
    if (!isfinite(value) || value < min || value > max)
        return refuse(reason, "%s: %.15g is out of range, expected %.15g to %.15g", field, value, min, max);
    return STATUS_OK;
}
