#include "correlator/keeping_rules.h"

#include "correlator/baseline/file.h"
#include "correlator/correlator_inside.h"
#include "correlator/keeping_inside.h"

#include <inttypes.h>
#include <stdio.h>
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

bool keeping_rules_are(const struct checkpoint *checkpoint, const struct journal_record *now)
{
    bool same = checkpoint->rule_count == now->rule_count && span_equal(checkpoint->baseline, now->baseline) &&
                span_equal(checkpoint->same, now->same);
    for (size_t i = 0; same && i < now->rule_count; i++)
        same = span_equal(checkpoint->rules[i].name, now->rules[i].name) &&
               span_equal(checkpoint->rules[i].hash, now->rules[i].hash);
    return same;
}

enum status keeping_rules_pack(const struct journal_record *record, struct text *text)
{
    struct journal_record timeless = *record;
    timeless.at_ms = 0;
    return journal_pack(&timeless, text);
}

/* Are they those it was judged by last? */
static enum status is_same(const struct keeping *keeping, const struct journal_record *now, bool *ret_same)
{
    struct text text = {0};
    if (keeping->rules_number == 0) {
        *ret_same = keeping->checkpoint_body.size == 0 || keeping_rules_are(&keeping->checkpoint, now);
        return STATUS_OK;
    }
    enum status status = keeping_rules_pack(now, &text);
    *ret_same = status == STATUS_OK && span_equal((struct span){text.data, text.size},
                                                  (struct span){keeping->rules.data, keeping->rules.size});
    text_fini(&text);
    return status;
}

/* What was told since the checkpoint is not on any list. By the same rules it is told again or taken back as it was;
 * other rules never speak of it, and it would stay in the stores for ever. */
enum status keeping_rules_check(const struct correlator *correlator, char ret_reason[WAL_REASON_BYTES])
{
    const struct keeping *keeping = &correlator->keeping;
    struct journal_record now;
    struct rules_written written = {0};
    const struct numbers *plan = &keeping->plan; /* flushes up to the checkpoint are journaled behind it */
    bool has_flushed = plan->count > 0 && plan->items[plan->count - 1] >= keeping->begin;
    /* other rules begin by telling what is in memory */
    bool has_begun = keeping->checkpoint_body.size > 0 && keeping->rules_number > keeping->checkpoint.rules_number;
    bool same = true, has_told = (has_flushed || has_begun) && keeping->sinks.count > 0;
    if (!has_told || correlator->options.start != CORRELATOR_GOES_ON)
        return STATUS_OK;
    enum status status = rules_record(correlator->options.config, &written, &now);
    if (status == STATUS_OK)
        status = is_same(keeping, &now, &same);
    rules_written_fini(&written);
    if (status != STATUS_OK || same)
        return status;
    (void)snprintf(
        ret_reason, WAL_REASON_BYTES,
        "rules, baseline or same have changed, and what the former told since the last checkpoint could not "
        "be taken back: start once with the former and stop it while its sinks are there (or: --leave-told)");
    return STATUS_INVALID;
}
