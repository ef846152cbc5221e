/* Any bytes as a mapping file: refused with a complaint, or a mapping that can be closed again. */
#include "agents/mapping.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *complaints = NULL;
    size_t complaints_size = 0;
    struct mapping *mapping = NULL;
    FILE *stream = open_memstream(&complaints, &complaints_size);
    fuzz_check(stream != NULL);
    enum status status = mapping_parse((struct span){(const char *)data, size}, "m.yaml", stream, &mapping);
    fclose(stream);
    fuzz_check((status == STATUS_OK) == (mapping != NULL));
    fuzz_check(status == STATUS_OK || complaints_size > 0);
    mapping_close(mapping);
    free(complaints);
    return 0;
}
