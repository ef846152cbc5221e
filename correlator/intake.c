#include "base/clock.h"
#include "base/log.h"
#include "bus/receiver.h"
#include "correlator/correlator_inside.h"
#include "proto/codec.h"
#include "proto/limits.h"

/* A flush after each report tells each step of a story; it is put off to the end of the batch where it would compute
 * more incidents than this anew, or where this batch has told of so many members already (and longer, judgement.c). */
#define FLUSH_EACH_MAX   256u
#define MEMBERS_EACH_MAX 4096u

static void reject(struct correlator *correlator, const char *agent, const char *reason)
{
    correlator->stats.rejected++;
    if (correlator->events.rejected != NULL)
        correlator->events.rejected(correlator->events.self, agent, reason);
    else if (correlator->untold_rejected++ == 0)
        log_warn("report.rejected", "a report of agent %s is refused: %s", agent, reason);
}

void intake_tell_rejected(struct correlator *correlator)
{
    if (correlator->untold_rejected > 1)
        log_warn("report.rejected", "and %zu more within a second", correlator->untold_rejected - 1);
    correlator->untold_rejected = 0;
}

static enum status tell(struct correlator *correlator, struct report *report, const struct incident_change *change)
{
    if (change->verdict == VERDICT_BODY) {
        report->status = change->status;
        report->revision = change->revision;
        return publisher_incident(correlator->publisher, report);
    }
    bool bare = !report->has_place || report->occurred.start_ms == TIME_NONE;
    return bare ? publisher_retraction(correlator->publisher, report)
                : publisher_incident(correlator->publisher, report);
}

void intake_at(struct correlator *correlator, uint64_t number)
{
    correlator->number = number;
    publisher_at(correlator->publisher, keeping_position(correlator, number));
}

bool intake_apply(struct correlator *correlator, struct report *report, int64_t heard_ms)
{
    struct incident_change change;
    char id_bytes[LIMIT_INCIDENT_ID_BYTES + 1];
    struct span id = {id_bytes, report_incident_id(report, id_bytes, sizeof id_bytes)};
    bool late = lateness_is(correlator, report, id);
    enum status status = registry_apply(correlator->registry, report, heard_ms, &change);
    if (status == STATUS_OK && change.verdict == VERDICT_DUPLICATE) {
        correlator->stats.duplicate++;
        return false;
    }
    if (status == STATUS_OK && change.verdict == VERDICT_STALE) {
        correlator->stats.stale++;
        return false;
    }
    bool at_once = correlator->options.config->same.mode == SAME_OFF; /* else at the flush, see resolve */
    if (status == STATUS_OK && at_once)
        status = tell(correlator, report, &change); /* the incident before the episodes that name it */
    if (status == STATUS_OK && at_once && change.verdict == VERDICT_APPLIED)
        status = judgement_carry_out(correlator, &change);
    if (status != STATUS_OK) {
        flow_fail(correlator, status_text(status));
        return false;
    }
    correlator->stats.applied++;
    correlator->stats.in_history += coverage_report(correlator->coverage, report);
    correlator->unflushed++;
    if (late) {
        correlator->stats.late++;
        if (correlator->untold_late++ == 0)
            log_info("report.late", "%.*s is late: it, or what it corrects, began before the watermark", SPAN_ARG(id));
    }
    return true;
}

static void intake_item(struct correlator *correlator, const struct intake *intake, struct span item)
{
    struct report report;
    char reason[REASON_BYTES];
    arena_reset(&correlator->arena);
    correlator->stats.received++;
    intake_at(correlator, intake->number);
    bool is_right = report_unpack(item, &correlator->arena, &report, reason) == STATUS_OK;
    if (!is_right && correlator->arena.starved) { /* nothing is the matter with it: it is taken up at the next start */
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
        return;
    }
    if (is_right)
        registry_expect(correlator->registry, &report);
    keeping_note(correlator, is_right ? &report : NULL);
    if (!is_right) {
        reject(correlator, intake->agent, reason);
        return;
    }
    if (!lateness_takes(correlator, intake, &report, item))
        (void)intake_apply(correlator, &report, intake->heard_ms);
}

void intake_items(struct correlator *correlator, const struct intake *first, const struct span *items, size_t count)
{
    struct intake intake = *first;
    correlator->members_told = 0;
    for (size_t i = 0; i < count && !correlator->failed; i++) {
        intake.number = first->number + i;
        intake_item(correlator, &intake, items[i]);
        bool is_due = judgement_pending(correlator) <= FLUSH_EACH_MAX && correlator->members_told <= MEMBERS_EACH_MAX;
        if (keeping_flushes(correlator, intake.number, is_due))
            judgement_flush(correlator);
    }
    if (!correlator->failed)
        judgement_settle(correlator);
    if (!correlator->failed)
        flow_update(correlator);
}

void intake_batch(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    struct correlator *correlator = self;
    items = permits_items(&correlator->permits, peer, items, count);
    if (keeping_is_on(correlator)) {
        keeping_batch(correlator, peer, first, items, count);
        return;
    }
    const struct intake intake = {.agent = peer->name,
                                  .number = correlator->number + 1,
                                  .heard_ms =
                                      correlator->options.time == CORRELATOR_LIVE ? clock_wall_ms() : INT64_MAX};
    intake_items(correlator, &intake, items, count);
    if (!correlator->failed && /* what is not acknowledged is sent again to who comes after */
        acks_due(&correlator->acks, correlator->receiver, peer, first + count - 1, correlator->puts_off) != STATUS_OK)
        flow_fail(correlator, status_text(STATUS_NO_MEMORY));
}

static void many_say(const char *agent)
{
    log_warn("source.many", "agent %s speaks of more sources than can be kept", agent);
}

void intake_promises(struct correlator *correlator, const char *agent, const struct source_mark *marks, size_t count,
                     int64_t now_ms)
{
    if (watermark_mark(correlator->promised, agent, now_ms, marks, count) != STATUS_OK)
        many_say(agent);
    if (correlator->options.time == CORRELATOR_LIVE)
        judgement_watermark(correlator, now_ms);
}

void intake_marks(void *self, const struct peer *peer, const struct source_mark *marks, size_t count)
{
    struct correlator *correlator = self;
    int64_t now_ms = clock_wall_ms();
    marks = permits_marks(&correlator->permits, peer, marks, &count);
    if (count == 0)
        return;
    if (watermark_mark(correlator->watermark, peer->name, now_ms, marks, count) != STATUS_OK)
        many_say(peer->name);
    if (keeping_is_on(correlator))
        keeping_marks(correlator, now_ms);
    else
        intake_promises(correlator, peer->name, marks, count, now_ms);
}

void intake_peer(void *self, const struct peer *peer, enum peer_state state)
{
    (void)self;
    if (state == PEER_UP)
        log_info("agent.up", "agent %s is connected", peer->name);
    else if (state == PEER_REFUSED)
        log_warn("agent.refused", "no session with agent %s: %s", peer->name, peer->reason);
    else
        log_info("agent.down", "agent %s is gone: %s", peer->name, peer->reason);
}

void intake_midway(void *self, const struct peer *peer, uint64_t first)
{
    (void)self;
    log_warn("agent.midway",
             "agent %s begins a new epoch with its report %llu: what was before is here under an earlier one, or was "
             "dropped there, or is of a journal that is no more; the agent's log says which",
             peer->name, (unsigned long long)first);
}
