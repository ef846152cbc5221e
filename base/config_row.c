/* From nodes to structs: rows say what a map may hold. A fallback goes the way of a value from the file, so it cannot
 * mean anything else. */
#include "base/config_tree.h"
#include "base/nearest.h"
#include "base/size_text.h"
#include "base/time_text.h"
#include "base/utf8.h"

#include <assert.h>
#include <glib.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define EXPECTED_BYTES 512
#define NAMES_MAX      128

/* ---- what is expected, in words ---- */

static bool has_bounds(const struct config_row *row)
{
    return row->min < 0 || row->min > 0 || row->max < 0 || row->max > 0;
}

static void bound_print(const struct config_row *row, double bound, char *ret_text, size_t room)
{
    char duration[DURATION_TEXT_BYTES], size[SIZE_TEXT_BYTES];
    if (row->type == CONFIG_SIZE) {
        size_format((int64_t)bound, size);
        (void)snprintf(ret_text, room, "%s", size);
    } else if (row->type == CONFIG_DURATION) {
        duration_format((int64_t)bound, duration);
        (void)snprintf(ret_text, room, "%s", duration);
    } else {
        (void)g_ascii_formatd(ret_text, (int)room, "%.15g", bound);
    }
}

static void bounds_print(const struct config_row *row, char *ret_text, size_t room)
{
    char min[64], max[64];
    ret_text[0] = '\0';
    if (!has_bounds(row))
        return;
    if (isfinite(row->min))
        bound_print(row, row->min, min, sizeof min);
    if (isfinite(row->max))
        bound_print(row, row->max, max, sizeof max);
    if (isfinite(row->min) && isfinite(row->max))
        (void)snprintf(ret_text, room, " from %s to %s", min, max);
    else if (isfinite(row->min))
        (void)snprintf(ret_text, room, " of at least %s", min);
    else if (isfinite(row->max))
        (void)snprintf(ret_text, room, " of at most %s", max);
}

static void expected_print(const struct config_row *row, char ret_text[EXPECTED_BYTES])
{
    static const char *const words[] = {
        [CONFIG_STRING] = "a text",
        [CONFIG_PATH] = "a path",
        [CONFIG_BOOL] = "true or false",
        [CONFIG_INTEGER] = "a whole number",
        [CONFIG_NUMBER] = "a number",
        [CONFIG_DURATION] = "a duration such as 14d, 6h or 30s",
        [CONFIG_NODE] = "a value",
        [CONFIG_CHOICE] = "one of",
        [CONFIG_SIZE] = "a size such as 64MiB or 1GiB",
    };
    char bounds[160];
    bounds_print(row, bounds, sizeof bounds);
    size_t used = (size_t)snprintf(ret_text, EXPECTED_BYTES, "%s%s", words[row->type], bounds);
    for (size_t i = 0; row->type == CONFIG_CHOICE && row->choices[i] != NULL && used < EXPECTED_BYTES; i++)
        used += (size_t)snprintf(ret_text + used, EXPECTED_BYTES - used, "%s %s", i > 0 ? "," : "", row->choices[i]);
}

/* ---- texts to values: each answers whether the text is one, and then writes the field ---- */

static bool within(const struct config_row *row, double value)
{
    return !has_bounds(row) || (value >= row->min && value <= row->max);
}

static bool bool_read(struct span text, bool *ret_value)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"true", true}, {"yes", true}, {"on", true}, {"false", false}, {"no", false}, {"off", false}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (span_equal(text, span_of(words[i].word))) {
            *ret_value = words[i].value;
            return true;
        }
    }
    return false;
}

static size_t digits_skip(struct span text, size_t at)
{
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
        at++;
    return at;
}

static size_t sign_skip(struct span text, size_t at)
{
    return at < text.size && (text.data[at] == '-' || text.data[at] == '+') ? at + 1 : at;
}

static bool integer_read(const struct config_row *row, struct span text, int64_t *ret_value)
{
    size_t start = sign_skip(text, 0);
    if (start == text.size || digits_skip(text, start) != text.size)
        return false;
    bool negative = text.data[0] == '-';
    int64_t value = 0;
    for (size_t at = start; at < text.size; at++) {
        int64_t digit = text.data[at] - '0';
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, negative ? -digit : digit, &value))
            return false;
    }
    if (!within(row, (double)value))
        return false;
    *ret_value = value;
    return true;
}

/* Decimal only, with a point whatever the locale: no hexadecimal, no infinity, no nan. The text ends with NUL. */
static bool number_read(const struct config_row *row, struct span text, double *ret_value)
{
    size_t start = sign_skip(text, 0);
    size_t at = digits_skip(text, start);
    size_t digits = at - start;
    if (at < text.size && text.data[at] == '.') {
        size_t fraction = at + 1;
        at = digits_skip(text, fraction);
        digits += at - fraction;
    }
    if (digits == 0)
        return false;
    if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E')) {
        size_t exponent = sign_skip(text, at + 1);
        at = digits_skip(text, exponent);
        if (at == exponent)
            return false;
    }
    if (at != text.size)
        return false;
    double value = g_ascii_strtod(text.data, NULL);
    if (!isfinite(value) || !within(row, value))
        return false;
    *ret_value = value;
    return true;
}

static bool duration_read(const struct config_row *row, struct span text, int64_t *ret_ms)
{
    int64_t ms;
    if (duration_parse(text, &ms) != STATUS_OK || !within(row, (double)ms))
        return false;
    *ret_ms = ms;
    return true;
}

static bool size_read(const struct config_row *row, struct span text, int64_t *ret_bytes)
{
    int64_t bytes;
    if (size_parse(text, &bytes) != STATUS_OK || !within(row, (double)bytes))
        return false;
    *ret_bytes = bytes;
    return true;
}

static bool choice_read(const struct config_row *row, struct span text, int *ret_index)
{
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (span_equal(text, span_of(row->choices[i]))) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

/* NULL where there is no memory. "-" (standard input or output) stays what it is. */
static const char *path_resolve(struct config *config, struct span text)
{
    if (text.data[0] == '/' || span_equal(text, SPAN("-")))
        return text.data;
    while (text.size > 2 && memcmp(text.data, "./", 2) == 0)
        text = (struct span){text.data + 2, text.size - 2};
    return arena_print(&config->arena, "%.*s/%.*s", SPAN_ARG(config->folder), SPAN_ARG(text)).data;
}

const char *config_path(struct config *config, const struct config_node *node)
{
    if (node->kind != CONFIG_SCALAR || node->text.size == 0 || !utf8_is_plain(node->text)) {
        config_complain(config, node, "found %s, expected a path", config_found(config, node));
        return NULL;
    }
    const char *path = path_resolve(config, node->text);
    if (path == NULL)
        config_complain_memory(config);
    return path;
}

enum answer { ANSWER_TAKEN, ANSWER_WRONG, ANSWER_NO_MEMORY };

static enum answer answer_of(bool taken)
{
    return taken ? ANSWER_TAKEN : ANSWER_WRONG;
}

/* text ends with NUL and lives as long as the config. */
static enum answer text_read(struct config *config, const struct config_row *row, struct span text, bool quoted,
                             void *field)
{
    switch (row->type) {
    case CONFIG_STRING:
        *(const char **)field = text.data;
        return ANSWER_TAKEN;
    case CONFIG_PATH: {
        if (text.size == 0 || !utf8_is_plain(text))
            return ANSWER_WRONG;
        const char *path = path_resolve(config, text);
        if (path == NULL)
            return ANSWER_NO_MEMORY;
        *(const char **)field = path;
        return ANSWER_TAKEN;
    }
    case CONFIG_BOOL:
        return answer_of(!quoted && bool_read(text, field));
    case CONFIG_INTEGER:
        return answer_of(!quoted && integer_read(row, text, field));
    case CONFIG_NUMBER:
        return answer_of(!quoted && number_read(row, text, field));
    case CONFIG_DURATION:
        return answer_of(duration_read(row, text, field));
    case CONFIG_SIZE:
        return answer_of(size_read(row, text, field));
    case CONFIG_CHOICE:
        return answer_of(choice_read(row, text, field));
    case CONFIG_NODE:
        break;
    }
    return ANSWER_WRONG;
}

/* ---- rows ---- */

static bool value_read(struct config *config, const struct config_row *row, const struct config_node *node, void *field)
{
    if (row->type == CONFIG_NODE) {
        *(const struct config_node **)field = node;
        return true;
    }
    enum answer answer =
        node->kind == CONFIG_SCALAR ? text_read(config, row, node->text, node->quoted, field) : ANSWER_WRONG;
    if (answer == ANSWER_NO_MEMORY)
        config_complain_memory(config);
    if (answer == ANSWER_WRONG) {
        char expected[EXPECTED_BYTES];
        expected_print(row, expected);
        const char *nearest =
            row->type == CONFIG_CHOICE && node->kind == CONFIG_SCALAR ? nearest_name(node->text, row->choices) : NULL;
        config_complain(config, node, "%s%s as %s, expected %s%s%s%s", node->quoted ? "the quoted text " : "",
                        config_found(config, node), row->key, expected, nearest != NULL ? " (did you mean \"" : "",
                        nearest != NULL ? nearest : "", nearest != NULL ? "\"?)" : "");
    }
    return answer == ANSWER_TAKEN;
}

/* What the row says of an absent key. */
static bool absent_read(struct config *config, const struct config_row *row, const struct config_node *map, void *field)
{
    if (row->fallback != NULL) {
        enum answer answer = text_read(config, row, span_of(row->fallback), false, field);
        assert(answer != ANSWER_WRONG);
        if (answer == ANSWER_NO_MEMORY)
            config_complain_memory(config);
        return answer == ANSWER_TAKEN;
    }
    if (!row->required)
        return true;
    char expected[EXPECTED_BYTES];
    expected_print(row, expected);
    bool inside = map != NULL && map->holder.size > 0;
    config_complain(config, map, "no %s%s%.*s, expected %s", row->key, inside ? " in " : "",
                    inside ? (int)map->holder.size : 0, inside ? map->holder.data : "", expected);
    return false;
}

static bool keys_known(struct config *config, const struct config_node *map, const struct config_row *rows)
{
    const char *names[NAMES_MAX + 1];
    size_t count = 0;
    for (; rows[count].key != NULL; count++) {
        assert(count < NAMES_MAX);
        names[count] = rows[count].key;
    }
    names[count] = NULL;
    bool known = true;
    for (size_t i = 0; i < map->count; i++) {
        size_t row = 0;
        while (names[row] != NULL && !span_equal(config_key(map, i), span_of(names[row])))
            row++;
        if (names[row] != NULL)
            continue;
        config_complain_unknown(config, config_key_node(map, i), "key", names);
        known = false;
    }
    return known;
}

bool config_read(struct config *config, const struct config_node *map, const struct config_row *rows, void *target)
{
    bool right = true;
    if (map != NULL && map->kind != CONFIG_MAP && map->kind != CONFIG_NULL) {
        config_complain(config, map, "%s%s%.*s, expected a map with keys such as %s", config_found(config, map),
                        map->holder.size > 0 ? " as " : "", SPAN_ARG(map->holder), rows[0].key);
        right = false;
    } else if (map != NULL) {
        right = keys_known(config, map, rows);
    }
    bool readable = right || map->kind == CONFIG_MAP;
    for (const struct config_row *row = rows; row->key != NULL; row++) {
        const struct config_node *node = map != NULL ? config_find(map, row->key) : NULL;
        void *field = (char *)target + row->offset;
        if (node != NULL)
            right = value_read(config, row, node, field) && right;
        else if (readable ||
                 row->fallback != NULL) /* of what is no map, it needs no saying that its keys are missing */
            right = absent_read(config, row, map, field) && right;
    }
    return right;
}

/* ---- the environment ---- */

static size_t name_size(struct span text)
{
    size_t size = 0;
    while (size < text.size && (g_ascii_isalpha(text.data[size]) || text.data[size] == '_' ||
                                (size > 0 && g_ascii_isdigit(text.data[size]))))
        size++;
    return size;
}

const char *config_expand(struct config *config, const struct config_node *node)
{
    if (node->kind != CONFIG_SCALAR) {
        config_complain(config, node, "%s, expected a text", config_found(config, node));
        return NULL;
    }
    struct span rest = node->text;
    struct span made = SPAN("");
    while (rest.size > 0) {
        const char *mark = memmem(rest.data, rest.size, "${", 2);
        size_t before = mark != NULL ? (size_t)(mark - rest.data) : rest.size;
        const char *value = "";
        size_t taken = before;
        if (mark != NULL) {
            struct span name = {mark + 2, rest.size - before - 2};
            size_t size = name_size(name);
            if (size == 0 || size == name.size || name.data[size] != '}') {
                config_complain(config, node, "\"${\" without a name and \"}\", expected ${NAME}");
                return NULL;
            }
            name = arena_copy(&config->arena, (struct span){name.data, size});
            value = name.data != NULL ? getenv(name.data) : NULL;
            if (name.data != NULL && value == NULL) {
                config_complain(config, node, "${%s}, but no such variable is set, expected it in the environment",
                                name.data);
                return NULL;
            }
            taken = before + 2 + size + 1;
        }
        if (value != NULL)
            made = arena_print(&config->arena, "%.*s%.*s%s", SPAN_ARG(made), (int)before, rest.data, value);
        if (value == NULL || made.data == NULL) {
            config_complain_memory(config);
            return NULL;
        }
        rest = (struct span){rest.data + taken, rest.size - taken};
    }
    return made.data;
}
