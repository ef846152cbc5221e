/* Reports and episodes as JSON, to the letter of the contract. Jansson parses; the order of fields written is fixed. */
#pragma once

#include "base/arena.h"
#include "base/span.h"
#include "base/status.h"
#include "proto/episode.h"
#include "proto/report.h"

#include <stdbool.h>
#include <stddef.h>

/* A growing text. Starts as zero; text_fini frees. NUL-terminated after each write. failed: memory ran out, text is
 * cut. */
struct text {
    char *data;
    size_t size;
    size_t room;
    bool failed;
};
void text_fini(struct text *text);
void text_clear(struct text *text); /* keeps the room */
void text_append(struct text *text, struct span bytes);
/* Makes the text longer by size bytes, which the caller then writes; NULL where memory ran out. */
char *text_extend(struct text *text, size_t size);
/* Takes the last bytes away again. */
void text_cut(struct text *text, size_t size);
void text_print(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "…" with JSON's escapes; only what must be escaped is. The value is UTF-8 (report_validate sees to it). */
void text_json_string(struct text *text, struct span value);
/* Shortest decimal that reads back as the same double, whatever the locale; NaN and infinities are null. */
void text_json_number(struct text *text, double value);

#define REASON_BYTES 256 /* room for a sentence that says what is wrong */

/* One line of JSON Lines into a report, which borrows from the arena. Applies the defaults of the contract. Unknown
 * fields of scalar value become attributes (key as is; those beyond the limits are ignored), others are ignored.
 * Duplicate keys are refused. STATUS_INVALID: ret_reason says what was found and what was expected. STATUS_NO_MEMORY:
 * the arena's limit. */
enum status report_from_json(struct span line, struct arena *arena, struct report *ret_report,
                             char ret_reason[REASON_BYTES]) MUST_CHECK;
/* Appends one object, no line end. Reading it back gives the same report. */
void report_to_json(const struct report *report, struct text *text);

/* Puts countries, attributes in order and drops repeats; then checks everything report.h promises, whatever the report
 * came from (protobuf, JSON, CSV). The arrays must be writable: they are in the arena. STATUS_INVALID with the reason.
 */
enum status report_validate(struct report *report, char ret_reason[REASON_BYTES]) MUST_CHECK;

/* Appends the episode as the contract draws it, no line end. incidents[i] belongs to episode->members[i]; NULL:
 * unknown, only its id is written. Reports of no-redistribute sources show source and source_id only, and lend the
 * incident no headline or place name. */
void episode_to_json(const struct episode *episode, const struct incident *const *incidents, struct text *text);
/* Appends an incident with its reports, and the ids of the episodes it is in. */
void incident_to_json(const struct incident *incident, const struct span *episode_ids, size_t episode_count,
                      struct text *text);
/* Appends {"source":…,"kind":"silent","since":…,"text":…}. */
void notice_to_json(const struct notice *notice, struct text *text);
