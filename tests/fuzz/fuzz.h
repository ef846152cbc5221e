/* What every fuzz target begins with. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for any input; the fuzzer keeps the one for which it does not. */
static inline void fuzz_check(int holds)
{
    if (!holds)
        abort();
}
