#include "cli/settings.h"

#include "agents/locate/territories.h"
#include "agents/mapping.h"
#include "base/service/service.h"
#include "cli/command.h"
#include "proto/config_blocks.h"

#include <unistd.h>

static const char *const blocks[] = CONFIG_BLOCKS;

bool settings_territories_path(char ret_path[PATH_MAX])
{
    return territories_default_path(ret_path, PATH_MAX) == STATUS_OK && access(ret_path, F_OK) == 0;
}

/* A file of territories that is named, or lies where it is looked for, must be one. */
static bool check_territories(const struct settings *settings, FILE *complaints)
{
    char path[PATH_MAX], reason[TERRITORIES_REASON_BYTES] = "";
    struct territories *territories;
    if (settings->agent.territories == NULL && !settings_territories_path(path))
        return true;
    const char *file = settings->agent.territories != NULL ? settings->agent.territories : path;
    if (territories_open(file, settings->agent.view, &territories, reason) == STATUS_OK) {
        territories_close(territories);
        return true;
    }
    fprintf(complaints, "%s: territories: %s: %s\n", settings->path, file, reason);
    return false;
}

/* Files the configuration names and a start would need. */
static bool check_files(const struct settings *settings, FILE *complaints)
{
    bool right = check_territories(settings, complaints);
    for (size_t i = 0; i < settings->agent.source_count; i++) {
        struct mapping *mapping;
        if (settings->agent.sources[i].mapping == NULL)
            continue;
        if (mapping_open(settings->agent.sources[i].mapping, complaints, &mapping) == STATUS_OK)
            mapping_close(mapping);
        else
            right = false;
    }
    return right;
}

/* It holds keys of an agent's or a sink's, and none of the correlator's: that runs on another host, which has the
 * rules. */
static bool correlator_is_elsewhere(const struct bus_config *bus)
{
    return bus->keyed && bus->own[BUS_OF_CORRELATOR].node == NULL &&
           (bus->own[BUS_OF_AGENT].node != NULL || bus->own[BUS_OF_SINK].node != NULL);
}

static bool rules_may_be_missing(const struct settings *settings, enum settings_depth depth)
{
    return depth == SETTINGS_PART || (depth == SETTINGS_FILES && correlator_is_elsewhere(&settings->bus));
}

static bool read_blocks(struct settings *settings, enum settings_depth depth)
{
    /* Every room reads, whatever another complained of: one run shows all complaints. */
    bool right = bus_config_read(settings->config, &settings->bus);
    right &= agent_config_read(settings->config, &settings->agent);
    if (config_block(settings->config, "rules") != NULL || !rules_may_be_missing(settings, depth))
        right &= correlator_config_read(settings->config, &settings->correlator);
    right &= sink_config_read(settings->config, &settings->sink);
    right &= monitor_config_read(settings->config, &settings->monitor);
    right &= service_config_check(settings->config);
    return right && config_complaints(settings->config) == 0;
}

enum status settings_open(struct settings *settings, const char *path, enum settings_depth depth, FILE *complaints)
{
    struct settings made = {.path = path};
    enum status status = config_open(path, blocks, complaints, &made.config);
    if (status != STATUS_OK)
        return status;
    bool right = read_blocks(&made, depth);
    if (right && depth == SETTINGS_FILES)
        right = check_files(&made, complaints);
    if (right && depth >= SETTINGS_RULES)
        right = correlator_config_load(made.config, &made.correlator) == STATUS_OK;
    if (!right) {
        settings_close(&made);
        return STATUS_INVALID;
    }
    *settings = made;
    return STATUS_OK;
}

void settings_close(struct settings *settings)
{
    correlator_config_fini(&settings->correlator);
    config_close(settings->config);
}

int settings_refused(enum status status)
{
    (void)status;
    return EXIT_MISUSED;
}
