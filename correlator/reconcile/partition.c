#include "correlator/reconcile/partition.h"

#include "correlator/reconcile/best.h"

#include <stdlib.h>

void partition_init(struct partition *partition, struct memory *memory, struct near *near)
{
    *partition = (struct partition){.memory = memory, .near = near};
}

void partition_fini(struct partition *partition)
{
    vector_free(partition->memory, &partition->found);
    vector_free(partition->memory, &partition->coarse);
    vector_free(partition->memory, &partition->listed);
    vector_free(partition->memory, &partition->edges);
}

/* --- sets --- */

struct standing *partition_root(struct standing *standing)
{
    while (standing->parent != standing) {
        standing->parent = standing->parent->parent;
        standing = standing->parent;
    }
    return standing;
}

static void set_alone(struct standing *standing)
{
    standing->parent = standing;
    standing->set_size = 1;
    standing->listed = standing->list != 0 ? standing : NULL;
    standing->listed_next = NULL;
}

/* Of two roots. */
static void set_unite(struct standing *a, struct standing *b)
{
    if (a->set_size < b->set_size) {
        struct standing *swap = a;
        a = b;
        b = swap;
    }
    b->parent = a;
    a->set_size += b->set_size;
    struct standing **end = &b->listed; /* in front of a's: mostly there are none, and never many in both */
    while (*end != NULL)
        end = &(*end)->listed_next;
    *end = a->listed;
    a->listed = b->listed;
}

/* Do two sets hold records of one distinct source? Where none does in itself, each list is as long as there are such
 * sources, at most. */
static bool sets_contend(const struct standing *a, const struct standing *b)
{
    for (const struct standing *one = a->listed; one != NULL; one = one->listed_next)
        for (const struct standing *other = b->listed; other != NULL; other = other->listed_next)
            if (one->list == other->list)
                return true;
    return false;
}

static bool is_settled(const struct standing *standing)
{
    return standing->group != NULL && standing->group->is_settled;
}

/* --- precise reports --- */

static bool components_make(struct partition *partition, const standing_vector *members)
{
    for (uint32_t i = 0; i < members->count; i++) {
        struct standing *one = members->items[i];
        if (one->is_coarse)
            continue;
        if (!near_find(partition->near, one, &partition->found))
            return false;
        for (uint32_t k = 0; k < partition->found.count; k++) {
            struct standing *other = partition->found.items[k];
            if (other->is_coarse || is_settled(other))
                continue;
            struct standing *a = partition_root(one), *b = partition_root(other);
            if (a != b)
                set_unite(a, b);
        }
    }
    return true;
}

static int listed_order(const void *a, const void *b)
{
    const struct standing *x = *(struct standing *const *)a, *y = *(struct standing *const *)b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    return (x->list > y->list) - (x->list < y->list);
}

/* Marks the roots of components that hold two records of one distinct source. */
static bool contested_find(struct partition *partition, const standing_vector *members, bool *ret_any)
{
    standing_vector *listed = &partition->listed;
    listed->count = 0;
    for (uint32_t i = 0; i < members->count; i++) {
        struct standing *one = members->items[i];
        if (one->list == 0 || one->is_coarse)
            continue;
        one->parent = partition_root(one); /* flat, so that the order below sees roots */
        if (!vector_push(partition->memory, listed, one))
            return false;
    }
    *ret_any = false;
    if (listed->count > 1)
        qsort((void *)listed->items, listed->count, sizeof(struct standing *), listed_order);
    for (uint32_t i = 1; i < listed->count; i++)
        if (listed_order(&listed->items[i - 1], &listed->items[i]) == 0)
            partition_root(listed->items[i])->is_contested = *ret_any = true;
    return true;
}

static int edge_order(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    if (x->strength != y->strength)
        return x->strength < y->strength ? -1 : 1;
    int order = standing_order(x->first, y->first);
    return order != 0 ? order : standing_order(x->second, y->second);
}

static bool edges_of(struct partition *partition, struct standing *one)
{
    if (!near_find(partition->near, one, &partition->found))
        return false;
    for (uint32_t k = 0; k < partition->found.count; k++) {
        struct standing *other = partition->found.items[k];
        if (other->is_coarse || is_settled(other) || standing_order(one, other) > 0)
            continue; /* each edge is taken once, from its earlier end */
        const struct edge edge = {same_strength(partition->near->measure, one, other), one, other};
        if (!vector_push(partition->memory, &partition->edges, edge))
            return false;
    }
    return true;
}

/* The contested components, made anew: the strongest edge first, and none that would unite two records of one list. */
static bool contested_part(struct partition *partition, const standing_vector *members)
{
    partition->edges.count = 0;
    for (uint32_t i = 0; i < members->count; i++) {
        struct standing *one = members->items[i];
        if (one->is_coarse)
            continue;
        one->is_contested = partition_root(one)->is_contested;
        if (one->is_contested && !edges_of(partition, one))
            return false;
    }
    for (uint32_t i = 0; i < members->count; i++)
        if (members->items[i]->is_contested)
            set_alone(members->items[i]);
    if (partition->edges.count > 1)
        qsort(partition->edges.items, partition->edges.count, sizeof *partition->edges.items, edge_order);
    for (uint32_t i = 0; i < partition->edges.count; i++) {
        struct standing *a = partition_root(partition->edges.items[i].first);
        struct standing *b = partition_root(partition->edges.items[i].second);
        if (a != b && !sets_contend(a, b))
            set_unite(a, b);
    }
    return true;
}

/* --- coarse reports --- */

static int coarse_order(const void *a, const void *b)
{
    return standing_order(*(struct standing *const *)a, *(struct standing *const *)b);
}

/* May a coarse report join what the other belongs to? */
static bool may_join(struct standing *coarse, struct standing *other)
{
    if (!is_settled(other))
        return !sets_contend(coarse, partition_root(other));
    if (best_order(other->group->best, coarse) > 0)
        return false; /* it would have to give the incident another time and place: too late for that */
    for (const struct standing *one = other->group->members; one != NULL; one = one->next)
        if (one->list != 0 && one->list == coarse->list)
            return false;
    return true;
}

/* The nearest of those found that is of that kind, ties by (start, id); NULL: none. */
static struct standing *nearest(const struct partition *partition, struct standing *coarse, bool founders)
{
    struct standing *best = NULL;
    uint128 least = 0;
    for (uint32_t i = 0; i < partition->found.count; i++) {
        struct standing *other = partition->found.items[i];
        bool is_kind = founders ? other->is_coarse && other->is_founder && !is_settled(other) : !other->is_coarse;
        if (!is_kind || !may_join(coarse, other))
            continue;
        uint128 strength = same_strength(partition->near->measure, coarse, other);
        if (best == NULL || strength < least || (strength == least && standing_order(other, best) < 0)) {
            best = other;
            least = strength;
        }
    }
    return best;
}

static bool coarse_join(struct partition *partition, const standing_vector *members)
{
    standing_vector *coarse = &partition->coarse;
    coarse->count = 0;
    for (uint32_t i = 0; i < members->count; i++) {
        members->items[i]->is_founder = false;
        if (members->items[i]->is_coarse && !vector_push(partition->memory, coarse, members->items[i]))
            return false;
    }
    if (coarse->count > 1)
        qsort((void *)coarse->items, coarse->count, sizeof(struct standing *), coarse_order);
    for (uint32_t i = 0; i < coarse->count; i++) {
        struct standing *one = coarse->items[i];
        if (!near_find(partition->near, one, &partition->found))
            return false;
        struct standing *joined = nearest(partition, one, false);
        one->anchor = joined;
        if (joined == NULL)
            joined = nearest(partition, one, true);
        if (joined == NULL)
            one->is_founder = true;
        else if (is_settled(joined))
            one->absorber = joined->group;
        else
            set_unite(partition_root(joined), partition_root(one));
    }
    return true;
}

bool partition_make(struct partition *partition, const standing_vector *members)
{
    for (uint32_t i = 0; i < members->count; i++) {
        set_alone(members->items[i]);
        members->items[i]->is_contested = false;
        members->items[i]->absorber = NULL;
    }
    bool is_contested = false;
    return components_make(partition, members) && contested_find(partition, members, &is_contested) &&
           (!is_contested || contested_part(partition, members)) && coarse_join(partition, members);
}
