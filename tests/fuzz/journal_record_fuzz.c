/* Any bytes as a record of the journal, its type and count before them: refused with a reason, or packed to the same
 * again. */
#include "correlator/journal/record.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct journal_record record, again;
    struct text bytes = {0};
    char reason[REASON_BYTES] = "";
    if (size < 2)
        return 0;
    arena_init(&arena, 16u << 20);
    struct span payload = {(const char *)data + 2, size - 2};
    if (journal_unpack(data[0], 1, data[1], payload, &arena, &record, reason) == STATUS_OK) {
        fuzz_check(journal_pack(&record, &bytes) == STATUS_OK);
        fuzz_check(journal_unpack(data[0], 1, data[1], (struct span){bytes.data, bytes.size}, &arena, &again, reason) ==
                   STATUS_OK);
        fuzz_check(record.kind == again.kind && record.item_count == again.item_count);
        fuzz_check(record.late_count == again.late_count && record.refused_count == again.refused_count);
    } else {
        fuzz_check(reason[0] != '\0');
    }
    text_fini(&bytes);
    arena_fini(&arena);
    return 0;
}
