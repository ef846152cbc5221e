#include "base/log.h"
#include "correlator/correlator_inside.h"
#include "correlator/footing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Its episodes are told again. */
static enum status touch(void *self, const struct engine_incident *incident, uint64_t publishers)
{
    const struct record *record = incident->user;
    struct correlator *correlator = self;
    (void)publishers;
    engine_touch(correlator->engine, record->handle);
    return STATUS_OK;
}

/* The engine judges, the publisher tells. `kept`: judgements that stand, for what they rest on has left memory. */
static enum status judge_anew(struct correlator *correlator, const struct baseline *baseline, const char *occasion,
                              size_t *ret_kept)
{
    const struct correlator_config *config = correlator->options.config;
    const struct baseline_rule **histories = calloc(config->rule_count, sizeof(struct baseline_rule *));
    if (histories == NULL)
        return STATUS_NO_MEMORY;
    footing_lay(baseline, config->rules, config->rule_count);
    for (size_t i = 0; i < config->rule_count; i++)
        histories[i] = config->rules[i].baseline;
    enum status status = engine_rebase(correlator->engine, histories, ret_kept);
    free(histories);
    if (status == STATUS_OK)
        status = publisher_baseline(correlator->publisher, hash_of(baseline), span_of(occasion));
    if (status == STATUS_OK)
        status = registry_visit(correlator->registry, touch, correlator);
    if (status == STATUS_OK)
        judgement_flush(correlator);
    publisher_occasion_over(correlator->publisher);
    return status;
}

enum status correlator_rebase(struct correlator *correlator, const struct baseline *baseline)
{
    char occasion[128], was[BASELINE_HASH_BYTES];
    size_t kept = 0;
    if (keeping_is_planned(correlator)) /* an episode that only the former tells of would stay in the stores */
        return STATUS_AGAIN;
    judgement_flush(correlator); /* what came before is told for what it was */
    if (correlator->failed)
        return STATUS_CLOSED;
    uint64_t published = publisher_revisions(correlator->publisher);
    (void)snprintf(was, sizeof was, "%s", publisher_baseline_hash(correlator->publisher));
    (void)snprintf(occasion, sizeof occasion, "rule changed: the baseline is %s, was %s",
                   baseline != NULL ? hash_of(baseline) : "none", was[0] != '\0' ? was : "none");
    enum status status = judge_anew(correlator, baseline, occasion, &kept);
    if (status != STATUS_OK)
        flow_fail(correlator, status_text(status));
    if (correlator->failed)
        return status != STATUS_OK ? status : STATUS_CLOSED;
    /* A checkpoint is due: what this baseline told is remembered, whichever there is at the next start. */
    correlator->keeping.checkpointing.captured_ms = 0;
    correlator->keeping.checkpointing.captured_number = correlator->keeping.checkpointing.number = 0;
    struct engine_stats engine;
    engine_stats(correlator->engine, &engine);
    coverage_rebase(correlator->coverage, baseline);
    log_info("baseline.rebase",
             "%s: %zu incidents in memory are judged anew by %zu rules, but for %zu judgements that are kept, for what "
             "they rest on has left memory; %" PRIu64 " revisions of episodes published",
             occasion, engine.incidents, correlator->options.config->rule_count, kept,
             publisher_revisions(correlator->publisher) - published);
    coverage_rules(correlator->coverage, correlator->options.config->rules, correlator->options.config->rule_count);
    flow_update(correlator);
    return STATUS_OK;
}
