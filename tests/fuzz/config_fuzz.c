/* Any text as a configuration, read by every room: refused with complaints, or right and without any; what is right as
 * rules is published and read back the same. */
#include "agents/agent.h"
#include "bus/bus_config.h"
#include "correlator/correlator.h"
#include "correlator/rule_config.h"
#include "proto/config_blocks.h"
#include "sink/sink.h"
#include "tests/fuzz/fuzz.h"

static void rules_check(const struct correlator_config *correlator)
{
    struct arena arena;
    arena_init(&arena, 1u << 20);
    for (size_t i = 0; i < correlator->rule_count; i++) {
        struct text first = {0}, second = {0};
        struct rule again;
        rule_to_json(&correlator->rules[i], &first);
        arena_reset(&arena);
        fuzz_check(rule_from_json((struct span){first.data, first.size}, &arena, &again) == STATUS_OK);
        rule_to_json(&again, &second);
        fuzz_check(span_equal((struct span){first.data, first.size}, (struct span){second.data, second.size}));
        text_fini(&first);
        text_fini(&second);
    }
    arena_fini(&arena);
}

/* Wrong and no word of it, or words and yet right: neither may be. */
static void room_check(const struct config *config, size_t *complaints, int right)
{
    fuzz_check(right == (config_complaints(config) == *complaints));
    *complaints = config_complaints(config);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    struct config *config;
    FILE *nowhere = fopen("/dev/null", "w");
    if (nowhere != NULL &&
        config_parse((struct span){(const char *)data, size}, "fuzz.yaml", blocks, nowhere, &config) == STATUS_OK) {
        struct correlator_config correlator;
        struct agent_config agent;
        struct bus_config bus;
        struct sink_config sink;
        size_t complaints = config_complaints(config);
        bool right = correlator_config_read(config, &correlator);
        room_check(config, &complaints, right);
        if (right)
            rules_check(&correlator);
        correlator_config_fini(&correlator);
        room_check(config, &complaints, bus_config_read(config, &bus));
        room_check(config, &complaints, agent_config_read(config, &agent));
        room_check(config, &complaints, sink_config_read(config, &sink));
        config_close(config);
    }
    if (nowhere != NULL)
        (void)fclose(nowhere);
    return 0;
}
