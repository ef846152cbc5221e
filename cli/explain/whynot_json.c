/* Why not, as one JSON object. */
#include "cli/explain/facts.h"
#include "cli/explain/whynot_print.h"
#include "correlator/rule_config.h"

static void write_condition(const struct condition *condition, const struct condition *decides, struct text *text)
{
    text_print(text, "{\"condition\":\"%s\",\"holds\":%s,\"decides\":%s,\"words\":", condition_name(condition->kind),
               condition->holds ? "true" : "false", condition == decides ? "true" : "false");
    text_json_string(text, condition->words);
    text_append(text, condition->numbers);
    text_append(text, SPAN("}"));
}

static void write_rule(const struct whynot *whynot, const struct whynot_rule *rule, struct text *text)
{
    char verdict[768];
    const struct condition *decides = whynot_decides(rule);
    whynot_verdict(whynot, rule, verdict);
    text_append(text, SPAN("{\"rule\":"));
    rule_to_json(&rule->rule, text);
    text_append(text, SPAN(","));
    json_id(text, "rule_hash", rule->hash);
    text_append(text, SPAN(",\"verdict\":"));
    text_json_string(text, span_of(verdict));
    text_append(text, SPAN(","));
    json_id(text, "episode", rule->episode);
    if (rule->episode.size > 0)
        text_print(text, ",\"as\":\"%s\"", membership_name(rule->membership));
    else
        text_append(text, SPAN(",\"as\":null"));
    text_print(text, ",\"in\":%s,\"decides\":", rule->is_in ? "true" : "false");
    if (decides != NULL)
        text_print(text, "\"%s\"", condition_name(decides->kind));
    else
        text_append(text, SPAN("null"));
    text_print(text, ",\"reproduced\":%s,\"conditions\":[", rule->is_reproduced ? "true" : "false");
    for (size_t i = 0; i < rule->condition_count; i++) {
        if (i > 0)
            text_append(text, SPAN(","));
        write_condition(&rule->conditions[i], decides, text);
    }
    text_append(text, SPAN("]}"));
}

enum status whynot_print_json(const struct whynot *whynot, FILE *stream)
{
    struct text text = {0};
    text_append(&text, SPAN("{\"incident\":"));
    incident_to_json(whynot->found.incident, NULL, 0, &text);
    text_append(&text, SPAN(","));
    json_id(&text, "report", whynot->found.report_id);
    text_append(&text, SPAN(","));
    json_id(&text, "asked_about", whynot->target != NULL ? whynot->target->episode.id : SPAN(""));
    text_append(&text, SPAN(",\"rules\":["));
    for (size_t i = 0; i < whynot->rule_count; i++) {
        if (i > 0)
            text_append(&text, SPAN(","));
        write_rule(whynot, &whynot->rules[i], &text);
    }
    text_append(&text, SPAN("]}\n"));
    enum status status = text.failed ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK && fwrite(text.data, 1, text.size, stream) != text.size)
        status = STATUS_IO;
    text_fini(&text);
    return status;
}
