/* Inside the register's second way: what taking in and leaving (registry_same.c) and telling (registry_tell.c) share.
 */
#pragma once

#include "base/arena.h"
#include "correlator/reconcile/reconcile.h"
#include "correlator/registry_inside.h"
#include "proto/json.h"

struct same_way {
    struct memory memory;
    struct reconcile reconcile;
    struct text bytes;      /* scratch of packing */
    struct arena arena;     /* of one publication */
    struct record *orphans; /* since the last resolve */
    struct entry *out;      /* to be told out of correlation */
    VECTOR(struct group *) groups;
    standing_vector sorted;
    VECTOR(struct publisher_key) publishers;
    uint64_t serial;
};

/* The group of a record is no more, or has another best report. self is the registry. */
void same_orphaned(void *self, struct record *record);
/* The members of the group, the best first, into `sorted`; and their distinct publishers. False: no memory. */
bool same_members_sort(struct same_way *same, const struct group *group, size_t *ret_publishers);
