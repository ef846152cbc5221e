#include "cli/standing.h"

#include "base/time_text.h"
#include "cli/wording.h"

#include <stdlib.h>

#define SAMPLE_MAX 1000u /* places asked, of as many as there are */

/* h at the places of the history itself: what is usual where something happens, and what the busiest place has. */
struct usual {
    uint32_t middle, most;
};

static int number_order(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static struct usual usual_of(const struct baseline_rule *rule)
{
    static uint32_t sample[SAMPLE_MAX];
    size_t count = history_count(rule), taken = count < SAMPLE_MAX ? count : SAMPLE_MAX;
    for (size_t i = 0; i < taken; i++) {
        struct point point = history_points(rule)[i * count / taken];
        sample[i] = baseline_history(rule, baseline_cell_of(rule, point));
    }
    if (taken == 0)
        return (struct usual){0};
    qsort(sample, taken, sizeof *sample, number_order);
    return (struct usual){sample[taken / 2], sample[taken - 1]};
}

/* "a core needs 3 neighbours where there was nothing, 5 where there were 50 …". */
static void rule_print(const struct rule *rule, FILE *stream)
{
    const struct baseline_rule *history = rule->baseline;
    char count[WORDS_BYTES];
    words_count(history_count(history), "incident", "incidents", count);
    struct usual usual = usual_of(history);
    fprintf(stream, "  rule %.*s: %s; a core needs K neighbours where h were near: h 0 K %u", SPAN_ARG(rule->name),
            count, baseline_threshold(history, 0, 0));
    if (history_count(history) > 0)
        fprintf(stream, ", at half of their places h %u K %u, at the busiest h %u K %u", usual.middle,
                baseline_threshold(history, usual.middle, 0), usual.most, baseline_threshold(history, usual.most, 0));
    uint64_t years = baseline_curve(history, BASELINE_CURVE_FLAGGED)->years;
    if (years > 0)
        fprintf(stream, "; %llu simulated years", (unsigned long long)years);
    else
        fputs("; no simulated years: no recurrence", stream);
    fputc('\n', stream);
}

void standing_print(const struct correlator_config *config, FILE *stream)
{
    if (config->baseline == NULL)
        return;
    const struct baseline_facts *facts = baseline_facts(config->baseline);
    char from[TIME_TEXT_BYTES], until[TIME_TEXT_BYTES], guard[DURATION_TEXT_BYTES], sources[WORDS_BYTES];
    size_t covered = 0;
    for (size_t i = 0; i < config->rule_count; i++)
        covered += config->rules[i].baseline != NULL;
    time_format(facts->from_ms, from);
    time_format(facts->until_ms, until);
    duration_words(facts->guard_ms, guard);
    words_count(facts->source_count, "source", "sources", sources);
    fprintf(stream, "baseline %s (%s): %zu of %zu rules, %s, history from %s to %s, guard gap %s\n",
            baseline_hash(config->baseline), config->baseline_path, covered, config->rule_count, sources, from, until,
            guard);
    for (size_t i = 0; i < facts->source_count; i++)
        fprintf(stream, "%s%.*s%s", i == 0 ? "  of " : ", ", SPAN_ARG(facts->sources[i]),
                i + 1 == facts->source_count ? "\n" : "");
    for (size_t i = 0; i < config->rule_count; i++)
        if (config->rules[i].baseline != NULL)
            rule_print(&config->rules[i], stream);
}
