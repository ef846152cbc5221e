/* What is late: how far back what is in memory goes, and what is done about that which goes further back. With an
 * archive it is reopened (reopen/reopen.h), many at a time, when the engine is asked next; without one it is too late.
 */
#include "base/clock.h"
#include "base/log.h"
#include "correlator/correlator_inside.h"
#include "proto/codec.h"
#include "proto/limits.h"

#include <inttypes.h>

/* ---- reopening ---- */

#define BUSY_STEPS 1024u /* between two looks at the clock */
#define BUSY_NS    1000000000u

void lateness_step(struct correlator *correlator)
{
    if (correlator->events.busy == NULL || ++correlator->busy_steps % BUSY_STEPS != 0)
        return;
    uint64_t now_ns = clock_monotonic_ns();
    if (now_ns - correlator->busy_ns < BUSY_NS)
        return;
    correlator->busy_ns = now_ns;
    correlator->events.busy(correlator->events.self);
}

static void on_step(void *self)
{
    lateness_step(self);
}

static void on_at(void *self, uint64_t number)
{
    intake_at(self, number);
}

static void on_flush(void *self)
{
    judgement_flush_memory(self);
}

static void on_apply(void *self, int64_t heard_ms, struct span packed)
{
    struct correlator *correlator = self;
    struct report report;
    char reason[REASON_BYTES];
    if (correlator->failed)
        return;
    arena_reset(&correlator->arena);
    if (report_unpack(packed, &correlator->arena, &report, reason) != STATUS_OK) {
        flow_fail(correlator, status_text(STATUS_NO_MEMORY)); /* it was read when it was taken */
        return;
    }
    correlator->stats.received++;
    correlator->stats.reopened += intake_apply(correlator, &report, heard_ms);
}

static void on_refused(void *self, uint64_t number, struct span id)
{
    struct correlator *correlator = self;
    correlator->stats.received++;
    correlator->stats.too_late++;
    log_warn("report.too_late",
             "%.*s (record %" PRIu64 ") is not applied: it is late, and what it touches is more than %" PRIi64
             " incidents (correlator.incidents_max)",
             SPAN_ARG(id), number, correlator->options.config->incidents_max);
}

/* What other rules decided says nothing. */
static bool knows(const struct correlator *correlator, uint64_t number)
{
    return number > correlator->keeping.rules_number;
}

static void on_done(void *self, uint64_t last, bool refused)
{
    struct correlator *correlator = self;
    struct verdicts *verdicts = &correlator->keeping.verdicts;
    if (keeping_is_on(correlator) && !keeping_is_planned(correlator) &&
        !numbers_add(refused ? &verdicts->refused : &verdicts->ends, last))
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
}

static uint64_t on_known(void *self, uint64_t number, bool *ret_refused)
{
    struct correlator *correlator = self;
    return knows(correlator, number) ? verdicts_end(&correlator->keeping.verdicts, number, ret_refused) : 0;
}

enum status lateness_open(struct correlator *correlator)
{
    const struct correlator_config *config = correlator->options.config;
    if (correlator->options.archive == NULL)
        return STATUS_OK;
    const struct reopen_options options = {
        .archive = correlator->options.archive,
        .engine = correlator->engine,
        .registry = correlator->registry,
        .publisher = correlator->publisher,
        .rules = config->rules,
        .rule_count = config->rule_count,
        .same = &config->same,
        .incidents_max = (size_t)config->incidents_max,
    };
    const struct reopen_events events = {.at = on_at,
                                         .flush = on_flush,
                                         .carry_out = judgement_carry_out,
                                         .apply = on_apply,
                                         .refused = on_refused,
                                         .done = on_done,
                                         .known = on_known,
                                         .step = on_step,
                                         .self = correlator};
    return reopen_new(&options, &events, &correlator->reopen);
}

size_t lateness_waiting(const struct correlator *correlator)
{
    return correlator->reopen != NULL ? reopen_waiting(correlator->reopen) : 0;
}

void lateness_run(struct correlator *correlator)
{
    struct reopen_stats before = *reopen_stats(correlator->reopen);
    enum status status = reopen_run(correlator->reopen, correlator->number);
    const struct reopen_stats *after = reopen_stats(correlator->reopen);
    if (status != STATUS_OK)
        flow_fail(correlator, status == STATUS_NOT_FOUND ? "what a late report touches is no longer in the journal"
                                                         : status_text(status));
    else if (after->reopened > before.reopened)
        log_info("report.reopened",
                 "late reports applied: %" PRIu64 "; incidents read back for them: %" PRIu64
                 ", in memory and judged anew: %" PRIu64,
                 after->reopened - before.reopened, after->recalled - before.recalled, after->renewed - before.renewed);
}

/* ---- judging ---- */

static bool is_reopened(struct correlator *correlator, const struct intake *intake, const struct report *report,
                        struct span item)
{
    struct verdicts *verdicts = &correlator->keeping.verdicts;
    enum reopen_verdict verdict = REOPEN_NOT;
    const struct reopen_asked asked = {
        .number = intake->number,
        .heard_ms = intake->heard_ms,
        .packed = item,
        .known = knows(correlator, intake->number) ? verdicts_known(verdicts, intake->number) : REOPEN_UNDECIDED};
    enum status status = reopen_judge(correlator->reopen, &asked, report, &verdict);
    if (status == STATUS_OK && verdict == REOPEN_TAKEN && keeping_is_on(correlator) &&
        !keeping_is_planned(correlator) && !numbers_add(&verdicts->late, intake->number))
        status = STATUS_NO_MEMORY;
    if (status != STATUS_OK) {
        flow_fail(correlator, status_text(status));
        return true;
    }
    correlator->stats.duplicate += verdict == REOPEN_DUPLICATE;
    correlator->stats.stale += verdict == REOPEN_STALE;
    correlator->stats.received -= verdict == REOPEN_TAKEN; /* counted with what becomes of it */
    return verdict != REOPEN_NOT;
}

/* What began before all that is in memory cannot be applied: what it would change is not there to be computed anew. A
 * correction of what is still there can. */
static bool is_too_late(struct correlator *correlator, const struct report *report)
{
    char id_bytes[LIMIT_INCIDENT_ID_BYTES + 1];
    struct span id = {id_bytes, report_incident_id(report, id_bytes, sizeof id_bytes)};
    int64_t horizon_ms = engine_horizon(correlator->engine), old_start_ms;
    if (registry_horizon(correlator->registry) > horizon_ms)
        horizon_ms = registry_horizon(correlator->registry);
    if (horizon_ms == INT64_MIN || report->occurred.start_ms == TIME_NONE || report->occurred.start_ms >= horizon_ms ||
        registry_start(correlator->registry, id, &old_start_ms))
        return false;
    if (correlator->untold_too_late++ == 0)
        log_warn(
            "report.too_late",
            "%.*s began before all that is still in memory: it is not applied, a replay of the archive will show it",
            SPAN_ARG(id));
    correlator->stats.too_late++;
    return true;
}

bool lateness_takes(struct correlator *correlator, const struct intake *intake, const struct report *report,
                    struct span item)
{
    return correlator->reopen != NULL ? is_reopened(correlator, intake, report, item) : is_too_late(correlator, report);
}

bool lateness_is(struct correlator *correlator, const struct report *report, struct span id)
{
    int64_t old_start_ms = INT64_MAX;
    (void)registry_start(correlator->registry, id, &old_start_ms);
    bool late = report->occurred.start_ms != TIME_NONE && report->occurred.start_ms < correlator->watermark_ms;
    return late || old_start_ms < correlator->watermark_ms;
}

/* Of many in one second the first is named. */
void lateness_tell(struct correlator *correlator)
{
    if (correlator->untold_too_late > 1)
        log_warn("report.too_late", "and %zu more within a second", correlator->untold_too_late - 1);
    if (correlator->untold_late > 1)
        log_info("report.late", "and %zu more within a second", correlator->untold_late - 1);
    correlator->untold_too_late = correlator->untold_late = 0;
}
