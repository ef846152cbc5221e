/* Putting incidents, episodes and rules into the file. */
#include "base/time_text.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "sink/stores/geopackage/geopackage.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <uthash.h>

/* Binds one column after another; the texts it makes live until the statement has run. */
struct row {
    sqlite3_stmt *statement;
    int at;
    size_t used;
    char texts[512];
};

static void row_skip(struct row *row) /* NULL */
{
    row->at++;
}

static void row_integer(struct row *row, int64_t value)
{
    (void)sqlite3_bind_int64(row->statement, ++row->at, value);
}

static void row_number(struct row *row, double value) /* NaN is NULL */
{
    (void)sqlite3_bind_double(row->statement, ++row->at, value);
}

static void row_blob(struct row *row, const void *data, size_t size)
{
    (void)sqlite3_bind_blob(row->statement, ++row->at, size > 0 ? data : NULL, (int)size, SQLITE_STATIC);
}

static void row_text(struct row *row, struct span text) /* empty is NULL */
{
    row->at++;
    if (text.size > 0)
        bind_span(row->statement, row->at, text);
}

static void row_name(struct row *row, const char *text)
{
    row_text(row, span_of(text));
}

/* DATETIME of the standard: milliseconds and Z, always. */
static void row_time(struct row *row, int64_t ms)
{
    if (ms == TIME_NONE) {
        row_skip(row);
        return;
    }
    struct civil civil;
    time_to_civil(ms, &civil);
    char *text = row->texts + row->used;
    int size = snprintf(text, sizeof row->texts - row->used, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", civil.year,
                        civil.month, civil.day, civil.hour, civil.minute, civil.second, civil.millisecond);
    row->used += (size_t)size + 1;
    row_text(row, (struct span){text, (size_t)size});
}

static void row_milliseconds(struct row *row, int64_t ms)
{
    if (ms == TIME_NONE)
        row_skip(row);
    else
        row_integer(row, ms);
}

/* "EE,PL,RO" */
static void row_countries(struct row *row, const country_code *codes, size_t count, struct text *scratch)
{
    text_clear(scratch);
    for (size_t i = 0; i < count; i++) {
        char code[3];
        country_code_text(codes[i], code);
        text_print(scratch, "%s%s", i > 0 ? "," : "", code);
    }
    row_text(row, (struct span){scratch->data, scratch->size});
}

enum status geopackage_begin(void *self)
{
    struct geopackage *geopackage = self;
    geopackage->reason[0] = '\0';
    if (geopackage->mode == STORE_READ || geopackage->committed) {
        snprintf(geopackage->reason, sizeof geopackage->reason, "%.200s was opened for reading", geopackage->path);
        return STATUS_PERMISSION;
    }
    geopackage->dirty_count = 0;
    geopackage->link_before = geopackage->link;
    memcpy(geopackage->bounds_before, geopackage->bounds, sizeof geopackage->bounds);
    int result = sqlite3_exec(geopackage->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    return result == SQLITE_OK ? STATUS_OK : geopackage_fail(geopackage, result);
}

static void undo(struct geopackage *geopackage)
{
    if (!sqlite3_get_autocommit(geopackage->db)) /* SQLite may have undone it itself */
        (void)sqlite3_exec(geopackage->db, "ROLLBACK", NULL, NULL, NULL);
    geopackage->link = geopackage->link_before;
    memcpy(geopackage->bounds, geopackage->bounds_before, sizeof geopackage->bounds);
    memset(geopackage->touched, 0, sizeof geopackage->touched);
}

enum status geopackage_end(void *self, enum store_end end)
{
    struct geopackage *geopackage = self;
    enum status status = STATUS_OK;
    if (end == STORE_KEEP) {
        status = layers_draw(geopackage);
        if (status == STATUS_OK) {
            int result = sqlite3_exec(geopackage->db, "COMMIT", NULL, NULL, NULL);
            status = result == SQLITE_OK ? STATUS_OK : geopackage_fail(geopackage, result);
        }
    }
    if (end == STORE_UNDO || status != STATUS_OK)
        undo(geopackage);
    return status;
}

enum status geopackage_incident_get(void *self, struct span id, struct arena *arena, struct incident *ret_incident)
{
    struct geopackage *geopackage = self;
    sqlite3_stmt *row = geopackage_statement(geopackage, STATEMENT_INCIDENT_FIND);
    bind_span(row, 1, id);
    int result = sqlite3_step(row);
    enum status status = result == SQLITE_ROW    ? geopackage_read_incident(row, 3, id, arena, ret_incident)
                         : result == SQLITE_DONE ? STATUS_NOT_FOUND
                                                 : geopackage_fail(geopackage, result);
    (void)sqlite3_reset(row);
    return status;
}

enum status geopackage_incident_position(void *self, struct span id, struct stream_position *ret_position)
{
    struct geopackage *geopackage = self;
    sqlite3_stmt *row = geopackage_statement(geopackage, STATEMENT_INCIDENT_FIND);
    bind_span(row, 1, id);
    int result = sqlite3_step(row);
    if (result == SQLITE_ROW)
        *ret_position =
            (struct stream_position){(uint64_t)sqlite3_column_int64(row, 3), (uint64_t)sqlite3_column_int64(row, 4)};
    (void)sqlite3_reset(row);
    return result == SQLITE_ROW    ? STATUS_OK
           : result == SQLITE_DONE ? STATUS_NOT_FOUND
                                   : geopackage_fail(geopackage, result);
}

/* Where an incident stands in the file now. */
struct standing {
    sqlite3_int64 fid; /* 0: not there */
    bool has_place;
    double lon, lat;
};

static enum status standing_find(struct geopackage *geopackage, struct span id, struct standing *ret_standing)
{
    sqlite3_stmt *row = geopackage_statement(geopackage, STATEMENT_INCIDENT_FIND);
    bind_span(row, 1, id);
    int result = sqlite3_step(row);
    struct standing standing = {0};
    if (result == SQLITE_ROW)
        standing = (struct standing){.fid = sqlite3_column_int64(row, 0),
                                     .has_place = sqlite3_column_type(row, 1) != SQLITE_NULL,
                                     .lon = sqlite3_column_double(row, 1),
                                     .lat = sqlite3_column_double(row, 2)};
    (void)sqlite3_reset(row);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        return geopackage_fail(geopackage, result);
    *ret_standing = standing;
    return STATUS_OK;
}

/* Columns for people hold back what a source does not allow to be passed on: the layers are what gets copied and shown.
 */
static void bind_incident(struct geopackage *geopackage, struct row *row, const struct incident *incident,
                          struct text *countries)
{
    const struct report *best = &incident->reports[0];
    const bool is_open = best->licence != LICENCE_NO_REDISTRIBUTE;
    const struct span nothing = {0};
    country_code codes[LIMIT_COUNTRIES];
    size_t code_count = incident_countries(incident, codes, LIMIT_COUNTRIES);
    const bool is_bare = best->occurred.start_ms == TIME_NONE && !best->has_place;

    row_blob(row, geopackage->blob.data, geopackage->blob.size);
    row_text(row, incident->id);
    row_name(row, is_bare ? NULL : category_name(best->category));
    row_text(row, is_open ? best->headline : nothing);
    row_time(row, best->occurred.start_ms);
    row_time(row, best->occurred.end_ms);
    row_name(row, is_bare ? NULL : precision_name(best->occurred.precision));
    row_countries(row, codes, code_count, countries);
    row_text(row, is_open && best->has_place ? best->place.name : nothing);
    row_number(row, best->has_place ? best->place.radius_km : (double)NAN);
    row_name(row, report_status_name(best->status));
    row_name(row, is_bare ? NULL : role_name(best->role));
    row_text(row, best->source);
    row_text(row, best->source_id);
    row_integer(row, best->revision);
    row_time(row, best->reported_at_ms);
    row_text(row, is_open ? best->publisher : nothing);
    row_text(row, is_open ? best->url : nothing);
    row_number(row, best->severity > 0 ? (double)best->severity : (double)NAN);
    row_number(row, best->confidence);
    row_name(row, licence_name(best->licence));
    row_milliseconds(row, best->occurred.start_ms);
    row_milliseconds(row, best->occurred.end_ms);
    row_number(row, best->has_place ? best->place.lon : (double)NAN);
    row_number(row, best->has_place ? best->place.lat : (double)NAN);
    row_integer(row, (int64_t)incident->position.epoch);
    row_integer(row, (int64_t)incident->position.number);
    row_blob(row, geopackage->record.data, geopackage->record.size);
}

static enum status incident_show(struct geopackage *geopackage, const struct incident *incident,
                                 const struct standing *before)
{
    const struct report *best = &incident->reports[0];
    bool stays = best->has_place == before->has_place &&
                 (!best->has_place || (best->place.lon == before->lon && best->place.lat == before->lat));
    if (before->fid != 0 && stays)
        return STATUS_OK;
    sqlite3_int64 fid = before->fid != 0 ? before->fid : sqlite3_last_insert_rowid(geopackage->db);
    geopackage->shrunk[LAYER_INCIDENTS] |= before->has_place;
    struct bounds bounds = {best->has_place, best->place.lon, best->place.lon, best->place.lat, best->place.lat};
    layers_shown(geopackage, LAYER_INCIDENTS, bounds);
    enum status status = STATUS_OK;
    if (best->has_place || before->has_place) {
        sqlite3_stmt *index =
            geopackage_statement(geopackage, best->has_place ? STATEMENT_INCIDENT_INDEX : STATEMENT_INCIDENT_UNINDEX);
        (void)sqlite3_bind_int64(index, 1, fid);
        if (best->has_place) {
            (void)sqlite3_bind_double(index, 2, best->place.lon);
            (void)sqlite3_bind_double(index, 3, best->place.lat);
        }
        status = geopackage_run(geopackage, index);
    }
    return status == STATUS_OK ? layers_incident_moved(geopackage, incident->id) : status;
}

enum status geopackage_incident_put(void *self, const struct incident *incident)
{
    struct geopackage *geopackage = self;
    const struct report *best = &incident->reports[0];
    struct standing before = {0};
    enum status status = standing_find(geopackage, incident->id, &before);
    if (status != STATUS_OK)
        return status;
    text_clear(&geopackage->blob);
    text_clear(&geopackage->record);
    if (best->has_place)
        geometry_point((struct lonlat){best->place.lon, best->place.lat}, &geopackage->blob);
    status = reports_pack(incident, &geopackage->record);
    if (status != STATUS_OK)
        return status;
    struct text countries = {0};
    struct row row = {.statement = geopackage_statement(geopackage, STATEMENT_INCIDENT_PUT), .at = 1};
    bind_incident(geopackage, &row, incident, &countries);
    bool is_short = countries.failed || geopackage->blob.failed || geopackage->record.failed;
    status = is_short ? STATUS_NO_MEMORY : geopackage_run(geopackage, row.statement);
    text_fini(&countries);
    geopackage->touched[LAYER_INCIDENTS] = true;
    return status == STATUS_OK ? incident_show(geopackage, incident, &before) : status;
}

enum status geopackage_incident_drop(void *self, struct span id)
{
    struct geopackage *geopackage = self;
    struct standing before = {0};
    enum status status = standing_find(geopackage, id, &before);
    if (status != STATUS_OK)
        return status;
    if (before.fid == 0)
        return STATUS_NOT_FOUND;
    sqlite3_stmt *drop = geopackage_statement(geopackage, STATEMENT_INCIDENT_DROP);
    bind_span(drop, 1, id);
    status = geopackage_run(geopackage, drop);
    if (status != STATUS_OK || !before.has_place)
        return status;
    geopackage->shrunk[LAYER_INCIDENTS] = geopackage->touched[LAYER_INCIDENTS] = true;
    sqlite3_stmt *unindex = geopackage_statement(geopackage, STATEMENT_INCIDENT_UNINDEX);
    (void)sqlite3_bind_int64(unindex, 1, before.fid);
    status = geopackage_run(geopackage, unindex);
    return status == STATUS_OK ? layers_incident_moved(geopackage, id) : status;
}

enum status geopackage_episode_head(void *self, struct span id, struct record_head *ret_head)
{
    struct geopackage *geopackage = self;
    sqlite3_stmt *row = geopackage_statement(geopackage, STATEMENT_EPISODE_FIND);
    bind_span(row, 1, id);
    int result = sqlite3_step(row);
    struct record_head head = {0};
    struct span digest = {0};
    if (result == SQLITE_ROW) {
        head.revision = (uint32_t)sqlite3_column_int64(row, 1);
        head.final = sqlite3_column_int(row, 2) != 0;
        digest = column_blob(row, 3);
        if (digest.size == sizeof head.digest)
            memcpy(head.digest, digest.data, sizeof head.digest);
        head.position.epoch = (uint64_t)sqlite3_column_int64(row, 4); /* NULL, of an older schema: 0 */
        head.position.number = (uint64_t)sqlite3_column_int64(row, 5);
        head.is_flagged = sqlite3_column_int(row, 6) != 0;
    }
    (void)sqlite3_reset(row);
    if (result != SQLITE_ROW)
        return result == SQLITE_DONE ? STATUS_NOT_FOUND : geopackage_fail(geopackage, result);
    *ret_head = head;
    return STATUS_OK;
}

static void bind_episode(struct geopackage *geopackage, struct row *row, const struct episode *episode,
                         struct text *countries)
{
    row_text(row, episode->id);
    row_text(row, episode->title);
    row_text(row, episode->rule);
    row_name(row, episode_state_name(episode->state));
    row_countries(row, episode->countries, episode->country_count, countries);
    row_time(row, episode->first_ms);
    row_time(row, episode->last_ms);
    row_number(row, episode->extent_km);
    row_integer(row, (int64_t)episode->observed);
    row_number(row, episode->expected);
    row_number(row, episode->score);
    row_number(row, episode->recurrence_days);
    row_integer(row, episode->revision);
    row_text(row, episode->cause);
    row_integer(row, episode->final);
    row_integer(row, episode->capped);
    row_integer(row, episode->calibrated);
    row_text(row, episode->continues);
    row_text(row, episode->superseded_by);
    row_text(row, episode->rule_hash);
    row_milliseconds(row, episode->first_ms);
    row_milliseconds(row, episode->last_ms);
    row_blob(row, episode->digest, sizeof episode->digest);
    row_blob(row, geopackage->record.data, geopackage->record.size);
    row_integer(row, episode->recurrence_at_least);
    row_text(row, episode->baseline_hash);
    row_integer(row, (int64_t)episode->position.epoch);
    row_integer(row, (int64_t)episode->position.number);
}

/* --- members: only what changed is written --- */

struct member {
    UT_hash_handle hh;
    enum membership membership;
    bool stays;
    size_t id_size;
    char id[];
};

static enum status members_read(struct geopackage *geopackage, sqlite3_int64 fid, struct arena *arena,
                                struct member **members)
{
    sqlite3_stmt *row = geopackage_statement(geopackage, STATEMENT_MEMBERS);
    (void)sqlite3_bind_int64(row, 1, fid);
    int result = SQLITE_ROW;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (result = sqlite3_step(row)) == SQLITE_ROW) {
        struct span id = column_text(row, 0);
        struct member *member = arena_zero(arena, sizeof *member + id.size);
        if (member == NULL || membership_find(column_text(row, 1), &member->membership) != STATUS_OK) {
            status = member == NULL ? STATUS_NO_MEMORY : STATUS_CORRUPT;
            break;
        }
        member->id_size = id.size;
        memcpy(member->id, id.data, id.size);
        HASH_ADD_KEYPTR(hh, *members, member->id, member->id_size, member);
    }
    (void)sqlite3_reset(row);
    return status != STATUS_OK || result == SQLITE_DONE ? status : geopackage_fail(geopackage, result);
}

static enum status member_write(struct geopackage *geopackage, enum statement what, sqlite3_int64 fid,
                                struct span incident_id, const char *membership)
{
    sqlite3_stmt *statement = geopackage_statement(geopackage, what);
    (void)sqlite3_bind_int64(statement, 1, fid);
    bind_span(statement, 2, incident_id);
    if (membership != NULL)
        bind_span(statement, 3, span_of(membership));
    return geopackage_run(geopackage, statement);
}

static enum status members_write(struct geopackage *geopackage, sqlite3_int64 fid, const struct episode *episode,
                                 struct member *members)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < episode->member_count && status == STATUS_OK; i++) {
        const struct episode_member *told = &episode->members[i];
        struct member *known;
        HASH_FIND(hh, members, told->incident_id.data, told->incident_id.size, known);
        if (known != NULL)
            known->stays = true;
        if (known == NULL || known->membership != told->membership)
            status = member_write(geopackage, STATEMENT_MEMBER_PUT, fid, told->incident_id,
                                  membership_name(told->membership));
    }
    for (struct member *member = members; member != NULL && status == STATUS_OK; member = member->hh.next)
        if (!member->stays)
            status =
                member_write(geopackage, STATEMENT_MEMBER_DROP, fid, (struct span){member->id, member->id_size}, NULL);
    return status;
}

static enum status members_put(struct geopackage *geopackage, sqlite3_int64 fid, const struct episode *episode)
{
    struct arena arena;
    arena_init(&arena, (size_t)LIMIT_EPISODE_MEMBERS * (sizeof(struct member) + LIMIT_INCIDENT_ID_BYTES + 16u));
    struct member *members = NULL;
    enum status status = members_read(geopackage, fid, &arena, &members);
    if (status == STATUS_OK)
        status = members_write(geopackage, fid, episode, members);
    HASH_CLEAR(hh, members);
    arena_fini(&arena);
    return status;
}

static enum status episode_fid(struct geopackage *geopackage, struct span id, sqlite3_int64 *ret_fid)
{
    sqlite3_stmt *row = geopackage_statement(geopackage, STATEMENT_EPISODE_FIND);
    bind_span(row, 1, id);
    int result = sqlite3_step(row);
    sqlite3_int64 fid = result == SQLITE_ROW ? sqlite3_column_int64(row, 0) : 0;
    (void)sqlite3_reset(row);
    if (result != SQLITE_ROW)
        return result == SQLITE_DONE ? STATUS_CORRUPT : geopackage_fail(geopackage, result);
    *ret_fid = fid;
    return STATUS_OK;
}

enum status geopackage_episode_put(void *self, const struct episode *episode)
{
    struct geopackage *geopackage = self;
    text_clear(&geopackage->record);
    enum status status =
        publication_pack(&(struct publication){.kind = PUBLICATION_EPISODE, .episode = *episode}, &geopackage->record);
    if (status != STATUS_OK)
        return status;
    struct text countries = {0};
    struct row row = {.statement = geopackage_statement(geopackage, STATEMENT_EPISODE_PUT), .at = 1};
    bind_episode(geopackage, &row, episode, &countries);
    status =
        countries.failed || geopackage->record.failed ? STATUS_NO_MEMORY : geopackage_run(geopackage, row.statement);
    text_fini(&countries);
    sqlite3_int64 fid = 0;
    if (status == STATUS_OK)
        status = episode_fid(geopackage, episode->id, &fid);
    if (status == STATUS_OK)
        status = members_put(geopackage, fid, episode);
    return status == STATUS_OK ? layers_episode_changed(geopackage, fid) : status;
}

enum status geopackage_rule_put(void *self, const struct published_rule *rule)
{
    struct geopackage *geopackage = self;
    sqlite3_stmt *put = geopackage_statement(geopackage, STATEMENT_RULE_PUT);
    bind_span(put, 1, rule->name);
    bind_span(put, 2, rule->hash);
    bind_span(put, 3, rule->json);
    enum status status = geopackage_run(geopackage, put);
    return status == STATUS_OK && sqlite3_changes(geopackage->db) == 0 ? STATUS_EXISTS : status;
}

enum status geopackage_notice_put(void *self, const struct notice *notice)
{
    struct geopackage *geopackage = self;
    struct row row = {.statement = geopackage_statement(geopackage, STATEMENT_NOTICE_PUT)};
    row_text(&row, notice->source);
    row_name(&row, notice_kind_name(notice->kind));
    row_time(&row, notice->since_ms);
    row_text(&row, notice->text);
    row_integer(&row, notice->since_ms);
    row_integer(&row, (int64_t)notice->position.epoch);
    row_integer(&row, (int64_t)notice->position.number);
    return geopackage_run(geopackage, row.statement);
}

static enum status meta_put(struct geopackage *geopackage, const char *key, uint64_t value)
{
    sqlite3_stmt *put = geopackage_statement(geopackage, STATEMENT_META_PUT);
    bind_span(put, 1, span_of(key));
    (void)sqlite3_bind_int64(put, 2, (sqlite3_int64)value);
    return geopackage_run(geopackage, put);
}

enum status geopackage_link_put(void *self, struct stream_position link)
{
    struct geopackage *geopackage = self;
    enum status status = meta_put(geopackage, "epoch", link.epoch);
    if (status == STATUS_OK)
        status = meta_put(geopackage, "number", link.number);
    if (status == STATUS_OK)
        geopackage->link = link;
    return status;
}
