#include "bus/bus_config.h"

#include "bus/bus.h"

static const struct config_row rows[] = {
    {"incidents", CONFIG_STRING, offsetof(struct bus_config, incidents), .fallback = "tcp://127.0.0.1:5591",
     .help = "agents to correlator"},
    {"episodes", CONFIG_STRING, offsetof(struct bus_config, episodes), .fallback = "tcp://127.0.0.1:5592",
     .help = "correlator to sinks"},
    {0},
};

static bool url_check(struct config *config, const struct config_node *block, const char *key, const char *url)
{
    char reason[256];
    if (url == NULL || bus_check_url(url, reason) == STATUS_OK)
        return true;
    const struct config_node *node = block != NULL ? config_find(block, key) : NULL;
    config_complain(config, node, "%s", reason);
    return false;
}

bool bus_config_read(struct config *config, struct bus_config *ret_config)
{
    const struct config_node *block = config_block(config, "bus");
    *ret_config = (struct bus_config){0};
    bool right = config_read(config, block, rows, ret_config);
    right = url_check(config, block, "incidents", ret_config->incidents) && right;
    return url_check(config, block, "episodes", ret_config->episodes) && right;
}
