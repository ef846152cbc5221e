/* OGC GeoPackage 1.3, with tables of our own beside the layers.
 *
 *     gpkg_* ............ what the standard asks for
 *     episodes .......... layer: hull, line or point of the members' places ─┐ R-tree each
 *     incidents ......... layer: points ─────────────────────────────────────┘
 *     rules ............. attributes: the rules the episodes were made by
 *     vedette_members ... episode ─▶ incidents, both ways
 *     vedette_notices ... source, kind ─▶ the last notice
 *     vedette_endpoints, vedette_alerts, vedette_drafts ... what endpoints of alerts were told and are owed
 *     vedette_meta ...... schema version, where the link resumes
 *
 * The R-trees' triggers are those of the standard and call ST_MinX and its sisters. They are there for editors from
 * outside (QGIS, GDAL), which bring these functions, so that what a person edits stays in the index. Our own connection
 * has triggers switched off (SQLITE_DBCONFIG_ENABLE_TRIGGER) and fills the index directly. */
#include "sink/stores/geopackage/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TABLE_COLUMN(name, type) ", " name " " type

#define RTREE(table)                                                                                                   \
    "CREATE VIRTUAL TABLE rtree_" table "_geom USING rtree(id, minx, maxx, miny, maxy);"                               \
    "INSERT INTO gpkg_extensions VALUES('" table "', 'geom', 'gpkg_rtree_index', "                                     \
    "'http://www.geopackage.org/spec120/#extension_rtree', 'write-only');"                                             \
    "CREATE TRIGGER rtree_" table "_geom_insert AFTER INSERT ON " table                                                \
    " WHEN (new.geom NOT NULL AND NOT ST_IsEmpty(NEW.geom)) BEGIN " RTREE_PUT(                                         \
        table) " END;"                                                                                                 \
               "CREATE TRIGGER rtree_" table "_geom_update1 AFTER UPDATE OF geom ON " table                            \
               " WHEN OLD.fid = NEW.fid AND (NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom)) BEGIN " RTREE_PUT(         \
                   table) " END;"                                                                                      \
                          "CREATE TRIGGER rtree_" table "_geom_update2 AFTER UPDATE OF geom ON " table                 \
                          " WHEN OLD.fid = NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))"                      \
                          " BEGIN DELETE FROM rtree_" table "_geom WHERE id = OLD.fid; END;"                           \
                          "CREATE TRIGGER rtree_" table "_geom_update3 AFTER UPDATE ON " table                         \
                          " WHEN OLD.fid != NEW.fid AND (NEW.geom NOTNULL AND NOT ST_IsEmpty(NEW.geom))"               \
                          " BEGIN DELETE FROM rtree_" table "_geom WHERE id = OLD.fid; " RTREE_PUT(                    \
                              table) " END;"                                                                           \
                                     "CREATE TRIGGER rtree_" table "_geom_update4 AFTER UPDATE ON " table              \
                                     " WHEN OLD.fid != NEW.fid AND (NEW.geom ISNULL OR ST_IsEmpty(NEW.geom))"          \
                                     " BEGIN DELETE FROM rtree_" table "_geom WHERE id IN (OLD.fid, NEW.fid); END;"    \
                                     "CREATE TRIGGER rtree_" table "_geom_delete AFTER DELETE ON " table               \
                                     " WHEN old.geom NOT NULL BEGIN DELETE FROM rtree_" table                          \
                                     "_geom WHERE id = OLD.fid; END;"
#define RTREE_PUT(table)                                                                                               \
    "INSERT OR REPLACE INTO rtree_" table                                                                              \
    "_geom VALUES(NEW.fid, ST_MinX(NEW.geom), ST_MaxX(NEW.geom), ST_MinY(NEW.geom), "                                  \
    "ST_MaxY(NEW.geom));"

#define WGS84                                                                                                          \
    "GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,AUTHORITY[\"EPSG\",\"7030\"]],"    \
    "AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],"                              \
    "UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\","    \
    "EAST],"                                                                                                           \
    "AUTHORITY[\"EPSG\",\"4326\"]]"

static const char standard[] =
    "PRAGMA application_id = 1196444487;"
    "PRAGMA user_version = 10300;"
    "CREATE TABLE gpkg_spatial_ref_sys("
    " srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,"
    " organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);"
    "INSERT INTO gpkg_spatial_ref_sys VALUES"
    "('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),"
    "('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),"
    "('WGS 84 geodetic', 4326, 'EPSG', 4326, '" WGS84 "', "
    "'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid');"
    "CREATE TABLE gpkg_contents("
    " table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT "
    "'',"
    " last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),"
    " min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,"
    " CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));"
    "CREATE TABLE gpkg_geometry_columns("
    " table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,"
    " z TINYINT NOT NULL, m TINYINT NOT NULL,"
    " CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),"
    " CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),"
    " CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));"
    "CREATE TABLE gpkg_extensions("
    " table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,"
    " CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));";

static const char layers[] =
    "INSERT INTO gpkg_contents(table_name, data_type, identifier, description, srs_id) VALUES"
    "('episodes', 'features', 'episodes', 'Incidents near each other in space and time', 4326),"
    "('incidents', 'features', 'incidents', 'What happened, as told by its reports', 4326),"
    "('rules', 'attributes', 'rules', 'The rules the episodes were made by', NULL);"
    "INSERT INTO gpkg_geometry_columns VALUES('episodes', 'geom', 'GEOMETRY', 4326, 0, 0), ('incidents', 'geom', "
    "'POINT', 4326, 0, 0);"
    "CREATE TABLE episodes(fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom GEOMETRY" EPISODE_COLUMNS_1(
        TABLE_COLUMN) ");"
                      "CREATE INDEX vedette_episodes_time ON episodes(first_ms, id);"
                      "CREATE TABLE incidents(fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL" INCIDENT_COLUMNS(
                          TABLE_COLUMN) ");"
                                        "CREATE INDEX vedette_incidents_time ON incidents(first_ms, id);"
                                        "CREATE TABLE rules(fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, name TEXT "
                                        "NOT NULL, hash TEXT NOT NULL, json TEXT,"
                                        " UNIQUE(name, hash));"
                                        "CREATE TABLE vedette_members(episode INTEGER NOT NULL, incident_id TEXT NOT "
                                        "NULL, membership TEXT NOT NULL,"
                                        " PRIMARY KEY(episode, incident_id)) WITHOUT ROWID;"
                                        "CREATE INDEX vedette_members_incident ON vedette_members(incident_id);"
                                        "CREATE TABLE vedette_meta(key TEXT NOT NULL PRIMARY KEY, value) WITHOUT ROWID;"
                                        "INSERT INTO vedette_meta VALUES('schema', 1), ('epoch', 0), ('number', 0);";

static const char episodes_index[] = RTREE("episodes");
static const char incidents_index[] = RTREE("incidents");

#define ADD_TO_EPISODES(name, type) "ALTER TABLE episodes ADD COLUMN " name " " type ";"
static const char baselines[] =
    EPISODE_COLUMNS_2(ADD_TO_EPISODES) "UPDATE vedette_meta SET value = 2 WHERE key = 'schema';";
static const char positions[] = EPISODE_COLUMNS_3(ADD_TO_EPISODES);
static const char notices[] = "CREATE TABLE vedette_notices(source TEXT NOT NULL, kind TEXT NOT NULL, since DATETIME, "
                              "text TEXT, since_ms INTEGER,"
                              " epoch INTEGER, number INTEGER, PRIMARY KEY(source, kind)) WITHOUT ROWID;";
/* The drafts' bodies are large and short-lived: apart, so that the rows stay small. */
static const char alerts[] =
    "CREATE TABLE vedette_endpoints(name TEXT NOT NULL PRIMARY KEY, max_age_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE vedette_alerts(endpoint TEXT NOT NULL, subject TEXT NOT NULL, revision INTEGER, flagged BOOLEAN,"
    " fingerprint BLOB, last_ms INTEGER, noted_ms INTEGER, told_flagged BOOLEAN, told BLOB, told_revision INTEGER,"
    " told_repeat INTEGER, sent_ms INTEGER, draft_kind TEXT, draft_flagged BOOLEAN, draft BLOB, draft_revision INTEGER,"
    " draft_repeat INTEGER, draft_ms INTEGER, attempts INTEGER NOT NULL DEFAULT 0, due_ms INTEGER,"
    " refused BOOLEAN NOT NULL DEFAULT 0, detail TEXT, PRIMARY KEY(endpoint, subject)) WITHOUT ROWID;"
    "CREATE TABLE vedette_drafts(endpoint TEXT NOT NULL, subject TEXT NOT NULL, json TEXT,"
    " PRIMARY KEY(endpoint, subject));"
    "UPDATE vedette_meta SET value = 3 WHERE key = 'schema';";

/* From version i to i + 1: row i, its pieces in order. A new schema is a new row (and, at its end, sets 'schema'). */
#define PIECES_MAX 8
static const char *const steps[SCHEMA_VERSION][PIECES_MAX] = {
    {standard, layers, episodes_index, incidents_index},
    {baselines},
    {positions, notices, alerts},
};

enum status sqlite_status(sqlite3 *db, int result)
{
    switch (result & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return STATUS_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STATUS_BUSY;
    case SQLITE_NOMEM:
        return STATUS_NO_MEMORY;
    case SQLITE_FULL:
        return STATUS_NO_SPACE;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return STATUS_PERMISSION;
    case SQLITE_CORRUPT:
        return STATUS_CORRUPT;
    case SQLITE_NOTADB:
        return STATUS_UNSUPPORTED;
    case SQLITE_TOOBIG:
        return STATUS_TOO_LARGE;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: {
        int error = db != NULL ? sqlite3_system_errno(db) : 0;
        return error == ENOSPC || error == EDQUOT ? STATUS_NO_SPACE : STATUS_IO;
    }
    default: /* of SQLite's results, not of an enum of ours */
        return STATUS_IO;
    }
}

/* One integer; STATUS_NOT_FOUND where there is no row. */
static enum status read_integer(sqlite3 *db, const char *sql, int *ret_value)
{
    sqlite3_stmt *statement = NULL;
    int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_step(statement);
    enum status status = result == SQLITE_ROW    ? STATUS_OK
                         : result == SQLITE_DONE ? STATUS_NOT_FOUND
                                                 : sqlite_status(db, result);
    if (status == STATUS_OK)
        *ret_value = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return status;
}

enum status schema_version(sqlite3 *db, int *ret_version, char ret_reason[256])
{
    int tables = 0, application = 0, ours = 0, version = 0;
    enum status status = read_integer(db, "SELECT count(*) FROM sqlite_master", &tables);
    if (status == STATUS_OK)
        status = read_integer(db, "PRAGMA application_id", &application);
    if (status == STATUS_UNSUPPORTED) {
        snprintf(ret_reason, 256, "is not a GeoPackage: it is no SQLite file");
        return status;
    }
    if (status == STATUS_CORRUPT) {
        snprintf(ret_reason, 256, "is damaged or cut off");
        return status;
    }
    if (status != STATUS_OK) {
        snprintf(ret_reason, 256, "cannot be read: %s", sqlite3_errmsg(db));
        return status;
    }
    if (tables == 0 && application == 0) {
        *ret_version = 0;
        return STATUS_OK;
    }
    if (application != GEOPACKAGE_APPLICATION) {
        snprintf(ret_reason, 256, "is not a GeoPackage: it is an SQLite file of another kind");
        return STATUS_UNSUPPORTED;
    }
    status = read_integer(
        db,
        "SELECT count(*) FROM sqlite_master WHERE name IN ('vedette_meta', 'vedette_members', 'episodes', 'incidents')",
        &ours);
    if (status == STATUS_OK && ours == 4)
        status = read_integer(db, "SELECT value FROM vedette_meta WHERE key = 'schema'", &version);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        snprintf(ret_reason, 256, "cannot be read: %s", sqlite3_errmsg(db));
        return status;
    }
    if (version < 1) {
        snprintf(ret_reason, 256, "is a GeoPackage of another program, not a Vedette store");
        return STATUS_UNSUPPORTED;
    }
    if (version > SCHEMA_VERSION) {
        snprintf(ret_reason, 256, "was written by a later Vedette: its schema is %d, this program knows up to %d",
                 version, SCHEMA_VERSION);
        return STATUS_UNSUPPORTED;
    }
    *ret_version = version;
    return STATUS_OK;
}

enum status schema_upgrade(sqlite3 *db, int version)
{
    if (version == SCHEMA_VERSION)
        return STATUS_OK;
    int result = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (int step = version; step < SCHEMA_VERSION && result == SQLITE_OK; step++)
        for (size_t piece = 0; piece < PIECES_MAX && steps[step][piece] != NULL && result == SQLITE_OK; piece++)
            result = sqlite3_exec(db, steps[step][piece], NULL, NULL, NULL);
    if (result == SQLITE_OK)
        result = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    enum status status = sqlite_status(db, result);
    if (result != SQLITE_OK && !sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}
