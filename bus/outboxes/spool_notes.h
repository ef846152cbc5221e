/* Inside the spool: the latest value of each key. Starts as zero. */
#pragma once

#include "base/span.h"
#include "proto/json.h"

#include <stdbool.h>
#include <stddef.h>

struct spool_note;

struct spool_notes {
    struct spool_note *table;
    size_t bytes; /* all of them, written down */
};

void spool_notes_fini(struct spool_notes *notes);
/* {NULL, 0}: none. */
struct span spool_notes_get(const struct spool_notes *notes, struct span key);
/* Copies both; an empty value forgets the key. False: out of memory, nothing has changed. */
bool spool_notes_set(struct spool_notes *notes, struct span key, struct span value);
void spool_notes_visit(const struct spool_notes *notes, void (*visit)(void *visitor, struct span key), void *visitor);
/* Appends one, or all of them, as records hold them. */
void spool_note_write(struct text *bytes, struct span key, struct span value);
void spool_notes_write(const struct spool_notes *notes, struct text *bytes);
/* Applies those of a record. False: out of memory. */
bool spool_notes_apply(struct spool_notes *notes, struct span written);
