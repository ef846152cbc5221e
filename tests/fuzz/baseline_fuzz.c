/* Any body behind a true head and under a true checksum: what opens answers every place, the rest is refused. */
#include "correlator/baseline/file.h"
#include "correlator/baseline/format.h"
#include "tests/fuzz/fuzz.h"

#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t whole = FORMAT_HEAD_BYTES + size + FORMAT_SUM_BYTES;
    unsigned char *bytes = calloc(1, whole);
    char reason[BASELINE_REASON_BYTES] = "";
    struct baseline *baseline;
    fuzz_check(bytes != NULL);
    memcpy(bytes, FORMAT_MAGIC, FORMAT_MAGIC_BYTES);
    bytes[FORMAT_MAGIC_BYTES] = BASELINE_FORMAT;
    for (size_t i = 0; i < 8; i++)
        bytes[FORMAT_MAGIC_BYTES + 4 + i] = (unsigned char)((uint64_t)whole >> (8 * i));
    if (size > 0)
        memcpy(bytes + FORMAT_HEAD_BYTES, data, size);
    crypto_hash_sha256(bytes + FORMAT_HEAD_BYTES + size, bytes, FORMAT_HEAD_BYTES + size);
    if (baseline_parse((struct span){(const char *)bytes, whole}, "b", &baseline, reason) == STATUS_OK) {
        for (size_t i = 0; i < baseline_rule_count(baseline); i++) {
            const struct baseline_rule *rule = baseline_rule_at(baseline, i);
            for (size_t k = 0; k < 16 && k < history_count(rule); k++) {
                struct point point = history_points(rule)[k];
                uint32_t history = baseline_history(rule, baseline_cell_of(rule, point));
                fuzz_check(history <= history_count(rule));
                fuzz_check(baseline_threshold(rule, history < 1000 ? history : 1000, 0) > 0);
                fuzz_check(baseline_footprint_history(rule, baseline_footprint_of(rule, point)) > 0);
            }
        }
        baseline_close(baseline);
    } else {
        fuzz_check(strncmp(reason, "b: ", 3) == 0);
    }
    free(bytes);
    return 0;
}
