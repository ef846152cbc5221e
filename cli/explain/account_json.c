/* An account as one JSON object: the episode as the contract draws it, then what explains it. */
#include "cli/explain/account_print.h"
#include "correlator/rule_config.h"
#include "proto/json.h"
#include "proto/limits.h"

struct writer {
    const struct account *account;
    struct text *text;
    size_t written; /* into the list at hand */
};

static void next_entry(struct writer *writer)
{
    text_append(writer->text, writer->written++ > 0 ? SPAN(",{") : SPAN("{"));
}

static void add_id(struct text *text, const char *key, struct span id)
{
    text_print(text, "\"%s\":", key);
    if (id.size > 0)
        text_json_string(text, id);
    else
        text_append(text, SPAN("null"));
}

static void add_link(struct writer *writer, struct span a, struct span b, const char *kind, const struct link *link)
{
    struct text *text = writer->text;
    next_entry(writer);
    add_id(text, "a", a);
    text_append(text, SPAN(","));
    add_id(text, "b", b);
    text_print(text, ",\"as\":\"%s\",\"distance_km\":", kind);
    text_json_number(text, link->distance_km);
    text_print(text, ",\"gap_ms\":%lld,\"distance_share\":", (long long)link->gap_ms);
    text_json_number(text, link->distance_share);
    text_append(text, SPAN(",\"time_share\":"));
    text_json_number(text, link->time_share);
    text_print(text, ",\"clause\":\"%s\"}", link->clause == LINK_DISTANCE ? "distance" : "time");
}

static void visit_link(void *self, size_t member, size_t other, const struct link *link)
{
    struct writer *writer = self;
    const struct account_member *members = writer->account->members;
    add_link(writer, members[member].item->incident->id, members[other].item->incident->id, "core", link);
}

static void write_links(struct writer *writer)
{
    const struct account *account = writer->account;
    writer->written = 0;
    text_append(writer->text, SPAN(",\"links\":["));
    account_links(account, visit_link, writer);
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        struct link link;
        if (member->attached_to != NULL &&
            link_between(&account->rule, &member->item->engine, &member->attached_to->engine, &link) == STATUS_OK)
            add_link(writer, member->item->incident->id, member->attached_to->incident->id, "attached", &link);
    }
    text_append(writer->text, SPAN("]"));
}

static void write_removals(struct writer *writer)
{
    const struct account *account = writer->account;
    writer->written = 0;
    text_print(writer->text, ",\"reproduced\":%s,\"removals_tried\":%zu,\"removals_possible\":%zu,\"removals\":[",
               account->is_reproduced ? "true" : "false", account->removals_tried, account->removals_possible);
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        if (member->removal == REMOVAL_NOT_TRIED)
            continue;
        next_entry(writer);
        add_id(writer->text, "id", member->item->incident->id);
        text_print(writer->text, ",\"unflags\":%s,\"countries_left\":%zu,\"incidents_left\":%llu}",
                   member->removal == REMOVAL_UNFLAGS ? "true" : "false", member->rest.countries,
                   (unsigned long long)member->rest.observed);
    }
    text_append(writer->text, SPAN("]"));
}

static void write_company(struct writer *writer)
{
    const struct account *account = writer->account;
    writer->written = 0;
    text_append(writer->text, SPAN(",\"company\":["));
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        country_code codes[LIMIT_COUNTRIES];
        if (account_counts(member) || member->item == NULL)
            continue;
        size_t count = account_shared_countries(account, member, codes, LIMIT_COUNTRIES);
        next_entry(writer);
        add_id(writer->text, "id", member->item->incident->id);
        text_print(writer->text, ",\"as\":\"%s\",\"shares\":[", membership_name(member->membership));
        for (size_t c = 0; c < count; c++) {
            char code[3];
            country_code_text(codes[c], code);
            text_print(writer->text, "%s\"%s\"", c > 0 ? "," : "", code);
        }
        text_append(writer->text, SPAN("]}"));
    }
    text_append(writer->text, SPAN("]"));
}

static void write_near_misses(struct writer *writer)
{
    const struct account *account = writer->account;
    struct text *text = writer->text;
    writer->written = 0;
    text_append(text, SPAN(",\"near_misses\":["));
    for (size_t i = 0; i < account->near_miss_count; i++) {
        const struct near_miss *miss = &account->near_misses[i];
        next_entry(writer);
        add_id(text, "id", miss->item->incident->id);
        text_append(text, SPAN(","));
        add_id(text, "nearest", miss->core->incident->id);
        text_append(text, SPAN(",\"distance_km\":"));
        text_json_number(text, miss->link.distance_km);
        text_print(text, ",\"gap_ms\":%lld,\"short_km\":", (long long)miss->link.gap_ms);
        text_json_number(text, miss->short_km);
        text_print(text, ",\"short_ms\":%lld,", (long long)miss->short_ms);
        add_id(text, "episode", span_of(miss->item->episode));
        text_append(text, SPAN("}"));
    }
    text_append(text, SPAN("]"));
}

enum status account_print_json(const struct account *account, FILE *stream)
{
    struct text text = {0};
    struct writer writer = {.account = account, .text = &text};
    text_append(&text, SPAN("{\"episode\":"));
    episode_to_json(&account->episode->episode, account->episode->incidents, &text);
    text_append(&text, SPAN(",\"rule\":"));
    rule_to_json(&account->rule, &text);
    write_links(&writer);
    write_removals(&writer);
    write_company(&writer);
    write_near_misses(&writer);
    text_append(&text, SPAN("}\n"));
    enum status status = text.failed ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK && fwrite(text.data, 1, text.size, stream) != text.size)
        status = STATUS_IO;
    text_fini(&text);
    return status;
}
