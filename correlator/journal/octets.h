/* Bytes as the journal and the checkpoint write them: numbers as varints, times as their zigzag, texts with their size
 * before them. The reader believes nothing: it is sticky, what it answers after a fault is 0 or empty, and
 * octets_finish says whether all of it was right and read. */
#pragma once

#include "base/span.h"
#include "proto/json.h"

#include <stdbool.h>
#include <stdint.h>

void octets_put_number(struct text *text, uint64_t value);
void octets_put_time(struct text *text, int64_t value);
void octets_put_bytes(struct text *text, struct span bytes);
/* As they are, without their size. */
void octets_put_raw(struct text *text, const void *bytes, size_t size);

struct octets {
    struct span rest;
    bool failed;
};
uint64_t octets_number(struct octets *octets);
/* At most max; a greater one is a fault. */
uint64_t octets_number_to(struct octets *octets, uint64_t max);
int64_t octets_time(struct octets *octets);
/* Borrowed from what is read. A longer one than max is a fault. */
struct span octets_bytes(struct octets *octets, size_t max);
/* Zeros after a fault. */
void octets_raw(struct octets *octets, void *bytes, size_t size);
/* How many follow, of at least each_min bytes: more than there can be is a fault, so nothing is taken on a stranger's
 * word. */
size_t octets_count(struct octets *octets, size_t each_min);
/* No fault, and nothing left. */
bool octets_finish(const struct octets *octets);
