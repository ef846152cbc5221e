/* Inside the GeoPackage store: one open file, shared by its writer, its reader and its opening and closing. */
#pragma once

#include "sink/store_driver.h"
#include "sink/stores/geopackage/file.h"
#include "sink/stores/geopackage/geometry.h"
#include "sink/stores/geopackage/schema.h"

#include <sqlite3.h>
#include <stdarg.h>

/* Statements prepared once. X(name, SQL) */
#define STATEMENT_LIST(X)                                                                                              \
    X(INCIDENT_FIND, "SELECT fid, lon, lat, epoch, number, record FROM incidents WHERE id = ?1")                       \
    X(INCIDENT_PUT, INCIDENT_PUT_SQL)                                                                                  \
    X(INCIDENT_DROP, "DELETE FROM incidents WHERE id = ?1")                                                            \
    X(INCIDENT_INDEX, "INSERT OR REPLACE INTO rtree_incidents_geom VALUES(?1, ?2, ?2, ?3, ?3)")                        \
    X(INCIDENT_UNINDEX, "DELETE FROM rtree_incidents_geom WHERE id = ?1")                                              \
    X(INCIDENT_EPISODES, "SELECT episode FROM vedette_members WHERE incident_id = ?1")                                 \
    X(EPISODE_FIND,                                                                                                    \
      "SELECT fid, revision, final, digest, epoch, number, state = 'flagged' FROM episodes WHERE id = ?1")             \
    X(EPISODE_PUT, EPISODE_PUT_SQL)                                                                                    \
    X(EPISODE_DRAW, "UPDATE episodes SET geom = ?2 WHERE fid = ?1")                                                    \
    X(EPISODE_INDEX, "INSERT OR REPLACE INTO rtree_episodes_geom VALUES(?1, ?2, ?3, ?4, ?5)")                          \
    X(EPISODE_UNINDEX, "DELETE FROM rtree_episodes_geom WHERE id = ?1")                                                \
    X(EPISODE_PLACES, "SELECT i.lon, i.lat FROM vedette_members m JOIN incidents i ON i.id = m.incident_id "           \
                      "WHERE m.episode = ?1 AND m.membership IN ('core', 'attached') AND i.lon IS NOT NULL")           \
    X(MEMBERS, "SELECT incident_id, membership FROM vedette_members WHERE episode = ?1")                               \
    X(MEMBER_PUT, "INSERT OR REPLACE INTO vedette_members VALUES(?1, ?2, ?3)")                                         \
    X(MEMBER_DROP, "DELETE FROM vedette_members WHERE episode = ?1 AND incident_id = ?2")                              \
    X(RULE_PUT, "INSERT INTO rules(name, hash, json) VALUES(?1, ?2, ?3) ON CONFLICT DO NOTHING")                       \
    X(NOTICE_PUT, "INSERT OR REPLACE INTO vedette_notices VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")                         \
    X(ENDPOINT_PUT, "INSERT OR REPLACE INTO vedette_endpoints VALUES(?1, ?2)")                                         \
    X(ALERT_NOTE, ALERT_NOTE_SQL)                                                                                      \
    X(ALERT_STANDS,                                                                                                    \
      "INSERT OR REPLACE INTO vedette_alerts(subject, revision, flagged, fingerprint, last_ms, noted_ms, "             \
      "told_flagged, told, told_revision, told_repeat, sent_ms, endpoint) "                                            \
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")                                                     \
    X(ALERT_BEGUN, "UPDATE vedette_alerts SET draft_kind = ?3, draft_flagged = ?4, draft = ?5, draft_revision = ?6, "  \
                   "draft_repeat = ?7, draft_ms = ?8, attempts = ?9, due_ms = ?10, refused = 0, detail = NULL "        \
                   "WHERE endpoint = ?1 AND subject = ?2")                                                             \
    X(ALERT_FAILED, "UPDATE vedette_alerts SET attempts = ?3, due_ms = ?4, detail = ?5 "                               \
                    "WHERE endpoint = ?1 AND subject = ?2")                                                            \
    X(ALERT_TOLD, "UPDATE vedette_alerts SET told_flagged = ?3, told = ?4, told_revision = ?5, told_repeat = ?6, "     \
                  "sent_ms = ?7, attempts = 0, due_ms = NULL, refused = ?8, detail = ?9, "                             \
                  "draft_kind = CASE WHEN ?8 THEN draft_kind END WHERE endpoint = ?1 AND subject = ?2")                \
    X(ALERT_OVER, "DELETE FROM vedette_alerts WHERE endpoint = ?1 AND subject = ?2 AND NOT told_flagged "              \
                  "AND NOT flagged AND NOT refused")                                                                   \
    X(ALERT_AGAIN, "UPDATE vedette_alerts SET refused = 0, attempts = 0, due_ms = ?3 "                                 \
                   "WHERE endpoint = ?1 AND subject = ?2 AND draft_kind IS NOT NULL")                                  \
    X(ALERT_DROPPED,                                                                                                   \
      "UPDATE vedette_alerts SET told_flagged = flagged, told = fingerprint, told_revision = revision, "               \
      "told_repeat = 0, draft_kind = NULL, attempts = 0, due_ms = NULL, refused = 0, detail = NULL "                   \
      "WHERE endpoint = ?1 AND subject = ?2")                                                                          \
    X(DRAFT_PUT, "INSERT OR REPLACE INTO vedette_drafts(endpoint, subject, json) VALUES(?1, ?2, ?3)")                  \
    X(DRAFT_DROP, "DELETE FROM vedette_drafts WHERE endpoint = ?1 AND subject = ?2")                                   \
    X(DRAFT_GET, "SELECT json FROM vedette_drafts WHERE endpoint = ?1 AND subject = ?2")                               \
    X(META_PUT, "INSERT OR REPLACE INTO vedette_meta VALUES(?1, ?2)")                                                  \
    X(META_GET, "SELECT value FROM vedette_meta WHERE key = ?1")                                                       \
    X(CONTENTS_GET, "SELECT min_x, max_x, min_y, max_y FROM gpkg_contents WHERE table_name = ?1")                      \
    X(CONTENTS_PUT, "UPDATE gpkg_contents SET min_x = ?2, max_x = ?3, min_y = ?4, max_y = ?5, last_change = ?6 "       \
                    "WHERE table_name = ?1")

enum statement {
#define X(name, sql) STATEMENT_##name,
    STATEMENT_LIST(X)
#undef X
        STATEMENT_COUNT
};

enum layer { LAYER_EPISODES, LAYER_INCIDENTS, LAYER_COUNT };

struct geopackage {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    enum store_mode mode;
    int schema;      /* of the file: an older one is read as it is */
    bool committed;  /* a STORE_REPLACE that is in its place: read only from here on */
    char *path;      /* as people know it */
    char *temporary; /* of a STORE_REPLACE not yet committed, else NULL */
    struct file_lock lock;
    struct stream_position link, link_before;

    struct bounds bounds[LAYER_COUNT], bounds_before[LAYER_COUNT];
    bool shrunk[LAYER_COUNT]; /* something left the bounds' edge, perhaps: measured anew before closing */
    bool touched[LAYER_COUNT];

    sqlite3_int64 *dirty; /* episodes to be drawn anew at the end of the piece, repeats included */
    size_t dirty_count, dirty_room;
    struct lonlat *places; /* scratch of drawing: three times place_room */
    size_t place_room;
    struct text blob, record; /* scratch */
    char reason[256];
};

extern const char *const layer_names[LAYER_COUNT];

/* Puts the sentence of SQLite's last trouble in reason and answers its status. */
enum status geopackage_fail(struct geopackage *geopackage, int result);
sqlite3_stmt *geopackage_statement(struct geopackage *geopackage, enum statement statement);
/* STATUS_OK when it is done; resets it. */
enum status geopackage_run(struct geopackage *geopackage, sqlite3_stmt *statement);

static inline void bind_span(sqlite3_stmt *statement, int at, struct span text)
{
    (void)sqlite3_bind_text(statement, at, text.data != NULL ? text.data : "", (int)text.size, SQLITE_STATIC);
}

static inline struct span column_blob(sqlite3_stmt *statement, int at)
{
    const void *data = sqlite3_column_blob(statement, at);
    return (struct span){data, (size_t)sqlite3_column_bytes(statement, at)};
}

static inline struct span column_text(sqlite3_stmt *statement, int at)
{
    const unsigned char *data = sqlite3_column_text(statement, at);
    return (struct span){(const char *)data, (size_t)sqlite3_column_bytes(statement, at)};
}

/* writer.c */
enum status geopackage_begin(void *self);
enum status geopackage_end(void *self, enum store_end end);
enum status geopackage_incident_get(void *self, struct span id, struct arena *arena, struct incident *ret_incident);
enum status geopackage_incident_position(void *self, struct span id, struct stream_position *ret_position);
enum status geopackage_incident_put(void *self, const struct incident *incident);
enum status geopackage_incident_drop(void *self, struct span id);
enum status geopackage_episode_head(void *self, struct span id, struct record_head *ret_head);
enum status geopackage_episode_put(void *self, const struct episode *episode);
enum status geopackage_rule_put(void *self, const struct published_rule *rule);
enum status geopackage_notice_put(void *self, const struct notice *notice);
enum status geopackage_link_put(void *self, struct stream_position link);

/* layers.c: what the layers show */
/* That an incident moved, or came to be known: the episodes it is in are drawn anew at the end of the piece. */
enum status layers_incident_moved(struct geopackage *geopackage, struct span incident_id);
enum status layers_episode_changed(struct geopackage *geopackage, sqlite3_int64 fid);
void layers_shown(struct geopackage *geopackage, enum layer layer, struct bounds bounds);
/* Draws what changed, tells gpkg_contents. Inside the piece. */
enum status layers_draw(struct geopackage *geopackage);
/* Reads the bounds at opening; measures them anew where something may have shrunk. */
enum status layers_load(struct geopackage *geopackage);
enum status layers_measure(struct geopackage *geopackage);

/* backup.c */
enum status geopackage_backup(void *self, const char *to, char ret_reason[256]);

/* alerts.c */
extern const struct store_alerts_driver geopackage_alerts;

/* reader.c */
enum status geopackage_episodes(void *self, const struct store_filter *filter, store_episode_visitor visitor,
                                void *visitor_self);
enum status geopackage_incidents(void *self, const struct store_filter *filter, store_incident_visitor visitor,
                                 void *visitor_self);
enum status geopackage_rules(void *self, store_rule_visitor visitor, void *visitor_self);
enum status geopackage_notices(void *self, struct span source, store_notice_visitor visitor, void *visitor_self);
/* Of a row of (epoch, number, record) beginning at that column. */
enum status geopackage_read_incident(sqlite3_stmt *row, int at, struct span id, struct arena *arena,
                                     struct incident *ret_incident);

/* For each endpoint. What is unflagged, or older than the endpoint wants, only where there is a row. */
#define ALERT_NOTE_SQL                                                                                                 \
    "INSERT INTO vedette_alerts(endpoint, subject, revision, flagged, fingerprint, last_ms, noted_ms) "                \
    "SELECT e.name, ?1, ?2, ?3, ?4, ?5, ?6 FROM vedette_endpoints e WHERE (?3 AND ?5 >= ?6 - e.max_age_ms) "           \
    "OR EXISTS (SELECT 1 FROM vedette_alerts a WHERE a.endpoint = e.name AND a.subject = ?1) "                         \
    "ON CONFLICT(endpoint, subject) DO UPDATE SET revision = excluded.revision, last_ms = excluded.last_ms, "          \
    "noted_ms = CASE WHEN flagged IS excluded.flagged AND fingerprint IS excluded.fingerprint THEN noted_ms "          \
    "ELSE excluded.noted_ms END, flagged = excluded.flagged, fingerprint = excluded.fingerprint"

#define COLUMN_NAME(name, type)   ", " name
#define COLUMN_PLACE(name, type)  ", ?"
#define COLUMN_UPDATE(name, type) ", " name " = excluded." name
#define INCIDENT_PUT_SQL                                                                                               \
    "INSERT INTO incidents(fid" INCIDENT_COLUMNS(COLUMN_NAME) ") VALUES(?" INCIDENT_COLUMNS(                           \
        COLUMN_PLACE) ")"                                                                                              \
                      " ON CONFLICT(id) DO UPDATE SET fid = fid" INCIDENT_COLUMNS(COLUMN_UPDATE)
#define EPISODE_PUT_SQL                                                                                                \
    "INSERT INTO episodes(fid" EPISODE_COLUMNS(COLUMN_NAME) ") VALUES(?" EPISODE_COLUMNS(                              \
        COLUMN_PLACE) ")"                                                                                              \
                      " ON CONFLICT(id) DO UPDATE SET fid = fid" EPISODE_COLUMNS(COLUMN_UPDATE)
