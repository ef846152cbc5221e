#include "cli/explain/page.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static size_t columns_of(const char *text, size_t size)
{
    size_t columns = 0;
    while (size > 0) {
        size_t bytes = utf8_character((struct span){text, size});
        bytes = bytes > 0 ? bytes : 1;
        columns++;
        text += bytes;
        size -= bytes;
    }
    return columns;
}

void page_write(FILE *stream, const char *label, size_t indent, const char *words)
{
    size_t at = columns_of(label, strlen(label));
    fputs(label, stream);
    for (bool is_first = true; *words != '\0'; is_first = false) {
        size_t size = strcspn(words, " ");
        size_t columns = columns_of(words, size);
        if (!is_first && at + 1 + columns > PAGE_COLUMNS) {
            fputc('\n', stream);
            at = 0;
        }
        if (at < indent)
            at += (size_t)fprintf(stream, "%*s", (int)(indent - at), "");
        else if (at > 0)
            at += (size_t)fprintf(stream, " ");
        (void)fwrite(words, 1, size, stream);
        at += columns;
        words += size;
        words += strspn(words, " ");
    }
    fputc('\n', stream);
}

void page_print(FILE *stream, const char *label, size_t indent, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *words = NULL;
    int size = vasprintf(&words, format, arguments);
    va_end(arguments);
    page_write(stream, label, indent, size >= 0 ? words : "");
    if (size >= 0)
        free(words);
}
