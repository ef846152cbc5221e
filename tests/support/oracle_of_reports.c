/* The oracle as a program: what the method says of report files under a configuration's rules, by brute force.
 *
 *   oracle_of_reports CONFIG FILE.jsonl…     prints one JSON object an episode: rule, id, state, countries, capped,
 * continues, observed, members ("core source:id", …)
 *
 * Reports must say their countries. Lines that are refused are left out, as the programs leave them out. */
#include "base/config.h"
#include "correlator/rule_config.h"
#include "proto/config_blocks.h"
#include "proto/json.h"
#include "proto/limits.h"
#include "tests/support/oracle.h"
#include "tests/support/oracle_incident.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct told {
    struct report report;
    char id[LIMIT_INCIDENT_ID_BYTES + 1];
    struct oracle_incident asked;
};

struct tale {
    struct arena arena;
    struct told *told; /* the standing report of each id */
    size_t count;
};

static void must(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "oracle_of_reports: %s\n", what);
    exit(2);
}

static void hear(struct tale *tale, const struct report *report)
{
    char id[LIMIT_INCIDENT_ID_BYTES + 1];
    id[report_incident_id(report, id, sizeof id)] = '\0';
    size_t at = 0;
    while (at < tale->count && strcmp(tale->told[at].id, id) != 0)
        at++;
    if (at < tale->count && report_order(report, &tale->told[at].report) <= 0)
        return;
    if (at == tale->count) {
        tale->told = realloc(tale->told, (tale->count + 1) * sizeof *tale->told);
        must(tale->told != NULL, "out of memory");
        tale->count++;
    }
    tale->told[at].report = *report;
    memcpy(tale->told[at].id, id, sizeof id);
}

static void read_file(struct tale *tale, const char *path)
{
    FILE *file = fopen(path, "r");
    must(file != NULL, path);
    char *line = NULL, reason[REASON_BYTES];
    size_t room = 0;
    ssize_t size;
    while ((size = getline(&line, &room, file)) > 0) {
        struct span text = arena_copy(&tale->arena, (struct span){line, (size_t)size});
        struct report report;
        if (text.data[text.size - 1] == '\n')
            text.size--;
        if (report_from_json(text, &tale->arena, &report, reason) == STATUS_OK)
            hear(tale, &report);
    }
    free(line);
    fclose(file);
}

static size_t take_part(struct tale *tale, struct oracle_input *live)
{
    size_t count = 0;
    for (size_t i = 0; i < tale->count; i++) {
        struct told *told = &tale->told[i];
        const struct report *report = &told->report;
        if (report->status == REPORT_EXPLAINED || report->status == REPORT_RETRACTED)
            continue;
        must(report->has_countries, "a report does not say its countries");
        oracle_incident_of(report, &told->asked);
        live[count++].incident = &told->asked.incident;
    }
    return count;
}

static void print_episode(const struct rule *rule, const struct oracle_episode *episode)
{
    struct text line = {0};
    text_append(&line, SPAN("{\"rule\":"));
    text_json_string(&line, rule->name);
    text_print(&line, ",\"id\":\"%s\",\"state\":\"%s\",\"capped\":%s,\"observed\":%zu,\"continues\":", episode->id,
               episode_state_name(episode->state), episode->capped ? "true" : "false", episode->observed);
    if (episode->continues[0] != '\0')
        text_json_string(&line, span_of(episode->continues));
    else
        text_append(&line, SPAN("null"));
    text_append(&line, SPAN(",\"countries\":["));
    for (size_t i = 0; i < episode->country_count; i++) {
        char code[3];
        country_code_text(episode->countries[i], code);
        text_print(&line, "%s\"%s\"", i > 0 ? "," : "", code);
    }
    text_append(&line, SPAN("],\"members\":["));
    for (size_t i = 0; i < episode->member_count; i++) {
        text_print(&line, "%s[\"%s\",", i > 0 ? "," : "", membership_name(episode->members[i].membership));
        text_json_string(&line, episode->members[i].incident->id);
        text_append(&line, SPAN("]"));
    }
    text_append(&line, SPAN("]}"));
    puts(line.data);
    text_fini(&line);
}

int main(int argc, char **argv)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    struct config *config;
    struct rule *rules;
    size_t rule_count;
    struct tale tale = {0};
    must(argc >= 3, "usage: oracle_of_reports CONFIG FILE.jsonl…");
    arena_init(&tale.arena, (size_t)1 << 30);
    must(config_open(argv[1], blocks, stderr, &config) == STATUS_OK, "the configuration is wrong");
    must(rules_read(config, &tale.arena, &rules, &rule_count), "the rules are wrong");
    for (int i = 2; i < argc; i++)
        read_file(&tale, argv[i]);
    struct oracle_input *live = calloc(tale.count + 1, sizeof *live);
    must(live != NULL, "out of memory");
    size_t live_count = take_part(&tale, live);
    for (size_t i = 0; i < rule_count; i++) {
        for (size_t k = 0; k < live_count; k++)
            live[k].threshold = rules[i].min_neighbours;
        struct oracle_result result = oracle_run(&rules[i], live, live_count);
        for (size_t k = 0; k < result.count; k++)
            print_episode(&rules[i], &result.episodes[k]);
        oracle_free(&result);
    }
    free(live);
    free(tale.told);
    arena_fini(&tale.arena);
    config_close(config);
    return 0;
}
