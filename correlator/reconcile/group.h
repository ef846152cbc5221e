/* Groups, and who is in which: what reconcile.c and regroup.c share. A group says something else than was told as soon
 * as somebody is put in or taken out: it is dirty then. */
#pragma once

#include "correlator/reconcile/reconcile.h"

/* NULL: no memory. */
struct group *group_new(struct reconcile *reconcile);
void group_free(struct reconcile *reconcile, struct group *group);
/* Of an empty one: its record is an orphan. */
void group_end(struct reconcile *reconcile, struct group *group);
void group_put(struct reconcile *reconcile, struct group *group, struct standing *standing);
void group_take(struct reconcile *reconcile, struct standing *standing);
void group_dirty(struct reconcile *reconcile, struct group *group);
/* To be partitioned anew; NULL and settled ones are let be. False: no memory. */
bool group_stale(struct reconcile *reconcile, struct group *group);
/* The sum does not depend on the order; word by word it is undone as it was done. */
void group_digest_add(struct group *group, const unsigned char digest[32], bool adds);

/* Of those without a group. False: no memory. */
bool standing_wait(struct reconcile *reconcile, struct standing *standing);
void standing_wait_no_more(struct reconcile *reconcile, struct standing *standing);
