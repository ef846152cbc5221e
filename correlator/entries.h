/* Inside the register: its entries by id.
 *
 *   slots: │ hash, entry │ hash, entry │ – │ hash, entry │ –      where the hash says, or in the next free one behind
 *
 * Most ids that are looked for are new. A table with the hashes in it answers that with one look at memory, where lists
 * take one for each step; and entries_expect can have that under way while something else is done. At most half of the
 * slots are taken: 32 to 64 bytes an entry. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct entry; /* registry_inside.h: its id is what it is found by */

struct entries_slot {
    uint64_t hash;
    struct entry *entry; /* NULL: free */
};

/* Starts as zero. */
struct entries {
    struct entries_slot *slots;
    size_t slot_count; /* a power of two, or 0 */
    size_t count;
};

void entries_fini(struct entries *entries);
/* NULL: none. */
struct entry *entries_find(const struct entries *entries, struct span id);
/* The id will be looked for soon. */
void entries_expect(const struct entries *entries, struct span id);
/* It must not be there. */
enum status entries_add(struct entries *entries, struct entry *entry) MUST_CHECK;
/* It must be there. */
void entries_remove(struct entries *entries, struct entry *entry);
/* Lets go of slots that are far more than are taken, so that looking at all is no more than a look at each. */
void entries_fit(struct entries *entries);
/* The first one in slot *at or behind, and its slot; NULL: no more. In no order. Where it is then removed, the same
 * slot is to be asked again; some may then be met twice, none is missed. */
struct entry *entries_next(const struct entries *entries, size_t *at);
