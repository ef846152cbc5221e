/* Nanoseconds by how often: exact below 128, from there on 1/64 fine. Adding costs a few instructions, no memory. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HISTOGRAM_FINE    6u
#define HISTOGRAM_BUCKETS ((65u - HISTOGRAM_FINE) << HISTOGRAM_FINE)

struct histogram {
    uint64_t counts[HISTOGRAM_BUCKETS];
    uint64_t count;
    uint64_t most;
};

static inline size_t histogram_bucket(uint64_t ns)
{
    if (ns < 2u << HISTOGRAM_FINE)
        return (size_t)ns;
    unsigned shift = 63u - HISTOGRAM_FINE - (unsigned)__builtin_clzll(ns);
    return ((size_t)shift << HISTOGRAM_FINE) + (size_t)(ns >> shift);
}

static inline void histogram_add(struct histogram *histogram, uint64_t ns)
{
    histogram->counts[histogram_bucket(ns)]++;
    histogram->count++;
    if (ns > histogram->most)
        histogram->most = ns;
}

/* The greatest of its bucket: never flatters. share 0 … 1. */
static inline uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
    uint64_t wanted = (uint64_t)((double)histogram->count * share);
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen <= wanted)
            continue;
        size_t shift = i < (2u << HISTOGRAM_FINE) ? 0 : (i >> HISTOGRAM_FINE) - 1;
        uint64_t greatest = (((uint64_t)(i - (shift << HISTOGRAM_FINE)) + 1) << shift) - 1;
        return greatest < histogram->most ? greatest : histogram->most;
    }
    return histogram->most;
}
