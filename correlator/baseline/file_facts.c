/* What a baseline answers of itself, and its end. */
#include "correlator/baseline/file_inside.h"

#include <stdlib.h>

void baseline_close(struct baseline *baseline)
{
    if (baseline == NULL)
        return;
    for (size_t i = 0; i < baseline->rule_count; i++) {
        history_free(baseline->rules[i].rule);
        thresholds_free(baseline->rules[i].thresholds);
    }
    free(baseline->rules);
    arena_fini(&baseline->arena);
    free(baseline);
}

const char *baseline_hash(const struct baseline *baseline)
{
    return baseline->hash;
}

const struct baseline_facts *baseline_facts(const struct baseline *baseline)
{
    return &baseline->facts;
}

bool baseline_has_source(const struct baseline *baseline, struct span source)
{
    size_t low = 0, high = baseline->facts.source_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = span_compare(baseline->facts.sources[middle], source);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

size_t baseline_rule_count(const struct baseline *baseline)
{
    return baseline->rule_count;
}

const struct baseline_rule *baseline_rule_at(const struct baseline *baseline, size_t index)
{
    return baseline->rules[index].rule;
}

const struct baseline_rule_facts *baseline_rule_facts_at(const struct baseline *baseline, size_t index)
{
    return &baseline->rules[index].facts;
}

const struct baseline_rule *baseline_rule_find(const struct baseline *baseline, struct span name)
{
    for (size_t i = 0; i < baseline->rule_count; i++)
        if (span_equal(baseline->rules[i].facts.name, name))
            return baseline->rules[i].rule;
    return NULL;
}
