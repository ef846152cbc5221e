#include "correlator/footing.h"

#include "correlator/rule_config.h"

#include <stdio.h>

#define RULE_ARENA_BYTES (1024u * 1024u)

bool footing_read(struct config *config, struct arena *arena, const char **ret_path)
{
    const struct config_node *node = config_block(config, "baseline");
    *ret_path = NULL;
    if (node == NULL)
        return true;
    const char *path = config_path(config, node);
    if (path == NULL)
        return false;
    *ret_path = arena_copy(arena, span_of(path)).data;
    if (*ret_path == NULL)
        config_complain(config, node, "no memory for the path of the baseline, expected fewer rules and sources");
    return *ret_path != NULL;
}

/* What the baseline keeps beside the rule's text must be what the text says. */
static bool keeps_its_word(const struct baseline_rule *history, const struct rule *rule)
{
    const struct thresholds_options *options = thresholds_options(history_thresholds(history));
    return baseline_reach_km(history) == rule->reach_km && options->window_ms == rule->window_ms &&
           options->min_neighbours == rule->min_neighbours && options->alpha == rule->alpha;
}

/* Appends what is wrong with the rule in the baseline; nothing where it is the same. */
static void compare(const struct baseline_rule *history, struct span json, const struct rule *rule, struct text *wrong)
{
    struct arena arena;
    struct rule was;
    arena_init(&arena, RULE_ARENA_BYTES);
    if (rule_from_json(json, &arena, &was) != STATUS_OK)
        text_append(wrong, SPAN("the baseline has it in words this program does not understand"));
    else if (!rule_difference((struct rule_said){&was, "the baseline"}, (struct rule_said){rule, "the configuration"},
                              wrong) &&
             !keeps_its_word(history, &was))
        text_append(wrong, SPAN("the baseline's thresholds are those of another rule"));
    arena_fini(&arena);
}

static bool check_rule(const char *path, const struct baseline *baseline, const struct rule *rule,
                       const struct footing_complaints *complaints)
{
    bool right = true;
    for (size_t i = 0; i < baseline_rule_count(baseline); i++) {
        const struct baseline_rule_facts *facts = baseline_rule_facts_at(baseline, i);
        struct text wrong = {0};
        if (!span_equal(facts->name, rule->name))
            continue;
        compare(baseline_rule_at(baseline, i), facts->json, rule, &wrong);
        if (wrong.size > 0 || wrong.failed) {
            struct text sentence = {0};
            text_print(&sentence, "%s: rule %.*s: %s: run vedette calibrate anew", path, SPAN_ARG(rule->name),
                       wrong.failed ? status_text(STATUS_NO_MEMORY) : wrong.data);
            complaints->complain(complaints->self, sentence.failed ? path : sentence.data);
            text_fini(&sentence);
            right = false;
        }
        text_fini(&wrong);
    }
    return right;
}

enum status footing_open(const char *path, const struct rule *rules, size_t rule_count,
                         const struct footing_complaints *complaints, struct baseline **ret_baseline)
{
    char reason[BASELINE_REASON_BYTES] = "";
    struct baseline *baseline;
    enum status status = baseline_open(path, &baseline, reason);
    if (status != STATUS_OK) {
        complaints->complain(complaints->self, reason);
        return status;
    }
    for (size_t i = 0; i < rule_count; i++)
        if (!check_rule(path, baseline, &rules[i], complaints))
            status = STATUS_INVALID;
    if (status == STATUS_OK)
        *ret_baseline = baseline;
    else
        baseline_close(baseline);
    return status;
}

void footing_lay(const struct baseline *baseline, struct rule *rules, size_t rule_count)
{
    for (size_t i = 0; i < rule_count; i++)
        rules[i].baseline = baseline != NULL ? baseline_rule_find(baseline, rules[i].name) : NULL;
}
