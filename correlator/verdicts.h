/* What was decided of late reports. Whether a report touches only what is in memory depends on what memory happens to
 * hold, and after a start it may hold more or less than before; how a late one is applied decides what is told on the
 * way. So both are decided once, journaled with the flushes (keeping.h) before anything that was told by them goes out,
 * and done again as they were:
 *
 *     late      its report was taken as late (lateness.h); of those up to `until` all others were not
 *     ends      the last of some that were applied together
 *     refused   it was refused: too late
 *
 * Numbers of the journal, each list ascending. */
#pragma once

#include "correlator/numbers.h"
#include "correlator/reopen/reopen.h"

struct journal_record;

struct verdicts {
    struct numbers late, ends, refused; /* that are not journaled */
    struct {
        struct numbers late, ends, refused;
        uint64_t after, until; /* of what stands after and up to these it is known; both 0: of nothing */
    } known;                   /* of earlier lives */
};

void verdicts_fini(struct verdicts *verdicts);
/* Flushes of an earlier life, in their order. False: no memory. */
bool verdicts_read(struct verdicts *verdicts, const struct journal_record *record);
/* Into a record that is written now; borrowed until verdicts_written. */
void verdicts_write(const struct verdicts *verdicts, struct journal_record *record);
void verdicts_written(struct verdicts *verdicts);
/* Asked in ascending order. */
enum reopen_known verdicts_known(struct verdicts *verdicts, uint64_t number);
/* The first of those known that ends at `number` or later; 0: none. Asked in ascending order. */
uint64_t verdicts_end(struct verdicts *verdicts, uint64_t number, bool *ret_refused);
