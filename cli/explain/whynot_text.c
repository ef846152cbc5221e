/* Why not, for people: the incident, then of each rule the verdict and the conditions in order. */
#include "base/utf8.h"
#include "cli/explain/facts.h"
#include "cli/explain/page.h"
#include "cli/explain/whynot_print.h"
#include "cli/wording.h"

#include <stdlib.h>

#define INDENT    11
#define CONDITION 40

static void print_incident(const struct whynot *whynot, struct zone *zone, FILE *stream)
{
    const struct incident *incident = whynot->found.incident;
    const struct report *best = &incident->reports[0];
    char id[512], when[WORDS_BYTES], place[WORDS_BYTES], countries[WORDS_BYTES], reports[FACT_BYTES];
    (void)utf8_printable(incident->id, id, sizeof id);
    words_interval(zone, &best->occurred, when);
    words_place(best, place);
    words_incident_countries(incident, countries, sizeof countries);
    corroboration_words(incident, reports);
    page_print(stream, "incident", INDENT, "%s, %s; %s", id, report_status_name(best->status), reports);
    if (whynot->found.report_id.size > 0) {
        (void)utf8_printable(whynot->found.report_id, id, sizeof id);
        page_print(stream, "report", INDENT, "%s is one of its reports: merged into this incident", id);
    }
    page_print(stream, "when", INDENT, "%s", when);
    page_print(stream, "where", INDENT, "%s%s%s", countries, countries[0] != '\0' ? ", " : "", place);
    if (best->occurred.start_ms != TIME_NONE)
        page_print(stream, "what", INDENT, "%s, %s", category_name(best->category), role_name(best->role));
    if (whynot->target != NULL)
        page_print(stream, "episode", INDENT, "%.*s: %.*s", SPAN_ARG(whynot->target->episode.id),
                   SPAN_ARG(whynot->target->episode.title));
}

static bool has_condition(const struct whynot_rule *rule, enum condition_kind kind)
{
    for (size_t i = 0; i < rule->condition_count; i++) {
        if (rule->conditions[i].kind == kind)
            return true;
    }
    return false;
}

static void print_rule(const struct whynot *whynot, const struct whynot_rule *rule, FILE *stream)
{
    char verdict[768], label[300];
    bool is_named_twice = false;
    for (size_t i = 0; i < whynot->rule_count; i++)
        is_named_twice |= &whynot->rules[i] != rule && span_equal(whynot->rules[i].rule.name, rule->rule.name);
    whynot_verdict(whynot, rule, verdict);
    (void)snprintf(label, sizeof label, "%.*s%s%.*s%s", SPAN_ARG(rule->rule.name), is_named_twice ? " (" : "",
                   is_named_twice ? (int)rule->hash.size : 0, rule->hash.data, is_named_twice ? ")" : "");
    fputc('\n', stream);
    page_write(stream, label, INDENT, verdict);
    /* Of many rules those that do not match it need no list of what does hold. */
    bool is_short = whynot->rule_count > 1 && !has_condition(rule, CONDITION_EXACT);
    for (size_t i = 0; i < rule->condition_count; i++) {
        const struct condition *condition = &rule->conditions[i];
        if (is_short && (condition->holds || condition == whynot_decides(rule)))
            continue;
        (void)snprintf(label, sizeof label, "  %s %s", condition->holds ? "yes" : "no ",
                       condition_question(condition->kind));
        page_write(stream, label, CONDITION, condition->words.data);
    }
    if (!rule->is_reproduced && rule->condition_count > 1)
        page_write(stream, "", 2,
                   "Of the incidents stored now the rule would not make quite the episodes that are stored around it.");
}

enum status whynot_print_text(const struct whynot *whynot, struct zone *zone, FILE *stream)
{
    print_incident(whynot, zone, stream);
    for (size_t i = 0; i < whynot->rule_count; i++)
        print_rule(whynot, &whynot->rules[i], stream);
    if (whynot->rule_count == 0)
        fprintf(stream, "\nThe store holds no rule.\n");
    return ferror(stream) ? STATUS_IO : STATUS_OK;
}
