#include "cli/settings.h"

#include "agents/mapping.h"
#include "cli/command.h"
#include "proto/config_blocks.h"

static const char *const blocks[] = CONFIG_BLOCKS;

/* Files the configuration names and a start would need. */
static bool check_files(const struct settings *settings, FILE *complaints)
{
    bool right = true;
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

static bool read_blocks(struct settings *settings)
{
    /* Every room reads, whatever another complained of: one run shows all complaints. */
    bool right = bus_config_read(settings->config, &settings->bus);
    right &= agent_config_read(settings->config, &settings->agent);
    right &= correlator_config_read(settings->config, &settings->correlator);
    right &= sink_config_read(settings->config, &settings->sink);
    return right && config_complaints(settings->config) == 0;
}

enum status settings_open(struct settings *settings, const char *path, enum settings_depth depth, FILE *complaints)
{
    struct settings made = {.path = path};
    enum status status = config_open(path, blocks, complaints, &made.config);
    if (status != STATUS_OK)
        return status;
    bool right = read_blocks(&made);
    if (depth == SETTINGS_FILES)
        right &= check_files(&made, complaints);
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
