#include "sink/pacer.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#define BACKOFF_MS_MIN 1000
#define BACKOFF_MS_MAX 300000
#define NEVER          INT64_MAX
#define SWEEP_EVERY    4096 /* new entries */

enum phase {
    PHASE_QUIET,  /* as told */
    PHASE_WAITS,  /* for its group's timer, or for the next repeat */
    PHASE_FAILED, /* for the next attempt */
    PHASE_TAKEN,
};

struct entry {
    UT_hash_handle hh;
    enum phase phase;
    int64_t due_ms;
    size_t heap_at; /* of those that wait, else SIZE_MAX */
    struct fingerprint now;
    struct alert_told told;
    struct alert_draft draft; /* the message last chosen */
    bool is_begun;            /* it was tried, and is not known to be taken: the endpoint may have it, or not */
    bool is_repeat;
    uint32_t failures;
    int64_t last_ms;
    size_t id_size;
    char id[];
};

/* Those that wait, the soonest at the root; ties by id, so that equal times have one order. */
struct pacer {
    struct pacer_options options;
    struct entry *entries;
    struct entry **heap;
    size_t heap_count, heap_room;
    size_t taken;
    size_t failures; /* of the endpoint, in a row */
    size_t added;
};

/* --- the heap --- */

static bool is_before(const struct entry *a, const struct entry *b)
{
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms;
    return span_compare((struct span){a->id, a->id_size}, (struct span){b->id, b->id_size}) < 0;
}

static void heap_set(struct pacer *pacer, size_t at, struct entry *entry)
{
    pacer->heap[at] = entry;
    entry->heap_at = at;
}

static void heap_settle(struct pacer *pacer, size_t at)
{
    struct entry *entry = pacer->heap[at];
    while (at > 0 && is_before(entry, pacer->heap[(at - 1) / 2])) {
        heap_set(pacer, at, pacer->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= pacer->heap_count)
            break;
        if (child + 1 < pacer->heap_count && is_before(pacer->heap[child + 1], pacer->heap[child]))
            child++;
        if (!is_before(pacer->heap[child], entry))
            break;
        heap_set(pacer, at, pacer->heap[child]);
        at = child;
    }
    heap_set(pacer, at, entry);
}

static void heap_drop(struct pacer *pacer, struct entry *entry)
{
    size_t at = entry->heap_at;
    if (at == SIZE_MAX)
        return;
    entry->heap_at = SIZE_MAX;
    struct entry *last = pacer->heap[--pacer->heap_count];
    if (last == entry)
        return;
    heap_set(pacer, at, last);
    heap_settle(pacer, at);
}

/* Room was made when the entry was: never fails. */
static void wait_until(struct pacer *pacer, struct entry *entry, enum phase phase, int64_t due_ms)
{
    heap_drop(pacer, entry);
    entry->phase = phase;
    entry->due_ms = due_ms;
    heap_set(pacer, pacer->heap_count++, entry);
    heap_settle(pacer, entry->heap_at);
}

static void be_quiet(struct pacer *pacer, struct entry *entry)
{
    heap_drop(pacer, entry);
    entry->phase = PHASE_QUIET;
}

/* --- entries --- */

enum status pacer_new(const struct pacer_options *options, struct pacer **ret_pacer)
{
    struct pacer *pacer = calloc(1, sizeof *pacer);
    if (pacer == NULL)
        return STATUS_NO_MEMORY;
    pacer->options = *options;
    *ret_pacer = pacer;
    return STATUS_OK;
}

static void entry_free(struct pacer *pacer, struct entry *entry)
{
    heap_drop(pacer, entry);
    HASH_DEL(pacer->entries, entry);
    free(entry);
}

void pacer_free(struct pacer *pacer)
{
    if (pacer == NULL)
        return;
    struct entry *entry, *next;
    HASH_ITER(hh, pacer->entries, entry, next)
    {
        entry_free(pacer, entry);
    }
    free(pacer->heap);
    free(pacer);
}

static struct entry *entry_find(struct pacer *pacer, struct span id)
{
    struct entry *entry;
    HASH_FIND(hh, pacer->entries, id.data, id.size, entry);
    return entry;
}

/* The endpoint holds it for flagged. */
static bool is_held(const struct entry *entry)
{
    return entry->told.is_known && entry->told.fingerprint.is_flagged;
}

static bool was_sent(const struct entry *entry)
{
    return entry->told.is_known && entry->told.sent_ms != TIME_NONE;
}

/* Lets go of those the endpoint knows nothing of and that wait for nothing. */
static void sweep(struct pacer *pacer, int64_t now_ms)
{
    struct entry *entry, *next;
    HASH_ITER(hh, pacer->entries, entry, next)
    {
        if (entry->phase == PHASE_QUIET && !is_held(entry) &&
            (!was_sent(entry) || now_ms - entry->told.sent_ms > pacer->options.group_interval_ms))
            entry_free(pacer, entry);
    }
}

static struct entry *entry_make(struct pacer *pacer, struct span id, int64_t now_ms)
{
    if (++pacer->added % SWEEP_EVERY == 0)
        sweep(pacer, now_ms);
    size_t count = HASH_COUNT(pacer->entries) + 1u;
    if (count > pacer->heap_room) {
        size_t room = count < 32 ? 64 : 2 * count;
        struct entry **heap = realloc(pacer->heap, room * sizeof(struct entry *));
        if (heap == NULL)
            return NULL;
        pacer->heap = heap;
        pacer->heap_room = room;
    }
    struct entry *entry = calloc(1, sizeof *entry + id.size + 1);
    if (entry == NULL)
        return NULL;
    entry->heap_at = SIZE_MAX;
    entry->id_size = id.size;
    memcpy(entry->id, id.data, id.size);
    HASH_ADD_KEYPTR(hh, pacer->entries, entry->id, entry->id_size, entry);
    return entry;
}

/* The next repeat of what was told, where repeats are wanted. */
static void settle(struct pacer *pacer, struct entry *entry)
{
    int64_t interval = pacer->options.repeat_interval_ms;
    if (interval > 0 && is_held(entry) && was_sent(entry))
        wait_until(pacer, entry, PHASE_WAITS, entry->told.sent_ms + interval);
    else
        be_quiet(pacer, entry);
    entry->is_repeat = entry->phase == PHASE_WAITS;
}

enum status pacer_told(struct pacer *pacer, struct span id, struct fingerprint fingerprint, int64_t last_ms)
{
    struct entry *entry = entry_find(pacer, id);
    if (entry == NULL)
        entry = entry_make(pacer, id, INT64_MIN);
    if (entry == NULL)
        return STATUS_NO_MEMORY;
    entry->now = fingerprint;
    entry->told = (struct alert_told){.is_known = true, .fingerprint = fingerprint, .sent_ms = TIME_NONE};
    entry->last_ms = last_ms;
    return STATUS_OK;
}

/* Is there something the endpoint should hear of? Flagged and not told so; or told, and now otherwise; or begun. */
static bool is_news(const struct entry *entry)
{
    return alert_row_is_news(&(struct alert_row){.now = entry->now, .told = entry->told, .has_draft = entry->is_begun});
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* The first word waits for its group to gather; what follows comes no sooner than one interval after the last, and
 * after a quiet time gathers a little too. */
static int64_t group_due(const struct pacer *pacer, const struct entry *entry, int64_t now_ms)
{
    const struct pacer_options *options = &pacer->options;
    if (!is_held(entry) && !was_sent(entry))
        return now_ms + options->group_wait_ms;
    int64_t gather =
        options->group_wait_ms < options->group_interval_ms ? options->group_wait_ms : options->group_interval_ms;
    return was_sent(entry) ? later(now_ms + gather, entry->told.sent_ms + options->group_interval_ms) : now_ms + gather;
}

static bool is_aged(const struct pacer *pacer, const struct entry *entry, int64_t now_ms)
{
    return entry->last_ms < now_ms - pacer->options.max_age_ms;
}

/* Whatever its age: who was sent an alert hears that it holds no more, and what was tried once is tried to the end. */
static bool is_owed(const struct entry *entry)
{
    return entry->is_begun || (was_sent(entry) && is_held(entry) && !entry->now.is_flagged);
}

static enum pacer_noted entry_note(struct pacer *pacer, struct entry *entry, int64_t now_ms)
{
    if (entry->phase == PHASE_TAKEN)
        return is_news(entry) ? PACER_WAITS : PACER_NOTHING; /* looked at again when it is done */
    if (!is_news(entry)) {
        if (entry->phase == PHASE_FAILED || (entry->phase == PHASE_WAITS && !entry->is_repeat)) /* undone */
            settle(pacer, entry);
        return PACER_NOTHING;
    }
    if (is_aged(pacer, entry, now_ms) && !is_owed(entry)) {
        be_quiet(pacer, entry);
        return PACER_AGED;
    }
    if (entry->phase == PHASE_QUIET || entry->is_repeat) {
        entry->is_repeat = false;
        wait_until(pacer, entry, PHASE_WAITS, group_due(pacer, entry, now_ms));
    }
    return PACER_WAITS;
}

enum status pacer_note(struct pacer *pacer, struct span id, struct fingerprint fingerprint, int64_t last_ms,
                       int64_t now_ms, enum pacer_noted *ret_noted)
{
    struct entry *entry = entry_find(pacer, id);
    if (entry == NULL && !fingerprint.is_flagged) {
        *ret_noted = PACER_NOTHING;
        return STATUS_OK;
    }
    if (entry == NULL)
        entry = entry_make(pacer, id, now_ms);
    if (entry == NULL)
        return STATUS_NO_MEMORY;
    bool is_change = !fingerprint_equal(&entry->now, &fingerprint);
    entry->now = fingerprint;
    entry->last_ms = last_ms;
    enum pacer_noted noted = entry_note(pacer, entry, now_ms);
    *ret_noted = noted == PACER_AGED && !is_change ? PACER_NOTHING : noted; /* counted once a change */
    return STATUS_OK;
}

enum status pacer_load(struct pacer *pacer, const struct alert_row *row, int64_t now_ms)
{
    struct entry *entry = entry_find(pacer, row->subject);
    if (entry == NULL)
        entry = entry_make(pacer, row->subject, now_ms);
    if (entry == NULL)
        return STATUS_NO_MEMORY;
    entry->now = row->now;
    entry->last_ms = row->last_ms;
    entry->told = row->told;
    if (was_sent(entry) && entry->told.sent_ms > now_ms) /* a clock that was put back delays nobody */
        entry->told.sent_ms = now_ms;
    entry->is_begun = row->has_draft && !row->is_refused;
    if (row->has_draft)
        entry->draft = row->draft;
    else
        entry->draft = (struct alert_draft){
            .revision = row->told.revision, .repeat = row->told.repeat, .fingerprint = row->told.fingerprint};
    entry->failures = row->attempts;
    if (entry->is_begun) { /* however far a clock was off when it was put down, no longer than a pause may be */
        int64_t last = now_ms + BACKOFF_MS_MAX;
        wait_until(pacer, entry, PHASE_FAILED, row->due_ms < last ? row->due_ms : last);
        return STATUS_OK;
    }
    settle(pacer, entry);
    (void)entry_note(pacer, entry, row->noted_ms < now_ms ? row->noted_ms : now_ms);
    return STATUS_OK;
}

static size_t parallel(const struct pacer *pacer)
{
    return pacer->failures > 0 ? 1 : pacer->options.parallel_max;
}

int64_t pacer_due(const struct pacer *pacer)
{
    return pacer->heap_count > 0 && pacer->taken < parallel(pacer) ? pacer->heap[0]->due_ms : NEVER;
}

enum status pacer_take(struct pacer *pacer, int64_t now_ms, struct span *ret_id)
{
    if (pacer_due(pacer) > now_ms || pacer->heap_count == 0)
        return STATUS_END;
    struct entry *entry = pacer->heap[0];
    heap_drop(pacer, entry);
    entry->phase = PHASE_TAKEN;
    pacer->taken++;
    *ret_id = (struct span){entry->id, entry->id_size};
    return STATUS_OK;
}

enum status pacer_choose(struct pacer *pacer, struct span id, struct fingerprint fingerprint, uint64_t revision,
                         int64_t now_ms, struct alert_draft *ret_draft)
{
    struct entry *entry = entry_find(pacer, id);
    assert(entry != NULL && entry->phase == PHASE_TAKEN);
    entry->now = fingerprint;
    if (entry->is_begun && fingerprint_equal(&fingerprint, &entry->draft.fingerprint)) {
        *ret_draft = entry->draft;
        return STATUS_EXISTS;
    }
    bool is_same = is_held(entry) && !entry->is_begun && fingerprint_equal(&fingerprint, &entry->told.fingerprint);
    bool is_old = is_aged(pacer, entry, now_ms);
    bool repeats = is_same && entry->is_repeat && !is_old;
    if ((is_same && !repeats) || (!is_held(entry) && !entry->is_begun && !fingerprint.is_flagged)) {
        pacer->taken--;
        if (is_old)
            be_quiet(pacer, entry);
        else
            settle(pacer, entry);
        return STATUS_END;
    }
    entry->draft = (struct alert_draft){
        .kind = !fingerprint.is_flagged ? ALERT_WITHDRAWN
                : is_held(entry)        ? ALERT_UPDATED
                                        : ALERT_FLAGGED,
        .fingerprint = fingerprint,
        .revision = revision,
        .repeat = repeats && revision == entry->told.revision ? entry->told.repeat + 1 : 0,
        .time_ms = now_ms,
    };
    entry->is_begun = true;
    *ret_draft = entry->draft;
    return STATUS_OK;
}

void pacer_row(struct pacer *pacer, struct span id, struct alert_row *ret_row)
{
    struct entry *entry = entry_find(pacer, id);
    assert(entry != NULL);
    *ret_row = (struct alert_row){.subject = {entry->id, entry->id_size},
                                  .now = entry->now,
                                  .last_ms = entry->last_ms,
                                  .told = entry->told,
                                  .has_draft = entry->is_begun,
                                  .draft = entry->draft,
                                  .attempts = entry->failures,
                                  .due_ms = entry->due_ms};
}

/* The endpoint is back: those that waited because it was not need wait no longer. */
static void forgive(struct pacer *pacer, int64_t now_ms)
{
    for (struct entry *entry = pacer->entries; entry != NULL; entry = entry->hh.next)
        if (entry->phase == PHASE_FAILED)
            wait_until(pacer, entry, PHASE_FAILED, now_ms);
}

void pacer_done(struct pacer *pacer, struct span id, enum alert_outcome outcome, int64_t retry_after_ms, int64_t now_ms)
{
    struct entry *entry = entry_find(pacer, id);
    assert(entry != NULL && entry->phase == PHASE_TAKEN);
    pacer->taken--;
    if (outcome == ALERT_RETRY) {
        pacer->failures++;
        int64_t pause = BACKOFF_MS_MIN;
        for (uint32_t i = 0; i < entry->failures && pause < BACKOFF_MS_MAX; i++)
            pause *= 2;
        pause = later(pause < BACKOFF_MS_MAX ? pause : BACKOFF_MS_MAX, retry_after_ms);
        entry->failures++;
        wait_until(pacer, entry, PHASE_FAILED, now_ms + pause);
        return;
    }
    /* Refused counts as told: the same would be refused again; what comes next is tried. */
    entry->told = (struct alert_told){.is_known = true,
                                      .fingerprint = entry->draft.fingerprint,
                                      .revision = entry->draft.revision,
                                      .repeat = entry->draft.repeat,
                                      .sent_ms = now_ms};
    entry->is_begun = entry->is_repeat = false;
    entry->failures = 0;
    settle(pacer, entry);
    (void)entry_note(pacer, entry, now_ms);
    if (pacer->failures > 1) /* one failure is that message's, more are the endpoint's */
        forgive(pacer, now_ms);
    pacer->failures = 0;
}

void pacer_put_back(struct pacer *pacer, struct span id, int64_t now_ms)
{
    struct entry *entry = entry_find(pacer, id);
    assert(entry != NULL && entry->phase == PHASE_TAKEN);
    pacer->taken--;
    wait_until(pacer, entry, PHASE_FAILED, now_ms + BACKOFF_MS_MIN);
}

void pacer_hurry(struct pacer *pacer, int64_t now_ms)
{
    for (struct entry *entry = pacer->entries; entry != NULL; entry = entry->hh.next)
        if (entry->phase == PHASE_WAITS && !entry->is_repeat && entry->due_ms > now_ms)
            wait_until(pacer, entry, PHASE_WAITS, now_ms);
}

bool pacer_is_quiet(const struct pacer *pacer)
{
    if (pacer->taken > 0)
        return false;
    for (const struct entry *entry = pacer->entries; entry != NULL; entry = entry->hh.next)
        if (entry->phase == PHASE_WAITS && !entry->is_repeat)
            return false;
    return true;
}

size_t pacer_waiting(const struct pacer *pacer)
{
    return pacer->heap_count + pacer->taken;
}
