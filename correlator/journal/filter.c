#include "correlator/journal/filter.h"

#define HASHES_A_BLOCK 32u
#define BITS_A_HASH    5u
#define BIT_MASK       (8u * FILTER_BLOCK_BYTES - 1)

_Static_assert(sizeof(struct filter_block) == FILTER_BLOCK_BYTES, "as it is in the file");

static uint64_t block_count(uint64_t hash_count)
{
    return hash_count / HASHES_A_BLOCK + 1;
}

size_t filter_size(uint64_t hash_count)
{
    return (size_t)block_count(hash_count) * sizeof(struct filter_block);
}

/* By its upper half; the bits are of its lower 45. */
static uint64_t block_of(uint64_t hash_count, uint64_t hash)
{
    return (hash * 0x9e3779b97f4a7c15u >> 32) * block_count(hash_count) >> 32;
}

static unsigned bit_of(uint64_t hash, unsigned i)
{
    return (unsigned)(hash >> (9 * i)) & BIT_MASK;
}

void filter_add(struct filter_block *filter, uint64_t hash_count, uint64_t hash)
{
    struct filter_block *block = &filter[block_of(hash_count, hash)];
    for (unsigned i = 0; i < BITS_A_HASH; i++)
        block->words[bit_of(hash, i) / 64] |= (uint64_t)1 << bit_of(hash, i) % 64;
}

bool filter_has(const struct filter_block *filter, uint64_t hash_count, uint64_t hash)
{
    const struct filter_block *block = &filter[block_of(hash_count, hash)];
    bool has = true;
    for (unsigned i = 0; i < BITS_A_HASH; i++)
        has = has && (block->words[bit_of(hash, i) / 64] >> bit_of(hash, i) % 64 & 1) != 0;
    return has;
}
