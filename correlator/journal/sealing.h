/* Inside the catalogue: a leaf becomes the index of its segment, a file, in a thread of the pool. */
#pragma once

#include "correlator/journal/leaf.h"

#include <uv.h>

/* From the loop. The index is at path, or status says why it is not. */
typedef void (*sealing_done)(void *self, struct leaf *leaf, const char *path, enum status status);

/* Copies folder (the journal's) and path; nobody changes the leaf until it is done. STATUS_NO_MEMORY: not begun. */
enum status sealing_begin(uv_loop_t *loop, const char *folder, struct leaf *leaf, const char *path, sealing_done done,
                          void *self) MUST_CHECK;
