/* What the layers show: hulls of episodes, their R-trees, the bounds in gpkg_contents.
 *
 * An episode's hull is a function of the tables (its members' places), drawn once a piece for each episode that changed
 * or one of whose incidents moved, not once a revision. Bounds grow as things are shown; where something may have left
 * them, they are measured anew before the store is closed. */
#include "base/clock.h"
#include "base/time_text.h"
#include "sink/stores/geopackage/geopackage.h"

#include <stdio.h>
#include <stdlib.h>

const char *const layer_names[LAYER_COUNT] = {"episodes", "incidents"};

enum status layers_episode_changed(struct geopackage *geopackage, sqlite3_int64 fid)
{
    if (geopackage->dirty_count == geopackage->dirty_room) {
        size_t room = geopackage->dirty_room > 0 ? 2 * geopackage->dirty_room : 256;
        sqlite3_int64 *dirty = realloc(geopackage->dirty, room * sizeof *dirty);
        if (dirty == NULL)
            return STATUS_NO_MEMORY;
        geopackage->dirty = dirty;
        geopackage->dirty_room = room;
    }
    geopackage->dirty[geopackage->dirty_count++] = fid;
    return STATUS_OK;
}

enum status layers_incident_moved(struct geopackage *geopackage, struct span incident_id)
{
    sqlite3_stmt *row = geopackage_statement(geopackage, STATEMENT_INCIDENT_EPISODES);
    bind_span(row, 1, incident_id);
    int result;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (result = sqlite3_step(row)) != SQLITE_DONE)
        status = result == SQLITE_ROW ? layers_episode_changed(geopackage, sqlite3_column_int64(row, 0))
                                      : geopackage_fail(geopackage, result);
    (void)sqlite3_reset(row);
    return status;
}

void layers_shown(struct geopackage *geopackage, enum layer layer, struct bounds bounds)
{
    bounds_add(&geopackage->bounds[layer], bounds);
    geopackage->touched[layer] = true;
}

static enum status places_reserve(struct geopackage *geopackage, size_t count)
{
    if (count <= geopackage->place_room)
        return STATUS_OK;
    size_t room = geopackage->place_room > 0 ? geopackage->place_room : 64;
    while (room < count)
        room *= 2;
    struct lonlat *places = realloc(geopackage->places, (3 * room + 8) * sizeof *places);
    if (places == NULL)
        return STATUS_NO_MEMORY;
    geopackage->places = places;
    geopackage->place_room = room;
    return STATUS_OK;
}

static enum status places_read(struct geopackage *geopackage, sqlite3_int64 fid, size_t *ret_count)
{
    sqlite3_stmt *row = geopackage_statement(geopackage, STATEMENT_EPISODE_PLACES);
    (void)sqlite3_bind_int64(row, 1, fid);
    size_t count = 0;
    int result;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && (result = sqlite3_step(row)) != SQLITE_DONE) {
        status = result == SQLITE_ROW ? places_reserve(geopackage, count + 1) : geopackage_fail(geopackage, result);
        if (status == STATUS_OK)
            geopackage->places[count++] = (struct lonlat){sqlite3_column_double(row, 0), sqlite3_column_double(row, 1)};
    }
    (void)sqlite3_reset(row);
    *ret_count = count;
    return status;
}

static enum status episode_draw(struct geopackage *geopackage, sqlite3_int64 fid)
{
    size_t count;
    enum status status = places_read(geopackage, fid, &count);
    if (status != STATUS_OK)
        return status;
    struct bounds bounds = {0};
    text_clear(&geopackage->blob);
    if (count > 0)
        geometry_hull(geopackage->places, count, geopackage->places + geopackage->place_room, &geopackage->blob,
                      &bounds);
    if (geopackage->blob.failed)
        return STATUS_NO_MEMORY;
    sqlite3_stmt *draw = geopackage_statement(geopackage, STATEMENT_EPISODE_DRAW);
    (void)sqlite3_bind_int64(draw, 1, fid);
    if (count > 0)
        (void)sqlite3_bind_blob(draw, 2, geopackage->blob.data, (int)geopackage->blob.size, SQLITE_STATIC);
    status = geopackage_run(geopackage, draw);
    if (status != STATUS_OK)
        return status;
    geopackage->shrunk[LAYER_EPISODES] = true; /* the old hull may have reached further */
    layers_shown(geopackage, LAYER_EPISODES, bounds);
    sqlite3_stmt *index =
        geopackage_statement(geopackage, count > 0 ? STATEMENT_EPISODE_INDEX : STATEMENT_EPISODE_UNINDEX);
    (void)sqlite3_bind_int64(index, 1, fid);
    if (count > 0) {
        const double corners[] = {bounds.min_x, bounds.max_x, bounds.min_y, bounds.max_y};
        for (int i = 0; i < 4; i++)
            (void)sqlite3_bind_double(index, 2 + i, corners[i]);
    }
    return geopackage_run(geopackage, index);
}

/* The standard asks for milliseconds, always. */
static enum status contents_tell(struct geopackage *geopackage, enum layer layer)
{
    char changed[TIME_TEXT_BYTES + 32];
    struct civil now;
    time_to_civil(clock_wall_ms(), &now);
    snprintf(changed, sizeof changed, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", now.year, now.month, now.day, now.hour,
             now.minute, now.second, now.millisecond);
    sqlite3_stmt *put = geopackage_statement(geopackage, STATEMENT_CONTENTS_PUT);
    bind_span(put, 1, span_of(layer_names[layer]));
    const struct bounds *bounds = &geopackage->bounds[layer];
    const double corners[] = {bounds->min_x, bounds->max_x, bounds->min_y, bounds->max_y};
    for (int i = 0; i < 4 && bounds->any; i++)
        (void)sqlite3_bind_double(put, 2 + i, corners[i]);
    bind_span(put, 6, span_of(changed));
    geopackage->touched[layer] = false;
    return geopackage_run(geopackage, put);
}

static int fid_order(const void *a, const void *b)
{
    sqlite3_int64 x = *(const sqlite3_int64 *)a, y = *(const sqlite3_int64 *)b;
    return (x > y) - (x < y);
}

enum status layers_draw(struct geopackage *geopackage)
{
    enum status status = STATUS_OK;
    if (geopackage->dirty_count > 0)
        qsort(geopackage->dirty, geopackage->dirty_count, sizeof *geopackage->dirty, fid_order);
    for (size_t i = 0; i < geopackage->dirty_count && status == STATUS_OK; i++)
        if (i == 0 || geopackage->dirty[i] != geopackage->dirty[i - 1])
            status = episode_draw(geopackage, geopackage->dirty[i]);
    for (enum layer layer = 0; layer < LAYER_COUNT && status == STATUS_OK; layer++)
        if (geopackage->touched[layer])
            status = contents_tell(geopackage, layer);
    return status;
}

enum status layers_load(struct geopackage *geopackage)
{
    for (enum layer layer = 0; layer < LAYER_COUNT; layer++) {
        sqlite3_stmt *row = geopackage_statement(geopackage, STATEMENT_CONTENTS_GET);
        bind_span(row, 1, span_of(layer_names[layer]));
        int result = sqlite3_step(row);
        bool any = result == SQLITE_ROW && sqlite3_column_type(row, 0) != SQLITE_NULL;
        if (any)
            geopackage->bounds[layer] =
                (struct bounds){true, sqlite3_column_double(row, 0), sqlite3_column_double(row, 1),
                                sqlite3_column_double(row, 2), sqlite3_column_double(row, 3)};
        (void)sqlite3_reset(row);
        if (result != SQLITE_ROW)
            return result == SQLITE_DONE ? STATUS_CORRUPT : geopackage_fail(geopackage, result);
    }
    return STATUS_OK;
}

static enum status layer_measure(struct geopackage *geopackage, enum layer layer, struct bounds *ret_bounds)
{
    char sql[64];
    snprintf(sql, sizeof sql, "SELECT geom FROM %s WHERE geom IS NOT NULL", layer_names[layer]);
    sqlite3_stmt *row = NULL;
    int result = sqlite3_prepare_v2(geopackage->db, sql, -1, &row, NULL);
    struct bounds all = {0};
    while (result == SQLITE_OK || result == SQLITE_ROW) {
        result = sqlite3_step(row);
        struct bounds bounds;
        if (result == SQLITE_ROW && geometry_bounds(column_blob(row, 0), &bounds) == STATUS_OK)
            bounds_add(&all, bounds);
    }
    enum status status = result == SQLITE_DONE ? STATUS_OK : geopackage_fail(geopackage, result);
    (void)sqlite3_finalize(row);
    if (status == STATUS_OK)
        *ret_bounds = all;
    return status;
}

enum status layers_measure(struct geopackage *geopackage)
{
    enum status status = STATUS_OK;
    for (enum layer layer = 0; layer < LAYER_COUNT && status == STATUS_OK; layer++) {
        if (!geopackage->shrunk[layer])
            continue;
        status = layer_measure(geopackage, layer, &geopackage->bounds[layer]);
        if (status == STATUS_OK)
            status = contents_tell(geopackage, layer);
        geopackage->shrunk[layer] = false;
    }
    return status;
}
