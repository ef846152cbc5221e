#include "base/wal/reason.h"

#include <stdarg.h>
#include <stdio.h>

void reason_say(char ret_reason[WAL_REASON_BYTES], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(ret_reason, WAL_REASON_BYTES, format, arguments);
    va_end(arguments);
}

void reason_add(char ret_reason[WAL_REASON_BYTES], const char *format, ...)
{
    size_t used = strnlen(ret_reason, WAL_REASON_BYTES);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(ret_reason + used, WAL_REASON_BYTES - used, format, arguments);
    va_end(arguments);
}
