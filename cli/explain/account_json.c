/* An account as one JSON object: the episode as the contract draws it, then what explains it. */
#include "cli/explain/account_print.h"
#include "cli/explain/facts.h"
#include "correlator/rule_config.h"
#include "proto/limits.h"

struct writer {
    const struct account *account;
    struct text *text;
    size_t written; /* into the list at hand */
    size_t seen;    /* of it, written or not */
};

static void begin_list(struct writer *writer, const char *key)
{
    writer->written = writer->seen = 0;
    text_print(writer->text, ",\"%s\":[", key);
}

static void next_entry(struct writer *writer)
{
    text_append(writer->text, writer->written++ > 0 ? SPAN(",{") : SPAN("{"));
}

/* --- members --- */

static void add_member(struct writer *writer, size_t index)
{
    const struct account *account = writer->account;
    const struct account_member *member = &account->members[index];
    const struct scene_item *item = member->item;
    struct text *text = writer->text;
    next_entry(writer);
    json_id(text, "id", account->episode->episode.members[index].incident_id);
    text_print(text, ",\"as\":\"%s\",", membership_name(member->membership));
    json_counts(text, &account->scene, item);
    text_append(text, SPAN(","));
    json_id(text, "attached_to", member->attached_to != NULL ? member->attached_to->incident->id : SPAN(""));
    text_append(text, SPAN(","));
    json_reports(text, item != NULL ? item->incident : NULL);
    text_append(text, SPAN("}"));
}

static void write_members(struct writer *writer)
{
    begin_list(writer, "members");
    for (size_t i = 0; i < writer->account->member_count; i++) {
        if (account_counts(&writer->account->members[i]))
            add_member(writer, i);
    }
    text_append(writer->text, SPAN("]"));
}

/* --- links --- */

static void add_link(struct writer *writer, struct span a, struct span b, const char *kind, const struct link *link)
{
    struct text *text = writer->text;
    if (writer->seen++ >= LINKS_MAX)
        return;
    next_entry(writer);
    json_id(text, "a", a);
    text_append(text, SPAN(","));
    json_id(text, "b", b);
    text_print(text, ",\"as\":\"%s\",", kind);
    json_link(text, link);
    text_append(text, SPAN("}"));
}

static bool visit_link(void *self, size_t member, size_t other, const struct link *link)
{
    struct writer *writer = self;
    const struct account_member *members = writer->account->members;
    add_link(writer, members[member].item->incident->id, members[other].item->incident->id, "core", link);
    return true;
}

static void write_links(struct writer *writer)
{
    const struct account *account = writer->account;
    begin_list(writer, "links");
    bool sought = account_links(account, visit_link, writer);
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        if (member->attached_to == NULL)
            continue;
        struct link link = fact_link(&account->measure, &member->item->engine, &member->attached_to->engine);
        add_link(writer, member->item->incident->id, member->attached_to->incident->id, "attached", &link);
    }
    text_print(writer->text, "],\"links_sought\":%s,\"links_found\":%zu", sought ? "true" : "false", writer->seen);
}

static void write_removals(struct writer *writer)
{
    const struct account *account = writer->account;
    text_print(writer->text, ",\"reproduced\":%s,\"removals_tried\":%zu,\"removals_possible\":%zu",
               account->is_reproduced ? "true" : "false", account->removals_tried, account->removals_possible);
    begin_list(writer, "removals");
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        if (member->removal == REMOVAL_NOT_TRIED)
            continue;
        next_entry(writer);
        json_id(writer->text, "id", member->item->incident->id);
        text_print(writer->text, ",\"unflags\":%s,\"cores_left\":%s,\"countries_left\":%zu,\"incidents_left\":%zu}",
                   member->removal == REMOVAL_UNFLAGS ? "true" : "false", member->rest.has_core ? "true" : "false",
                   member->rest.countries, member->rest.observed);
    }
    text_append(writer->text, SPAN("]"));
}

static void write_company(struct writer *writer)
{
    const struct account *account = writer->account;
    begin_list(writer, "company");
    for (size_t i = 0; i < account->member_count; i++) {
        const struct account_member *member = &account->members[i];
        country_code codes[LIMIT_COUNTRIES];
        if (account_counts(member) || member->item == NULL)
            continue;
        size_t count = account_shared_countries(account, member, codes, LIMIT_COUNTRIES);
        next_entry(writer);
        json_id(writer->text, "id", member->item->incident->id);
        text_print(writer->text, ",\"as\":\"%s\",\"shares\":", membership_name(member->membership));
        json_countries(writer->text, codes, count);
        text_append(writer->text, SPAN("}"));
    }
    text_append(writer->text, SPAN("]"));
}

/* --- near misses --- */

static void add_bridge(struct writer *writer, const struct scene_item *member)
{
    if (member == NULL) {
        text_append(writer->text, SPAN("null"));
        return;
    }
    text_append(writer->text, SPAN("{"));
    json_id(writer->text, "id", member->incident->id);
    text_append(writer->text, SPAN(","));
    json_counts(writer->text, &writer->account->scene, member);
    text_append(writer->text, SPAN("}"));
}

static void add_miss(struct writer *writer, const struct near_miss *miss)
{
    struct text *text = writer->text;
    next_entry(writer);
    json_id(text, "id", miss->item->incident->id);
    text_print(text, ",\"why\":\"%s\",", miss_kind_name(miss->kind));
    json_id(text, "nearest", miss->core->incident->id);
    text_append(text, SPAN(","));
    json_link(text, &miss->link);
    text_append(text, SPAN(",\"short_km\":"));
    text_json_number(text, miss->short_km);
    text_print(text, ",\"short_ms\":%lld,", (long long)miss->short_ms);
    json_id(text, "episode", miss->item->episode != NULL ? miss->item->episode->id : SPAN(""));
    text_append(text, SPAN(","));
    json_counts(text, &writer->account->scene, miss->item);
    text_append(text, SPAN(",\"bridge\":"));
    add_bridge(writer, miss->member);
    text_append(text, SPAN("}"));
}

static void write_misses(struct writer *writer, const char *key, const struct miss_list *list)
{
    begin_list(writer, key);
    for (size_t i = 0; i < list->count; i++)
        add_miss(writer, &list->items[i]);
    text_append(writer->text, SPAN("]"));
}

enum status account_print_json(const struct account *account, FILE *stream)
{
    struct text text = {0};
    struct writer writer = {.account = account, .text = &text};
    text_append(&text, SPAN("{\"episode\":"));
    episode_to_json(&account->episode->episode, account->episode->incidents, &text);
    text_append(&text, SPAN(",\"rule\":"));
    rule_to_json(&account->rule, &text);
    chance_json(&account->episode->episode, &account->chance, &text);
    write_members(&writer);
    write_links(&writer);
    write_removals(&writer);
    write_company(&writer);
    text_print(&text, ",\"near_misses_sought\":%s", account->misses_sought ? "true" : "false");
    write_misses(&writer, "near_misses", &account->near_misses);
    write_misses(&writer, "excluded", &account->excluded);
    text_append(&text, SPAN("}\n"));
    enum status status = text.failed ? STATUS_NO_MEMORY : STATUS_OK;
    if (status == STATUS_OK && fwrite(text.data, 1, text.size, stream) != text.size)
        status = STATUS_IO;
    text_fini(&text);
    return status;
}
