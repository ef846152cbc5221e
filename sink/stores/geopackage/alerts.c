/* Rows of alerts in the file. A draft's columns say something where draft_kind is not NULL; told's where told_flagged
 * is not. */
#include "sink/stores/geopackage/geopackage.h"

#include <stdio.h>
#include <string.h>

#define ALERTS_SCHEMA 3 /* there are none in a file that is older */

static sqlite3_stmt *statement_of(struct geopackage *geopackage, enum statement which, struct span endpoint,
                                  struct span subject)
{
    sqlite3_stmt *statement = geopackage_statement(geopackage, which);
    bind_span(statement, 1, endpoint);
    bind_span(statement, 2, subject);
    return statement;
}

static void bind_fingerprint(sqlite3_stmt *statement, int at, const struct fingerprint *fingerprint)
{
    (void)sqlite3_bind_int(statement, at, fingerprint->is_flagged);
    (void)sqlite3_bind_blob(statement, at + 1, fingerprint->bytes, sizeof fingerprint->bytes, SQLITE_STATIC);
}

static void bind_number(sqlite3_stmt *statement, int at, uint64_t number)
{
    (void)sqlite3_bind_int64(statement, at, (sqlite3_int64)number);
}

static void bind_detail(sqlite3_stmt *statement, int at, struct span detail)
{
    if (detail.size > 0)
        bind_span(statement, at, detail);
}

static void bind_told(sqlite3_stmt *statement, int at, const struct alert_told *told)
{
    bind_fingerprint(statement, at, &told->fingerprint);
    bind_number(statement, at + 2, told->revision);
    bind_number(statement, at + 3, told->repeat);
    if (told->sent_ms != TIME_NONE)
        (void)sqlite3_bind_int64(statement, at + 4, told->sent_ms);
}

/* --- endpoints --- */

static enum status endpoint_put(void *self, const struct alert_endpoint *endpoint)
{
    struct geopackage *geopackage = self;
    sqlite3_stmt *put = geopackage_statement(geopackage, STATEMENT_ENDPOINT_PUT);
    bind_span(put, 1, endpoint->name);
    (void)sqlite3_bind_int64(put, 2, endpoint->max_age_ms);
    return geopackage_run(geopackage, put);
}

/* Seldom: not worth a statement that is kept. */
static enum status run_with_name(struct geopackage *geopackage, const char *sql, struct span name)
{
    sqlite3_stmt *statement = NULL;
    (void)sqlite3_prepare_v2(geopackage->db, sql, -1, &statement, NULL);
    bind_span(statement, 1, name);
    enum status status = geopackage_run(geopackage, statement);
    (void)sqlite3_finalize(statement);
    return status;
}

static enum status endpoint_drop(void *self, struct span name, size_t *ret_rows)
{
    struct geopackage *geopackage = self;
    enum status status = run_with_name(geopackage, "DELETE FROM vedette_drafts WHERE endpoint = ?1", name);
    if (status == STATUS_OK)
        status = run_with_name(geopackage, "DELETE FROM vedette_alerts WHERE endpoint = ?1", name);
    if (status != STATUS_OK)
        return status;
    *ret_rows = (size_t)sqlite3_changes(geopackage->db);
    return run_with_name(geopackage, "DELETE FROM vedette_endpoints WHERE name = ?1", name);
}

static enum status endpoints(void *self, alert_endpoint_visitor visitor, void *visitor_self)
{
    struct geopackage *geopackage = self;
    sqlite3_stmt *rows = NULL;
    if (geopackage->schema < ALERTS_SCHEMA)
        return STATUS_OK;
    int result = sqlite3_prepare_v2(geopackage->db, "SELECT name, max_age_ms FROM vedette_endpoints ORDER BY name", -1,
                                    &rows, NULL);
    enum status status = result == SQLITE_OK ? STATUS_OK : geopackage_fail(geopackage, result);
    while (status == STATUS_OK && (result = sqlite3_step(rows)) == SQLITE_ROW)
        status = visitor(visitor_self, &(struct alert_endpoint){.name = column_text(rows, 0),
                                                                .max_age_ms = sqlite3_column_int64(rows, 1)});
    if (status == STATUS_OK && result != SQLITE_DONE)
        status = geopackage_fail(geopackage, result);
    (void)sqlite3_finalize(rows);
    return status;
}

/* --- rows --- */

static void bind_note(sqlite3_stmt *note, const struct alert_row *row)
{
    bind_span(note, 1, row->subject);
    bind_number(note, 2, row->revision);
    bind_fingerprint(note, 3, &row->now);
    (void)sqlite3_bind_int64(note, 5, row->last_ms);
    (void)sqlite3_bind_int64(note, 6, row->noted_ms);
}

static enum status row_note(void *self, const struct alert_row *row)
{
    struct geopackage *geopackage = self;
    sqlite3_stmt *note = geopackage_statement(geopackage, STATEMENT_ALERT_NOTE);
    bind_note(note, row);
    return geopackage_run(geopackage, note);
}

static enum status row_told(void *self, const struct alert_row *row)
{
    struct geopackage *geopackage = self;
    sqlite3_stmt *put = geopackage_statement(geopackage, STATEMENT_ALERT_STANDS);
    bind_note(put, row);
    bind_told(put, 7, &row->told);
    bind_span(put, 12, row->endpoint);
    return geopackage_run(geopackage, put);
}

static enum status put_begun(struct geopackage *geopackage, const struct alert_write *write)
{
    const struct alert_row *row = &write->row;
    sqlite3_stmt *put = statement_of(geopackage, STATEMENT_ALERT_BEGUN, row->endpoint, row->subject);
    bind_span(put, 3, span_of(alert_kind_name(row->draft.kind)));
    bind_fingerprint(put, 4, &row->draft.fingerprint);
    bind_number(put, 6, row->draft.revision);
    bind_number(put, 7, row->draft.repeat);
    (void)sqlite3_bind_int64(put, 8, row->draft.time_ms);
    bind_number(put, 9, row->attempts);
    (void)sqlite3_bind_int64(put, 10, row->draft.time_ms); /* killed from here on, it is tried again at once */
    enum status status = geopackage_run(geopackage, put);
    if (status != STATUS_OK)
        return status;
    sqlite3_stmt *draft = statement_of(geopackage, STATEMENT_DRAFT_PUT, row->endpoint, row->subject);
    bind_span(draft, 3, write->json);
    return geopackage_run(geopackage, draft);
}

static enum status put_failed(struct geopackage *geopackage, const struct alert_row *row)
{
    sqlite3_stmt *put = statement_of(geopackage, STATEMENT_ALERT_FAILED, row->endpoint, row->subject);
    bind_number(put, 3, row->attempts);
    (void)sqlite3_bind_int64(put, 4, row->due_ms);
    bind_detail(put, 5, row->detail);
    return geopackage_run(geopackage, put);
}

static enum status drop_draft(struct geopackage *geopackage, const struct alert_row *row)
{
    return geopackage_run(geopackage, statement_of(geopackage, STATEMENT_DRAFT_DROP, row->endpoint, row->subject));
}

/* What the endpoint knows to be over needs no row. */
static enum status drop_over(struct geopackage *geopackage, const struct alert_row *row)
{
    return geopackage_run(geopackage, statement_of(geopackage, STATEMENT_ALERT_OVER, row->endpoint, row->subject));
}

static enum status put_told(struct geopackage *geopackage, const struct alert_row *row, bool is_refused)
{
    sqlite3_stmt *put = statement_of(geopackage, STATEMENT_ALERT_TOLD, row->endpoint, row->subject);
    bind_told(put, 3, &row->told);
    (void)sqlite3_bind_int(put, 8, is_refused);
    bind_detail(put, 9, row->detail);
    enum status status = geopackage_run(geopackage, put);
    if (status == STATUS_OK && !is_refused)
        status = drop_draft(geopackage, row);
    return status == STATUS_OK && !is_refused ? drop_over(geopackage, row) : status;
}

/* One row, or none. */
static enum status put_by_hand(struct geopackage *geopackage, enum statement which, const struct alert_row *row)
{
    sqlite3_stmt *put = statement_of(geopackage, which, row->endpoint, row->subject);
    if (which == STATEMENT_ALERT_AGAIN)
        (void)sqlite3_bind_int64(put, 3, row->due_ms);
    enum status status = geopackage_run(geopackage, put);
    if (status != STATUS_OK || sqlite3_changes(geopackage->db) > 0)
        return status;
    snprintf(geopackage->reason, sizeof geopackage->reason, "%.160s knows of no such message to %.*s", geopackage->path,
             SPAN_ARG(row->endpoint));
    return STATUS_NOT_FOUND;
}

static enum status row_put(void *self, const struct alert_write *write)
{
    struct geopackage *geopackage = self;
    enum status status;
    switch (write->event) {
    case ROW_BEGUN:
        return put_begun(geopackage, write);
    case ROW_FAILED:
        return put_failed(geopackage, &write->row);
    case ROW_TOLD:
        return put_told(geopackage, &write->row, false);
    case ROW_REFUSED:
        return put_told(geopackage, &write->row, true);
    case ROW_AGAIN:
        return put_by_hand(geopackage, STATEMENT_ALERT_AGAIN, &write->row);
    case ROW_DROPPED:
        status = put_by_hand(geopackage, STATEMENT_ALERT_DROPPED, &write->row);
        if (status == STATUS_OK)
            status = drop_draft(geopackage, &write->row);
        return status == STATUS_OK ? drop_over(geopackage, &write->row) : status;
    }
    return STATUS_INVALID;
}

static struct fingerprint column_fingerprint(sqlite3_stmt *rows, int at)
{
    struct fingerprint fingerprint = {.is_flagged = sqlite3_column_int(rows, at) != 0};
    struct span bytes = column_blob(rows, at + 1);
    if (bytes.size == sizeof fingerprint.bytes)
        memcpy(fingerprint.bytes, bytes.data, bytes.size);
    return fingerprint;
}

/* The columns that follow `at`, in the order of rows_sql. */
static struct alert_told told_read(sqlite3_stmt *rows, int at)
{
    return (struct alert_told){
        .is_known = sqlite3_column_type(rows, at) != SQLITE_NULL,
        .fingerprint = column_fingerprint(rows, at),
        .revision = (uint64_t)sqlite3_column_int64(rows, at + 2),
        .repeat = (uint32_t)sqlite3_column_int64(rows, at + 3),
        .sent_ms = sqlite3_column_type(rows, at + 4) != SQLITE_NULL ? sqlite3_column_int64(rows, at + 4) : TIME_NONE};
}

static enum status draft_read(sqlite3_stmt *rows, int at, struct alert_draft *draft)
{
    *draft = (struct alert_draft){.fingerprint = column_fingerprint(rows, at + 1),
                                  .revision = (uint64_t)sqlite3_column_int64(rows, at + 3),
                                  .repeat = (uint32_t)sqlite3_column_int64(rows, at + 4),
                                  .time_ms = sqlite3_column_int64(rows, at + 5)};
    return alert_kind_find(column_text(rows, at), &draft->kind) == STATUS_OK ? STATUS_OK : STATUS_CORRUPT;
}

static enum status row_read(sqlite3_stmt *rows, struct alert_row *row)
{
    *row = (struct alert_row){
        .endpoint = column_text(rows, 0),
        .subject = column_text(rows, 1),
        .revision = (uint64_t)sqlite3_column_int64(rows, 2),
        .now = column_fingerprint(rows, 3),
        .last_ms = sqlite3_column_int64(rows, 5),
        .noted_ms = sqlite3_column_int64(rows, 6),
        .told = told_read(rows, 7),
        .has_draft = sqlite3_column_type(rows, 12) != SQLITE_NULL,
        .attempts = (uint32_t)sqlite3_column_int64(rows, 18),
        .due_ms = sqlite3_column_int64(rows, 19),
        .is_refused = sqlite3_column_int(rows, 20) != 0,
        .detail = column_text(rows, 21),
    };
    return row->has_draft ? draft_read(rows, 12, &row->draft) : STATUS_OK;
}

static const char rows_sql[] =
    "SELECT endpoint, subject, revision, flagged, fingerprint, last_ms, noted_ms, told_flagged, told, told_revision, "
    "told_repeat, sent_ms, draft_kind, draft_flagged, draft, draft_revision, draft_repeat, draft_ms, attempts, due_ms, "
    "refused, detail FROM vedette_alerts WHERE ?1 = '' OR endpoint = ?1 ORDER BY endpoint, subject";

static enum status rows_visit(void *self, struct span endpoint, alert_row_visitor visitor, void *visitor_self)
{
    struct geopackage *geopackage = self;
    sqlite3_stmt *rows = NULL;
    if (geopackage->schema < ALERTS_SCHEMA)
        return STATUS_OK;
    int result = sqlite3_prepare_v2(geopackage->db, rows_sql, -1, &rows, NULL);
    enum status status = result == SQLITE_OK ? STATUS_OK : geopackage_fail(geopackage, result);
    if (status == STATUS_OK)
        bind_span(rows, 1, endpoint);
    while (status == STATUS_OK && (result = sqlite3_step(rows)) == SQLITE_ROW) {
        struct alert_row row;
        status = row_read(rows, &row);
        if (status == STATUS_OK)
            status = visitor(visitor_self, &row);
    }
    if (status == STATUS_OK && result != SQLITE_DONE)
        status = geopackage_fail(geopackage, result);
    (void)sqlite3_finalize(rows);
    return status;
}

static enum status draft_get(void *self, struct span endpoint, struct span subject, struct text *json)
{
    struct geopackage *geopackage = self;
    if (geopackage->schema < ALERTS_SCHEMA)
        return STATUS_NOT_FOUND;
    sqlite3_stmt *row = statement_of(geopackage, STATEMENT_DRAFT_GET, endpoint, subject);
    int result = sqlite3_step(row);
    if (result == SQLITE_ROW)
        text_append(json, column_text(row, 0));
    (void)sqlite3_reset(row);
    return result == SQLITE_ROW    ? (json->failed ? STATUS_NO_MEMORY : STATUS_OK)
           : result == SQLITE_DONE ? STATUS_NOT_FOUND
                                   : geopackage_fail(geopackage, result);
}

const struct store_alerts_driver geopackage_alerts = {
    .endpoint_put = endpoint_put,
    .endpoint_drop = endpoint_drop,
    .endpoints = endpoints,
    .note = row_note,
    .told = row_told,
    .put = row_put,
    .rows = rows_visit,
    .draft = draft_get,
};
