/* The blocks agent, sources and territories: what they give, and how wrong ones are refused. */
#include "agents/agent.h"
#include "proto/config_blocks.h"
#include "proto/limits.h"
#include "tests/unit/agents/unit.h"

static const char *const blocks[] = CONFIG_BLOCKS;

static void sources_are_read_with_their_defaults(void **state)
{
    static const char text[] =
        "sources:\n  - {name: desk, type: jsonl, path: ./in/*.jsonl, follow: true, lateness: 2h}\n"
        "  - {name: list, type: csv, path: /x.csv, mapping: m.yaml, distinct: true}\n  - {name: pipe, type: jsonl, "
        "path: \"-\"}\n";
    struct config *config;
    struct agent_config agent;
    assert_int_equal(config_parse(SPAN(text), "c.yaml", blocks, stderr, &config), STATUS_OK);
    assert_true(agent_config_read(config, &agent));
    assert_int_equal(agent.source_count, 3);
    assert_string_equal(agent.name, "agent");
    assert_int_equal(agent.spool_bytes, 1 << 30);
    assert_int_equal(agent.spool_full, SPOOL_BLOCK);
    assert_string_equal(agent.view, "un");
    assert_null(agent.territories);
    assert_true(agent.sources[0].follow);
    assert_int_equal(agent.sources[0].lateness_ms, 7200000);
    assert_int_equal(agent.sources[0].path[0], '/');
    assert_null(agent.sources[0].mapping);
    assert_true(agent.sources[1].distinct && !agent.sources[1].follow);
    assert_int_equal(agent.sources[1].lateness_ms, 7 * 86400000LL);
    assert_string_equal(agent.sources[2].path, "-");
    config_close(config);
}

static void a_spool_has_a_size_and_a_policy(void **state)
{
    struct config *config;
    struct agent_config agent;
    assert_int_equal(config_parse(SPAN("agent: {name: a, spool: {size: 16MiB, full: drop_oldest}}\n"), "c.yaml", blocks,
                                  stderr, &config),
                     STATUS_OK);
    assert_true(agent_config_read(config, &agent));
    assert_int_equal(agent.spool_bytes, 16 << 20);
    assert_int_equal(agent.spool_full, SPOOL_DROP_OLDEST);
    config_close(config);
}

static void nonsense_is_refused_by_line_and_column(void **state)
{
    static const struct {
        const char *text, *complaint;
    } cases[] = {
        {"sources: {name: a}\n", "c.yaml:1:10: no list, expected sources"},
        {"sources:\n  - {type: jsonl, path: a}\n", "c.yaml:2:5: "},
        {"sources:\n  - {name: a, type: jsonl}\n", "path"},
        {"sources:\n  - {name: a b, type: jsonl, path: a}\n", "c.yaml:2:12: \"a b\", expected a name"},
        {"sources:\n  - {name: a, type: jsonll, path: a}\n",
         "c.yaml:2:21: unknown type \"jsonll\" of source, expected one of jsonl, csv"},
        {"sources:\n  - {name: a, type: csv, path: a}\n", "c.yaml:2:5: no mapping, expected one"},
        {"sources:\n  - {name: a, type: jsonl, path: a, mapping: b}\n", "c.yaml:2:46: a mapping, expected none"},
        {"sources:\n  - {name: a, type: jsonl, path: a}\n  - {name: a, type: jsonl, path: b}\n",
         "c.yaml:3:12: the name \"a\" a second time"},
        {"sources:\n  - {name: a, type: jsonl, path: \"-\"}\n  - {name: b, type: jsonl, path: \"-\"}\n",
         "standard input a second time"},
        {"sources:\n  - {name: a, type: jsonl, path: a, folow: true}\n", "c.yaml:2:37: unknown key \"folow\""},
        {"sources:\n  - {name: a, type: jsonl, path: a, lateness: soon}\n", "c.yaml:2:47: "},
        {"agent: {name: \"\"}\n", "expected a name"},
        {"agent: {spool: {size: 1}}\n", "\"1\" as size, expected a size such as 64MiB or 1GiB from 1MiB to 64TiB"},
        {"agent: {spool: {size: 512KiB}}\n", "from 1MiB to 64TiB"},
        {"agent: {spool: {full: drop}}\n", "expected one of block, drop_oldest, reject"},
        {"agent: {spool: 1GiB}\n", "expected a map with keys such as size"},
        {"territories: {view: un, flie: x}\n", "unknown key \"flie\""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *complaints = NULL;
        size_t size = 0;
        FILE *stream = open_memstream(&complaints, &size);
        struct config *config;
        struct agent_config agent;
        assert_int_equal(config_parse(span_of(cases[i].text), "c.yaml", blocks, stream, &config), STATUS_OK);
        bool good = agent_config_read(config, &agent);
        fclose(stream);
        if (good || strstr(complaints, cases[i].complaint) == NULL)
            fail_msg("%s\ncomplained: %s\nexpected: %s", cases[i].text, complaints, cases[i].complaint);
        config_close(config);
        free(complaints);
    }
}

static void more_sources_than_their_marks_fit_in_a_heartbeat_are_refused(void **state)
{
    struct text text = {0};
    char *complaints = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&complaints, &size);
    struct config *config;
    struct agent_config agent;
    text_print(&text, "sources:\n");
    for (unsigned i = 0; i <= LIMIT_HEARTBEAT_MARKS; i++)
        text_print(&text, "  - {name: s%u, type: jsonl, path: a}\n", i);
    assert_int_equal(config_parse((struct span){text.data, text.size}, "c.yaml", blocks, stream, &config), STATUS_OK);
    assert_false(agent_config_read(config, &agent));
    fclose(stream);
    assert_string_equal(complaints, "c.yaml:2:3: 1025 sources, expected at most 1024 in one agent\n");
    config_close(config);
    text_fini(&text);
    free(complaints);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_are_read_with_their_defaults),
        cmocka_unit_test(more_sources_than_their_marks_fit_in_a_heartbeat_are_refused),
        cmocka_unit_test(a_spool_has_a_size_and_a_policy),
        cmocka_unit_test(nonsense_is_refused_by_line_and_column),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
