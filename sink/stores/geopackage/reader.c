/* Finding in the file: a store_filter in SQL. The contract suite holds it to what sink/filter.c says. */
#include "proto/codec.h"
#include "sink/stores/geopackage/geopackage.h"

#include <stdio.h>
#include <string.h>

#define ROW_ARENA_BYTES (1024u * 1024u * 1024u) /* one episode with all its incidents */

struct query {
    struct geopackage *geopackage;
    sqlite3_stmt *rows;
    struct arena arena; /* of one row */
    bool began;         /* opened the view itself: an inner query uses the outer's */
};

#define LON_WITHIN                                                                                                     \
    "((:west <= :east AND i.lon BETWEEN :west AND :east) OR (:west > :east AND (i.lon >= :west OR i.lon <= :east)))"
#define PLACE_WITHIN "i.lat BETWEEN :south AND :north AND " LON_WITHIN
/* The R-tree narrows; where the box crosses the antimeridian, by latitude only. */
#define PLACE_NEAR                                                                                                     \
    "i.fid IN (SELECT id FROM rtree_incidents_geom WHERE maxy >= :south AND miny <= :north AND "                       \
    "(:west > :east OR (maxx >= :west AND minx <= :east)))"

static const char episodes_sql[] =
    "SELECT e.record FROM episodes e WHERE "
    "(e.state = 'flagged' OR (e.state = 'candidate' AND :candidates) OR (e.state = 'withdrawn' AND :withdrawn))";
static const char incidents_sql[] = "SELECT i.id, i.epoch, i.number, i.record FROM incidents i WHERE 1";

/* What a filter adds to either: a row a field. */
enum condition { CONDITION_ID, CONDITION_RULE, CONDITION_COUNTRY, CONDITION_TIME, CONDITION_BBOX, CONDITION_COUNT };
struct conditions {
    const char *sql[CONDITION_COUNT];
};
static const struct conditions episode_conditions = {{
    [CONDITION_ID] = " AND e.id >= :id AND substr(e.id, 1, length(:id)) = :id",
    [CONDITION_RULE] = " AND e.rule = :rule",
    [CONDITION_COUNTRY] = " AND instr(',' || e.countries || ',', :country) > 0",
    [CONDITION_TIME] = " AND e.last_ms >= :since AND e.first_ms <= :until",
    [CONDITION_BBOX] = " AND e.fid IN (SELECT m.episode FROM incidents i JOIN vedette_members m ON m.incident_id = i.id"
                       " AND m.membership IN ('core', 'attached') WHERE " PLACE_NEAR " AND " PLACE_WITHIN ")",
}};
static const struct conditions incident_conditions = {{
    [CONDITION_ID] = " AND i.id = :id",
    [CONDITION_RULE] = " AND EXISTS (SELECT 1 FROM vedette_members m JOIN episodes e ON e.fid = m.episode"
                       " WHERE m.incident_id = i.id AND e.rule = :rule AND e.state <> 'withdrawn')",
    [CONDITION_COUNTRY] = " AND instr(',' || i.countries || ',', :country) > 0",
    [CONDITION_TIME] = " AND i.last_ms >= :since AND i.first_ms <= :until",
    [CONDITION_BBOX] = " AND " PLACE_NEAR " AND " PLACE_WITHIN,
}};

static bool is_asked(const struct store_filter *filter, enum condition condition)
{
    switch (condition) {
    case CONDITION_ID:
        return filter->id.size > 0;
    case CONDITION_RULE:
        return filter->rule.size > 0;
    case CONDITION_COUNTRY:
        return filter->country != 0;
    case CONDITION_TIME:
        return filter->since_ms != 0 || filter->until_ms != 0;
    case CONDITION_BBOX:
        return filter->has_bbox;
    case CONDITION_COUNT:
        break;
    }
    return false;
}

static int parameter(sqlite3_stmt *rows, const char *name)
{
    return sqlite3_bind_parameter_index(rows, name); /* 0 where it is not in the statement: binding fails, harmless */
}

static void bind_filter(sqlite3_stmt *rows, const struct store_filter *filter, const char *country)
{
    (void)sqlite3_bind_int(rows, parameter(rows, ":candidates"), filter->with_candidates);
    (void)sqlite3_bind_int(rows, parameter(rows, ":withdrawn"), filter->with_withdrawn);
    if (parameter(rows, ":id") > 0)
        bind_span(rows, parameter(rows, ":id"), filter->id);
    if (parameter(rows, ":rule") > 0)
        bind_span(rows, parameter(rows, ":rule"), filter->rule);
    (void)sqlite3_bind_text(rows, parameter(rows, ":country"), country, -1, SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(rows, parameter(rows, ":since"), filter->since_ms);
    (void)sqlite3_bind_int64(rows, parameter(rows, ":until"), filter->until_ms);
    (void)sqlite3_bind_double(rows, parameter(rows, ":west"), filter->west);
    (void)sqlite3_bind_double(rows, parameter(rows, ":south"), filter->south);
    (void)sqlite3_bind_double(rows, parameter(rows, ":east"), filter->east);
    (void)sqlite3_bind_double(rows, parameter(rows, ":north"), filter->north);
}

static enum status query_begin(struct query *query, struct geopackage *geopackage, const char *sql)
{
    *query = (struct query){.geopackage = geopackage};
    arena_init(&query->arena, ROW_ARENA_BYTES);
    query->began = sqlite3_get_autocommit(geopackage->db) != 0;
    int result = query->began ? sqlite3_exec(geopackage->db, "BEGIN", NULL, NULL, NULL) : SQLITE_OK;
    query->began = query->began && result == SQLITE_OK;
    if (result == SQLITE_OK)
        result = sqlite3_prepare_v2(geopackage->db, sql, -1, &query->rows, NULL);
    return result == SQLITE_OK ? STATUS_OK : geopackage_fail(geopackage, result);
}

static enum status query_end(struct query *query, enum status status)
{
    (void)sqlite3_finalize(query->rows);
    arena_fini(&query->arena);
    if (query->began && !sqlite3_get_autocommit(query->geopackage->db))
        (void)sqlite3_exec(query->geopackage->db, "COMMIT", NULL, NULL, NULL);
    return status;
}

/* STATUS_END after the last. */
static enum status query_next(struct query *query)
{
    arena_reset(&query->arena);
    int result = sqlite3_step(query->rows);
    return result == SQLITE_ROW    ? STATUS_OK
           : result == SQLITE_DONE ? STATUS_END
                                   : geopackage_fail(query->geopackage, result);
}

static enum status query_filtered(struct query *query, struct geopackage *geopackage, const char *sql,
                                  const struct conditions *conditions, const char *order,
                                  const struct store_filter *filter)
{
    char whole[2048];
    size_t used = (size_t)snprintf(whole, sizeof whole, "%s", sql);
    for (enum condition condition = 0; condition < CONDITION_COUNT; condition++)
        if (is_asked(filter, condition))
            used += (size_t)snprintf(whole + used, sizeof whole - used, "%s", conditions->sql[condition]);
    snprintf(whole + used, sizeof whole - used, "%s", order);
    enum status status = query_begin(query, geopackage, whole);
    if (status == STATUS_OK) {
        char code[3], country[8];
        country_code_text(filter->country, code);
        snprintf(country, sizeof country, ",%s,", code);
        bind_filter(query->rows, filter, country);
    }
    return status;
}

enum status geopackage_read_incident(sqlite3_stmt *row, int at, struct span id, struct arena *arena,
                                     struct incident *ret_incident)
{
    struct incident incident = {
        .id = arena_copy(arena, id),
        .position = {(uint64_t)sqlite3_column_int64(row, at), (uint64_t)sqlite3_column_int64(row, at + 1)},
    };
    struct span record = arena_copy(arena, column_blob(row, at + 2));
    if (incident.id.data == NULL || record.data == NULL)
        return STATUS_NO_MEMORY;
    enum status status = reports_unpack(record, arena, &incident);
    if (status == STATUS_OK)
        *ret_incident = incident;
    return status;
}

static enum status read_members(struct query *query, const struct episode *episode,
                                const struct incident ***ret_incidents)
{
    const struct incident **incidents =
        arena_zero(&query->arena, (episode->member_count + 1) * sizeof(struct incident *));
    enum status status = incidents != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    for (size_t i = 0; i < episode->member_count && status == STATUS_OK; i++) {
        struct incident *incident = arena_zero(&query->arena, sizeof *incident);
        if (incident == NULL)
            return STATUS_NO_MEMORY;
        status = geopackage_incident_get(query->geopackage, episode->members[i].incident_id, &query->arena, incident);
        if (status == STATUS_OK)
            incidents[i] = incident;
        else if (status == STATUS_NOT_FOUND)
            status = STATUS_OK;
    }
    *ret_incidents = incidents;
    return status;
}

static enum status visit_episode(struct query *query, store_episode_visitor visitor, void *visitor_self)
{
    struct publication publication;
    char reason[REASON_BYTES];
    enum status status = publication_unpack(column_blob(query->rows, 0), &query->arena, &publication, reason);
    if (status != STATUS_OK)
        return status == STATUS_NO_MEMORY ? status : STATUS_CORRUPT;
    if (publication.kind != PUBLICATION_EPISODE)
        return STATUS_CORRUPT;
    const struct incident **incidents;
    status = read_members(query, &publication.episode, &incidents);
    return status == STATUS_OK ? visitor(visitor_self, &publication.episode, incidents) : status;
}

enum status geopackage_episodes(void *self, const struct store_filter *filter, store_episode_visitor visitor,
                                void *visitor_self)
{
    struct query query;
    enum status status =
        query_filtered(&query, self, episodes_sql, &episode_conditions, " ORDER BY e.first_ms, e.id", filter);
    while (status == STATUS_OK) {
        status = query_next(&query);
        if (status == STATUS_END)
            return query_end(&query, STATUS_OK);
        if (status == STATUS_OK)
            status = visit_episode(&query, visitor, visitor_self);
    }
    return query_end(&query, status);
}

/* The episodes an incident is in, ascending. */
static enum status read_belonging(struct query *query, sqlite3_stmt *rows, struct span incident_id,
                                  struct span **ret_ids, size_t *ret_count)
{
    struct span *ids = NULL;
    size_t count = 0, room = 0;
    int result;
    bind_span(rows, 1, incident_id);
    enum status status = STATUS_OK;
    while ((result = sqlite3_step(rows)) == SQLITE_ROW) {
        if (count == room) {
            struct span *more = arena_take(&query->arena, (room = room > 0 ? 2 * room : 4) * sizeof *more);
            if (more == NULL) {
                status = STATUS_NO_MEMORY;
                break;
            }
            if (count > 0)
                memcpy(more, ids, count * sizeof *ids);
            ids = more;
        }
        ids[count] = arena_copy(&query->arena, column_text(rows, 0));
        if (ids[count++].data == NULL) {
            status = STATUS_NO_MEMORY;
            break;
        }
    }
    if (status == STATUS_OK && result != SQLITE_DONE)
        status = geopackage_fail(query->geopackage, result);
    (void)sqlite3_reset(rows);
    *ret_ids = ids;
    *ret_count = count;
    return status;
}

static enum status visit_incident(struct query *query, sqlite3_stmt *belonging, store_incident_visitor visitor,
                                  void *visitor_self)
{
    struct incident incident;
    enum status status =
        geopackage_read_incident(query->rows, 1, column_text(query->rows, 0), &query->arena, &incident);
    struct span *ids = NULL;
    size_t count = 0;
    if (status == STATUS_OK)
        status = read_belonging(query, belonging, incident.id, &ids, &count);
    return status == STATUS_OK ? visitor(visitor_self, &incident, ids, count) : status;
}

enum status geopackage_incidents(void *self, const struct store_filter *filter, store_incident_visitor visitor,
                                 void *visitor_self)
{
    struct geopackage *geopackage = self;
    struct query query;
    sqlite3_stmt *belonging = NULL;
    enum status status =
        query_filtered(&query, geopackage, incidents_sql, &incident_conditions, " ORDER BY i.first_ms, i.id", filter);
    if (status == STATUS_OK) {
        int result = sqlite3_prepare_v2(geopackage->db,
                                        "SELECT e.id FROM vedette_members m JOIN episodes e ON e.fid = m.episode "
                                        "WHERE m.incident_id = ?1 AND e.state <> 'withdrawn' ORDER BY e.id",
                                        -1, &belonging, NULL);
        status = result == SQLITE_OK ? STATUS_OK : geopackage_fail(geopackage, result);
    }
    while (status == STATUS_OK) {
        status = query_next(&query);
        if (status == STATUS_END) {
            status = STATUS_OK;
            break;
        }
        if (status == STATUS_OK)
            status = visit_incident(&query, belonging, visitor, visitor_self);
    }
    (void)sqlite3_finalize(belonging);
    return query_end(&query, status);
}

enum status geopackage_rules(void *self, store_rule_visitor visitor, void *visitor_self)
{
    struct query query;
    enum status status = query_begin(&query, self, "SELECT name, hash, json FROM rules ORDER BY name, hash");
    while (status == STATUS_OK) {
        status = query_next(&query);
        if (status == STATUS_END)
            return query_end(&query, STATUS_OK);
        if (status != STATUS_OK)
            break;
        struct published_rule rule = {
            .name = column_text(query.rows, 0), .hash = column_text(query.rows, 1), .json = column_text(query.rows, 2)};
        status = visitor(visitor_self, &rule);
    }
    return query_end(&query, status);
}

enum status geopackage_notices(void *self, struct span source, store_notice_visitor visitor, void *visitor_self)
{
    struct geopackage *geopackage = self;
    struct query query;
    if (geopackage->schema < 3)
        return STATUS_OK; /* there were none then */
    enum status status = query_begin(&query, geopackage,
                                     "SELECT source, kind, text, since_ms, epoch, number FROM vedette_notices"
                                     " WHERE ?1 = '' OR source = ?1 ORDER BY source, epoch, number, since_ms");
    if (status == STATUS_OK)
        bind_span(query.rows, 1, source);
    while (status == STATUS_OK) {
        status = query_next(&query);
        if (status == STATUS_END)
            return query_end(&query, STATUS_OK);
        if (status != STATUS_OK)
            break;
        struct notice notice = {
            .source = column_text(query.rows, 0),
            .text = column_text(query.rows, 2),
            .since_ms = sqlite3_column_int64(query.rows, 3),
            .position = {(uint64_t)sqlite3_column_int64(query.rows, 4), (uint64_t)sqlite3_column_int64(query.rows, 5)},
        };
        status = notice_kind_find(column_text(query.rows, 1), &notice.kind) == STATUS_OK ? STATUS_OK : STATUS_CORRUPT;
        if (status == STATUS_OK)
            status = visitor(visitor_self, &notice);
    }
    return query_end(&query, status);
}
