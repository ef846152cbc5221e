/* What a program shows of itself, as tables: one row is one metric, with its help.
 *
 *     static const struct metric rows[] = {
 *     #define X(name, help) METRIC(struct sink_stats, COUNTER, name, help),
 *         SINK_COUNTERS(X)
 *     #undef X
 *     };
 *
 * A table shows one struct, or, where it has a label, as many as there are (one a source). The same rows make the
 * Prometheus page and the status page, so a counter that is added to an X-list is seen at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Kinds, and the type of the field. */
enum metric_kind {
    METRIC_COUNTER, /* uint64_t, only grows while the program lives */
    METRIC_GAUGE,   /* uint64_t */
    METRIC_FLAG,    /* bool */
    METRIC_TIME,    /* int64_t x_ms since 1970; METRIC_NEVER: left out. Shown as x, in seconds for Prometheus */
    METRIC_TEXT,    /* const char *x_text, NULL: left out. Shown as x, on the status page alone */
};
#define METRIC_NEVER INT64_MIN

struct metric {
    const char *name;
    const char *help;
    enum metric_kind kind;
    size_t offset;
};
/* clang-format off */
#define METRIC(type, kind, field, help) {#field, help, METRIC_##kind, offsetof(type, field)}
/* Of a struct within: METRIC_IN(struct view, stats, COUNTER, received, "…"). */
#define METRIC_IN(type, inner, kind, field, help) {#field, help, METRIC_##kind, offsetof(type, inner.field)}
/* In a table's initialiser. */
#define METRIC_ROWS(array) .rows = (array), .row_count = sizeof(array) / sizeof(array)[0]
/* clang-format on */

struct metric_table {
    const char *name;  /* "link"; NULL: the program's own */
    const char *label; /* "source"; NULL: one struct without a name */
    const struct metric *rows;
    size_t row_count;
    /* The struct of that index, from 0, as it is now; NULL: there are no more. Valid until the next call. A table with
     * a label says the label's value in ret_label. */
    const void *(*look)(void *self, size_t index, const char **ret_label);
    void *self;
};

/* A sum that must come out: what came in equals what became of it. Terms are "row" or "table.row", NULL ends. */
#define LEDGER_TERMS 12
struct metric_ledger {
    const char *name; /* "reports" */
    const char *whole[LEDGER_TERMS];
    const char *parts[LEDGER_TERMS];
};

struct metric_book {     /* all of a program */
    const char *program; /* "agent" */
    const struct metric_table *tables;
    size_t table_count;
    const struct metric_ledger *ledgers;
    size_t ledger_count;
};

/* Prometheus' text, format 0.0.4: vedette_PROGRAM[_TABLE]_ROW[_total|_seconds]. A ledger shows its difference, which is
 * 0. */
void metrics_expose(const struct metric_book *book, FILE *out);
/* Members of a JSON object, "tables" and "ledgers". */
void metrics_json(const struct metric_book *book, FILE *out);
/* "…" with JSON's escapes. */
void metric_json_string(const char *text, FILE *out);
/* whole − parts; 0 where the ledger balances. */
int64_t metric_ledger_difference(const struct metric_book *book, const struct metric_ledger *ledger);
