/* Any bytes as a frame: refused with a reason, or packed and read to the same kind again; never much memory. */
#include "proto/codec.h"
#include "proto/limits.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct frame frame;
    struct frame again;
    struct text bytes = {0};
    char reason[REASON_BYTES] = "";
    arena_init(&arena, 64u << 20);
    if (frame_unpack((struct span){(const char *)data, size}, LIMIT_BATCH_BYTES, &arena, &frame, reason) == STATUS_OK) {
        fuzz_check(frame_pack(&frame, &bytes) == STATUS_OK);
        fuzz_check(frame_unpack((struct span){bytes.data, bytes.size}, bytes.size, &arena, &again, reason) ==
                   STATUS_OK);
        fuzz_check(frame.kind == again.kind);
        fuzz_check(frame.kind != FRAME_BATCH || frame.batch.count == again.batch.count);
    } else {
        fuzz_check(reason[0] != '\0');
    }
    text_fini(&bytes);
    arena_fini(&arena);
    return 0;
}
