/* The closure of a change: all reports that may have a say in what it changes, to the end of the chain (method §8).
 *
 *   seeds ──▶ neighbours (cells.h) ──▶ the report that stands under that id? ──▶ member ──▶ its neighbours …
 *         └─▶ of a response, consequence or context: all triggers it could find itself beside
 *   company that could join what the triggers make ──▶ members
 *
 * Closed, of what stands, under the neighbour relation of every rule where one of two may be a core or is in memory,
 * and under that of `same`. So whoever puts all of it into an engine counts every neighbour of each core, and finds
 * every core near the others. It looks at the archive only, which has what is in memory too. */
#pragma once

#include "correlator/reconcile/same.h"
#include "correlator/reopen/versions.h"

struct closure_options {
    struct archive *archive;
    const struct rule *rules;
    size_t rule_count;
    const struct same_options *same;
    uint64_t until;                  /* numbers beyond are passed over … */
    struct versions_pending pending; /* … and these */
    size_t incidents_max;
    int64_t live_since_ms;    /* all that is in memory, or may be, ends then or later */
    void (*step)(void *self); /* as reopen_events.step */
    void *step_self;
};

struct closure {
    struct memory *memory;    /* borrowed */
    VECTOR(uint64_t) numbers; /* of the reports, ascending. One may turn out to take no part */
};

/* What changes: places and times of reports that come, go, or are others now. */
struct closure_seeds {
    const struct archive_stub *items;
    size_t count;
    int64_t since_ms; /* all that ends then or later are members, too; INT64_MAX: not so */
};

/* STATUS_FULL: more than incidents_max. Cost: the stubs of the times it comes to, and a search by id for each member.
 */
enum status closure_find(const struct closure_options *options, struct memory *memory,
                         const struct closure_seeds *seeds, struct closure *ret_closure) MUST_CHECK;
void closure_fini(struct closure *closure);
