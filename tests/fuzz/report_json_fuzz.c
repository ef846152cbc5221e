/* Any line as a report: refused with a reason, or written and read to the same again. */
#include "proto/json.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct report report;
    struct report again;
    struct text text = {0};
    char reason[REASON_BYTES] = "";
    arena_init(&arena, 16u << 20);
    if (report_from_json((struct span){(const char *)data, size}, &arena, &report, reason) == STATUS_OK) {
        report_to_json(&report, &text);
        fuzz_check(report_from_json((struct span){text.data, text.size}, &arena, &again, reason) == STATUS_OK);
        fuzz_check(report_order(&report, &again) == 0);
    } else {
        fuzz_check(reason[0] != '\0');
    }
    text_fini(&text);
    arena_fini(&arena);
    return 0;
}
