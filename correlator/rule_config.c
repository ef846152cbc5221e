#include "correlator/rule_config.h"

#include "base/utf8.h"
#include "proto/limits.h"
#include "proto/taxonomy.h"

#include <jansson.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS    86400000.0
#define RULES_MAX 1024u

/* The block as it is written, before it becomes a struct rule. */
struct written_rule {
    const char *name;
    const struct config_node *categories;
    double reach_km;
    int64_t window_ms;
    int64_t min_neighbours;
    int64_t min_incidents;
    int64_t min_countries;
    double alpha;
    double max_radius_km;
    const struct config_node *only_countries;
    const struct config_node *except_countries;
    const struct config_node *caps;
};

struct written_caps {
    int64_t duration_ms;
    double extent_km;
};

#define FIELD(member) offsetof(struct written_rule, member)

static const struct config_row rule_rows[] = {
    {"name", CONFIG_STRING, FIELD(name), .required = true, .help = "how the rule is called in episodes"},
    {"categories", CONFIG_NODE, FIELD(categories), .required = true, .help = "what triggers: names, or air.drone.*"},
    {"reach_km", CONFIG_NUMBER, FIELD(reach_km), .required = true, .min = 0.001, .max = RULE_REACH_KM_MAX,
     .help = "the greatest distance of neighbours"},
    {"window", CONFIG_DURATION, FIELD(window_ms), .required = true, .min = 1, .max = (double)RULE_WINDOW_MS_MAX,
     .help = "the greatest time gap of neighbours"},
    {"min_neighbours", CONFIG_INTEGER, FIELD(min_neighbours), .fallback = "1", .min = 1, .max = 1e6,
     .help = "neighbours a core must have, itself not counted"},
    {"min_incidents", CONFIG_INTEGER, FIELD(min_incidents), .fallback = "2", .min = 1, .max = 1e6,
     .help = "members of a flagged episode"},
    {"min_countries", CONFIG_INTEGER, FIELD(min_countries), .fallback = "2", .min = 0, .max = 250,
     .help = "countries of a flagged episode"},
    {"alpha", CONFIG_NUMBER, FIELD(alpha), .fallback = "1e-3", .min = 1e-12, .max = 1,
     .help = "of the core test, where there is a baseline"},
    {"max_radius_km", CONFIG_NUMBER, FIELD(max_radius_km), .fallback = "200", .min = 0, .max = LIMIT_RADIUS_KM,
     .help = "a vaguer place is coarse: it can be attached, no more"},
    {"only_countries", CONFIG_NODE, FIELD(only_countries), .help = "what happened elsewhere does not trigger"},
    {"except_countries", CONFIG_NODE, FIELD(except_countries), .help = "what happened in these alone does not trigger"},
    {"caps", CONFIG_NODE, FIELD(caps), .help = "bounds of an episode: {duration: 90d, extent_km: 3000}"},
    {0},
};

static const struct config_row cap_rows[] = {
    {"duration", CONFIG_DURATION, offsetof(struct written_caps, duration_ms), .fallback = "90d", .min = 1,
     .max = 3650 * DAY_MS, .help = "first start to last end of the cores"},
    {"extent_km", CONFIG_NUMBER, offsetof(struct written_caps, extent_km), .min = 0.001, .max = 1e6,
     .help = "diagonal of the cores' bounding box; no cap where absent"},
    {0},
};

static int code_order(const void *a, const void *b)
{
    country_code left = *(const country_code *)a, right = *(const country_code *)b;
    return (left > right) - (left < right);
}

/* Sorts and drops repeats; answers how many are left. */
static size_t codes_settle(country_code *codes, size_t count)
{
    size_t kept = 0;
    if (count > 0)
        qsort(codes, count, sizeof *codes, code_order);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || codes[kept - 1] != codes[i])
            codes[kept++] = codes[i];
    return kept;
}

static bool countries_read(struct config *config, const struct config_node *list, struct arena *arena,
                           const country_code **ret_codes, size_t *ret_count)
{
    if (list == NULL || config_kind(list) == CONFIG_NULL)
        return true;
    if (config_kind(list) != CONFIG_LIST) {
        config_complain(config, list, "found no list, expected countries such as [UA, RU]");
        return false;
    }
    size_t count = config_count(list);
    if (count > RULE_COUNTRIES_MAX) {
        config_complain(config, list, "found %zu countries, expected at most %u", count, RULE_COUNTRIES_MAX);
        return false;
    }
    country_code *codes = arena_take(arena, (count + 1) * sizeof *codes);
    if (codes == NULL) {
        config_complain(config, list, "no memory for the countries, expected fewer");
        return false;
    }
    bool right = true;
    for (size_t i = 0; i < count; i++) {
        const struct config_node *item = config_item(list, i);
        if (config_kind(item) != CONFIG_SCALAR || country_code_parse(config_text(item), &codes[i]) != STATUS_OK) {
            config_complain(config, item, "found %s%.*s%s, expected a country of two capital letters such as EE",
                            config_kind(item) == CONFIG_SCALAR ? "\"" : "no text",
                            config_kind(item) == CONFIG_SCALAR ? (int)config_text(item).size : 0,
                            config_kind(item) == CONFIG_SCALAR ? config_text(item).data : "",
                            config_kind(item) == CONFIG_SCALAR ? "\"" : "");
            codes[i] = 0;
            right = false;
        }
    }
    *ret_codes = codes;
    *ret_count = codes_settle(codes, count);
    return right;
}

/* Whoever writes air.drone most likely wants all below it. */
static void category_complain(struct config *config, const struct config_node *item, struct span pattern)
{
    char below[LIMIT_NAME_BYTES];
    category_set set;
    int size = snprintf(below, sizeof below, "%.*s.*", SPAN_ARG(pattern));
    bool is_branch = size > 0 && (size_t)size < sizeof below &&
                     category_match((struct span){below, (size_t)size}, &set) == STATUS_OK;
    config_complain(
        config, item,
        "unknown category \"%.*s\", expected a name of the taxonomy, or one followed by .* for all below it "
        "(did you mean \"%s\"?)",
        SPAN_ARG(pattern), is_branch ? below : category_nearest(pattern));
}

static bool categories_read(struct config *config, const struct config_node *list, category_set *ret_set)
{
    if (config_kind(list) != CONFIG_LIST || config_count(list) == 0) {
        config_complain(config, list, "found no list, expected categories such as [air.drone.*, air.balloon]");
        return false;
    }
    bool right = true;
    category_set all = 0;
    for (size_t i = 0; i < config_count(list); i++) {
        const struct config_node *item = config_item(list, i);
        if (config_kind(item) != CONFIG_SCALAR) {
            config_complain(config, item, "found no text, expected a category");
            right = false;
            continue;
        }
        struct span pattern = config_text(item);
        category_set set = 0;
        if (category_match(pattern, &set) != STATUS_OK) {
            category_complain(config, item, pattern);
            right = false;
        }
        all |= set;
    }
    *ret_set = all;
    return right;
}

static bool rule_read(struct config *config, const struct config_node *node, struct arena *arena, struct rule *rule)
{
    struct written_rule written = {0};
    struct written_caps caps = {.duration_ms = (int64_t)(90 * DAY_MS), .extent_km = INFINITY};
    if (config_kind(node) != CONFIG_MAP) {
        config_complain(config, node, "found no map, expected a rule with name, categories, reach_km and window");
        return false;
    }
    bool right = config_read(config, node, rule_rows, &written);
    if (written.caps != NULL && config_kind(written.caps) != CONFIG_NULL) {
        if (config_kind(written.caps) != CONFIG_MAP) {
            config_complain(config, written.caps,
                            "found no map, expected caps such as {duration: 60d, extent_km: 3000}");
            right = false;
        } else {
            right = config_read(config, written.caps, cap_rows, &caps) && right;
        }
    }
    *rule = (struct rule){
        .reach_km = written.reach_km,
        .window_ms = written.window_ms,
        .min_neighbours = (uint32_t)written.min_neighbours,
        .min_incidents = (uint32_t)written.min_incidents,
        .min_countries = (uint32_t)written.min_countries,
        .alpha = written.alpha,
        .max_radius_km = written.max_radius_km,
        .cap_duration_ms = caps.duration_ms,
        .cap_extent_km = caps.extent_km,
    };
    if (written.name != NULL) {
        rule->name = arena_copy(arena, span_of(written.name));
        if (rule->name.size == 0 || rule->name.size > LIMIT_NAME_BYTES) {
            config_complain(config, config_find(node, "name"), "found a name of %zu bytes, expected 1 to %u",
                            strlen(written.name), LIMIT_NAME_BYTES);
            right = false;
        } else if (!utf8_is_plain(rule->name)) { /* sinks would refuse every episode of it */
            config_complain(config, config_find(node, "name"),
                            "found a name with line ends or other control characters, expected one line");
            right = false;
        }
    }
    if (written.categories != NULL)
        right = categories_read(config, written.categories, &rule->categories) && right;
    right = countries_read(config, written.only_countries, arena, &rule->only_countries, &rule->only_count) && right;
    right =
        countries_read(config, written.except_countries, arena, &rule->except_countries, &rule->except_count) && right;
    return right;
}

bool rules_read(struct config *config, struct arena *arena, struct rule **ret_rules, size_t *ret_count)
{
    const struct config_node *block = config_block(config, "rules");
    if (block == NULL || config_kind(block) != CONFIG_LIST || config_count(block) == 0) {
        config_complain(config, block, "found no rules, expected a list of at least one rule under \"rules:\"");
        return false;
    }
    size_t count = config_count(block);
    if (count > RULES_MAX) {
        config_complain(config, block, "found %zu rules, expected at most %u", count, RULES_MAX);
        return false;
    }
    struct rule *rules = arena_zero(arena, count * sizeof *rules);
    if (rules == NULL) {
        config_complain(config, block, "no memory for the rules, expected fewer");
        return false;
    }
    bool right = true;
    for (size_t i = 0; i < count; i++) {
        right = rule_read(config, config_item(block, i), arena, &rules[i]) && right;
        for (size_t j = 0; j < i; j++)
            if (rules[i].name.size > 0 && span_equal(rules[i].name, rules[j].name)) {
                config_complain(config, config_item(block, i),
                                "found a second rule named \"%.*s\", expected every name once",
                                SPAN_ARG(rules[i].name));
                right = false;
            }
    }
    if (right) {
        *ret_rules = rules;
        *ret_count = count;
    }
    return right;
}

static void countries_to_json(const char *key, const country_code *codes, size_t count, struct text *text)
{
    text_print(text, ",\"%s\":[", key);
    for (size_t i = 0; i < count; i++) {
        char code[3];
        country_code_text(codes[i], code);
        text_print(text, "%s\"%s\"", i > 0 ? "," : "", code);
    }
    text_append(text, SPAN("]"));
}

void rule_to_json(const struct rule *rule, struct text *text)
{
    text_append(text, SPAN("{\"name\":"));
    text_json_string(text, rule->name);
    text_append(text, SPAN(",\"categories\":["));
    bool first = true;
    for (int category = 0; category < CATEGORY_COUNT; category++)
        if ((rule->categories >> category & 1) != 0) {
            text_print(text, "%s\"%s\"", first ? "" : ",", category_name((enum category)category));
            first = false;
        }
    text_append(text, SPAN("],\"reach_km\":"));
    text_json_number(text, rule->reach_km);
    text_print(text, ",\"window_ms\":%lld,\"min_neighbours\":%u,\"min_incidents\":%u,\"min_countries\":%u,\"alpha\":",
               (long long)rule->window_ms, rule->min_neighbours, rule->min_incidents, rule->min_countries);
    text_json_number(text, rule->alpha);
    text_append(text, SPAN(",\"max_radius_km\":"));
    text_json_number(text, rule->max_radius_km);
    countries_to_json("only_countries", rule->only_countries, rule->only_count, text);
    countries_to_json("except_countries", rule->except_countries, rule->except_count, text);
    text_print(text, ",\"cap_duration_ms\":%lld,\"cap_extent_km\":", (long long)rule->cap_duration_ms);
    text_json_number(text, isinf(rule->cap_extent_km) ? (double)NAN : rule->cap_extent_km);
    text_append(text, SPAN("}"));
}

static bool codes_from_json(const json_t *list, struct arena *arena, const country_code **ret_codes, size_t *ret_count)
{
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > RULE_COUNTRIES_MAX)
        return false;
    country_code *codes = arena_take(arena, (count + 1) * sizeof *codes);
    if (codes == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *code = json_string_value(json_array_get(list, i));
        if (code == NULL || country_code_parse(span_of(code), &codes[i]) != STATUS_OK)
            return false;
    }
    *ret_codes = codes;
    *ret_count = codes_settle(codes, count);
    return true;
}

enum status rule_from_json(struct span json, struct arena *arena, struct rule *ret_rule)
{
    json_t *root = json_loadb(json.data, json.size, JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL)
        return STATUS_INVALID;
    enum status status = STATUS_INVALID;
    struct rule rule = {0};
    const char *name = NULL;
    json_t *categories = NULL, *only = NULL, *except = NULL, *extent = NULL;
    json_int_t window_ms, min_neighbours, min_incidents, min_countries, cap_duration_ms;
    if (json_unpack(root, "{s:s, s:o, s:F, s:I, s:I, s:I, s:I, s:F, s:F, s:o, s:o, s:I, s:o}", "name", &name,
                    "categories", &categories, "reach_km", &rule.reach_km, "window_ms", &window_ms, "min_neighbours",
                    &min_neighbours, "min_incidents", &min_incidents, "min_countries", &min_countries, "alpha",
                    &rule.alpha, "max_radius_km", &rule.max_radius_km, "only_countries", &only, "except_countries",
                    &except, "cap_duration_ms", &cap_duration_ms, "cap_extent_km", &extent) != 0)
        goto fail;
    rule.cap_extent_km = json_is_null(extent) ? (double)INFINITY : json_number_value(extent);
    if (!json_is_array(categories) || !(json_is_null(extent) || json_is_number(extent)) || *name == '\0' ||
        strlen(name) > LIMIT_NAME_BYTES || !utf8_is_plain(span_of(name)) || !(rule.reach_km > 0.0) ||
        rule.reach_km > RULE_REACH_KM_MAX || window_ms < 1 || window_ms > RULE_WINDOW_MS_MAX || min_neighbours < 1 ||
        min_neighbours > UINT32_MAX || min_incidents < 1 || min_incidents > UINT32_MAX || min_countries < 0 ||
        min_countries > UINT32_MAX || !(rule.alpha > 0.0) || !(rule.max_radius_km >= 0.0) || cap_duration_ms < 1 ||
        !(rule.cap_extent_km > 0.0))
        goto fail;
    for (size_t i = 0; i < json_array_size(categories); i++) {
        enum category category;
        const char *text = json_string_value(json_array_get(categories, i));
        if (text == NULL || category_find(span_of(text), &category) != STATUS_OK)
            goto fail;
        rule.categories |= (category_set)1 << category;
    }
    if (!codes_from_json(only, arena, &rule.only_countries, &rule.only_count) ||
        !codes_from_json(except, arena, &rule.except_countries, &rule.except_count))
        goto fail;
    rule.name = arena_copy(arena, span_of(name));
    if (rule.name.data == NULL) {
        status = STATUS_NO_MEMORY;
        goto fail;
    }
    rule.window_ms = window_ms;
    rule.min_neighbours = (uint32_t)min_neighbours;
    rule.min_incidents = (uint32_t)min_incidents;
    rule.min_countries = (uint32_t)min_countries;
    rule.cap_duration_ms = cap_duration_ms;
    *ret_rule = rule;
    status = STATUS_OK;
fail:
    json_decref(root);
    return status;
}

void rule_hash(const struct rule *rule, char ret_hash[RULE_HASH_BYTES])
{
    struct text json = {0};
    unsigned char digest[crypto_hash_sha256_BYTES];
    rule_to_json(rule, &json);
    crypto_hash_sha256(digest, (const unsigned char *)json.data, json.size);
    text_fini(&json);
    sodium_bin2hex(ret_hash, RULE_HASH_BYTES, digest, (RULE_HASH_BYTES - 1) / 2);
}
