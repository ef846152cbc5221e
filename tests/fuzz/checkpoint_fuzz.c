/* Any bytes as a checkpoint's body: refused, or packed to the same again. And as a whole file: no crash. */
#include "correlator/journal/checkpoint.h"
#include "proto/json.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct checkpoint checkpoint, again;
    struct text bytes = {0};
    struct span file = {(const char *)data, size}, body;
    uint64_t generation;
    (void)checkpoint_frame_read(file, &generation, &body);
    arena_init(&arena, 16u << 20);
    if (checkpoint_unpack(file, &arena, &checkpoint) == STATUS_OK) {
        fuzz_check(checkpoint_pack(&checkpoint, &bytes) == STATUS_OK);
        fuzz_check(checkpoint_unpack((struct span){bytes.data, bytes.size}, &arena, &again) == STATUS_OK);
        fuzz_check(checkpoint.number == again.number && checkpoint.stream_count == again.stream_count);
        fuzz_check(checkpoint.refused_count == again.refused_count && checkpoint.swept_ms == again.swept_ms);
    }
    text_fini(&bytes);
    arena_fini(&arena);
    return 0;
}
