/* Any text as a published rule: refused, or written and read to the same again. */
#include "correlator/rule_config.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct rule rule, again;
    struct text first = {0}, second = {0};
    arena_init(&arena, 1u << 20);
    if (rule_from_json((struct span){(const char *)data, size}, &arena, &rule) == STATUS_OK) {
        rule_to_json(&rule, &first);
        fuzz_check(rule_from_json((struct span){first.data, first.size}, &arena, &again) == STATUS_OK);
        rule_to_json(&again, &second);
        fuzz_check(span_equal((struct span){first.data, first.size}, (struct span){second.data, second.size}));
    }
    text_fini(&first);
    text_fini(&second);
    arena_fini(&arena);
    return 0;
}
