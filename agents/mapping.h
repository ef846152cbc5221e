/* A mapping: how the columns of a CSV file become reports. One YAML file; agents/sources/csv/README.md describes it.
 *
 *   header ──bind──▶ which cell is which column
 *   row ──skip?──▶ cases ──▶ a text for each field ──▶ times, countries, numbers ──▶ report_validate ──▶ report */
#pragma once

#include "base/arena.h"
#include "base/span.h"
#include "base/status.h"
#include "proto/json.h"
#include "proto/report.h"

#include <stdio.h>

struct mapping;
struct mapping_binding;

/* Complaints as "FILE:LINE:COLUMN: …" to the stream. STATUS_INVALID where there was any. */
enum status mapping_open(const char *path, FILE *complaints, struct mapping **ret_mapping) MUST_CHECK;
/* The same from memory; name stands for the file in complaints. */
enum status mapping_parse(struct span text, const char *name, FILE *complaints,
                          struct mapping **ret_mapping) MUST_CHECK;
void mapping_close(struct mapping *mapping);
/* What parts the cells of a row. */
char mapping_delimiter(const struct mapping *mapping);

/* Finds the mapping's columns in a header row. STATUS_INVALID with the reason where one is missing, or there twice.
 * Borrows the mapping. */
enum status mapping_bind(const struct mapping *mapping, const struct span *header, size_t count,
                         struct mapping_binding **ret_binding, char ret_reason[REASON_BYTES]) MUST_CHECK;
void mapping_unbind(struct mapping_binding *binding);

enum mapping_answer {
    MAPPING_REPORT,  /* a validated report, in the arena */
    MAPPING_SKIPPED, /* a skip rule leaves the row out */
    MAPPING_REFUSED, /* the reason says why */
};

/* One row. source: the name reports carry where the mapping gives none. Opens time zones as it meets them; one thread
 * at a time. */
enum mapping_answer mapping_row(struct mapping *mapping, const struct mapping_binding *binding,
                                const struct span *cells, size_t count, const char *source, struct arena *arena,
                                struct report *ret_report, char ret_reason[REASON_BYTES]);
