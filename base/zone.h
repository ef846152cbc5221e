/* Time zones by their IANA name, from the system's tz database (GLib's GTimeZone reads it). */
#pragma once

#include "base/status.h"
#include "base/time_text.h"

#include <stdint.h>

struct zone;

/* "Europe/Warsaw", "UTC", "+02:00"; NULL or "local" is the machine's own. STATUS_NOT_FOUND where there is none of that
 * name. */
enum status zone_open(const char *name, struct zone **ret_zone) MUST_CHECK;
void zone_close(struct zone *zone);
/* The instant of a local time. In the hour that occurs twice, the first; in the hour that does not exist, as if the
 * clock had not yet been put forward. STATUS_INVALID for what is no date. */
enum status zone_to_utc(struct zone *zone, const struct civil *local, int64_t *ret_ms) MUST_CHECK;
/* "2025-09-10T00:30:00+02:00" ("Z" in UTC). */
void zone_format(struct zone *zone, int64_t ms, char ret_text[TIME_TEXT_BYTES]);
/* "2025-09-10 00:30" for tables, or only the date. */
enum zone_detail { ZONE_MINUTE, ZONE_DAY };
void zone_format_short(struct zone *zone, int64_t ms, enum zone_detail detail, char ret_text[TIME_TEXT_BYTES]);
