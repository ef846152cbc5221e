/* An allocator that counts what it gives, and fails when told to. */
#pragma once

#include "base/allocator.h"

#include <stdbool.h>
#include <stdint.h>

struct failing {
    uint64_t calls;      /* that asked for memory */
    uint64_t fail_at;    /* the number of the call to fail, and all after it; 0: never */
    bool once;           /* only that one */
    uint64_t blocks;     /* given and not taken back */
    uint64_t bytes;      /* in them, by the sizes it is told */
    uint64_t bytes_most; /* ever */
};

/* Borrows. */
struct allocator failing_allocator(struct failing *failing);
