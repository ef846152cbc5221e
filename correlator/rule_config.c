#include "correlator/rule_config.h"

#include "base/time_text.h"
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

/* The options that are numbers, in the order of publication: X(field of struct rule and key in JSON, its type, key in
 * YAML, how it is written, REQUIRED or SAYS(fallback) or UNBOUND, least, greatest, help). The table is the only place
 * an option is named: rows, JSON out and JSON in come from it. */
#define RULE_NUMBERS(X)                                                                                                \
    X(reach_km, double, "reach_km", NUMBER, REQUIRED, 0.001, RULE_REACH_KM_MAX, "the greatest distance of neighbours") \
    X(window_ms, int64_t, "window", DURATION, REQUIRED, 1, (double)RULE_WINDOW_MS_MAX,                                 \
      "the greatest time gap of neighbours")                                                                           \
    X(min_neighbours, uint32_t, "min_neighbours", INTEGER, SAYS("1"), 1, 1e6,                                          \
      "neighbours a core must have, itself not counted")                                                               \
    X(min_incidents, uint32_t, "min_incidents", INTEGER, SAYS("2"), 1, 1e6, "members of a flagged episode")            \
    X(min_countries, uint32_t, "min_countries", INTEGER, SAYS("2"), 0, 250, "countries of a flagged episode")          \
    X(alpha, double, "alpha", NUMBER, SAYS("1e-3"), 1e-12, 1, "of the core test, where there is a baseline")           \
    X(max_radius_km, double, "max_radius_km", NUMBER, SAYS("200"), 0, LIMIT_RADIUS_KM,                                 \
      "a vaguer place is coarse: it can be attached, no more")

/* The same, of the map `caps`. */
#define CAP_NUMBERS(X)                                                                                                 \
    X(cap_duration_ms, int64_t, "duration", DURATION, SAYS("90d"), 1, 3650 * DAY_MS,                                   \
      "first start to last end of the cores")                                                                          \
    X(cap_extent_km, double, "extent_km", NUMBER, UNBOUND, 0.001, 1e6,                                                 \
      "diagonal of the cores' bounding box; no cap where absent")

#define REQUIRED   .required = true
#define SAYS(text) .fallback = (text)
#define UNBOUND    .required = false /* infinity where absent; null in JSON */

#define C_OF_NUMBER   double
#define C_OF_INTEGER  int64_t
#define C_OF_DURATION int64_t

/* The block as it is written, before it becomes a struct rule. */
struct written_rule {
    const char *name;
    const struct config_node *categories, *only_countries, *except_countries, *caps;
#define X(field, type, key, kind, ...) C_OF_##kind field;
    RULE_NUMBERS(X)
    CAP_NUMBERS(X)
#undef X
};

#define FIELD(member) offsetof(struct written_rule, member)
#define X(field, type, key, kind, otherwise, least, greatest, say)                                                     \
    {key, CONFIG_##kind, FIELD(field), otherwise, .min = (least), .max = (greatest), .help = (say)},

static const struct config_row rule_rows[] = {
    {"name", CONFIG_STRING, FIELD(name), .required = true, .help = "how the rule is called in episodes"},
    {"categories", CONFIG_NODE, FIELD(categories), .required = true, .help = "what triggers: names, or air.drone.*"},
    RULE_NUMBERS(X) /* each with its comma */
    {"only_countries", CONFIG_NODE, FIELD(only_countries), .help = "what happened elsewhere does not trigger"},
    {"except_countries", CONFIG_NODE, FIELD(except_countries), .help = "what happened in these alone does not trigger"},
    {"caps", CONFIG_NODE, FIELD(caps), .help = "bounds of an episode: {duration: 90d, extent_km: 3000}"},
    {0},
};

static const struct config_row cap_rows[] = {CAP_NUMBERS(X){0}};

#undef X

static void numbers_take(const struct written_rule *written, struct rule *rule)
{
#define X(field, type, ...) rule->field = (type)written->field;
    RULE_NUMBERS(X)
    CAP_NUMBERS(X)
#undef X
}

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
    struct written_rule written = {.cap_extent_km = INFINITY};
    *rule = (struct rule){0};
    if (config_kind(node) != CONFIG_MAP) {
        config_complain(config, node, "found no map, expected a rule with name, categories, reach_km and window");
        return false;
    }
    bool right = config_read(config, node, rule_rows, &written);
    const struct config_node *caps = written.caps;
    if (caps != NULL && config_kind(caps) == CONFIG_NULL)
        caps = NULL;
    if (caps != NULL && config_kind(caps) != CONFIG_MAP) {
        config_complain(config, caps, "found no map, expected caps such as {duration: 60d, extent_km: 3000}");
        right = false;
    } else {
        right = config_read(config, caps, cap_rows, &written) && right;
    }
    numbers_take(&written, rule);
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

static void number_to_json(const char *key, double value, struct text *text)
{
    text_print(text, ",\"%s\":", key);
    text_json_number(text, isinf(value) ? (double)NAN : value); /* no bound: null */
}

static void integer_to_json(const char *key, int64_t value, struct text *text)
{
    text_print(text, ",\"%s\":%lld", key, (long long)value);
}

#define TO_JSON_NUMBER   number_to_json
#define TO_JSON_INTEGER  integer_to_json
#define TO_JSON_DURATION integer_to_json

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
    text_append(text, SPAN("]"));
#define X(field, type, key, kind, ...) TO_JSON_##kind(#field, rule->field, text);
    RULE_NUMBERS(X)
    countries_to_json("only_countries", rule->only_countries, rule->only_count, text);
    countries_to_json("except_countries", rule->except_countries, rule->except_count, text);
    CAP_NUMBERS(X)
#undef X
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

static bool number_from_json(const json_t *root, const char *key, const struct config_row *row, double *ret_value)
{
    const json_t *value = json_object_get(root, key);
    bool unbound = json_is_null(value) && !row->required && row->fallback == NULL;
    double number = unbound ? (double)INFINITY : json_number_value(value);
    *ret_value = number;
    return unbound || (json_is_number(value) && number >= row->min && number <= row->max);
}

static bool integer_from_json(const json_t *root, const char *key, const struct config_row *row, int64_t *ret_value)
{
    const json_t *value = json_object_get(root, key);
    *ret_value = json_integer_value(value);
    return json_is_integer(value) && (double)*ret_value >= row->min && (double)*ret_value <= row->max;
}

#define FROM_JSON_NUMBER   number_from_json
#define FROM_JSON_INTEGER  integer_from_json
#define FROM_JSON_DURATION integer_from_json

static bool numbers_from_json(const json_t *root, struct rule *rule)
{
    struct written_rule written = {0};
    bool right = true;
#define X(field, type, key, kind, otherwise, least, greatest, say)                                                     \
    right =                                                                                                            \
        right && FROM_JSON_##kind(root, #field, &(struct config_row){otherwise, .min = (least), .max = (greatest)},    \
                                  &written.field);
    RULE_NUMBERS(X)
    CAP_NUMBERS(X)
#undef X
    numbers_take(&written, rule);
    return right;
}

static bool categories_from_json(const json_t *list, category_set *ret_set)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        enum category category;
        const char *text = json_string_value(json_array_get(list, i));
        if (text == NULL || category_find(span_of(text), &category) != STATUS_OK)
            return false;
        *ret_set |= (category_set)1 << category;
    }
    return json_is_array(list);
}

enum status rule_from_json(struct span json, struct arena *arena, struct rule *ret_rule)
{
    json_t *root = json_loadb(json.data, json.size, JSON_REJECT_DUPLICATES, NULL);
    if (root == NULL)
        return STATUS_INVALID;
    struct rule rule = {0};
    const char *name = json_string_value(json_object_get(root, "name"));
    bool right =
        name != NULL && *name != '\0' && strlen(name) <= LIMIT_NAME_BYTES && utf8_is_plain(span_of(name)) &&
        categories_from_json(json_object_get(root, "categories"), &rule.categories) && numbers_from_json(root, &rule) &&
        codes_from_json(json_object_get(root, "only_countries"), arena, &rule.only_countries, &rule.only_count) &&
        codes_from_json(json_object_get(root, "except_countries"), arena, &rule.except_countries, &rule.except_count);
    enum status status = STATUS_INVALID;
    if (right) {
        rule.name = arena_copy(arena, span_of(name));
        status = rule.name.data != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK)
        *ret_rule = rule;
    json_decref(root);
    return status;
}

/* ---- differences, as people write the options ---- */

static void number_say(double value, struct text *text)
{
    if (isinf(value))
        text_append(text, SPAN("none"));
    else
        text_json_number(text, value);
}

static void integer_say(int64_t value, struct text *text)
{
    text_print(text, "%lld", (long long)value);
}

static void duration_say(int64_t value, struct text *text)
{
    char duration[DURATION_TEXT_BYTES];
    duration_format(value, duration);
    text_append(text, span_of(duration));
}

static void categories_say(category_set set, struct text *text)
{
    const char *before = "[";
    for (int category = 0; category < CATEGORY_COUNT; category++)
        if ((set >> category & 1) != 0) {
            text_print(text, "%s%s", before, category_name((enum category)category));
            before = ", ";
        }
    text_append(text, SPAN("]"));
}

static void codes_say(const country_code *codes, size_t count, struct text *text)
{
    text_append(text, SPAN("["));
    for (size_t i = 0; i < count; i++) {
        char code[3];
        country_code_text(codes[i], code);
        text_print(text, "%s%s", i > 0 ? ", " : "", code);
    }
    text_append(text, SPAN("]"));
}

static bool codes_same(const country_code *a, size_t a_count, const country_code *b, size_t b_count)
{
    return a_count == b_count && (a_count == 0 || memcmp(a, b, a_count * sizeof *a) == 0);
}

#define SAY_NUMBER   number_say
#define SAY_INTEGER  integer_say
#define SAY_DURATION duration_say

/* `say` writes the option of the rule at hand. */
#define TELL(key, say)                                                                                                 \
    do {                                                                                                               \
        text_print(text, "%s is ", key);                                                                               \
        const struct rule *rule = one.rule;                                                                            \
        say;                                                                                                           \
        text_print(text, " in %s, ", one.where);                                                                       \
        rule = other.rule;                                                                                             \
        say;                                                                                                           \
        text_print(text, " in %s", other.where);                                                                       \
        return true;                                                                                                   \
    } while (0)

bool rule_difference(struct rule_said one, struct rule_said other, struct text *text)
{
    const struct rule *a = one.rule, *b = other.rule;
    if (a->categories != b->categories)
        TELL("categories", categories_say(rule->categories, text));
#define X(field, type, key, kind, ...)                                                                                 \
    if (a->field < b->field || a->field > b->field)                                                                    \
        TELL(key, SAY_##kind((C_OF_##kind)rule->field, text));
    RULE_NUMBERS(X)
    CAP_NUMBERS(X)
#undef X
    if (!codes_same(a->only_countries, a->only_count, b->only_countries, b->only_count))
        TELL("only_countries", codes_say(rule->only_countries, rule->only_count, text));
    if (!codes_same(a->except_countries, a->except_count, b->except_countries, b->except_count))
        TELL("except_countries", codes_say(rule->except_countries, rule->except_count, text));
    return false;
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
