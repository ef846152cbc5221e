/* Which reports tell of one incident: a function of a set of standing reports, whatever their order (method §7).
 *
 *   precise reports, joined by edges ──▶ components ──▶ where one holds two records of one distinct source, parted:
 *                                                       edges from the strongest on, none that would unite such two
 *   coarse reports, by (start, id)   ──▶ each joins the nearest precise report it may, else the nearest coarse one
 *                                        before it that joined none, else it stands alone
 *
 * The set must be closed: whoever has an edge with a member is a member, or settled. */
#pragma once

#include "correlator/reconcile/near.h"

struct edge {
    uint128 strength;
    struct standing *first, *second; /* by (start, id) */
};

/* Room that is used again and again. */
struct partition {
    struct memory *memory; /* borrowed */
    struct near *near;     /* borrowed; holds every member */
    standing_vector found, coarse, listed;
    VECTOR(struct edge) edges;
    bool with_settled; /* there are settled groups: what they take in is said by `absorber` of a set's root */
};

void partition_init(struct partition *partition, struct memory *memory, struct near *near);
void partition_fini(struct partition *partition);
/* Makes of each set a tree: partition_root is the same for two members ⇔ they tell of one incident. False: no memory.
 * O(members × those near each), and where a component is contested O(its edges × log). */
bool partition_make(struct partition *partition, const standing_vector *members);
struct standing *partition_root(struct standing *standing);
