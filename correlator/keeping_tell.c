/* When the engine was asked, and the gate for what was told then. */
#include "base/clock.h"
#include "correlator/correlator_inside.h"
#include "correlator/keeping_inside.h"

#include <stdlib.h>

uint64_t keeping_position(const struct correlator *correlator, uint64_t number)
{
    uint64_t rules_number = correlator->keeping.rules_number;
    return number > rules_number ? number : rules_number;
}

bool keeping_flushes(struct correlator *correlator, uint64_t number, bool is_due)
{
    struct keeping *keeping = &correlator->keeping;
    struct numbers *plan = &keeping->plan;
    if (!keeping->is_planned || number > keeping->plan_until)
        return is_due;
    return numbers_meet(plan, number);
}

bool keeping_is_planned(const struct correlator *correlator)
{
    return correlator->keeping.is_planned;
}

void keeping_plan_over(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    if (!keeping->is_planned || keeping->next <= keeping->plan_until)
        return;
    keeping->is_planned = false;
    numbers_fini(&keeping->plan);
    judgement_settle(correlator); /* what an earlier life had put off and not asked any more */
}

void keeping_flushed(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    struct numbers *told = &keeping->told;
    if (keeping->journal == NULL || keeping->is_planned || correlator->number == 0)
        return; /* what was put off until the plan was over is asked now for the first time, whatever its number */
    /* a late report is applied with the number it has */
    if (correlator->number < keeping->told_until ||
        (told->count > 0 && told->items[told->count - 1] >= correlator->number))
        return;
    if (!numbers_add(told, correlator->number))
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
}

/* One record under way at a time: what is told meanwhile goes into the next. */
void keeping_tell(struct correlator *correlator)
{
    struct keeping *keeping = &correlator->keeping;
    struct outlet *outlet = &correlator->outlet;
    if (keeping->journal == NULL || keeping->is_telling || correlator->failed)
        return;
    if (keeping->is_planned) {
        outlet_release(outlet, outlet->published); /* told in an earlier life too */
        return;
    }
    if (keeping->told.count == 0 && outlet->released == outlet->published)
        return;
    keeping->is_telling = true;
    keeping->told_until = correlator->number;
    keeping->release_at = outlet->published;
    struct journal_record record = {.kind = JOURNAL_FLUSHES,
                                    .at_ms = clock_wall_ms(),
                                    .until = correlator->number,
                                    .flushes = keeping->told.items,
                                    .flush_count = keeping->told.count};
    verdicts_write(&keeping->verdicts, &record);
    keeping->telling_number = keeping_put(correlator, &record);
    keeping->told.count = 0;
    verdicts_written(&keeping->verdicts);
}

void keeping_told(struct correlator *correlator, uint64_t synced)
{
    struct keeping *keeping = &correlator->keeping;
    if (!keeping->is_telling || keeping->telling_number > synced)
        return;
    keeping->is_telling = false;
    outlet_release(&correlator->outlet, keeping->release_at);
    keeping_tell(correlator);
}
