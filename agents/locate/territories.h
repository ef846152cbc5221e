/* The country of a place, 12 nautical miles of territorial sea included.
 *
 *   lat, lon ─▶ grid: which outlines hold it ─▶ claims: what the view says of them ─▶ where, claimed_by
 *
 * From a data file of OpenStreetMap's maritime borders simplified to 1 km (deploy/territories/), so a place within 1 km
 * of a border may be told on its other side. On a border exactly, the east and the north side win. Antarctica is all
 * south of 60° S, as in the Antarctic Treaty. Points are taken to the microdegree (11 cm). */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "proto/report.h"

#define TERRITORIES_VIEW_DEFAULT  "un" /* resolutions of the UN General Assembly */
#define TERRITORIES_COUNTRIES_MAX 5u   /* what one place can answer */
#define TERRITORIES_REASON_BYTES  256u
#define TERRITORIES_ENVIRONMENT   "VEDETTE_TERRITORIES"

struct territories;

/* Copies what it needs; the file is closed again and view may go. CORRUPT: damaged or truncated; UNSUPPORTED: not a
 * territories file, or a newer format; NOT_FOUND: no file, or no such view; PERMISSION, IO, TOO_LARGE, NO_MEMORY.
 * On failure `reason`, where not NULL, holds TERRITORIES_REASON_BYTES and gets a sentence without the path, such as
 * "the checksum does not match its content". Some 30 ms and 8 MB with the file that is shipped. */
enum status territories_open(const char *path, const char *view, struct territories **ret_territories,
                             char *reason) MUST_CHECK;
/* The same from bytes in memory, borrowed until it returns. */
enum status territories_open_bytes(struct span bytes, const char *view, struct territories **ret_territories,
                                   char *reason) MUST_CHECK;
/* NULL is fine. */
void territories_close(struct territories *territories);

/* Answers how many countries the place has: none on the high seas, nor for what is no place (NaN, latitude beyond ±90,
 * longitude beyond ±180); else one `where`, and those who claim it. Writes at most `room` of them, ordered by (code,
 * role); TERRITORIES_COUNTRIES_MAX is always enough. Pure: any number of threads at once; allocates nothing. */
size_t territories_find(const struct territories *territories, double lat, double lon, struct country *ret_countries,
                        size_t room);

/* Where the data file is looked for: the environment variable VEDETTE_TERRITORIES, else
 * ../share/vedette/territories.vdt from the program's folder where that exists, else
 * /usr/share/vedette/territories.vdt. Writes a terminated path. TOO_LARGE: it does not fit in room. */
enum status territories_default_path(char *ret_path, size_t room) MUST_CHECK;
