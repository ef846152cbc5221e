/* Random numbers by their place, not by their turn: Philox 4×32-10 (Salmon et al., "Parallel random numbers: as easy as
 * 1, 2, 3", SC '11). The same key and counter give the same numbers on every machine, in any order, on any thread. */
#pragma once

#include <stdint.h>

struct philox {
    uint32_t words[4];
};

struct philox philox_at(uint64_t key, struct philox counter);

/* Uniform in 0 … below − 1 (below ≥ 1), from the first 64 of the 128 bits; its bias is at most below / 2^64. */
__extension__ typedef unsigned __int128 philox_product;
static inline uint64_t philox_below(struct philox random, uint64_t below)
{
    uint64_t bits = (uint64_t)random.words[0] << 32 | random.words[1];
    return (uint64_t)((philox_product)bits * below >> 64);
}
