#include "correlator/same_config.h"

#include "proto/report.h"

struct written_same {
    int64_t within_ms;
    double reach_km;
    const struct config_node *distinct;
};

static const struct config_row same_rows[] = {
    {"within", CONFIG_DURATION, offsetof(struct written_same, within_ms), .fallback = "6h", .min = 1000,
     .max = (double)SAME_WITHIN_MS_MAX, .help = "greatest gap in time between reports of one incident"},
    {"reach_km", CONFIG_NUMBER, offsetof(struct written_same, reach_km), .fallback = "25", .min = 0.001,
     .max = SAME_REACH_KM_MAX,
     .help =
         "greatest distance between them; a report whose radius is greater joins an incident, and makes none of two"},
    {"distinct", CONFIG_NODE, offsetof(struct written_same, distinct),
     .help = "sources whose records are different incidents, beside those marked so in the block sources"},
    {0},
};

/* Names as the arena keeps them, ascending, none twice. */
struct names {
    struct span *items;
    size_t count, room;
};

static bool name_add(struct config *config, struct arena *arena, struct names *names, const struct config_node *node)
{
    struct span text = config_text(node);
    size_t at = 0;
    while (at < names->count && span_compare(names->items[at], text) < 0)
        at++;
    if (at < names->count && span_equal(names->items[at], text))
        return true;
    struct span copy = arena_copy(arena, text);
    if (copy.data == NULL || names->count == names->room) {
        config_complain(config, node, "no memory for the name of a distinct source, expected fewer");
        return false;
    }
    memmove(names->items + at + 1, names->items + at, (names->count - at) * sizeof *names->items);
    names->items[at] = copy;
    names->count++;
    return true;
}

/* The names written in `same`, where they are wrong they are complained about. */
static bool named_distinct(struct config *config, struct arena *arena, struct names *names,
                           const struct config_node *list)
{
    bool right = true;
    if (list == NULL || config_kind(list) == CONFIG_NULL)
        return true;
    if (config_kind(list) != CONFIG_LIST) {
        config_complain(config, list, "found no list, expected names of sources: distinct: [list, other-list]");
        return false;
    }
    for (size_t i = 0; i < config_count(list); i++) {
        const struct config_node *name = config_item(list, i);
        if (config_kind(name) == CONFIG_SCALAR && name_is_valid(config_text(name))) {
            right = name_add(config, arena, names, name) && right;
            continue;
        }
        config_complain(config, name, "found \"%.*s\", expected the name of a source: A-Z a-z 0-9 . _ -, up to 64",
                        SPAN_ARG(config_text(name)));
        right = false;
    }
    return right;
}

static bool is_yes(const struct config_node *node)
{
    static const struct span words[] = {{"true", 4}, {"yes", 3}, {"on", 2}};
    for (size_t i = 0; node != NULL && i < sizeof words / sizeof words[0]; i++)
        if (span_equal(config_text(node), words[i]))
            return true;
    return false;
}

/* Those marked `distinct` in the block sources. What is wrong there agents say. */
static bool marked_distinct(struct config *config, struct arena *arena, struct names *names,
                            const struct config_node *sources)
{
    bool right = true;
    for (size_t i = 0; i < config_count(sources); i++) {
        const struct config_node *source = config_item(sources, i);
        const struct config_node *name = config_kind(source) == CONFIG_MAP ? config_find(source, "name") : NULL;
        if (name != NULL && config_kind(name) == CONFIG_SCALAR && is_yes(config_find(source, "distinct")))
            right = name_add(config, arena, names, name) && right;
    }
    return right;
}

static bool distinct_read(struct config *config, struct arena *arena, const struct config_node *named,
                          struct same_options *options)
{
    const struct config_node *sources = config_block(config, "sources");
    bool has_sources = sources != NULL && config_kind(sources) == CONFIG_LIST;
    size_t room = (named != NULL && config_kind(named) == CONFIG_LIST ? config_count(named) : 0) +
                  (has_sources ? config_count(sources) : 0);
    struct names names = {.items = arena_zero(arena, (room + 1) * sizeof *names.items), .room = room};
    if (names.items == NULL) {
        config_complain(config, named, "no memory for %zu distinct sources, expected fewer", room);
        return false;
    }
    bool right = named_distinct(config, arena, &names, named);
    if (has_sources)
        right = marked_distinct(config, arena, &names, sources) && right;
    options->distinct = names.items;
    options->distinct_count = names.count;
    return right;
}

static bool is_off(const struct config_node *same)
{
    static const struct span words[] = {{"off", 3}, {"false", 5}, {"no", 2}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (span_equal(config_text(same), words[i]))
            return true;
    return false;
}

bool same_read(struct config *config, struct arena *arena, struct same_options *ret_options)
{
    const struct config_node *same = config_block(config, "same");
    if (same == NULL || config_kind(same) == CONFIG_NULL || (config_kind(same) == CONFIG_SCALAR && is_off(same)))
        return true;
    if (config_kind(same) != CONFIG_MAP) {
        config_complain(config, same, "found a \"same\" that is neither, expected off or {within: 6h, reach_km: 25}");
        return false;
    }
    struct written_same written = {0};
    if (!config_read(config, same, same_rows, &written))
        return false;
    *ret_options = (struct same_options){.mode = SAME_ON, .within_ms = written.within_ms, .reach_km = written.reach_km};
    return distinct_read(config, arena, written.distinct, ret_options);
}
