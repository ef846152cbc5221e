#include "proto/check.h"

#include "base/utf8.h"
#include "proto/limits.h"

#include <math.h>
#include <string.h>

bool check_is_name(struct span text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    if (text.size == 0 || text.size > LIMIT_SOURCE_BYTES)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (memchr(allowed, text.data[i], sizeof allowed - 1) == NULL)
            return false;
    }
    return true;
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
    if (!utf8_is_plain(text))
        return refuse(reason, "%s: \"%s\", expected UTF-8 without control characters", field, shown(text).text);
    return STATUS_OK;
}

enum status check_text(const char *field, struct span text, size_t size_max, char reason[REASON_BYTES])
{
    if (text.size > size_max)
        return check_size(field, text, size_max, reason);
    if (!utf8_is_text(text))
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
