#include "tests/support/same_oracle.h"

#include "proto/limits.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct pair {
    uint128 strength;
    size_t first, second;
};

struct world {
    const struct same_options *options;
    const struct report *reports;
    size_t count;
    size_t set[SAME_ORACLE_MAX]; /* the sets, by any number */
    bool founder[SAME_ORACLE_MAX];
};

static struct span id_of(const struct report *report, char bytes[LIMIT_INCIDENT_ID_BYTES + 1])
{
    return (struct span){bytes, report_incident_id(report, bytes, LIMIT_INCIDENT_ID_BYTES + 1)};
}

static int id_order(const struct report *a, const struct report *b)
{
    char a_bytes[LIMIT_INCIDENT_ID_BYTES + 1], b_bytes[LIMIT_INCIDENT_ID_BYTES + 1];
    return span_compare(id_of(a, a_bytes), id_of(b, b_bytes));
}

static int start_order(const struct report *a, const struct report *b)
{
    if (a->occurred.start_ms != b->occurred.start_ms)
        return a->occurred.start_ms < b->occurred.start_ms ? -1 : 1;
    return id_order(a, b);
}

int same_oracle_better(const struct report *a, const struct report *b)
{
    static const enum report_status order[] = {REPORT_CONFIRMED, REPORT_REPORTED, REPORT_DISPUTED};
    for (size_t i = 0; i < 3; i++)
        if ((a->status == order[i]) != (b->status == order[i]))
            return a->status == order[i] ? -1 : 1;
    if (a->occurred.precision != b->occurred.precision)
        return a->occurred.precision < b->occurred.precision ? -1 : 1;
    if (a->place.radius_km < b->place.radius_km)
        return -1;
    if (a->place.radius_km > b->place.radius_km)
        return 1;
    int64_t a_ms = a->reported_at_ms == TIME_NONE ? INT64_MAX : a->reported_at_ms;
    int64_t b_ms = b->reported_at_ms == TIME_NONE ? INT64_MAX : b->reported_at_ms;
    if (a_ms != b_ms)
        return a_ms < b_ms ? -1 : 1;
    return id_order(a, b);
}

static int64_t chord2_of(const struct report *a, const struct report *b)
{
    return point_chord2(point_from_degrees(a->place.lat, a->place.lon), point_from_degrees(b->place.lat, b->place.lon));
}

static int64_t gap_of(const struct report *a, const struct report *b)
{
    if (a->occurred.start_ms > b->occurred.end_ms)
        return a->occurred.start_ms - b->occurred.end_ms;
    return b->occurred.start_ms > a->occurred.end_ms ? b->occurred.start_ms - a->occurred.end_ms : 0;
}

static bool is_distinct(const struct same_options *options, struct span source)
{
    for (size_t i = 0; i < options->distinct_count; i++)
        if (span_equal(options->distinct[i], source))
            return true;
    return false;
}

/* Two records of one distinct source. */
static bool contend(const struct world *world, size_t a, size_t b)
{
    return span_equal(world->reports[a].source, world->reports[b].source) &&
           is_distinct(world->options, world->reports[a].source);
}

static bool first_two_labels_agree(enum category a, enum category b)
{
    const char *x = category_name(a), *y = category_name(b);
    size_t dots = 0;
    for (;; x++, y++) {
        bool x_ends = *x == '\0' || (*x == '.' && dots == 1), y_ends = *y == '\0' || (*y == '.' && dots == 1);
        if (x_ends || y_ends)
            return x_ends == y_ends;
        if (*x != *y)
            return false;
        dots += *x == '.';
    }
}

static bool has_edge(const struct world *world, size_t i, size_t k)
{
    const struct report *a = &world->reports[i], *b = &world->reports[k];
    double reach = world->options->reach_km, sum = a->place.radius_km + b->place.radius_km;
    double limit = sum < 2 * reach ? sum : 2 * reach;
    return first_two_labels_agree(a->category, b->category) && a->role == b->role && !contend(world, i, k) &&
           gap_of(a, b) <= world->options->within_ms &&
           chord2_of(a, b) <= chord2_from_km(limit > reach ? limit : reach);
}

static uint128 strength_of(const struct world *world, size_t i, size_t k)
{
    const struct report *a = &world->reports[i], *b = &world->reports[k];
    uint128 within = (uint64_t)world->options->within_ms, gap = (uint64_t)gap_of(a, b);
    return (uint128)(uint64_t)chord2_of(a, b) * within * within +
           gap * gap * (uint64_t)chord2_from_km(world->options->reach_km);
}

static bool is_coarse(const struct world *world, size_t i)
{
    return world->reports[i].place.radius_km > world->options->reach_km;
}

static bool sets_contend(const struct world *world, size_t a, size_t b)
{
    for (size_t i = 0; i < world->count; i++)
        for (size_t k = 0; k < world->count; k++)
            if (world->set[i] == world->set[a] && world->set[k] == world->set[b] && contend(world, i, k))
                return true;
    return false;
}

static void unite(struct world *world, size_t a, size_t b)
{
    size_t from = world->set[b], into = world->set[a];
    for (size_t i = 0; i < world->count; i++)
        if (world->set[i] == from)
            world->set[i] = into;
}

static const struct world *sorted_world; /* qsort has no place for it */

static int pair_order(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    if (x->strength != y->strength)
        return x->strength < y->strength ? -1 : 1;
    int order = start_order(&sorted_world->reports[x->first], &sorted_world->reports[y->first]);
    return order != 0 ? order : start_order(&sorted_world->reports[x->second], &sorted_world->reports[y->second]);
}

static int index_order(const void *a, const void *b)
{
    return start_order(&sorted_world->reports[*(const size_t *)a], &sorted_world->reports[*(const size_t *)b]);
}

static void precise_join(struct world *world)
{
    struct pair *pairs = malloc((world->count * world->count + 1) * sizeof *pairs);
    size_t count = 0;
    for (size_t i = 0; i < world->count; i++)
        for (size_t k = 0; k < world->count; k++)
            if (!is_coarse(world, i) && !is_coarse(world, k) &&
                start_order(&world->reports[i], &world->reports[k]) < 0 && has_edge(world, i, k))
                pairs[count++] = (struct pair){strength_of(world, i, k), i, k};
    sorted_world = world;
    qsort(pairs, count, sizeof *pairs, pair_order);
    for (size_t i = 0; i < count; i++)
        if (world->set[pairs[i].first] != world->set[pairs[i].second] &&
            !sets_contend(world, pairs[i].first, pairs[i].second))
            unite(world, pairs[i].first, pairs[i].second);
    free(pairs);
}

/* The nearest it may join, precise ones or founders; `count`: none. */
static size_t nearest_of(const struct world *world, size_t coarse, bool founders)
{
    size_t best = world->count;
    for (size_t i = 0; i < world->count; i++) {
        if (i == coarse || (founders ? !world->founder[i] : is_coarse(world, i)) || !has_edge(world, coarse, i) ||
            sets_contend(world, coarse, i))
            continue;
        if (best == world->count || strength_of(world, coarse, i) < strength_of(world, coarse, best) ||
            (strength_of(world, coarse, i) == strength_of(world, coarse, best) &&
             start_order(&world->reports[i], &world->reports[best]) < 0))
            best = i;
    }
    return best;
}

static void coarse_join(struct world *world)
{
    size_t order[SAME_ORACLE_MAX], count = 0;
    for (size_t i = 0; i < world->count; i++)
        if (is_coarse(world, i))
            order[count++] = i;
    sorted_world = world;
    qsort(order, count, sizeof *order, index_order);
    for (size_t i = 0; i < count; i++) {
        size_t joined = nearest_of(world, order[i], false);
        if (joined == world->count)
            joined = nearest_of(world, order[i], true);
        if (joined == world->count)
            world->founder[order[i]] = true;
        else
            unite(world, joined, order[i]);
    }
}

/* ASCII is all that these worlds say. */
static bool same_publisher(const struct report *a, const struct report *b)
{
    struct span x = a->publisher.size > 0 ? a->publisher : a->source;
    struct span y = b->publisher.size > 0 ? b->publisher : b->source;
    while (x.size > 0 && x.data[0] == ' ')
        x.data++, x.size--;
    while (y.size > 0 && y.data[0] == ' ')
        y.data++, y.size--;
    if (x.size != y.size)
        return false;
    for (size_t i = 0; i < x.size; i++)
        if (tolower((unsigned char)x.data[i]) != tolower((unsigned char)y.data[i]))
            return false;
    return true;
}

void same_oracle(const struct same_options *options, const struct report *reports, size_t count,
                 struct same_verdict *ret_verdict)
{
    struct world world = {.options = options, .reports = reports, .count = count};
    for (size_t i = 0; i < count; i++)
        world.set[i] = i;
    precise_join(&world);
    coarse_join(&world);
    for (size_t i = 0; i < count; i++) {
        size_t best = i;
        for (size_t k = 0; k < count; k++)
            if (world.set[k] == world.set[i] && same_oracle_better(&reports[k], &reports[best]) < 0)
                best = k;
        ret_verdict->incident_of[i] = best;
        ret_verdict->publishers[i] = 0;
        for (size_t k = 0; k < count; k++) {
            bool is_first = world.set[k] == world.set[i];
            for (size_t j = 0; j < k; j++)
                is_first = is_first && !(world.set[j] == world.set[i] && same_publisher(&reports[j], &reports[k]));
            ret_verdict->publishers[i] += is_first;
        }
    }
}
