#include "correlator/keeping_rules.h"

#include "correlator/baseline/file.h"

#include <inttypes.h>
#include <stdlib.h>

void rules_written_fini(struct rules_written *written)
{
    text_fini(&written->texts);
    free(written->rules);
    free(written->hashes);
    *written = (struct rules_written){0};
}

static void same_write(const struct same_options *same, struct text *text)
{
    if (same->mode == SAME_OFF) {
        text_append(text, SPAN("off"));
        return;
    }
    text_print(text, "within %" PRId64 " ms, reach %a km, distinct", same->within_ms, same->reach_km);
    for (size_t i = 0; i < same->distinct_count; i++)
        text_print(text, " %.*s", SPAN_ARG(same->distinct[i]));
}

/* Offsets first: the text moves while it grows. */
static void rules_place(const struct correlator_config *config, struct rules_written *written, const size_t *ends)
{
    for (size_t i = 0; i < config->rule_count; i++) {
        size_t start = i == 0 ? 0 : ends[i - 1];
        written->rules[i] = (struct journal_rule){.name = config->rules[i].name,
                                                  .hash = span_of(written->hashes[i]),
                                                  .json = {written->texts.data + start, ends[i] - start}};
    }
}

enum status rules_record(const struct correlator_config *config, struct rules_written *written,
                         struct journal_record *ret_record)
{
    size_t count = config->rule_count;
    written->rules = calloc(count + 1, sizeof *written->rules);
    written->hashes = calloc(count + 1, sizeof *written->hashes);
    size_t *ends = calloc(count + 1, sizeof *ends);
    bool room = written->rules != NULL && written->hashes != NULL && ends != NULL;
    for (size_t i = 0; i < count && room; i++) {
        rule_hash(&config->rules[i], written->hashes[i]);
        rule_to_json(&config->rules[i], &written->texts);
        ends[i] = written->texts.size;
    }
    if (room)
        same_write(&config->same, &written->texts);
    room = room && !written->texts.failed;
    if (room) {
        rules_place(config, written, ends);
        size_t same = count > 0 ? ends[count - 1] : 0;
        *ret_record = (struct journal_record){
            .kind = JOURNAL_RULES,
            .count = 1,
            .rules = written->rules,
            .rule_count = count,
            .baseline = span_of(config->baseline != NULL ? baseline_hash(config->baseline) : ""),
            .same = {written->texts.data + same, written->texts.size - same}};
    }
    free(ends);
    return room ? STATUS_OK : STATUS_NO_MEMORY;
}
