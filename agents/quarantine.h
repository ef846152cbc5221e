/* Reports that cannot be sent, kept for a person to look at: one JSON object a line,
 *
 *     {"time":"…","source":"desk","reason":"…","report":{…}}
 *
 * in quarantine.jsonl of the agent's state folder (0600). One that is full is kept as quarantine.1.jsonl, in the place
 * of the one before; `vedette replay` and sources take neither, their lines are not reports. */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "proto/report.h"

#include <stdint.h>

#define QUARANTINE_BYTES_MAX ((uint64_t)16 * 1024 * 1024) /* of each of the two */

struct quarantine;

/* Copies the folder, which is there. Opens nothing yet. bytes_max 0: QUARANTINE_BYTES_MAX. */
enum status quarantine_open(const char *folder, uint64_t bytes_max, struct quarantine **ret_quarantine) MUST_CHECK;
/* One report. Where it cannot be written the status says why; it is not tried again. */
enum status quarantine_add(struct quarantine *quarantine, const struct report *report, const char *source,
                           const char *reason, int64_t now_ms) MUST_CHECK;
/* The file's path. */
const char *quarantine_path(const struct quarantine *quarantine);
void quarantine_close(struct quarantine *quarantine);
