#include "base/monitor/metric.h"

#include "base/time_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *table_name(const struct metric_book *book, const struct metric_table *table)
{
    return table->name != NULL ? table->name : book->program;
}

static const void *field(const struct metric *row, const void *base)
{
    return (const char *)base + row->offset;
}

static bool is_absent(const struct metric *row, const void *base)
{
    if (row->kind == METRIC_TIME)
        return *(const int64_t *)field(row, base) == METRIC_NEVER;
    return row->kind == METRIC_TEXT && *(const char *const *)field(row, base) == NULL;
}

/* The field's name without its unit: the value says it. */
static int shown_size(const struct metric *row)
{
    const char *tail = row->kind == METRIC_TIME ? "_ms" : row->kind == METRIC_TEXT ? "_text" : "";
    size_t size = strlen(row->name), tail_size = strlen(tail);
    bool has_tail = size > tail_size && strcmp(row->name + size - tail_size, tail) == 0;
    return (int)(has_tail ? size - tail_size : size);
}

/* --- Prometheus --- */

static const char *suffix(enum metric_kind kind)
{
    switch (kind) {
    case METRIC_COUNTER:
        return "_total";
    case METRIC_TIME:
        return "_seconds";
    case METRIC_GAUGE:
    case METRIC_FLAG:
    case METRIC_TEXT:
        return "";
    }
    return "";
}

static void expose_name(const struct metric_book *book, const struct metric_table *table, const struct metric *row,
                        FILE *out)
{
    fprintf(out, "vedette_%s%s%s_%.*s%s", book->program, table->name != NULL ? "_" : "",
            table->name != NULL ? table->name : "", shown_size(row), row->name, suffix(row->kind));
}

static void expose_value(const struct metric *row, const void *base, FILE *out)
{
    int64_t ms;
    switch (row->kind) {
    case METRIC_COUNTER:
    case METRIC_GAUGE:
        fprintf(out, " %" PRIu64 "\n", *(const uint64_t *)field(row, base));
        break;
    case METRIC_FLAG:
        fprintf(out, " %d\n", *(const bool *)field(row, base));
        break;
    case METRIC_TIME:
        ms = *(const int64_t *)field(row, base);
        fprintf(out, " %s%" PRIu64 ".%03" PRIu64 "\n", ms < 0 ? "-" : "", (uint64_t)(ms < 0 ? -ms : ms) / 1000,
                (uint64_t)(ms < 0 ? -ms : ms) % 1000);
        break;
    case METRIC_TEXT:
        break;
    }
}

static void expose_label(const char *label, const char *value, FILE *out)
{
    fprintf(out, "{%s=\"", label);
    for (const char *at = value; *at != '\0'; at++) {
        if (*at == '\n')
            fputs("\\n", out);
        else if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else
            fputc(*at, out);
    }
    fputs("\"}", out);
}

static void expose_row(const struct metric_book *book, const struct metric_table *table, const struct metric *row,
                       FILE *out)
{
    const char *label = "";
    const void *base;
    fputs("# HELP ", out);
    expose_name(book, table, row, out);
    fprintf(out, " %s\n# TYPE ", row->help);
    expose_name(book, table, row, out);
    fputs(row->kind == METRIC_COUNTER ? " counter\n" : " gauge\n", out);
    for (size_t i = 0; (base = table->look(table->self, i, &label)) != NULL; i++) {
        if (is_absent(row, base))
            continue;
        expose_name(book, table, row, out);
        if (table->label != NULL)
            expose_label(table->label, label, out);
        expose_value(row, base, out);
        if (table->label == NULL)
            break;
    }
}

void metrics_expose(const struct metric_book *book, FILE *out)
{
    for (size_t i = 0; i < book->table_count; i++) {
        const struct metric_table *table = &book->tables[i];
        for (size_t k = 0; k < table->row_count; k++)
            if (table->rows[k].kind != METRIC_TEXT)
                expose_row(book, table, &table->rows[k], out);
    }
    for (size_t i = 0; i < book->ledger_count; i++)
        fprintf(out,
                "# HELP vedette_%s_ledger_%s_difference what came in less what became of it, 0 where nothing is lost\n"
                "# TYPE vedette_%s_ledger_%s_difference gauge\nvedette_%s_ledger_%s_difference %" PRId64 "\n",
                book->program, book->ledgers[i].name, book->program, book->ledgers[i].name, book->program,
                book->ledgers[i].name, metric_ledger_difference(book, &book->ledgers[i]));
}

/* --- JSON --- */

void metric_json_string(const char *text, FILE *out)
{
    fputc('"', out);
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20)
            fprintf(out, "\\u%04x", (unsigned char)*at);
        else if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else
            fputc(*at, out);
    }
    fputc('"', out);
}

static void json_value(const struct metric *row, const void *base, FILE *out)
{
    char time[TIME_TEXT_BYTES];
    switch (row->kind) {
    case METRIC_COUNTER:
    case METRIC_GAUGE:
        fprintf(out, "%" PRIu64, *(const uint64_t *)field(row, base));
        break;
    case METRIC_FLAG:
        fputs(*(const bool *)field(row, base) ? "true" : "false", out);
        break;
    case METRIC_TIME:
        time_format(*(const int64_t *)field(row, base), time);
        fprintf(out, "\"%s\"", time);
        break;
    case METRIC_TEXT:
        metric_json_string(*(const char *const *)field(row, base), out);
        break;
    }
}

static void json_struct(const struct metric_table *table, const void *base, const char *label, FILE *out)
{
    const char *comma = "";
    fputc('{', out);
    if (table->label != NULL) {
        fprintf(out, "\"%s\":", table->label);
        metric_json_string(label, out);
        comma = ",";
    }
    for (size_t i = 0; i < table->row_count; i++) {
        if (is_absent(&table->rows[i], base))
            continue;
        fprintf(out, "%s\"%.*s\":", comma, shown_size(&table->rows[i]), table->rows[i].name);
        json_value(&table->rows[i], base, out);
        comma = ",";
    }
    fputc('}', out);
}

static void json_table(const struct metric_table *table, FILE *out)
{
    const char *label = "";
    const void *base = NULL;
    if (table->label == NULL) {
        base = table->look(table->self, 0, &label);
        if (base != NULL)
            json_struct(table, base, label, out);
        else
            fputs("null", out);
        return;
    }
    fputc('[', out);
    for (size_t i = 0; (base = table->look(table->self, i, &label)) != NULL; i++) {
        fputs(i > 0 ? "," : "", out);
        json_struct(table, base, label, out);
    }
    fputc(']', out);
}

/* --- ledgers --- */

static const struct metric *row_find(const struct metric_table *table, const char *name)
{
    for (size_t i = 0; i < table->row_count; i++)
        if (strcmp(table->rows[i].name, name) == 0)
            return &table->rows[i];
    return NULL;
}

/* A term that names no number is a mistake of the program's. */
static uint64_t term_value(const struct metric_book *book, const char *term)
{
    const char *dot = strchr(term, '.'), *label;
    for (size_t i = 0; i < book->table_count; i++) {
        const struct metric_table *table = &book->tables[i];
        size_t size = dot != NULL ? (size_t)(dot - term) : 0;
        bool is_it = dot == NULL
                         ? table->name == NULL
                         : table->name != NULL && strlen(table->name) == size && strncmp(table->name, term, size) == 0;
        const struct metric *row = is_it ? row_find(table, dot != NULL ? dot + 1 : term) : NULL;
        if (row == NULL)
            continue;
        assert(row->kind == METRIC_COUNTER || row->kind == METRIC_GAUGE);
        const void *base = table->look(table->self, 0, &label);
        return base != NULL ? *(const uint64_t *)field(row, base) : 0;
    }
    abort();
}

static uint64_t terms_sum(const struct metric_book *book, const char *const terms[LEDGER_TERMS])
{
    uint64_t sum = 0;
    for (size_t i = 0; i < LEDGER_TERMS && terms[i] != NULL; i++)
        sum += term_value(book, terms[i]);
    return sum;
}

int64_t metric_ledger_difference(const struct metric_book *book, const struct metric_ledger *ledger)
{
    return (int64_t)(terms_sum(book, ledger->whole) - terms_sum(book, ledger->parts));
}

static void json_terms(const struct metric_book *book, const char *const terms[LEDGER_TERMS], FILE *out)
{
    for (size_t i = 0; i < LEDGER_TERMS && terms[i] != NULL; i++)
        fprintf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", terms[i], term_value(book, terms[i]));
}

static void json_ledger(const struct metric_book *book, const struct metric_ledger *ledger, FILE *out)
{
    fprintf(out, "{\"name\":\"%s\",\"whole\":{", ledger->name);
    json_terms(book, ledger->whole, out);
    fputs("},\"parts\":{", out);
    json_terms(book, ledger->parts, out);
    fprintf(out, "},\"difference\":%" PRId64 "}", metric_ledger_difference(book, ledger));
}

void metrics_json(const struct metric_book *book, FILE *out)
{
    fputs("\"tables\":{", out);
    for (size_t i = 0; i < book->table_count; i++) {
        fprintf(out, "%s\"%s\":", i > 0 ? "," : "", table_name(book, &book->tables[i]));
        json_table(&book->tables[i], out);
    }
    fputs("},\"ledgers\":[", out);
    for (size_t i = 0; i < book->ledger_count; i++) {
        fputs(i > 0 ? "," : "", out);
        json_ledger(book, &book->ledgers[i], out);
    }
    fputc(']', out);
}
