#include "proto/reason.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>

enum status refuse(char reason[REASON_BYTES], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason, REASON_BYTES, format, arguments);
    va_end(arguments);
    return STATUS_INVALID;
}

struct shown shown(struct span text)
{
    struct shown shown;
    (void)utf8_printable(text, shown.text, SHOWN_BYTES);
    return shown;
}
