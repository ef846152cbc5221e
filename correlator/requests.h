/* Requests: what an operator asks of a correlator, as files in state/correlator/requests. They are found within a
 * second, or at the next start; journaled; and gone once that is on disk.
 *
 *     source.NAME   retire that source        sink.NAME   retire that sink
 */
#pragma once

#include "base/status.h"

enum request_kind { REQUEST_SOURCE, REQUEST_SINK };

/* Leaves it there. The file's path in ret_path. */
enum status request_leave(const char *state, enum request_kind kind, const char *name, char ret_path[4096],
                          char ret_reason[256]) MUST_CHECK;
/* Visits those that are there. */
typedef void (*request_visitor)(void *self, enum request_kind kind, const char *name);
void requests_visit(const char *folder, request_visitor visitor, void *self);
/* It is carried out: removes it, if it is there. */
void request_done(const char *folder, enum request_kind kind, const char *name);
