#include "cli/alert_rows.h"

#include "base/zone.h"
#include "cli/table.h"
#include "proto/json_write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const standing_words[STANDING_COUNT] = {
#define X(name, word) [STANDING_##name] = word,
    ALERT_STANDING_LIST(X)
#undef X
};

static const struct table_column columns[] = {
    {"ALERT", COLUMN_TEXT},      {"SUBJECT", COLUMN_TEXT}, {"REVISION", COLUMN_NUMBER}, {"STATE", COLUMN_TEXT},
    {"ATTEMPTS", COLUMN_NUMBER}, {"NEXT", COLUMN_TEXT},    {"TOLD", COLUMN_NUMBER},     {"ANSWER", COLUMN_LONG},
};

struct age { /* of one endpoint */
    struct span endpoint;
    int64_t max_age_ms;
};

static enum status find_age(void *self, const struct alert_endpoint *endpoint)
{
    struct age *age = self;
    if (span_equal(age->endpoint, endpoint->name))
        age->max_age_ms = endpoint->max_age_ms;
    return STATUS_OK;
}

static bool is_old(struct store *store, const struct alert_row *row)
{
    struct age age = {.endpoint = row->endpoint, .max_age_ms = INT64_MAX};
    bool is_owed = row->told.is_known && row->told.sent_ms != TIME_NONE && !row->now.is_flagged;
    return store_alert_endpoints(store, find_age, &age) == STATUS_OK && age.max_age_ms != INT64_MAX && !is_owed &&
           row->last_ms < row->noted_ms - age.max_age_ms;
}

static enum alert_standing standing_of(struct store *store, const struct alert_row *row)
{
    if (row->is_refused)
        return STANDING_REFUSED;
    if (row->has_draft)
        return row->attempts > 0 ? STANDING_FAILING : STANDING_SENDING;
    if (!alert_row_is_news(row))
        return STANDING_TOLD;
    return is_old(store, row) ? STANDING_OLD : STANDING_WAITS;
}

struct listing {
    struct store *store;
    const struct alert_rows_query *query;
    struct table *table;
    struct zone *zone;
    FILE *out;
};

static bool is_asked(const struct alert_rows_query *query, const struct alert_row *row, enum alert_standing standing)
{
    return (query->subject.size == 0 || span_equal(query->subject, row->subject)) &&
           (query->with_told || standing != STANDING_TOLD);
}

static enum status add_to_table(struct listing *listing, const struct alert_row *row, enum alert_standing standing)
{
    char endpoint[128], subject[SUBJECT_BYTES], revision[24], attempts[16] = "", told[24] = "", answer[160];
    char next[TIME_TEXT_BYTES] = "";
    snprintf(endpoint, sizeof endpoint, "%.*s", SPAN_ARG(row->endpoint));
    snprintf(subject, sizeof subject, "%.*s", SPAN_ARG(row->subject));
    snprintf(revision, sizeof revision, "%" PRIu64, row->revision);
    snprintf(answer, sizeof answer, "%.*s", SPAN_ARG(row->detail));
    if (row->attempts > 0)
        snprintf(attempts, sizeof attempts, "%" PRIu32, row->attempts);
    if (row->told.is_known)
        snprintf(told, sizeof told, "%" PRIu64, row->told.revision);
    if (standing == STANDING_FAILING)
        zone_format_short(listing->zone, row->due_ms, ZONE_MINUTE, next);
    const char *const cells[] = {endpoint, subject, revision, standing_words[standing], attempts, next, told, answer};
    return table_add(listing->table, cells);
}

static enum status write_json(struct listing *listing, const struct alert_row *row, enum alert_standing standing)
{
    struct text text = {0};
    text_append(&text, SPAN("{"));
    json_string_field(&text, "alert", row->endpoint);
    json_string_field(&text, "subject", row->subject);
    json_integer_field(&text, "revision", row->revision);
    json_string_field(&text, "state", span_of(standing_words[standing]));
    json_time_field(&text, "since", row->noted_ms);
    json_integer_field(&text, "attempts", row->attempts);
    json_time_field(&text, "next", standing == STANDING_FAILING ? row->due_ms : TIME_NONE);
    json_time_field(&text, "sent", row->told.is_known ? row->told.sent_ms : TIME_NONE);
    json_nullable_field(&text, "answer", row->detail);
    text_append(&text, SPAN("}\n"));
    bool is_written = !text.failed && fwrite(text.data, 1, text.size, listing->out) == text.size;
    text_fini(&text);
    return is_written ? STATUS_OK : STATUS_IO;
}

static enum status list_row(void *self, const struct alert_row *row)
{
    struct listing *listing = self;
    enum alert_standing standing = standing_of(listing->store, row);
    if (!is_asked(listing->query, row, standing))
        return STATUS_OK;
    return listing->query->as_json ? write_json(listing, row, standing) : add_to_table(listing, row, standing);
}

enum status alert_rows_list(struct store *store, const struct alert_rows_query *query, FILE *out)
{
    struct listing listing = {.store = store, .query = query, .out = out};
    if (query->as_json)
        return store_alert_rows(store, query->endpoint, list_row, &listing);
    enum status status = zone_open(NULL, &listing.zone);
    if (status != STATUS_OK)
        return status;
    status = table_open(out, columns, sizeof columns / sizeof *columns, &listing.table);
    if (status == STATUS_OK) {
        status = store_alert_rows(store, query->endpoint, list_row, &listing);
        enum status closed = table_close(listing.table);
        status = status == STATUS_OK ? closed : status;
    }
    zone_close(listing.zone);
    return status;
}

/* --- writing: the rows are gathered first, for what is visited must not change meanwhile --- */

struct gathering {
    struct store *store;
    const struct alert_rows_query *query;
    enum row_event event;
    struct text names; /* endpoint\0subject\0 … */
};

static enum status gather_row(void *self, const struct alert_row *row)
{
    struct gathering *gathering = self;
    enum alert_standing standing = standing_of(gathering->store, row);
    bool fits = gathering->event == ROW_AGAIN ? row->has_draft : standing != STANDING_TOLD && standing != STANDING_OLD;
    if (!fits || !is_asked(gathering->query, row, standing))
        return STATUS_OK;
    text_append(&gathering->names, row->endpoint);
    text_append(&gathering->names, (struct span){"", 1});
    text_append(&gathering->names, row->subject);
    text_append(&gathering->names, (struct span){"", 1});
    return gathering->names.failed ? STATUS_NO_MEMORY : STATUS_OK;
}

enum status alert_rows_write(struct store *store, const struct alert_rows_query *query, enum row_event event,
                             int64_t now_ms, size_t *ret_count, char ret_reason[256])
{
    struct gathering gathering = {.store = store, .query = query, .event = event};
    enum status status = store_alert_rows(store, query->endpoint, gather_row, &gathering);
    size_t count = 0;
    snprintf(ret_reason, 256, "%s", status_text(status));
    for (size_t at = 0; at < gathering.names.size && status == STATUS_OK; count++) {
        struct alert_write write = {.event = event, .row = {.due_ms = now_ms}};
        write.row.endpoint = span_of(gathering.names.data + at);
        write.row.subject = span_of(gathering.names.data + at + write.row.endpoint.size + 1);
        at += write.row.endpoint.size + write.row.subject.size + 2;
        status = store_alert_write(store, &write, ret_reason);
    }
    text_fini(&gathering.names);
    *ret_count = count;
    return status;
}
