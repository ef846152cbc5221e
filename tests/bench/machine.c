#include "tests/bench/machine.h"

#include "base/clock.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static volatile uint64_t sink; /* what is read must not be optimised away */

static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* One cycle through all cache lines in random order (Sattolo), followed for a million steps. */
static double chase_ns(size_t bytes)
{
    enum { STEPS = 1000000, LINE = 64 };
    size_t count = bytes / LINE;
    uint64_t *lines = malloc(bytes);
    uint32_t *order = malloc(count * sizeof *order);
    double ns = 0.0;
    for (size_t i = 0; order != NULL && i < count; i++)
        order[i] = (uint32_t)i;
    for (size_t i = count; order != NULL && i-- > 1;) {
        size_t j = mix(i) % i;
        uint32_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    if (lines != NULL && order != NULL) {
        for (size_t i = 0; i < count; i++)
            lines[order[i] * (size_t)(LINE / 8)] = order[(i + 1) % count];
        uint64_t at = order[0];
        uint64_t begun_ns = clock_monotonic_ns();
        for (size_t i = 0; i < STEPS; i++)
            at = lines[at * (LINE / 8)];
        ns = (double)(clock_monotonic_ns() - begun_ns) / STEPS;
        sink = at;
    }
    free(order);
    free(lines);
    return ns;
}

static double probe_ns(void)
{
    enum { SLOTS = 1 << 20, PROBES = 4000000 };
    uint64_t(*slots)[2] = malloc(SLOTS * sizeof *slots);
    uint64_t sum = 0;
    if (slots == NULL)
        return 0.0;
    for (size_t i = 0; i < SLOTS; i++)
        slots[i][0] = slots[i][1] = mix(i);
    uint64_t begun_ns = clock_monotonic_ns();
    for (uint64_t i = 0; i < PROBES; i++)
        sum += slots[mix(i) % SLOTS][0];
    double ns = (double)(clock_monotonic_ns() - begun_ns) / PROBES;
    sink = sum;
    free(slots);
    return ns;
}

static double copy_gb_s(void)
{
    enum { TIMES = 8 };
    char *from = malloc(64 * MIB);
    char *to = malloc(64 * MIB);
    double rate = 0.0;
    if (from != NULL && to != NULL) {
        memset(from, 1, 64 * MIB);
        memset(to, 2, 64 * MIB);
        uint64_t begun_ns = clock_monotonic_ns();
        for (size_t i = 0; i < TIMES; i++) {
            from[i] = (char)i;
            memcpy(to, from, 64 * MIB);
            sink = (uint64_t)to[mix(i) % (64 * MIB)];
        }
        rate = (double)(TIMES * 64 * MIB) / (double)(clock_monotonic_ns() - begun_ns);
    }
    free(from);
    free(to);
    return rate;
}

static double clock_ns(void)
{
    enum { TIMES = 1000000 };
    uint64_t begun_ns = clock_monotonic_ns();
    for (size_t i = 1; i < TIMES; i++)
        sink = clock_monotonic_ns();
    return (double)(clock_monotonic_ns() - begun_ns) / TIMES;
}

void machine_print(void)
{
    printf("{\"bench\": \"machine\", \"dram_ns\": %.1f, \"l2_ns\": %.1f, \"probe_ns\": %.1f, \"copy_gb_s\": %.1f, "
           "\"clock_ns\": %.1f}\n",
           chase_ns(256 * MIB), chase_ns(MIB / 4), probe_ns(), copy_gb_s(), clock_ns());
    (void)fflush(stdout);
}
