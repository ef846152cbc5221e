/* The log: one line an event on stderr, logfmt, with an id that never changes, so that a person can search for it and a
 * machine count it:   2026-01-01T00:00:00Z level=warn id=spool.full program=vedette-agent text="spool … is full, …"
 * Only edges that decide log (programs and pipelines); the engine, drivers and libraries do not. Thread-safe. */
#pragma once

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* How lines look: LOG_PLAIN is "program: text", for a command a person types; LOG_JSON the same fields as logfmt:
 *   {"time":"2026-01-01T00:00:00Z","level":"warn","id":"spool.full","program":"vedette-agent","text":"spool … is full"}
 */
enum log_style { LOG_PLAIN, LOG_LOGFMT, LOG_JSON };

/* Call once, before any thread. program is borrowed for ever. */
void log_setup(const char *program, enum log_style style, enum log_level least);
void log_set_level(enum log_level least);
void log_set_style(enum log_style style);
/* "debug", "info", "warn", "error"; false where it is none of them. */
bool log_level_find(const char *name, enum log_level *ret_level);
/* "logfmt", "json"; false where it is neither. */
bool log_style_find(const char *name, enum log_style *ret_style);

/* id: dotted, constant ("config.reload"). Control characters in the text are escaped. */
void log_debug(const char *id, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_info(const char *id, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *id, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_error(const char *id, const char *format, ...) __attribute__((format(printf, 2, 3)));
