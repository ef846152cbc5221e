/* Any bytes as the place where a file is read on: refused, or written down again as they came. */
#include "agents/input_place.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span bytes = {(const char *)data, size};
    struct input_place place;
    struct text again = {0};
    if (input_place_read(bytes, &place) != STATUS_OK)
        return 0;
    input_place_write(&place, &again);
    fuzz_check(span_equal(bytes, (struct span){again.data, again.size}));
    input_place_advance(&place, place.offset, place.line + 1);
    fuzz_check(!place.moved);
    text_fini(&again);
    return 0;
}
