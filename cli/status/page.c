#include "cli/status/page.h"

#include "base/time_text.h"
#include "cli/status/trouble.h"
#include "cli/table.h"

#include <string.h>

/* "3 seconds", since the time that key says; "" where it says none. */
static const char *age(const json_t *object, const char *key, int64_t now_ms, char ret_text[DURATION_TEXT_BYTES])
{
    int64_t then_ms;
    ret_text[0] = '\0';
    if (time_parse(span_of(status_text_of(object, key)), &then_ms) == STATUS_OK)
        duration_words(now_ms > then_ms ? (now_ms - then_ms) / 1000 * 1000 : 0, ret_text);
    return ret_text;
}

static void bytes_words(uint64_t bytes, char ret_text[32])
{
    (void)snprintf(ret_text, 32, "%.1f MiB", (double)bytes / 1048576.0);
}

static uint64_t number(const json_t *object, const char *key)
{
    return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* --- programs --- */

static enum status programs_add(struct table *table, const json_t *program, int64_t now_ms)
{
    char title[300], since[DURATION_TEXT_BYTES], memory[32] = "";
    bool up = json_is_true(json_object_get(program, "up")), ready = json_is_true(json_object_get(program, "ready"));
    status_title(program, title);
    if (up)
        bytes_words(number(program, "resident_bytes"), memory);
    const char *const cells[] = {title,
                                 json_is_true(json_object_get(program, "elsewhere")) ? "elsewhere"
                                 : !up                                               ? "down"
                                 : ready                                             ? "ready"
                                                                                     : "not ready",
                                 age(program, "started", now_ms, since), memory, status_text_of(program, "reason")};
    return table_add(table, cells);
}

static enum status programs_show(const json_t *programs, int64_t now_ms, FILE *out)
{
    static const struct table_column columns[] = {{"PROGRAM", COLUMN_TEXT},
                                                  {"STATE", COLUMN_TEXT},
                                                  {"RUNS FOR", COLUMN_NUMBER},
                                                  {"MEMORY", COLUMN_NUMBER},
                                                  {"WHY", COLUMN_LONG}};
    struct table *table;
    enum status status = table_open(out, columns, 5, &table);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; i < json_array_size(programs) && status == STATUS_OK; i++)
        status = programs_add(table, json_array_get(programs, i), now_ms);
    enum status closed = table_close(table);
    return status != STATUS_OK ? status : closed;
}

/* --- sources --- */

static enum status sources_add(struct table *table, const json_t *program, int64_t now_ms)
{
    const json_t *sources = status_table(program, "source");
    bool by_agent = strcmp(status_text_of(program, "program"), "agent") == 0;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < json_array_size(sources) && status == STATUS_OK; i++) {
        const json_t *source = json_array_get(sources, i);
        char heard[DURATION_TEXT_BYTES], ago[DURATION_TEXT_BYTES + 8] = "";
        if (age(source, "heard", now_ms, heard)[0] != '\0')
            (void)snprintf(ago, sizeof ago, "%s ago", heard);
        const char *const cells[] = {status_text_of(source, "source"), status_text_of(source, "state"), ago,
                                     status_text_of(source, "promise"),
                                     status_text_of(by_agent ? program : source, by_agent ? "name" : "agent")};
        status = table_add(table, cells);
    }
    return status;
}

static const json_t *correlator_of(const json_t *programs)
{
    for (size_t i = 0; i < json_array_size(programs); i++) {
        const json_t *program = json_array_get(programs, i);
        if (strcmp(status_text_of(program, "program"), "correlator") == 0)
            return program;
    }
    return NULL;
}

static enum status sources_show(const json_t *programs, int64_t now_ms, FILE *out)
{
    static const struct table_column columns[] = {{"SOURCE", COLUMN_TEXT},
                                                  {"STATE", COLUMN_TEXT},
                                                  {"LAST WORD", COLUMN_NUMBER},
                                                  {"NOTHING IS EXPECTED BEFORE", COLUMN_TEXT},
                                                  {"AGENT", COLUMN_LONG}};
    const json_t *correlator = correlator_of(programs);
    struct table *table;
    enum status status = table_open(out, columns, 5, &table);
    if (status != STATUS_OK)
        return status;
    if (status_table(correlator, "source") != NULL)
        status = sources_add(table, correlator, now_ms);
    else /* each agent knows of its own */
        for (size_t i = 0; i < json_array_size(programs) && status == STATUS_OK; i++)
            status = sources_add(table, json_array_get(programs, i), now_ms);
    enum status closed = table_close(table);
    return status != STATUS_OK ? status : closed;
}

static void watermark_show(const json_t *programs, FILE *out)
{
    const json_t *own = status_table(correlator_of(programs), "correlator");
    const char *watermark = status_text_of(own, "watermark"), *holder = status_text_of(own, "watermark_held_by");
    if (own == NULL)
        return;
    fprintf(out, "watermark  %s", watermark[0] != '\0' ? watermark : "none yet");
    if (holder[0] != '\0')
        fprintf(out, ", held by source %s", holder);
    fputc('\n', out);
}

/* --- numbers --- */

/* Of each program's own table, what is worth a glance; where it has such a row. */
static const char *const glance[] = {
    "incidents", "episodes",       "published",   "sinks",          "waiting",        "backlog_bytes",
    "journaled", "journal_bytes",  "spool_bytes", "dropped",        "quarantined",    "refused",
    "unread",    "alerts_waiting", "alerts_sent", "alerts_retried", "alerts_refused", NULL};

static void glance_show(const json_t *program, const char *title, FILE *out)
{
    const json_t *own = status_table(program, status_text_of(program, "program"));
    const char *before = "";
    if (own == NULL)
        return;
    fprintf(out, "%s  ", title);
    for (size_t i = 0; glance[i] != NULL; i++) {
        const json_t *value = json_object_get(own, glance[i]);
        if (!json_is_integer(value))
            continue;
        fprintf(out, "%s%s %llu", before, glance[i], (unsigned long long)json_integer_value(value));
        before = ", ";
    }
    fputc('\n', out);
}

static void terms_show(const json_t *terms, FILE *out)
{
    const char *key, *before = "";
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)terms, key, value)
    {
        fprintf(out, "%s%s %llu", before, key, (unsigned long long)json_integer_value(value));
        before = " + ";
    }
}

static void ledgers_show(const json_t *program, const char *title, FILE *out)
{
    const json_t *ledgers = json_object_get(program, "ledgers");
    for (size_t i = 0; i < json_array_size(ledgers); i++) {
        const json_t *ledger = json_array_get(ledgers, i);
        bool balances = json_integer_value(json_object_get(ledger, "difference")) == 0;
        fprintf(out, "%s  %s: ", title, status_text_of(ledger, "name"));
        terms_show(json_object_get(ledger, "whole"), out);
        fputs(balances ? " = " : " IS NOT ", out);
        terms_show(json_object_get(ledger, "parts"), out);
        fputc('\n', out);
    }
}

static void numbers_show(const json_t *programs, FILE *out)
{
    for (size_t i = 0; i < json_array_size(programs); i++) {
        const json_t *program = json_array_get(programs, i);
        char title[300];
        status_title(program, title);
        glance_show(program, title, out);
        ledgers_show(program, title, out);
    }
}

static void troubles_show(const json_t *document, FILE *out)
{
    const json_t *troubles = json_object_get(document, "troubles");
    if (json_array_size(troubles) == 0)
        fputs("all is well\n", out);
    for (size_t i = 0; i < json_array_size(troubles); i++)
        fprintf(out, "! %s\n", json_string_value(json_array_get(troubles, i)));
}

enum status status_page(const json_t *document, int64_t now_ms, FILE *out)
{
    const json_t *programs = json_object_get(document, "programs");
    enum status status = programs_show(programs, now_ms, out);
    fputc('\n', out);
    if (status == STATUS_OK)
        status = sources_show(programs, now_ms, out);
    watermark_show(programs, out);
    fputc('\n', out);
    numbers_show(programs, out);
    fputc('\n', out);
    troubles_show(document, out);
    return status;
}
