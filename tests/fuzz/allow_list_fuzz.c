/* Any text as an allow-list: refused with a line's number, or every key found again by itself and by its name. */
#include "bus/keys/allowed.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct allowed allowed = {0};
    char reason[256] = "";
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (allowed_parse(text, "list", &allowed, reason) != STATUS_OK) {
        fuzz_check(strncmp(reason, "list:", 5) == 0);
        return 0;
    }
    for (size_t i = 0; i < allowed.count; i++) {
        const struct allowed_key *key = &allowed.keys[i];
        fuzz_check(allowed_find(&allowed, &key->public) == key && allowed_find_name(&allowed, key->name) == key);
        fuzz_check(allowed_owns(&allowed, key, key->name));
        fuzz_check(allowed_sources_are_valid(key->sources));
    }
    allowed_fini(&allowed);
    return 0;
}
