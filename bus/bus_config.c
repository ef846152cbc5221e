#include "bus/bus_config.h"

#include "bus/bus.h"
#include "proto/limits.h"

struct written {
    const char *incidents, *episodes;
    const struct config_node *keys, *limits;
};

static const struct config_row rows[] = {
    {"incidents", CONFIG_STRING, offsetof(struct written, incidents), .fallback = "tcp://127.0.0.1:5591",
     .help = "agents to correlator"},
    {"episodes", CONFIG_STRING, offsetof(struct written, episodes), .fallback = "tcp://127.0.0.1:5592",
     .help = "correlator to sinks"},
    {"limits", CONFIG_NODE, offsetof(struct written, limits), .help = "what those who connect may ask at most"},
    {"keys", CONFIG_NODE, offsetof(struct written, keys), .help = "who may connect; without it loopback only"},
    {0},
};

struct written_keys {
    const struct config_node *own[BUS_OF_SINK + 1];
    const char *server, *allow;
};

static const struct config_row key_rows[] = {
    {"correlator", CONFIG_NODE, offsetof(struct written_keys, own[BUS_OF_CORRELATOR]),
     .help = "the correlator's secret key"},
    {"agent", CONFIG_NODE, offsetof(struct written_keys, own[BUS_OF_AGENT]), .help = "the agent's secret key"},
    {"sink", CONFIG_NODE, offsetof(struct written_keys, own[BUS_OF_SINK]), .help = "the sink's secret key"},
    {"server", CONFIG_PATH, offsetof(struct written_keys, server), .help = "the correlator's public key, or several"},
    {"allow", CONFIG_PATH, offsetof(struct written_keys, allow), .help = "the list of the keys that may connect"},
    {0},
};

struct written_limits {
    int64_t sessions, sessions_per_key, connections, silent_connections, silent_ms, items_per_s, batch_items,
        item_bytes, frame_bytes, connections_per_key, refusals_per_s;
};

static const struct config_row limit_rows[] = {
    {"sessions", CONFIG_INTEGER, offsetof(struct written_limits, sessions), .fallback = "256", .min = 1, .max = 4096,
     .help = "sessions at once"},
    {"sessions_per_key", CONFIG_INTEGER, offsetof(struct written_limits, sessions_per_key), .fallback = "16", .min = 1,
     .max = 4096, .help = "sessions of one key at once"},
    {"connections", CONFIG_INTEGER, offsetof(struct written_limits, connections), .fallback = "2048", .min = 1,
     .max = 1000000, .help = "connections at once; one more cuts off the oldest that has not spoken"},
    {"connections_per_key", CONFIG_INTEGER, offsetof(struct written_limits, connections_per_key), .fallback = "32",
     .min = 1, .max = 4096, .help = "connections of one key at once, and as many that have not spoken"},
    {"refusals_per_second", CONFIG_INTEGER, offsetof(struct written_limits, refusals_per_s), .fallback = "32", .min = 1,
     .max = 1000, .help = "of one address, for its key; beyond it is cut off before it shakes hands"},
    {"silent_connections", CONFIG_INTEGER, offsetof(struct written_limits, silent_connections), .fallback = "1024",
     .min = 1, .max = 1000000, .help = "connections that have not spoken"},
    {"silent_after", CONFIG_DURATION, offsetof(struct written_limits, silent_ms), .fallback = "10s", .min = 1000,
     .max = 3600000, .help = "how long a connection may take to speak"},
    {"items_per_second", CONFIG_INTEGER, offsetof(struct written_limits, items_per_s), .fallback = "0", .min = 0,
     .max = 1000000000, .help = "of each agent; it is slowed down, nothing is lost; 0: no limit"},
    {"batch_items", CONFIG_INTEGER, offsetof(struct written_limits, batch_items), .fallback = "1024", .min = 1,
     .max = LIMIT_BATCH_ITEMS, .help = "items in one frame"},
    {"item_bytes", CONFIG_INTEGER, offsetof(struct written_limits, item_bytes), .fallback = "65536", .min = 1024,
     .max = LIMIT_REPORT_BYTES, .help = "bytes of one report"},
    {"frame_bytes", CONFIG_INTEGER, offsetof(struct written_limits, frame_bytes), .fallback = "1048576", .min = 65536,
     .max = LIMIT_BATCH_BYTES, .help = "bytes of one frame"},
    {0},
};

static bool limits_read(struct config *config, const struct config_node *node, struct bus_limits *ret_limits)
{
    struct written_limits written = {0};
    bool right = config_read(config, node, limit_rows, &written);
    *ret_limits = (struct bus_limits){
        .sessions = (uint32_t)written.sessions,
        .sessions_per_key = (uint32_t)written.sessions_per_key,
        .connections_per_key = (uint32_t)written.connections_per_key,
        .refusals_per_s = (uint32_t)written.refusals_per_s,
        .connections = (uint32_t)written.connections,
        .silent_connections = (uint32_t)written.silent_connections,
        .silent_ms = (uint32_t)written.silent_ms,
        .items_per_s = (uint32_t)written.items_per_s,
        .batch_items = (uint32_t)written.batch_items,
        .item_bytes = (uint32_t)written.item_bytes,
        .frame_bytes = (uint32_t)written.frame_bytes,
    };
    return right;
}

static bool url_check(struct config *config, const struct config_node *block, const char *key, const char *url,
                      enum bus_reach reach)
{
    char reason[256];
    if (url == NULL || bus_check_url(url, reach, reason) == STATUS_OK)
        return true;
    const struct config_node *node = block != NULL ? config_find(block, key) : NULL;
    config_complain(config, node, "%s", reason);
    return false;
}

static bool key_read(struct config *config, const struct config_node *node, struct bus_key_config *ret_key)
{
    if (node == NULL)
        return true;
    struct span text = config_text(node);
    ret_key->node = node;
    if (text.size > 2 && memcmp(text.data, "${", 2) == 0)
        return true; /* looked up by who needs it */
    ret_key->path = config_path(config, node);
    return ret_key->path != NULL;
}

static bool keys_read(struct config *config, const struct config_node *node, struct bus_config *bus)
{
    struct written_keys written = {0};
    bool right = config_read(config, node, key_rows, &written);
    for (size_t i = 0; i <= BUS_OF_SINK; i++)
        right = key_read(config, written.own[i], &bus->own[i]) && right;
    bus->server = written.server;
    bus->allow = written.allow;
    bus->keyed = true;
    return right;
}

bool bus_config_read(struct config *config, struct bus_config *ret_config)
{
    const struct config_node *block = config_block(config, "bus");
    struct written written = {0};
    *ret_config = (struct bus_config){0};
    bool right = config_read(config, block, rows, &written);
    ret_config->incidents = written.incidents;
    ret_config->episodes = written.episodes;
    if (written.keys != NULL)
        right = keys_read(config, written.keys, ret_config) && right;
    right = limits_read(config, written.limits, &ret_config->limits) && right;
    enum bus_reach reach = ret_config->keyed ? BUS_ANYWHERE : BUS_THIS_HOST;
    right = url_check(config, block, "incidents", written.incidents, reach) && right;
    return url_check(config, block, "episodes", written.episodes, reach) && right;
}

/* --- the keys of one program --- */

static const char *const part_names[] = {
    [BUS_OF_CORRELATOR] = "correlator", [BUS_OF_AGENT] = "agent", [BUS_OF_SINK] = "sink"};

static const struct config_node *keys_node(const struct config *config)
{
    const struct config_node *block = config_block(config, "bus");
    return block != NULL ? config_find(block, "keys") : NULL;
}

static bool missing(struct config *config, const char *key, const char *what)
{
    config_complain(config, keys_node(config), "bus.keys.%s is missing: expected %s", key, what);
    return false;
}

static void said(void *self, enum log_level level, const char *id, const char *sentence)
{
    (void)self;
    if (level == LOG_ERROR)
        log_error(id, "%s", sentence);
    else
        log_info(id, "%s", sentence);
}

bool bus_config_keys(struct config *config, const struct bus_config *bus, enum bus_part part,
                     struct keyring **ret_keyring)
{
    char reason[256] = "";
    const struct bus_key_config *own = &bus->own[part];
    struct keyring_options options = {.said = said};
    *ret_keyring = NULL;
    if (!bus->keyed)
        return true;
    if (own->node == NULL)
        return missing(config, part_names[part], "the file of this program's secret key (vedette keys new)");
    if (part == BUS_OF_CORRELATOR && bus->allow == NULL)
        return missing(config, "allow", "the file that vedette keys allow writes");
    if (part != BUS_OF_CORRELATOR && bus->server == NULL)
        return missing(config, "server", "the file of the correlator's public key");
    options.own = own->path;
    if (own->path == NULL && (options.secret = config_expand(config, own->node)) == NULL)
        return false;
    options.allow = part == BUS_OF_CORRELATOR ? bus->allow : NULL;
    options.server = part != BUS_OF_CORRELATOR ? bus->server : NULL;
    if (keyring_open(&options, ret_keyring, reason) == STATUS_OK)
        return true;
    config_complain(config, own->node, "%s", reason);
    return false;
}
