/* Reads a mapping file into its plan; every complaint names file, line and column. */
#include "agents/mapping_plan.h"
#include "base/utf8.h"
#include "base/zone.h"
#include "proto/limits.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLAN_BYTES (16u * 1024u * 1024u)

/* --- what constants must be --- */

static bool refuse(struct span text, const char *expected, char ret_reason[REASON_BYTES])
{
    char shown[80];
    utf8_printable(text, shown, sizeof(shown));
    snprintf(ret_reason, REASON_BYTES, "\"%s\", expected %s", shown, expected);
    return false;
}

static bool check_status(struct span text, char ret_reason[REASON_BYTES])
{
    enum report_status value;
    return report_status_find(text, &value) == STATUS_OK ||
           refuse(text, "reported, confirmed, disputed, explained or retracted", ret_reason);
}

static bool check_category(struct span text, char ret_reason[REASON_BYTES])
{
    enum category value;
    char expected[120];
    if (category_find(text, &value) == STATUS_OK)
        return true;
    snprintf(expected, sizeof(expected), "a category (did you mean %s?)", category_nearest(text));
    return refuse(text, expected, ret_reason);
}

static bool check_role(struct span text, char ret_reason[REASON_BYTES])
{
    enum role value;
    return role_find(text, &value) == STATUS_OK ||
           refuse(text, "trigger, response, consequence or context", ret_reason);
}

static bool check_licence(struct span text, char ret_reason[REASON_BYTES])
{
    enum licence value;
    return licence_find(text, &value) == STATUS_OK || refuse(text, "open, attribution or no-redistribute", ret_reason);
}

static bool check_word(struct span text, char ret_reason[REASON_BYTES])
{
    enum time_word value;
    char expected[160];
    if (time_word_find(text, &value) == STATUS_OK)
        return true;
    snprintf(expected, sizeof(expected), "one of %s", time_word_names());
    return refuse(text, expected, ret_reason);
}

static bool check_precision(struct span text, char ret_reason[REASON_BYTES])
{
    enum precision value;
    return precision_find(text, &value) == STATUS_OK ||
           refuse(text, "second, minute, hour, day, week or month", ret_reason);
}

static bool check_basis(struct span text, char ret_reason[REASON_BYTES])
{
    enum basis value;
    return basis_find(text, &value) == STATUS_OK ||
           refuse(text, "reported, observed, published or inferred", ret_reason);
}

static bool check_zone(struct span text, char ret_reason[REASON_BYTES])
{
    char name[64];
    struct zone *zone;
    snprintf(name, sizeof(name), "%.*s", SPAN_ARG(text));
    if (text.size >= sizeof(name) || zone_open(name, &zone) != STATUS_OK)
        return refuse(text, "a time zone such as Europe/Warsaw", ret_reason);
    zone_close(zone);
    return true;
}

#define PATH_TOP(key)      #key
#define PATH_OCCURRED(key) "occurred." #key
#define PATH_PLACE(key)    "place." #key

const struct field_row field_rows[FIELD_COUNT] = {
#define X(name, block, key, check, help) [FIELD_##name] = {#key, PATH_##block(key), FIELD_IN_##block, check},
    FIELD_LIST(X)
#undef X
};

/* --- fields --- */

/* The nodes a block or a case's `set` gives for the fields. */
struct field_nodes {
    const struct config_node *field[FIELD_COUNT];
    const struct config_node *occurred, *place;
};

#define NODE_ROW(key_text, member, help_text)                                                                          \
    {                                                                                                                  \
        .key = key_text, .type = CONFIG_NODE, .offset = offsetof(struct field_nodes, member), .help = help_text        \
    }

static const struct config_row occurred_rows[] = {
#define ROW_TOP(name, key, help)
#define ROW_OCCURRED(name, key, help) NODE_ROW(#key, field[FIELD_##name], help),
#define ROW_PLACE(name, key, help)
#define X(name, block, key, check, help) ROW_##block(name, key, help)
    FIELD_LIST(X)
#undef ROW_OCCURRED
#undef ROW_PLACE
        {0}};

static const struct config_row place_rows[] = {
#define ROW_OCCURRED(name, key, help)
#define ROW_PLACE(name, key, help) NODE_ROW(#key, field[FIELD_##name], help),
    FIELD_LIST(X)
#undef ROW_TOP
#undef ROW_PLACE
        {0}};

static const struct config_row set_rows[] = {
#define ROW_TOP(name, key, help) NODE_ROW(#key, field[FIELD_##name], help),
#define ROW_PLACE(name, key, help)
    FIELD_LIST(X)
#undef X
        NODE_ROW("occurred", occurred, "when"),
    NODE_ROW("place", place, "where"),
    {0}};

static bool fields_read(struct mapping_reader *reader, struct field_nodes *nodes,
                        const struct value *fields[FIELD_COUNT])
{
    bool good = true;
    if (nodes->occurred != NULL)
        good = config_read(reader->config, nodes->occurred, occurred_rows, nodes) && good;
    if (nodes->place != NULL)
        good = config_read(reader->config, nodes->place, place_rows, nodes) && good;
    for (int i = 0; i < FIELD_COUNT; i++) {
        if (nodes->field[i] == NULL)
            continue;
        struct value *value = arena_zero(reader->arena, sizeof(*value));
        good = value != NULL && value_read(reader, nodes->field[i], field_rows[i].check, value) && good;
        fields[i] = value;
    }
    return good;
}

static void top_read(struct mapping_reader *reader, struct mapping *mapping)
{
    static const enum field required[] = {FIELD_SOURCE_ID, FIELD_CATEGORY, FIELD_LAT, FIELD_LON};
    struct field_nodes nodes = {.occurred = config_block(reader->config, "occurred"),
                                .place = config_block(reader->config, "place")};
    for (int i = 0; i < FIELD_COUNT; i++)
        if (field_rows[i].block == FIELD_IN_TOP)
            nodes.field[i] = config_block(reader->config, field_rows[i].key);
    (void)fields_read(reader, &nodes, mapping->fields); /* what is wrong is complained about, and counted at the end */
    for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++)
        if (nodes.field[required[i]] == NULL)
            config_complain(reader->config, field_rows[required[i]].block == FIELD_IN_PLACE ? nodes.place : NULL,
                            "no key \"%s\", expected one: no report is without it", field_rows[required[i]].path);
    if (nodes.field[FIELD_START] == NULL && nodes.field[FIELD_LOCAL] == NULL)
        config_complain(reader->config, nodes.occurred,
                        "neither \"occurred.start\" nor \"occurred.local\", expected one or both");
}

/* --- lists of rules --- */

/* A block that is a list, with memory for what its items become; NULL where there is none. */
static void *list_begin(struct mapping_reader *reader, const char *block, size_t item_bytes,
                        const struct config_node **ret_list)
{
    const struct config_node *list = config_block(reader->config, block);
    *ret_list = list;
    if (list == NULL || config_kind(list) == CONFIG_NULL)
        return NULL;
    if (config_kind(list) != CONFIG_LIST) {
        config_complain(reader->config, list, "no list, expected %s as a list", block);
        return NULL;
    }
    void *items = arena_zero(reader->arena, config_count(list) * item_bytes);
    if (items == NULL)
        config_complain(reader->config, list, "the list is too large");
    return items;
}

struct country_nodes {
    const struct config_node *from, *table, *fallback;
    const char *split;
    int role;
};

static void countries_read(struct mapping_reader *reader, struct mapping *mapping)
{
#define X(name, text) text,
    static const char *const roles[] = {COUNTRY_ROLE_LIST(X) NULL};
#undef X
    static const struct config_row rows[] = {
        {"from", CONFIG_NODE, offsetof(struct country_nodes, from), .required = true,
         .help = "the country or countries"},
        {"table", CONFIG_NODE, offsetof(struct country_nodes, table), .help = "texts to countries"},
        {"default", CONFIG_NODE, offsetof(struct country_nodes, fallback), .help = "for what is not in the table"},
        {"split", CONFIG_STRING, offsetof(struct country_nodes, split), .help = "what parts several"},
        {"role", CONFIG_CHOICE, offsetof(struct country_nodes, role), .fallback = "where", .choices = roles,
         .help = "their role"},
        {0}};
    const struct config_node *list;
    struct country_rule *rules = list_begin(reader, "countries", sizeof(*rules), &list);
    for (size_t i = 0; rules != NULL && i < config_count(list); i++) {
        const struct config_node *item = config_item(list, i);
        struct country_nodes nodes = {0};
        if (!config_read(reader->config, item, rows, &nodes) || !value_read_map(reader, item, NULL, &rules[i].value))
            continue;
        rules[i].split = span_of(nodes.split);
        rules[i].role = (enum country_role)nodes.role;
        mapping->country_count = i + 1;
    }
    mapping->has_countries = list != NULL;
    mapping->countries = rules;
}

static void attributes_read(struct mapping_reader *reader, struct mapping *mapping)
{
    const struct config_node *map = config_block(reader->config, "attributes");
    if (map == NULL)
        return;
    if (config_kind(map) != CONFIG_MAP) {
        config_complain(reader->config, map, "no map, expected attributes such as {notes: \"{notes}\"}");
        return;
    }
    size_t count = config_count(map);
    if (count > LIMIT_ATTRIBUTES) {
        config_complain(reader->config, map, "%zu attributes, expected at most %u", count, LIMIT_ATTRIBUTES);
        return;
    }
    struct attribute_rule *rules = arena_zero(reader->arena, count * sizeof(*rules));
    for (size_t i = 0; rules != NULL && i < count; i++) {
        rules[i].key = config_key(map, i);
        if (rules[i].key.size > LIMIT_ATTRIBUTE_KEY)
            config_complain(reader->config, config_key_node(map, i), "a key longer than %u bytes", LIMIT_ATTRIBUTE_KEY);
        if (value_read(reader, config_item(map, i), NULL, &rules[i].value))
            mapping->attribute_count = i + 1;
    }
    mapping->attributes = rules;
}

static bool patterns_read(struct mapping_reader *reader, const struct config_node *node,
                          struct condition *ret_condition)
{
    size_t count = config_kind(node) == CONFIG_LIST ? config_count(node) : 1;
    struct span *patterns = arena_zero(reader->arena, count * sizeof(*patterns));
    for (size_t i = 0; patterns != NULL && i < count; i++) {
        const struct config_node *item = config_kind(node) == CONFIG_LIST ? config_item(node, i) : node;
        if (config_kind(item) != CONFIG_SCALAR) {
            config_complain(reader->config, item, "no text, expected a pattern such as \"*pipeline*\"");
            return false;
        }
        patterns[i] = config_text(item);
    }
    ret_condition->patterns = patterns;
    ret_condition->count = patterns != NULL ? count : 0;
    return patterns != NULL;
}

static bool conditions_read(struct mapping_reader *reader, const struct config_node *node,
                            struct conditions *ret_conditions)
{
    if (node == NULL || config_kind(node) != CONFIG_MAP || config_count(node) == 0) {
        config_complain(reader->config, node, "no conditions, expected {column: pattern}");
        return false;
    }
    size_t count = config_count(node);
    struct condition *items = arena_zero(reader->arena, count * sizeof(*items));
    for (size_t i = 0; items != NULL && i < count; i++) {
        items[i].column = column_add(reader, config_key_node(node, i), config_key(node, i));
        if (items[i].column == SIZE_MAX || !patterns_read(reader, config_item(node, i), &items[i]))
            return false;
    }
    *ret_conditions = (struct conditions){items, items != NULL ? count : 0};
    return items != NULL;
}

static void skips_read(struct mapping_reader *reader, struct mapping *mapping)
{
    const struct config_node *list;
    struct conditions *skips = list_begin(reader, "skip", sizeof(*skips), &list);
    for (size_t i = 0; skips != NULL && i < config_count(list); i++)
        if (conditions_read(reader, config_item(list, i), &skips[i]))
            mapping->skip_count = i + 1;
    mapping->skips = skips;
}

struct case_nodes {
    const struct config_node *when, *set;
};

static void cases_read(struct mapping_reader *reader, struct mapping *mapping)
{
    static const struct config_row rows[] = {
        {"when", CONFIG_NODE, offsetof(struct case_nodes, when), .required = true,
         .help = "patterns of columns; all must match"},
        {"set", CONFIG_NODE, offsetof(struct case_nodes, set), .required = true, .help = "fields it fills instead"},
        {0}};
    const struct config_node *list;
    struct mapping_case *cases = list_begin(reader, "cases", sizeof(*cases), &list);
    for (size_t i = 0; cases != NULL && i < config_count(list); i++) {
        struct case_nodes nodes = {0};
        struct field_nodes fields = {0};
        if (config_read(reader->config, config_item(list, i), rows, &nodes) &&
            conditions_read(reader, nodes.when, &cases[i].when) &&
            config_read(reader->config, nodes.set, set_rows, &fields) && fields_read(reader, &fields, cases[i].fields))
            mapping->case_count = i + 1;
    }
    mapping->cases = cases;
}

/* --- the rest --- */

static void delimiter_read(struct mapping_reader *reader, struct mapping *mapping)
{
    const struct config_node *node = config_block(reader->config, "delimiter");
    mapping->delimiter = ',';
    if (node == NULL)
        return;
    struct span text = config_kind(node) == CONFIG_SCALAR ? config_text(node) : (struct span){0};
    if (text.size == 1 && strchr("\"\n\r ", text.data[0]) == NULL)
        mapping->delimiter = text.data[0];
    else
        config_complain(reader->config, node, "expected one character such as \",\", \";\" or \"\\t\" as delimiter");
}

struct part_texts {
    const char *morning, *afternoon, *evening, *night;
};

static void parts_read(struct mapping_reader *reader, struct mapping *mapping)
{
    static const struct config_row rows[] = {
        {"morning", CONFIG_STRING, offsetof(struct part_texts, morning), .help = "06:00-12:00"},
        {"afternoon", CONFIG_STRING, offsetof(struct part_texts, afternoon), .help = "12:00-18:00"},
        {"evening", CONFIG_STRING, offsetof(struct part_texts, evening), .help = "18:00-24:00"},
        {"night", CONFIG_STRING, offsetof(struct part_texts, night), .help = "22:00-06:00"},
        {0}};
    const struct config_node *node = config_block(reader->config, "day_parts");
    struct part_texts texts = {0};
    mapping->parts = day_parts_default;
    if (node == NULL || !config_read(reader->config, node, rows, &texts))
        return;
    const char *const given[] = {texts.morning, texts.afternoon, texts.evening, texts.night};
    struct day_part *const parts[] = {&mapping->parts.morning, &mapping->parts.afternoon, &mapping->parts.evening,
                                      &mapping->parts.night};
    for (size_t i = 0; i < 4; i++)
        if (given[i] != NULL && day_part_parse(span_of(given[i]), parts[i]) != STATUS_OK)
            config_complain(reader->config, config_find(node, rows[i].key),
                            "\"%s\", expected two times such as 22:00-06:00", given[i]);
}

static enum status names_read(struct mapping *mapping)
{
    struct country_entry *entries = arena_take(&mapping->arena, 26 * 26 * sizeof(*entries));
    if (entries == NULL)
        return STATUS_NO_MEMORY;
    for (char a = 'A'; a <= 'Z'; a++)
        for (char b = 'A'; b <= 'Z'; b++) {
            country_code code = COUNTRY_CODE(a, b);
            const char *name = country_name(code);
            if (strlen(name) > 2)
                entries[mapping->name_count++] = (struct country_entry){code, name};
        }
    mapping->names = entries;
    return STATUS_OK;
}

static enum status plan_read(struct mapping *mapping)
{
    struct mapping_reader reader = {.config = mapping->config, .arena = &mapping->arena, .columns = &mapping->columns};
    delimiter_read(&reader, mapping);
    parts_read(&reader, mapping);
    top_read(&reader, mapping);
    countries_read(&reader, mapping);
    attributes_read(&reader, mapping);
    skips_read(&reader, mapping);
    cases_read(&reader, mapping);
    enum status status = names_read(mapping);
    if (status == STATUS_OK)
        status = zone_cache_open(&mapping->zones);
    if (status == STATUS_OK && config_complaints(mapping->config) > 0)
        status = STATUS_INVALID;
    return status;
}

static const char *const blocks[] = {
#define BLOCK_TOP(key) #key,
#define BLOCK_OCCURRED(key)
#define BLOCK_PLACE(key)
#define X(name, block, key, check, help) BLOCK_##block(key)
    FIELD_LIST(X)
#undef X
        "occurred",
    "place",
    "countries",
    "attributes",
    "skip",
    "cases",
    "delimiter",
    "day_parts",
    NULL};

/* Exactly one of path and text is given. */
static enum status open_plan(const char *path, struct span text, const char *name, FILE *complaints,
                             struct mapping **ret_mapping)
{
    struct mapping *mapping = calloc(1, sizeof(*mapping));
    if (mapping == NULL)
        return STATUS_NO_MEMORY;
    arena_init(&mapping->arena, PLAN_BYTES);
    enum status status = path != NULL ? config_open(path, blocks, complaints, &mapping->config)
                                      : config_parse(text, name, blocks, complaints, &mapping->config);
    if (status == STATUS_OK)
        status = plan_read(mapping);
    if (status != STATUS_OK) {
        mapping_close(mapping);
        return status;
    }
    *ret_mapping = mapping;
    return STATUS_OK;
}

enum status mapping_open(const char *path, FILE *complaints, struct mapping **ret_mapping)
{
    return open_plan(path, (struct span){0}, NULL, complaints, ret_mapping);
}

enum status mapping_parse(struct span text, const char *name, FILE *complaints, struct mapping **ret_mapping)
{
    return open_plan(NULL, text, name, complaints, ret_mapping);
}

void mapping_close(struct mapping *mapping)
{
    if (mapping == NULL)
        return;
    zone_cache_close(mapping->zones);
    if (mapping->config != NULL)
        config_close(mapping->config);
    arena_fini(&mapping->arena);
    free(mapping);
}
