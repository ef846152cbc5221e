/* Which of many stubs stand under their ids. The archive knows versions, and reads records whole: so it is asked for
 * all that are in doubt at once, in order.
 *
 *   stub ─ one version ─▶ stands          several ─▶ claims of all of them, read in one go ─▶ the best of each id */
#pragma once

#include "base/arena.h"
#include "correlator/reopen/versions.h"

struct claim {
    uint64_t id[2]; /* hashes of it */
    uint64_t number;
    int64_t reported_at_ms;
    uint32_t revision;
    bool takes_part;
    unsigned char digest[32];
};

struct claims {
    struct memory *memory; /* borrowed */
    struct archive *archive;
    uint64_t until;
    struct versions_pending pending;
    struct arena arena;
    VECTOR(uint64_t) numbers;
    VECTOR(struct claim) items;
    VECTOR(uint64_t) standing; /* ascending: of those in doubt, who stand and take part */
    uint32_t count;            /* versions of the id asked last */
    void (*step)(void *self);  /* as reopen_events.step; NULL from claims_init */
    void *step_self;
};

void claims_init(struct claims *claims, struct memory *memory, struct archive *archive, uint64_t until,
                 struct versions_pending pending);
void claims_fini(struct claims *claims);
/* Begins anew. */
void claims_clear(struct claims *claims);
/* ret_in_doubt: its id has several versions, they are noted; else it stands. */
enum status claims_ask(struct claims *claims, const struct archive_stub *stub, bool *ret_in_doubt) MUST_CHECK;
/* Reads what was noted. O(records they are in). */
enum status claims_settle(struct claims *claims) MUST_CHECK;
/* Of one in doubt, after that. */
bool claims_stands(const struct claims *claims, uint64_t number);
