#include "correlator/reconcile/group.h"

#include "correlator/reconcile/best.h"

#include <assert.h>
#include <string.h>

static void list_put(struct group **list, struct group *group)
{
    group->previous = NULL;
    group->next = *list;
    if (*list != NULL)
        (*list)->previous = group;
    *list = group;
}

static void list_take(struct group **list, struct group *group)
{
    if (group->previous != NULL)
        group->previous->next = group->next;
    else
        *list = group->next;
    if (group->next != NULL)
        group->next->previous = group->previous;
}

struct group *group_new(struct reconcile *reconcile)
{
    struct group *group = memory_resize(reconcile->memory, NULL, 0, sizeof *group);
    if (group == NULL)
        return NULL;
    *group = (struct group){.first_ms = INT64_MAX};
    list_put(&reconcile->clean, group);
    return group;
}

void group_free(struct reconcile *reconcile, struct group *group)
{
    list_take(group->is_dirty ? &reconcile->dirty : &reconcile->clean, group);
    if (group->is_stale)
        reconcile->stale.items[group->stale_at] = NULL;
    reconcile->settled -= group->is_settled;
    (void)memory_resize(reconcile->memory, group, sizeof *group, 0);
}

void group_clean(struct reconcile *reconcile, struct group *group)
{
    if (!group->is_dirty)
        return;
    group->is_dirty = false;
    list_take(&reconcile->dirty, group);
    list_put(&reconcile->clean, group);
}

void group_dirty(struct reconcile *reconcile, struct group *group)
{
    if (group->is_dirty)
        return;
    group->is_dirty = true;
    list_take(&reconcile->clean, group);
    list_put(&reconcile->dirty, group);
}

/* The sum does not depend on the order; word by word it is undone as it was done. */
void group_digest_add(struct group *group, const unsigned char digest[32], bool adds)
{
    for (size_t i = 0; i < 4; i++) {
        uint64_t word;
        memcpy(&word, digest + 8 * i, sizeof word);
        group->digest[i] = adds ? group->digest[i] + word : group->digest[i] - word;
    }
}

void group_put(struct reconcile *reconcile, struct group *group, struct standing *standing)
{
    standing->group = group;
    standing->previous = NULL;
    standing->next = group->members;
    if (group->members != NULL)
        group->members->previous = standing;
    group->members = standing;
    group->size++;
    if (standing->start_ms < group->first_ms)
        group->first_ms = standing->start_ms;
    group->listed += standing->list != 0;
    group_digest_add(group, standing->digest, true);
    if (group->size == 1 || (group->best != NULL && best_order(standing, group->best) < 0))
        group->best = standing;
    group_dirty(reconcile, group);
}

void group_take(struct reconcile *reconcile, struct standing *standing)
{
    struct group *group = standing->group;
    if (standing->previous != NULL)
        standing->previous->next = standing->next;
    else
        group->members = standing->next;
    if (standing->next != NULL)
        standing->next->previous = standing->previous;
    standing->group = NULL;
    group->size--;
    group->listed -= standing->list != 0;
    group_digest_add(group, standing->digest, false);
    if (group->best == standing)
        group->best = NULL;
    group_dirty(reconcile, group);
}

struct standing *group_best(struct group *group)
{
    if (group->best == NULL) {
        group->best = group->members;
        for (struct standing *one = group->members; one != NULL; one = one->next)
            if (best_order(one, group->best) < 0)
                group->best = one;
    }
    return group->best;
}

/* Of an empty one. */
void group_end(struct reconcile *reconcile, struct group *group)
{
    assert(group->size == 0);
    if (group->record != NULL)
        reconcile->events.orphaned(reconcile->events.self, group->record);
    group_free(reconcile, group);
}

bool group_stale(struct reconcile *reconcile, struct group *group)
{
    if (group == NULL || group->is_stale || group->is_settled)
        return true;
    if (!vector_push(reconcile->memory, &reconcile->stale, group))
        return false;
    group->is_stale = true;
    group->stale_at = reconcile->stale.count - 1;
    reconcile->pending += group->region > group->size ? group->region : group->size;
    return true;
}
