/* A line is put together on the stack and written by one write(2), so lines of several threads, and (being no longer
 * than PIPE_BUF) of several programs on one pipe, never mix. No lock: the settings are atomic, but the program's
 * name, which is set before any thread. */
#include "base/log.h"

#include "base/clock.h"
#include "base/time_text.h"
#include "base/utf8.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert(PIPE_BUF >= 4096, "a line is written whole");
#define LINE_BYTES 4096

static const struct {
    const char *name;
    const char *prefix; /* for people */
} levels[] = {
    [LOG_DEBUG] = {"debug", ""},
    [LOG_INFO] = {"info", ""},
    [LOG_WARN] = {"warn", "warning: "},
    [LOG_ERROR] = {"error", "error: "},
};

static const char *log_program = "vedette";
static atomic_int log_style = LOG_PLAIN;
static atomic_int log_least = LOG_INFO;

void log_setup(const char *program, enum log_style style, enum log_level least)
{
    log_program = program;
    log_set_style(style);
    atomic_store(&log_least, (int)least);
}

void log_set_level(enum log_level least)
{
    atomic_store(&log_least, (int)least);
}

void log_set_style(enum log_style style)
{
    atomic_store(&log_style, (int)style);
}

bool log_style_find(const char *name, enum log_style *ret_style)
{
    bool is_json = strcmp(name, "json") == 0;
    if (!is_json && strcmp(name, "logfmt") != 0)
        return false;
    *ret_style = is_json ? LOG_JSON : LOG_LOGFMT;
    return true;
}

bool log_level_find(const char *name, enum log_level *ret_level)
{
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if (strcmp(name, levels[i].name) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    return false;
}

/* The text between quotes, logfmt's and JSON's: a backslash before a quote or a backslash. Answers the bytes written,
 * at most room.
 */
static size_t text_quote(struct span text, char *ret_text, size_t room)
{
    size_t used = 0;
    for (size_t at = 0; at < text.size;) {
        char first = text.data[at];
        bool marked = first == '"' || first == '\\';
        size_t size = utf8_character((struct span){text.data + at, text.size - at});
        if (used + size + marked > room)
            break;
        if (marked)
            ret_text[used++] = '\\';
        memcpy(ret_text + used, text.data + at, size);
        used += size;
        at += size;
    }
    return used;
}

/* What stands before the text; the text's own quote is opened. */
static int head_print(char line[LINE_BYTES], enum log_style style, enum log_level level, const char *id)
{
    static const char *const formats[] = {
        [LOG_LOGFMT] = "%s level=%s id=%.64s program=%.64s text=\"",
        [LOG_JSON] = "{\"time\":\"%s\",\"level\":\"%s\",\"id\":\"%.64s\",\"program\":\"%.64s\",\"text\":\"",
    };
    char now[TIME_TEXT_BYTES];
    if (style == LOG_PLAIN)
        return snprintf(line, LINE_BYTES, "%.64s: %s", log_program, levels[level].prefix);
    time_format(clock_wall_ms(), now);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the two of the table take the same arguments */
    return snprintf(line, LINE_BYTES, formats[style], now, levels[level].name, id, log_program);
#pragma GCC diagnostic pop
}

static size_t line_print(char line[LINE_BYTES], enum log_level level, const char *id, struct span text)
{
    static const char *const tails[] = {[LOG_PLAIN] = "\n", [LOG_LOGFMT] = "\"\n", [LOG_JSON] = "\"}\n"};
    enum log_style style = (enum log_style)atomic_load_explicit(&log_style, memory_order_relaxed);
    char shown[LINE_BYTES - 256]; /* so that heads of a usual length fit before it */
    size_t shown_size = utf8_printable(text, shown, sizeof shown);
    int head = head_print(line, style, level, id);
    if (head < 0)
        return 0;
    size_t used = (size_t)head, tail = strlen(tails[style]);
    if (style == LOG_PLAIN) {
        memcpy(line + used, shown, shown_size);
        used += shown_size;
    } else {
        used += text_quote((struct span){shown, shown_size}, line + used, LINE_BYTES - tail - used);
    }
    memcpy(line + used, tails[style], tail);
    return used + tail;
}

static void log_line(enum log_level level, const char *id, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void log_line(enum log_level level, const char *id, const char *format, va_list arguments)
{
    if ((int)level < atomic_load_explicit(&log_least, memory_order_relaxed))
        return;
    int errno_before = errno;
    char text[LINE_BYTES];
    int size = vsnprintf(text, sizeof text, format, arguments);
    if (size >= 0) {
        char line[LINE_BYTES];
        size_t text_size = (size_t)size < sizeof text ? (size_t)size : sizeof text - 1;
        size_t line_size = line_print(line, level, id, (struct span){text, text_size});
        ssize_t written;
        do
            written = write(STDERR_FILENO, line, line_size);
        while (written < 0 && errno == EINTR); /* any other failure: there is nowhere left to say it */
    }
    errno = errno_before;
}

#define DEFINE_LEVEL(function, level)                                                                                  \
    void function(const char *id, const char *format, ...)                                                             \
    {                                                                                                                  \
        va_list arguments;                                                                                             \
        va_start(arguments, format);                                                                                   \
        log_line(level, id, format, arguments);                                                                        \
        va_end(arguments);                                                                                             \
    }
DEFINE_LEVEL(log_debug, LOG_DEBUG)
DEFINE_LEVEL(log_info, LOG_INFO)
DEFINE_LEVEL(log_warn, LOG_WARN)
DEFINE_LEVEL(log_error, LOG_ERROR)
