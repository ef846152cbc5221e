/* Any bytes as a publication: refused with a reason, or packed, and read to the same kind again. */
#include "proto/codec.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct publication publication;
    struct publication again;
    struct text bytes = {0};
    char reason[REASON_BYTES] = "";
    arena_init(&arena, 64u << 20);
    if (publication_unpack((struct span){(const char *)data, size}, &arena, &publication, reason) == STATUS_OK) {
        fuzz_check(publication_pack(&publication, &bytes) == STATUS_OK);
        fuzz_check(publication_unpack((struct span){bytes.data, bytes.size}, &arena, &again, reason) == STATUS_OK);
        fuzz_check(publication.kind == again.kind);
    } else {
        fuzz_check(reason[0] != '\0');
    }
    text_fini(&bytes);
    arena_fini(&arena);
    return 0;
}
