#include "base/time_text.h"
#include "correlator/correlator.h"
#include "correlator/footing.h"
#include "correlator/rule_config.h"
#include "correlator/same_config.h"

#include <math.h>
#include <string.h>

#define RULES_BYTES (4u * 1024u * 1024u)

struct written_correlator {
    int64_t incidents_max;
    int64_t silent_after_ms;
    const struct config_node *journal;
};

struct written_journal {
    int64_t retain_ms;
    int64_t retain_bytes;
    int64_t checkpoint_ms;
};

static const struct config_row correlator_rows[] = {
    {"incidents_max", CONFIG_INTEGER, offsetof(struct written_correlator, incidents_max), .fallback = "10000000",
     .min = 1000, .max = 1e9, .help = "incidents in memory at once; beyond, agents are held back"},
    {"silent_after", CONFIG_DURATION, offsetof(struct written_correlator, silent_after_ms), .fallback = "1h",
     .max = 366 * 86400000.0, .help = "a source that is not well for so long is told to be silent; 0s: never"},
    {"journal", CONFIG_NODE, offsetof(struct written_correlator, journal), .help = "how long what came is kept"},
    {0},
};

static const struct config_row journal_rows[] = {
    {"retain", CONFIG_DURATION, offsetof(struct written_journal, retain_ms), .fallback = "400d", .min = 86400000.0,
     .max = 36500 * 86400000.0,
     .help = "reports that came longer ago are let go of, once a checkpoint is beyond them; what is later than that "
             "cannot reopen them"},
    {"retain_size", CONFIG_SIZE, offsetof(struct written_journal, retain_bytes), .min = 256.0 * 1048576,
     .max = 1099511627776.0 * 64,
     .help = "and the oldest beyond that size too, but never what a start needs; where not given, none"},
    {"checkpoint", CONFIG_DURATION, offsetof(struct written_journal, checkpoint_ms), .fallback = "1m", .min = 1000.0,
     .max = 86400000.0,
     .help = "how often what is in memory is written down, so that a start need not begin at the first record"},
    {0},
};

/* What the agents check, and we want to know too; where it is wrong they say so. */
static int64_t duration_of(const struct config_node *source, const char *key, int64_t fallback_ms)
{
    const struct config_node *node = config_find(source, key);
    int64_t ms;
    bool right =
        node != NULL && config_kind(node) == CONFIG_SCALAR && duration_parse(config_text(node), &ms) == STATUS_OK;
    return right ? ms : fallback_ms;
}

static bool truth_of(const struct config_node *source, const char *key)
{
    const struct config_node *node = config_find(source, key);
    struct span text = node != NULL && config_kind(node) == CONFIG_SCALAR ? config_text(node) : SPAN("");
    return span_equal(text, SPAN("true")) || span_equal(text, SPAN("yes")) || span_equal(text, SPAN("on"));
}

static struct watermark_limits limits_of(const struct config_node *source, int64_t silent_after_ms)
{
    return (struct watermark_limits){.silent_after_ms = duration_of(source, "silent_after", silent_after_ms),
                                     .follow = truth_of(source, "follow"),
                                     .lateness_ms = duration_of(source, "lateness", 7 * 86400000LL)};
}

/* The names of the configured sources: the watermark waits for each of them. The rest of their blocks is the agents'.
 */
static bool expected_read(struct config *config, struct correlator_config *result)
{
    const struct config_node *sources = config_block(config, "sources");
    if (sources == NULL || config_kind(sources) != CONFIG_LIST)
        return true; /* agents say what is wrong with it, if anything */
    size_t count = config_count(sources);
    const char **names = arena_zero(&result->arena, (count + 1) * sizeof *names);
    struct watermark_limits *limits = arena_zero(&result->arena, (count + 1) * sizeof *limits);
    bool room = names != NULL && limits != NULL;
    for (size_t i = 0; i < count && room; i++) {
        const struct config_node *name = config_find(config_item(sources, i), "name");
        if (name == NULL || config_kind(name) != CONFIG_SCALAR)
            continue;
        struct span copy = arena_copy(&result->arena, config_text(name));
        room = copy.data != NULL;
        if (!room)
            break;
        limits[result->expected_count] = limits_of(config_item(sources, i), result->silent_after_ms);
        names[result->expected_count++] = copy.data;
    }
    if (!room) {
        config_complain(config, sources, "no memory for %zu sources, expected fewer", count);
        return false;
    }
    result->expected_sources = names;
    result->expected_limits = limits;
    return true;
}

bool correlator_config_read(struct config *config, struct correlator_config *ret_config)
{
    *ret_config = (struct correlator_config){0};
    arena_init(&ret_config->arena, RULES_BYTES);
    struct written_correlator written = {.incidents_max = 10000000, .silent_after_ms = WATERMARK_SILENT_AFTER_MS};
    bool right = rules_read(config, &ret_config->arena, &ret_config->rules, &ret_config->rule_count);
    right = same_read(config, &ret_config->arena, &ret_config->same) && right;
    right = footing_read(config, &ret_config->arena, &ret_config->baseline_path) && right;
    const struct config_node *block = config_block(config, "correlator");
    if (block != NULL && config_kind(block) != CONFIG_NULL)
        right = config_read(config, block, correlator_rows, &written) && right;
    struct written_journal journal = {0};
    right = config_read(config, written.journal, journal_rows, &journal) && right;
    ret_config->retain_ms = journal.retain_ms;
    ret_config->retain_bytes = (uint64_t)journal.retain_bytes;
    ret_config->checkpoint_ms = journal.checkpoint_ms;
    ret_config->incidents_max = written.incidents_max;
    ret_config->silent_after_ms = written.silent_after_ms;
    return expected_read(config, ret_config) && right;
}

static void complain(void *self, const char *sentence)
{
    struct config *config = self;
    config_complain(config, config_block(config, "baseline"), "%s", sentence);
}

enum status correlator_config_load(struct config *config, struct correlator_config *result)
{
    const struct footing_complaints complaints = {.complain = complain, .self = config};
    if (result->baseline_path == NULL)
        return STATUS_OK;
    enum status status =
        footing_open(result->baseline_path, result->rules, result->rule_count, &complaints, &result->baseline);
    if (status == STATUS_OK)
        footing_lay(result->baseline, result->rules, result->rule_count);
    return status;
}

void correlator_config_fini(struct correlator_config *config)
{
    baseline_close(config->baseline);
    arena_fini(&config->arena);
    *config = (struct correlator_config){0};
}
