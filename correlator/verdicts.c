#include "correlator/verdicts.h"

#include "correlator/journal/record.h"

void verdicts_fini(struct verdicts *verdicts)
{
    numbers_fini(&verdicts->late);
    numbers_fini(&verdicts->ends);
    numbers_fini(&verdicts->refused);
    numbers_fini(&verdicts->known.late);
    numbers_fini(&verdicts->known.ends);
    numbers_fini(&verdicts->known.refused);
}

static bool append(struct numbers *numbers, const uint64_t *more, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!numbers_add(numbers, more[i]))
            return false;
    return true;
}

bool verdicts_read(struct verdicts *verdicts, const struct journal_record *record)
{
    if (record->until > verdicts->known.until)
        verdicts->known.until = record->until;
    if (!record->has_verdicts)
        verdicts->known.after = verdicts->known.until;
    return append(&verdicts->known.late, record->late, record->late_count) &&
           append(&verdicts->known.ends, record->ends, record->end_count) &&
           append(&verdicts->known.refused, record->refused, record->refused_count);
}

void verdicts_write(const struct verdicts *verdicts, struct journal_record *record)
{
    record->has_verdicts = true;
    record->late = verdicts->late.items;
    record->late_count = verdicts->late.count;
    record->ends = verdicts->ends.items;
    record->end_count = verdicts->ends.count;
    record->refused = verdicts->refused.items;
    record->refused_count = verdicts->refused.count;
}

void verdicts_written(struct verdicts *verdicts)
{
    verdicts->late.count = verdicts->ends.count = verdicts->refused.count = 0;
}

enum reopen_known verdicts_known(struct verdicts *verdicts, uint64_t number)
{
    if (number <= verdicts->known.after || number > verdicts->known.until)
        return REOPEN_UNDECIDED;
    return numbers_meet(&verdicts->known.late, number) ? REOPEN_WAS_TAKEN : REOPEN_WAS_NOT;
}

/* The least one from there on; 0: none. */
static uint64_t least(struct numbers *numbers, uint64_t number)
{
    (void)numbers_meet(numbers, number);
    return numbers->at < numbers->count ? numbers->items[numbers->at] : 0;
}

uint64_t verdicts_end(struct verdicts *verdicts, uint64_t number, bool *ret_refused)
{
    uint64_t end = least(&verdicts->known.ends, number), refused = least(&verdicts->known.refused, number);
    *ret_refused = refused != 0 && (end == 0 || refused < end);
    return *ret_refused ? refused : end;
}
