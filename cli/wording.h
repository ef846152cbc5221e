/* Plain words for places, countries and times, shared by tables, story and explanation. Room: 64 bytes and more; texts
 * are cut to fit. */
#pragma once

#include "base/zone.h"
#include "proto/episode.h"

#define WORDS_BYTES 128

/* "EE, PL, RO"; "-" for none. Cut with "…" where it does not fit. */
void words_countries(const country_code *codes, size_t count, const char *between, char *ret_text, size_t room);
/* The countries an incident counts for: "PL", "DK SE"; "" for none. */
void words_incident_countries(const struct incident *incident, char *ret_text, size_t room);
/* "Poland"; "Denmark and Sweden"; at sea, with nobody affected, the place's name, else "56.10 N 18.20 E". */
void words_where(const struct incident *incident, char ret_text[WORDS_BYTES]);
/* The name of the place, else its degrees; withheld where the source forbids it. */
void words_place(const struct report *report, char ret_text[WORDS_BYTES]);
/* "935 km", "4.2 km", "under 0.1 km" */
void words_distance(double km, char ret_text[WORDS_BYTES]);
/* "1 incident", "3 incidents" */
void words_count(uint64_t count, const char *one, const char *many, char ret_text[WORDS_BYTES]);
/* May headline, publisher, url and place name be shown? */
bool report_may_be_shown(const struct report *report);
/* "2025-09-10", "2025-09-10 04:30", or with its end: as exactly as the precision has it. */
void words_interval(struct zone *zone, const struct occurred *occurred, char ret_text[WORDS_BYTES]);
