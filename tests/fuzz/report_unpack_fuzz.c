/* Any bytes as a report: refused with a reason, or valid and packed and read to the same again; and as protobuf-c has
 * it. */
#include "proto/codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/report_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct report report;
    struct report again;
    struct text bytes = {0};
    const struct span given = {(const char *)data, size};
    char reason[REASON_BYTES] = "";
    arena_init(&arena, 16u << 20);
    if (report_unpack(given, &arena, &report, reason) == STATUS_OK) {
        fuzz_check(report_pack(&report, &bytes) == STATUS_OK);
        fuzz_check(report_unpack((struct span){bytes.data, bytes.size}, &arena, &again, reason) == STATUS_OK);
        fuzz_check(report_order(&report, &again) == 0);
        fuzz_check(report_oracle_rewrites((struct span){bytes.data, bytes.size}) == NULL);
    } else {
        fuzz_check(reason[0] != '\0');
    }
    fuzz_check(report_oracle_differs(given) == NULL);
    text_fini(&bytes);
    arena_fini(&arena);
    return 0;
}
