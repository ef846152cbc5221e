/* What is due first, about: items in lists by their time, cut to steps. An item is due once the whole step it is in has
 * passed.
 *
 *   spokes, by step: ── 17 ── 18 ── 21 ──      each the first of a list of items
 *                        └─▶ item ⇄ item ⇄ item
 *
 * O(1) where times mostly grow, else O(log steps). 8 bytes an item. */
#pragma once

#include "correlator/engine/memory.h"

struct wheel_link {
    uint32_t next;
    uint32_t previous; /* NONE: the first of its spoke; itself: in none */
};

struct wheel_spoke {
    int64_t number;
    uint32_t first;
};

struct wheel {
    int64_t step_ms;
    VECTOR(struct wheel_spoke) spokes; /* ascending; none is empty but for those just made */
    VECTOR(struct wheel_link) links;   /* by item */
};

void wheel_init(struct wheel *wheel, int64_t step_ms);
void wheel_free(struct wheel *wheel, struct memory *memory);
/* Room for items 0 … item_count − 1, and for one more spoke. False: no memory, nothing changed. */
bool wheel_reserve(struct wheel *wheel, struct memory *memory, uint32_t item_count);
/* Puts in an item that is in none, after wheel_reserve. */
void wheel_put(struct wheel *wheel, uint32_t item, int64_t due_ms);
/* Takes the item out, if it is in; due_ms as it was put. */
void wheel_remove(struct wheel *wheel, uint32_t item, int64_t due_ms);
bool wheel_has(const struct wheel *wheel, uint32_t item);
/* Is there one whose step ended before this time? */
bool wheel_due(const struct wheel *wheel, int64_t before_ms, uint32_t *ret_item);
