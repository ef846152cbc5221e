/* Any bytes as a report: refused with a reason, or valid and packed and read to the same again. */
#include "proto/codec.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct report report;
    struct report again;
    struct text bytes = {0};
    char reason[REASON_BYTES] = "";
    arena_init(&arena, 16u << 20);
    if (report_unpack((struct span){(const char *)data, size}, &arena, &report, reason) == STATUS_OK) {
        fuzz_check(report_pack(&report, &bytes) == STATUS_OK);
        fuzz_check(report_unpack((struct span){bytes.data, bytes.size}, &arena, &again, reason) == STATUS_OK);
        fuzz_check(report_order(&report, &again) == 0);
    } else {
        fuzz_check(reason[0] != '\0');
    }
    text_fini(&bytes);
    arena_fini(&arena);
    return 0;
}
