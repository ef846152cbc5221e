#include "base/zone.h"

#include <glib.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_PER_DAY 86400

struct zone {
    GTimeZone *rules;
};

/* GLib takes any text it can read as a POSIX rule ("Warsaw1" is one hour west of Greenwich), and any path, for a zone.
 * So names are looked up first, as GLib does. */
static bool database_has(const char *name)
{
    if (strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") != strlen(name) ||
        name[0] == '/')
        return false;
    const char *const folders[] = {getenv("TZDIR"), "/usr/share/zoneinfo", "/usr/lib/zoneinfo"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char path[PATH_MAX];
        if (folders[i] == NULL || snprintf(path, sizeof path, "%s/%s", folders[i], name) >= (int)sizeof path)
            continue;
        FILE *file = fopen(path, "re");
        if (file == NULL)
            continue;
        char magic[4] = {0};
        bool is_zone = fread(magic, 1, sizeof magic, file) == sizeof magic && memcmp(magic, "TZif", 4) == 0;
        fclose(file);
        return is_zone;
    }
    return false;
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* ±hh:mm */
static bool is_offset(const char *name)
{
    return strlen(name) == 6 && (name[0] == '+' || name[0] == '-') && is_digit(name[1]) && is_digit(name[2]) &&
           name[3] == ':' && is_digit(name[4]) && is_digit(name[5]);
}

static GTimeZone *rules_find(const char *name)
{
    if (name == NULL || strcmp(name, "local") == 0)
        return g_time_zone_new_local();
    if (strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0)
        return g_time_zone_new_utc();
    return is_offset(name) || database_has(name) ? g_time_zone_new_identifier(name) : NULL;
}

enum status zone_open(const char *name, struct zone **ret_zone)
{
    struct zone *zone = malloc(sizeof *zone);
    if (zone == NULL)
        return STATUS_NO_MEMORY;
    zone->rules = rules_find(name);
    if (zone->rules == NULL) {
        free(zone);
        return STATUS_NOT_FOUND;
    }
    *ret_zone = zone;
    return STATUS_OK;
}

void zone_close(struct zone *zone)
{
    if (zone == NULL)
        return;
    g_time_zone_unref(zone->rules);
    free(zone);
}

static int64_t zone_offset_ms(const struct zone *zone, int64_t utc_ms)
{
    int64_t second = utc_ms / 1000 - (utc_ms % 1000 < 0);
    int interval = g_time_zone_find_interval(zone->rules, G_TIME_TYPE_UNIVERSAL, second);
    return interval < 0 ? 0 : (int64_t)g_time_zone_get_offset(zone->rules, interval) * 1000;
}

/*          before ─────────────┐ transition
 *                              └───────────── after
 * No offset is larger than a day, and no zone changes twice in two: the offset in force is that of a day earlier or
 * that of a day later. Trying the earlier first makes the first of two occurrences win; where neither fits, the local
 * time does not exist, and the earlier is the clock that had not yet been put forward. */
enum status zone_to_utc(struct zone *zone, const struct civil *local, int64_t *ret_ms)
{
    int64_t local_ms;
    enum status status = time_from_civil(local, &local_ms);
    if (status != STATUS_OK)
        return status;
    int64_t before_ms = zone_offset_ms(zone, local_ms - SECONDS_PER_DAY * 1000);
    int64_t after_ms = zone_offset_ms(zone, local_ms + SECONDS_PER_DAY * 1000);
    bool before_fits = zone_offset_ms(zone, local_ms - before_ms) == before_ms;
    bool after_fits = zone_offset_ms(zone, local_ms - after_ms) == after_ms;
    *ret_ms = local_ms - (!before_fits && after_fits ? after_ms : before_ms);
    return STATUS_OK;
}

/* Local mean time of old dates has seconds; text has only minutes, so the clock shown is cut to them too and the text
 * still names the instant. */
static int64_t shown_offset_ms(const struct zone *zone, int64_t ms)
{
    return zone_offset_ms(zone, ms) / 60000 * 60000;
}

void zone_format(struct zone *zone, int64_t ms, char ret_text[TIME_TEXT_BYTES])
{
    int64_t offset_ms = shown_offset_ms(zone, ms);
    int64_t local_ms;
    char text[TIME_TEXT_BYTES];
    if (offset_ms == 0 || __builtin_add_overflow(ms, offset_ms, &local_ms)) {
        time_format(ms, ret_text);
        return;
    }
    time_format(local_ms, text);
    size_t size = strlen(text) - 1; /* without the Z */
    if (size + sizeof "+02:00" > TIME_TEXT_BYTES) {
        time_format(ms, ret_text); /* years of more than four digits */
        return;
    }
    int minutes = (int)(llabs(offset_ms) / 60000);
    char offset[32];
    (void)snprintf(offset, sizeof offset, "%c%02d:%02d", offset_ms < 0 ? '-' : '+', minutes / 60, minutes % 60);
    memcpy(ret_text, text, size);
    memcpy(ret_text + size, offset, sizeof "+02:00");
}

void zone_format_short(struct zone *zone, int64_t ms, enum zone_detail detail, char ret_text[TIME_TEXT_BYTES])
{
    int64_t local_ms;
    if (__builtin_add_overflow(ms, zone_offset_ms(zone, ms), &local_ms))
        local_ms = ms;
    time_format(local_ms, ret_text);
    char *separator = strchr(ret_text, 'T');
    *separator = detail == ZONE_MINUTE ? ' ' : '\0';
    if (detail == ZONE_MINUTE)
        separator[sizeof " 00:30" - 1] = '\0';
}
