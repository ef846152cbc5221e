/* The tables of a Vedette GeoPackage, and how older ones become them. */
#pragma once

#include "base/status.h"

#include <sqlite3.h>

#define SCHEMA_VERSION         3
#define GEOPACKAGE_APPLICATION 0x47504B47 /* "GPKG" */
#define GEOPACKAGE_VERSION     10300

/* Columns of the layers, in the order they are bound. X(name as in SQL, type). Those up to the blank line are for
 * people. */
#define INCIDENT_COLUMNS(X)                                                                                            \
    X("geom", "POINT")                                                                                                 \
    X("id", "TEXT NOT NULL UNIQUE")                                                                                    \
    X("category", "TEXT")                                                                                              \
    X("headline", "TEXT")                                                                                              \
    X("\"first\"", "DATETIME")                                                                                         \
    X("\"last\"", "DATETIME")                                                                                          \
    X("\"precision\"", "TEXT")                                                                                         \
    X("countries", "TEXT")                                                                                             \
    X("place", "TEXT")                                                                                                 \
    X("radius_km", "DOUBLE")                                                                                           \
    X("status", "TEXT")                                                                                                \
    X("role", "TEXT")                                                                                                  \
    X("source", "TEXT")                                                                                                \
    X("source_id", "TEXT")                                                                                             \
    X("revision", "INTEGER")                                                                                           \
    X("reported_at", "DATETIME")                                                                                       \
    X("publisher", "TEXT")                                                                                             \
    X("url", "TEXT")                                                                                                   \
    X("severity", "INTEGER")                                                                                           \
    X("confidence", "DOUBLE")                                                                                          \
    X("licence", "TEXT")                                                                                               \
                                                                                                                       \
    X("first_ms", "INTEGER")                                                                                           \
    X("last_ms", "INTEGER")                                                                                            \
    X("lon", "DOUBLE")                                                                                                 \
    X("lat", "DOUBLE")                                                                                                 \
    X("epoch", "INTEGER")                                                                                              \
    X("number", "INTEGER")                                                                                             \
    X("record", "BLOB")

/* The geometry is not bound with the rest: it is made of the members' places once the piece is complete. */
#define EPISODE_COLUMNS(X) EPISODE_COLUMNS_1(X) EPISODE_COLUMNS_2(X) EPISODE_COLUMNS_3(X)
#define EPISODE_COLUMNS_1(X)                                                                                           \
    X("id", "TEXT NOT NULL UNIQUE")                                                                                    \
    X("title", "TEXT")                                                                                                 \
    X("rule", "TEXT")                                                                                                  \
    X("state", "TEXT")                                                                                                 \
    X("countries", "TEXT")                                                                                             \
    X("\"first\"", "DATETIME")                                                                                         \
    X("\"last\"", "DATETIME")                                                                                          \
    X("extent_km", "DOUBLE")                                                                                           \
    X("observed", "INTEGER")                                                                                           \
    X("expected", "DOUBLE")                                                                                            \
    X("score", "DOUBLE")                                                                                               \
    X("recurrence_days", "DOUBLE")                                                                                     \
    X("revision", "INTEGER")                                                                                           \
    X("cause", "TEXT")                                                                                                 \
    X("final", "BOOLEAN")                                                                                              \
    X("capped", "BOOLEAN")                                                                                             \
    X("calibrated", "BOOLEAN")                                                                                         \
    X("continues", "TEXT")                                                                                             \
    X("superseded_by", "TEXT")                                                                                         \
    X("rule_hash", "TEXT")                                                                                             \
                                                                                                                       \
    X("first_ms", "INTEGER")                                                                                           \
    X("last_ms", "INTEGER")                                                                                            \
    X("digest", "BLOB")                                                                                                \
    X("record", "BLOB")

/* Since schema 2. */
#define EPISODE_COLUMNS_2(X)                                                                                           \
    X("recurrence_at_least", "BOOLEAN")                                                                                \
    X("baseline_hash", "TEXT")

/* Since schema 3: the position that caused the revision. NULL in what was written before: earlier than all. */
#define EPISODE_COLUMNS_3(X)                                                                                           \
    X("epoch", "INTEGER")                                                                                              \
    X("number", "INTEGER")

/* The schema version of an open file: 0 where it is blank. STATUS_UNSUPPORTED: another program's, or of a later schema;
 * the sentence, without the file's name, in ret_reason. STATUS_CORRUPT, STATUS_BUSY … as SQLite says. */
enum status schema_version(sqlite3 *db, int *ret_version, char ret_reason[256]) MUST_CHECK;
/* From that version to SCHEMA_VERSION, all or nothing. */
enum status schema_upgrade(sqlite3 *db, int version) MUST_CHECK;
/* What an SQLite result means. */
enum status sqlite_status(sqlite3 *db, int result);
