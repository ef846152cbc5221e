/* Reads the block monitor, and where the state folder is. */
#include "base/monitor/monitor.h"
#include "base/state_folder.h"

static const struct config_row rows[] = {
    {"agent", CONFIG_STRING, offsetof(struct monitor_config, agent),
     .help = "where the agent's /metrics is served too"},
    {"correlator", CONFIG_STRING, offsetof(struct monitor_config, correlator), .help = "the correlator's"},
    {"sink", CONFIG_STRING, offsetof(struct monitor_config, sink), .help = "the sink's"},
    {0},
};

static bool address_check(struct config *config, const char *key, const char *address)
{
    struct loopback loopback;
    char reason[256];
    if (address == NULL || loopback_parse(address, &loopback, reason) == STATUS_OK)
        return true;
    config_complain(config, config_find(config_block(config, "monitor"), key), "%s", reason);
    return false;
}

bool monitor_config_read(struct config *config, struct monitor_config *ret_config)
{
    struct monitor_config read = {.state = state_folder_read(config)};
    bool right = config_read(config, config_block(config, "monitor"), rows, &read) && read.state != NULL;
    right = address_check(config, "agent", read.agent) && right;
    right = address_check(config, "correlator", read.correlator) && right;
    right = address_check(config, "sink", read.sink) && right;
    if (right)
        *ret_config = read;
    return right;
}
