#include "correlator/reopen/closure.h"

#include "correlator/reopen/cells.h"
#include "correlator/reopen/claims.h"
#include "proto/limits.h"

#include <stdlib.h>

/* Room to go back and forth in time without overflow. */
#define TIME_LEAST (2 * LIMIT_TIME_MS_MIN)
#define TIME_MOST  (2 * LIMIT_TIME_MS_MAX)

struct search {
    const struct closure_options *options;
    struct memory *memory;
    struct cells cells;
    struct claims claims;
    cells_found found;        /* to be looked at */
    VECTOR(uint32_t) members; /* stubs, in the order in which they were found; those behind `spread` are to spread */
    uint32_t spread;
    int64_t from_ms, to_ms;         /* what is in the cells; from > to: nothing yet */
    int64_t old_from_ms, old_to_ms; /* while more is fetched: what was there before */
    int64_t step_ms;                /* how much further than needed is fetched next */
    int64_t window_ms;              /* the longest */
};

struct stretch {
    int64_t from_ms, to_ms;
};

/* ---- from the archive into the cells ---- */

static void step(const struct closure_options *options)
{
    if (options->step != NULL)
        options->step(options->step_self);
}

static enum status on_stub(void *self, const struct archive_stub *stub)
{
    struct search *search = self;
    step(search->options);
    bool was_there = stub->start_ms <= search->old_to_ms && stub->end_ms >= search->old_from_ms;
    if (was_there || pending_has(search->options->pending, stub->number))
        return STATUS_OK;
    return cells_add(&search->cells, stub) ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status fetch(struct search *search, int64_t from_ms, int64_t to_ms)
{
    struct archive *archive = search->options->archive;
    return archive->driver->within(archive, from_ms, to_ms, search->options->until, on_stub, search);
}

static int64_t clamp(int64_t time_ms)
{
    return time_ms < TIME_LEAST ? TIME_LEAST : time_ms > TIME_MOST ? TIME_MOST : time_ms;
}

/* Everything that overlaps this time is in the cells. Steps double, so that a chain through years asks few times. */
static enum status ensure(struct search *search, int64_t from_ms, int64_t to_ms)
{
    enum status status = STATUS_OK;
    from_ms = clamp(from_ms);
    to_ms = clamp(to_ms);
    search->old_from_ms = search->from_ms;
    search->old_to_ms = search->to_ms;
    if (search->from_ms > search->to_ms) {
        search->from_ms = from_ms;
        search->to_ms = to_ms;
        return fetch(search, from_ms, to_ms);
    }
    if (from_ms < search->from_ms) {
        from_ms = clamp(from_ms - search->step_ms);
        status = fetch(search, from_ms, search->from_ms - 1);
        search->old_from_ms = search->from_ms = from_ms;
        search->step_ms = clamp(2 * search->step_ms);
    }
    if (to_ms > search->to_ms && status == STATUS_OK) {
        to_ms = clamp(to_ms + search->step_ms);
        status = fetch(search, search->to_ms + 1, to_ms);
        search->to_ms = to_ms;
        search->step_ms = clamp(2 * search->step_ms);
    }
    return status;
}

/* ---- members ---- */

static enum status member_push(struct search *search, uint32_t stub)
{
    if (search->members.count >= search->options->incidents_max)
        return STATUS_FULL;
    return vector_push(search->memory, &search->members, stub) ? STATUS_OK : STATUS_NO_MEMORY;
}

/* Those found that stand under their ids are members. */
static enum status found_settle(struct search *search)
{
    uint32_t in_doubt = 0; /* they come first */
    enum status status = STATUS_OK;
    claims_clear(&search->claims);
    for (uint32_t i = 0; i < search->found.count && status == STATUS_OK; i++) {
        uint32_t at = search->found.items[i];
        bool is_in_doubt = false;
        step(search->options);
        status = claims_ask(&search->claims, &search->cells.stubs.items[at].stub, &is_in_doubt);
        if (is_in_doubt)
            search->found.items[in_doubt++] = at;
        else if (status == STATUS_OK)
            status = member_push(search, at);
    }
    if (status == STATUS_OK)
        status = claims_settle(&search->claims);
    for (uint32_t i = 0; i < in_doubt && status == STATUS_OK; i++)
        if (claims_stands(&search->claims, search->cells.stubs.items[search->found.items[i]].stub.number))
            status = member_push(search, search->found.items[i]);
    search->found.count = 0;
    return status;
}

static enum status spread_from(struct search *search, const struct archive_stub *stub, bool is_seed)
{
    int64_t from_ms, to_ms;
    cells_span(&search->cells, stub, &from_ms, &to_ms);
    enum status status = ensure(search, from_ms, to_ms);
    if (status == STATUS_OK && !cells_find(&search->cells, stub, is_seed, &search->found))
        status = STATUS_NO_MEMORY;
    return status;
}

/* Step by step, all of one step together: so the archive is asked few times for much. */
static enum status spread(struct search *search)
{
    enum status status = STATUS_OK;
    while (search->spread < search->members.count && status == STATUS_OK) {
        uint32_t end = search->members.count;
        for (; search->spread < end && status == STATUS_OK; search->spread++) {
            const struct archive_stub stub = search->cells.stubs.items[search->members.items[search->spread]].stub;
            step(search->options);
            status = spread_from(search, &stub, false);
        }
        if (status == STATUS_OK)
            status = found_settle(search);
    }
    return status;
}

/* ---- what is found by time alone ---- */

static enum status find_since(struct search *search, int64_t since_ms)
{
    enum status status = ensure(search, since_ms, TIME_MOST);
    for (uint32_t i = 0; i < search->cells.stubs.count && status == STATUS_OK; i++) {
        struct cells_stub *at = &search->cells.stubs.items[i];
        if (at->state == STUB_FOUND || at->stub.end_ms < since_ms)
            continue;
        at->state = STUB_FOUND;
        status = vector_push(search->memory, &search->found, i) ? STATUS_OK : STATUS_NO_MEMORY;
    }
    return status;
}

/* It joins episodes whose span, a window longer at its end, it overlaps; at each moment of a span some member is no
 * further than a window. Which have its countries is not known without reading. */
static enum status find_hosts(struct search *search, const struct archive_stub *company)
{
    int64_t from_ms = company->start_ms - 2 * search->window_ms, to_ms = company->end_ms + search->window_ms;
    enum status status = ensure(search, from_ms, to_ms);
    for (uint32_t i = 0; i < search->cells.stubs.count && status == STATUS_OK; i++) {
        struct cells_stub *at = &search->cells.stubs.items[i];
        if (at->state == STUB_FOUND || at->stub.start_ms > to_ms || at->stub.end_ms < from_ms ||
            !cells_trigger(&search->cells, &at->stub))
            continue;
        at->state = STUB_FOUND;
        status = vector_push(search->memory, &search->found, i) ? STATUS_OK : STATUS_NO_MEMORY;
    }
    return status;
}

/* ---- company ---- */

typedef VECTOR(struct stretch) stretch_vector;

static int by_start(const void *a, const void *b)
{
    const struct stretch *x = a, *y = b;
    return (x->from_ms > y->from_ms) - (x->from_ms < y->from_ms);
}

static bool stretch_push(struct search *search, stretch_vector *stretches, const struct archive_stub *stub)
{
    if (!cells_trigger(&search->cells, stub))
        return true;
    int64_t length_ms = stub->end_ms - stub->start_ms;
    int64_t end_ms = stub->start_ms + (length_ms < search->window_ms ? length_ms : search->window_ms);
    return vector_push(search->memory, stretches, ((struct stretch){stub->start_ms, end_ms + search->window_ms}));
}

/* Spans of all episodes that can be, each a window longer; in order, none touching the next. */
static bool stretches_make(struct search *search, const struct closure_seeds *seeds, stretch_vector *stretches)
{
    for (size_t i = 0; i < seeds->count; i++)
        if (!stretch_push(search, stretches, &seeds->items[i]))
            return false;
    for (uint32_t i = 0; i < search->members.count; i++)
        if (!stretch_push(search, stretches, &search->cells.stubs.items[search->members.items[i]].stub))
            return false;
    if (stretches->count == 0)
        return true;
    qsort(stretches->items, stretches->count, sizeof *stretches->items, by_start);
    uint32_t last = 0;
    for (uint32_t i = 1; i < stretches->count; i++) {
        const struct stretch *next = &stretches->items[i];
        struct stretch *before = &stretches->items[last];
        if (next->from_ms > before->to_ms)
            stretches->items[++last] = *next;
        else if (next->to_ms > before->to_ms)
            before->to_ms = next->to_ms;
    }
    stretches->count = last + 1;
    return true;
}

static bool stretches_meet(const stretch_vector *stretches, const struct archive_stub *stub)
{
    uint32_t low = 0, high = stretches->count; /* the first that ends no earlier than it begins */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (stretches->items[middle].to_ms < stub->start_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low < stretches->count && stretches->items[low].from_ms <= stub->end_ms;
}

static enum status company_find(struct search *search, const stretch_vector *stretches)
{
    enum status status = STATUS_OK;
    if (stretches->count > 0)
        status = ensure(search, stretches->items[0].from_ms, stretches->items[stretches->count - 1].to_ms);
    for (uint32_t i = 0; i < search->cells.stubs.count && status == STATUS_OK; i++) {
        struct cells_stub *at = &search->cells.stubs.items[i];
        if (at->state == STUB_FOUND || at->stub.role == ROLE_TRIGGER || !stretches_meet(stretches, &at->stub))
            continue;
        at->state = STUB_FOUND;
        status = vector_push(search->memory, &search->found, i) ? STATUS_OK : STATUS_NO_MEMORY;
    }
    return status == STATUS_OK ? found_settle(search) : status;
}

static enum status company_join(struct search *search, const struct closure_seeds *seeds)
{
    stretch_vector stretches = {0};
    enum status status =
        stretches_make(search, seeds, &stretches) ? company_find(search, &stretches) : STATUS_NO_MEMORY;
    vector_free(search->memory, &stretches);
    return status;
}

/* ---- all of it ---- */

static enum status search_run(struct search *search, const struct closure_seeds *seeds)
{
    for (size_t i = 0; i < seeds->count; i++) /* they count, before anybody is asked */
        if (!cells_add_found(&search->cells, &seeds->items[i]))
            return STATUS_NO_MEMORY;
    enum status status = seeds->since_ms != INT64_MAX ? find_since(search, seeds->since_ms) : STATUS_OK;
    for (size_t i = 0; i < seeds->count && status == STATUS_OK; i++) {
        status = spread_from(search, &seeds->items[i], true);
        if (status == STATUS_OK && seeds->items[i].role != ROLE_TRIGGER)
            status = find_hosts(search, &seeds->items[i]);
    }
    if (status == STATUS_OK)
        status = found_settle(search);
    if (status == STATUS_OK)
        status = spread(search);
    if (status == STATUS_OK)
        status = company_join(search, seeds);
    return status == STATUS_OK ? spread(search) : status; /* company has neighbours, too, where `same` is on */
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static enum status numbers_take(const struct search *search, struct closure *closure)
{
    if (!vector_reserve(closure->memory, &closure->numbers, search->members.count))
        return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < search->members.count; i++)
        vector_put(&closure->numbers, search->cells.stubs.items[search->members.items[i]].stub.number);
    if (closure->numbers.count > 1)
        qsort(closure->numbers.items, closure->numbers.count, sizeof *closure->numbers.items, by_number);
    return STATUS_OK;
}

static int64_t window_max(const struct closure_options *options)
{
    int64_t window_ms = 1;
    for (size_t i = 0; i < options->rule_count; i++)
        if (options->rules[i].window_ms > window_ms)
            window_ms = options->rules[i].window_ms;
    return window_ms;
}

enum status closure_find(const struct closure_options *options, struct memory *memory,
                         const struct closure_seeds *seeds, struct closure *ret_closure)
{
    struct search search = {.options = options, .memory = memory, .from_ms = INT64_MAX, .to_ms = INT64_MIN};
    search.window_ms = search.step_ms = window_max(options);
    claims_init(&search.claims, memory, options->archive, options->until, options->pending);
    search.claims.step = options->step;
    search.claims.step_self = options->step_self;
    *ret_closure = (struct closure){.memory = memory};
    enum status status =
        cells_init(&search.cells, memory, options->rules, options->rule_count, options->same, options->live_since_ms)
            ? STATUS_OK
            : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        status = search_run(&search, seeds);
    if (status == STATUS_OK)
        status = numbers_take(&search, ret_closure);
    cells_fini(&search.cells);
    claims_fini(&search.claims);
    vector_free(memory, &search.found);
    vector_free(memory, &search.members);
    if (status != STATUS_OK)
        closure_fini(ret_closure);
    return status;
}

void closure_fini(struct closure *closure)
{
    vector_free(closure->memory, &closure->numbers);
}
