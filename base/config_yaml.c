/* From libyaml's events to the tree.
 *
 *   text ─▶ UTF-8 check ─▶ events ─▶ stack of open lists and maps (16 at most) ─▶ tree in the arena
 *
 * Events rather than libyaml's own documents: there an alias is already a second way to the same node, and an anchor is
 * forgotten; here both are seen where they stand, so no text can mean more nodes than it has bytes. Nothing recurses.
 */
#include "base/config_tree.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <yaml.h>

struct frame {
    struct config_node *node;
    struct config_node *last; /* child, of a chain that starts at first */
    struct config_node *first;
    size_t children; /* of a map: keys and values */
};

struct grower {
    struct config *config;
    struct frame frames[CONFIG_DEPTH_MAX];
    size_t depth;
    size_t documents;
    struct config_node *root;
};

/* ---- bytes ---- */

/* YAML is text: the first byte that is not is said as such, with its place, rather than as libyaml would. */
static enum status text_check(struct config *config, struct span text)
{
    size_t line = 1, column = 1;
    for (size_t at = 0, size; at < text.size; at += size) {
        struct span rest = {text.data + at, text.size - at};
        size = utf8_character(rest);
        bool line_end = text.data[at] == '\n' || text.data[at] == '\r';
        if (size == 0 || (!line_end && !utf8_is_text((struct span){rest.data, size}))) {
            config_complain_at(config, line, column, "byte 0x%02x, expected text in UTF-8",
                               (unsigned)(unsigned char)text.data[at]);
            return STATUS_INVALID;
        }
        if (text.data[at] == '\n' || (text.data[at] == '\r' && (rest.size == 1 || rest.data[1] != '\n'))) {
            line++;
            column = 1;
        } else {
            column++;
        }
    }
    return STATUS_OK;
}

static enum status refuse(struct grower *grower, yaml_mark_t mark, const char *found_and_expected)
{
    config_complain_at(grower->config, mark.line + 1, mark.column + 1, "%s", found_and_expected);
    return STATUS_INVALID;
}

static enum status parser_failed(struct grower *grower, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR) {
        config_complain_memory(grower->config);
        return STATUS_NO_MEMORY;
    }
    const char *context = parser->context != NULL ? parser->context : "";
    config_complain_at(grower->config, parser->problem_mark.line + 1, parser->problem_mark.column + 1,
                       "%s%s%s, expected YAML", parser->problem != NULL ? parser->problem : "unreadable text",
                       context[0] != '\0' ? " " : "", context);
    return STATUS_INVALID;
}

/* ---- nodes ---- */

static bool is_map(const struct frame *frame)
{
    return frame->node->kind == CONFIG_MAP;
}

static bool expects_key(const struct grower *grower)
{
    return grower->depth > 0 && is_map(&grower->frames[grower->depth - 1]) &&
           grower->frames[grower->depth - 1].children % 2 == 0;
}

/* A key lies under what its map lies under; a value under its key. */
static struct span holder_find(const struct grower *grower)
{
    if (grower->depth == 0)
        return SPAN("");
    const struct frame *frame = &grower->frames[grower->depth - 1];
    return is_map(frame) && frame->children % 2 == 1 ? frame->last->text : frame->node->holder;
}

static struct config_node *node_add(struct grower *grower, enum config_kind kind, yaml_mark_t mark)
{
    struct config_node *node = arena_zero(&grower->config->arena, sizeof *node);
    if (node == NULL)
        return NULL;
    *node = (struct config_node){.kind = kind,
                                 .line = (uint32_t)mark.line + 1,
                                 .column = (uint32_t)mark.column + 1,
                                 .text = SPAN(""),
                                 .holder = holder_find(grower)};
    if (grower->depth == 0) {
        grower->root = node;
        return node;
    }
    struct frame *frame = &grower->frames[grower->depth - 1];
    if (frame->last != NULL)
        frame->last->next = node;
    else
        frame->first = node;
    frame->last = node;
    frame->children++;
    return node;
}

static bool is_null(struct span text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (span_equal(text, span_of(words[i])))
            return true;
    return false;
}

static enum status scalar_add(struct grower *grower, const yaml_event_t *event)
{
    struct span text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    bool key = expects_key(grower);
    if (key && text.size == 0)
        return refuse(grower, event->start_mark, "an empty key, expected a name");
    if (!utf8_is_text(text))
        return refuse(grower, event->start_mark, "an escaped control character, expected text without");
    enum config_kind kind = !key && !quoted && is_null(text) ? CONFIG_NULL : CONFIG_SCALAR;
    struct config_node *node = node_add(grower, kind, event->start_mark);
    struct span copy = arena_copy(&grower->config->arena, text);
    if (node == NULL || copy.data == NULL) {
        config_complain_memory(grower->config);
        return STATUS_NO_MEMORY;
    }
    node->text = copy;
    node->quoted = quoted;
    return STATUS_OK;
}

static enum status collection_open(struct grower *grower, enum config_kind kind, yaml_mark_t mark)
{
    if (expects_key(grower))
        return refuse(grower, mark,
                      kind == CONFIG_LIST ? "a list as a key, expected a name" : "a map as a key, expected a name");
    if (grower->depth == CONFIG_DEPTH_MAX)
        return refuse(grower, mark, "lists and maps nested deeper than 16, expected a flatter configuration");
    struct config_node *node = node_add(grower, kind, mark);
    if (node == NULL) {
        config_complain_memory(grower->config);
        return STATUS_NO_MEMORY;
    }
    grower->frames[grower->depth++] = (struct frame){.node = node};
    return STATUS_OK;
}

static int key_order(const void *a, const void *b)
{
    const struct config_node *left = *(const struct config_node *const *)a;
    const struct config_node *right = *(const struct config_node *const *)b;
    int order = span_compare(left->text, right->text);
    if (order == 0)
        order = (left->line > right->line) - (left->line < right->line);
    return order != 0 ? order : (left->column > right->column) - (left->column < right->column);
}

/* Sorted, so that a hostile map of 100,000 keys costs no 10^10 comparisons. */
static enum status keys_check(struct config *config, const struct config_node *map)
{
    if (map->count < 2)
        return STATUS_OK;
    const struct config_node **keys = malloc(map->count * sizeof *keys);
    if (keys == NULL) {
        config_complain_memory(config);
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < map->count; i++)
        keys[i] = config_key_node(map, i);
    qsort(keys, map->count, sizeof *keys, key_order);
    for (size_t i = 1; i < map->count; i++)
        if (span_equal(keys[i - 1]->text, keys[i]->text))
            config_complain(config, keys[i], "%s again (first in line %u), expected every key once",
                            config_found(config, keys[i]), keys[i - 1]->line);
    free(keys);
    return STATUS_OK;
}

static enum status collection_close(struct grower *grower)
{
    struct frame *frame = &grower->frames[--grower->depth];
    struct config_node *node = frame->node;
    node->items = arena_take(&grower->config->arena, frame->children * sizeof *node->items);
    if (node->items == NULL) {
        config_complain_memory(grower->config);
        return STATUS_NO_MEMORY;
    }
    size_t index = 0;
    for (const struct config_node *child = frame->first; child != NULL; child = child->next)
        node->items[index++] = child;
    node->count = is_map(frame) ? frame->children / 2 : frame->children;
    return is_map(frame) ? keys_check(grower->config, node) : STATUS_OK;
}

/* ---- events ---- */

static enum status marks_check(struct grower *grower, const yaml_event_t *event, const yaml_char_t *anchor,
                               const yaml_char_t *tag)
{
    if (anchor != NULL)
        return refuse(grower, event->start_mark, "an anchor (&), expected none: every value is written out");
    if (tag != NULL)
        return refuse(grower, event->start_mark, "a tag (!), expected none: types come from the keys");
    return STATUS_OK;
}

static enum status event_take(struct grower *grower, const yaml_event_t *event)
{
    enum status status;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return grower->documents++ == 0 ? STATUS_OK
                                        : refuse(grower, event->start_mark, "a second document, expected one");
    case YAML_ALIAS_EVENT:
        return refuse(grower, event->start_mark, "an alias (*), expected none: every value is written out");
    case YAML_SCALAR_EVENT:
        status = marks_check(grower, event, event->data.scalar.anchor, event->data.scalar.tag);
        return status == STATUS_OK ? scalar_add(grower, event) : status;
    case YAML_SEQUENCE_START_EVENT:
        status = marks_check(grower, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
        return status == STATUS_OK ? collection_open(grower, CONFIG_LIST, event->start_mark) : status;
    case YAML_MAPPING_START_EVENT:
        status = marks_check(grower, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
        return status == STATUS_OK ? collection_open(grower, CONFIG_MAP, event->start_mark) : status;
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return collection_close(grower);
    case YAML_STREAM_END_EVENT:
        return STATUS_END;
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        break;
    }
    return STATUS_OK;
}

static enum status root_check(struct grower *grower)
{
    struct config_node *root = grower->root;
    if (root == NULL || root->kind == CONFIG_NULL)
        return STATUS_OK;
    if (root->kind != CONFIG_MAP) {
        config_complain(grower->config, root, "%s, expected a map of blocks", config_found(grower->config, root));
        return STATUS_INVALID;
    }
    grower->config->root = root;
    return STATUS_OK;
}

enum status config_grow(struct config *config, struct span text)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* some editors begin a file so; libyaml would count it as indentation */
    if (text.size >= sizeof mark - 1 && memcmp(text.data, mark, sizeof mark - 1) == 0)
        text = (struct span){text.data + sizeof mark - 1, text.size - (sizeof mark - 1)};
    enum status status = text_check(config, text);
    if (status != STATUS_OK)
        return status;
    struct grower grower = {.config = config};
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        config_complain_memory(config);
        return STATUS_NO_MEMORY;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.data != NULL ? text.data : ""), text.size);
    while (status == STATUS_OK) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            status = parser_failed(&grower, &parser);
            break;
        }
        status = event_take(&grower, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return status == STATUS_END ? root_check(&grower) : status;
}
