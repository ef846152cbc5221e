/* Inside a leaf's file: is a hash perhaps among its own? A new report's id is looked for in every segment the journal
 * keeps, and is in none: this answers with one look at memory where a search takes twenty.
 *
 *   blocks of 512 bits; a hash says which block, and five bits in it. Two bytes a hash; of those not there three in a
 *   thousand are taken to be there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_BLOCK_BYTES 64u

struct filter_block {
    uint64_t words[8];
};

/* Bytes of the filter of so many hashes. */
size_t filter_size(uint64_t hash_count);
/* The filter begins as zeros. Hashes must be as good as random in all bits. */
void filter_add(struct filter_block *filter, uint64_t hash_count, uint64_t hash);
bool filter_has(const struct filter_block *filter, uint64_t hash_count, uint64_t hash);
