/* Any bytes as what a publisher has told: refused, or packed to what is read to the same again. */
#include "correlator/tellings.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tellings tellings, again;
    struct text bytes = {0}, twice = {0};
    tellings_init(&tellings);
    tellings_init(&again);
    if (tellings_unpack(&tellings, (struct span){(const char *)data, size}) == STATUS_OK) {
        fuzz_check(tellings_pack(&tellings, &bytes) == STATUS_OK);
        fuzz_check(tellings_unpack(&again, (struct span){bytes.data, bytes.size}) == STATUS_OK);
        fuzz_check(tellings_pack(&again, &twice) == STATUS_OK);
        fuzz_check(bytes.size == twice.size && memcmp(bytes.data, twice.data, bytes.size) == 0);
    }
    tellings_fini(&tellings);
    tellings_fini(&again);
    text_fini(&bytes);
    text_fini(&twice);
    return 0;
}
