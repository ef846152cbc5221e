/* What a kind of source implements: one folder under sources/, one `const struct source_driver` as its only global.
 *
 * A source turns foreign bytes into reports; it does not look up countries, does not know the bus, does not log. It is
 * pulled from the agent's loop, so `read` must return soon: at most `budget` reports, never waiting for more to appear.
 */
#pragma once

#include "base/arena.h"
#include "base/status.h"
#include "proto/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mapping;

/* What a source remembers over restarts: values by key, each kept together with the reports taken before it was set.
 * Opaque bytes; those of another version or of nobody are passed over. */
struct source_memory {
    /* Borrowed until the next set; {NULL, 0}: nothing. */
    struct span (*get)(void *self, struct span key);
    /* Copies both. An empty value: the key is forgotten. */
    void (*set)(void *self, struct span key, struct span value);
    /* Visits every key of the source; no set meanwhile. */
    void (*each)(void *self, void (*visit)(void *visitor, struct span key), void *visitor);
    void *self;
};

struct source_options {
    const char *name;        /* the configured name; reports of sources without an own source field carry it */
    const char *path;        /* a file, a glob, or "-" for standard input; .gz and .zst are unpacked */
    bool follow;             /* go on with what is appended or added */
    struct mapping *mapping; /* borrowed; NULL where the type needs none */
    const struct source_memory *memory; /* copied; NULL: every start is the first */
};

struct source_events {
    /* One report, validated by report_validate, borrowed until it returns. STATUS_AGAIN: not taken, offer it again at
     * the next read. file and line say where it began. */
    enum status (*report)(void *self, struct report *report, const char *file, uint64_t line);
    /* Something refused: a line (line > 0) or a whole file (line 0), with the reason. The rest goes on. */
    void (*refused)(void *self, const char *file, uint64_t line, const char *reason);
    /* A row that the source's own rules leave out (a mapping's `skip`). */
    void (*skipped)(void *self, const char *file, uint64_t line);
    void *self;
};

struct source_driver {
    const char *type; /* as in `type: jsonl` */
    const char *help; /* one line for people */
    bool needs_mapping;
    /* Copies the options' strings. STATUS_NOT_FOUND and its like: nothing is there to read (a followed glob may be
     * empty). The reason in ret_reason. */
    enum status (*open)(const struct source_options *options, const struct source_events *events, void **ret_self,
                        char ret_reason[256]);
    /* STATUS_OK: there is more; STATUS_AGAIN: nothing now, all is read, ask later; STATUS_END: read to the end, for
     * ever (not followed; a file that could not be read is refused, and no reason to wait); anything else: the source
     * is not whole (a followed folder vanished, a file without the right to read it …), said by `refused`, or BUSY for
     * what is still being written; ask later, it may come back. */
    enum status (*read)(void *self, size_t budget);
    /* Sets in its memory where it stands now: behind every report that was taken, before any other. Costs little where
     * nothing has changed since. */
    void (*save)(void *self);
    /* Bytes read and to be read in all, for progress; total 0: unknown. */
    void (*progress)(const void *self, uint64_t *ret_done, uint64_t *ret_total);
    void (*close)(void *self);
};

extern const struct source_driver source_jsonl;
extern const struct source_driver source_csv;

/* All of them, NULL-terminated: a new kind of source is one folder under sources/ and one row here. */
extern const struct source_driver *const source_drivers[];
/* NULL where there is none of that type. */
const struct source_driver *source_driver_find(const char *type);
