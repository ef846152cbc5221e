#include "cli/status/survey.h"

#include "base/monitor/monitor.h"
#include "base/state_folder.h"
#include "bus/bus.h"
#include "cli/ask.h"
#include "cli/status/trouble.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const programs[] = {"agent", "correlator", "sink"};
#define PROGRAM_COUNT (sizeof programs / sizeof programs[0])
#define SUFFIX        ".sock"

/* "agent-desk.sock" is the agent "desk"; NULL: no program's. */
static const char *socket_program(const char *socket, char ret_name[256])
{
    size_t size = strlen(socket), tail = strlen(SUFFIX);
    if (size <= tail || size >= 256 || strcmp(socket + size - tail, SUFFIX) != 0)
        return NULL;
    for (size_t i = 0; i < PROGRAM_COUNT; i++) {
        size_t head = strlen(programs[i]);
        if (strncmp(socket, programs[i], head) != 0 || (socket[head] != '-' && head != size - tail))
            continue;
        bool named = socket[head] == '-';
        (void)snprintf(ret_name, 256, "%.*s", named ? (int)(size - tail - head - 1) : 0, socket + head + named);
        return programs[i];
    }
    return NULL;
}

static json_t *down(const char *program, const char *name, const char *reason)
{
    return json_pack("{s:s, s:s, s:b, s:s}", "program", program, "name", name, "up", 0, "reason", reason);
}

static json_t *visit(const char *folder, const char *socket)
{
    struct text body = {0};
    char name[256], reason[256];
    const char *program = socket_program(socket, name);
    json_t *said = NULL;
    if (program == NULL)
        return NULL;
    if (ask(folder, socket, "/status", &body, reason) == STATUS_OK) {
        said = json_loadb(body.data, body.size, 0, NULL);
        (void)snprintf(reason, sizeof reason, "what it answers is not understood");
    }
    text_fini(&body);
    if (!json_is_object(said)) {
        json_decref(said);
        return down(program, name, reason);
    }
    if (json_object_set_new(said, "up", json_true()) != 0) {
        json_decref(said);
        return NULL;
    }
    return said;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void visit_all(const char *folder, json_t *list)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, by_name); /* none: nothing has run here yet */
    for (int i = 0; i < count; i++) {
        json_t *program = visit(folder, entries[i]->d_name);
        if (program != NULL)
            (void)json_array_append_new(list, program); /* out of memory: missed, and said to be missing */
        free(entries[i]);
    }
    free(entries);
}

static bool is_listed(const json_t *list, const char *program)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(list, i), "program")), program) == 0)
            return true;
    return false;
}

/* --- what is expected here --- */

static const char *name_of(const struct config *config, const char *block, const char *fallback)
{
    const struct config_node *map = config_block(config, block);
    const struct config_node *name = map != NULL && config_kind(map) == CONFIG_MAP ? config_find(map, "name") : NULL;
    return name != NULL && config_kind(name) == CONFIG_SCALAR ? config_text(name).data : fallback;
}

/* Whether all ends of the bus are on this host: then so are all programs. */
static bool is_one_host(const struct config *config)
{
    static const char *const ends[] = {"incidents", "episodes"};
    const struct config_node *bus = config_block(config, "bus");
    char reason[256];
    for (size_t i = 0; bus != NULL && config_kind(bus) == CONFIG_MAP && i < 2; i++) {
        const struct config_node *url = config_find(bus, ends[i]);
        if (url != NULL && bus_check_url(config_text(url).data, BUS_THIS_HOST, reason) != STATUS_OK)
            return false;
    }
    return true;
}

/* A program leaves something behind where it has run once: the agent and the correlator a folder, the sink its store.
 */
static bool has_run(struct config *config, const char *state, const char *program)
{
    const struct config_node *sink = config_block(config, "sink");
    const struct config_node *store =
        sink != NULL && config_kind(sink) == CONFIG_MAP ? config_find(sink, "store") : NULL;
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof folder, "%s/%s", state, program);
    const char *trace = strcmp(program, "sink") != 0 ? folder : store != NULL ? config_path(config, store) : NULL;
    return trace != NULL && access(trace, F_OK) == 0;
}

static json_t *elsewhere(const char *program, const char *name)
{
    json_t *said = down(program, name, "elsewhere, as it seems: it has never run on this host");
    if (said != NULL)
        (void)json_object_set_new(said, "elsewhere", json_true());
    return said;
}

/* Expected by its block, and no socket: it has not run since the last clean stop, or not on this host. */
static void expect(struct config *config, const char *state, json_t *list, const char *program, const char *block,
                   const char *name)
{
    const struct config_node *node = config_block(config, block);
    bool is_configured = node != NULL && !(config_kind(node) == CONFIG_LIST && config_count(node) == 0);
    if (!is_configured || is_listed(list, program))
        return;
    bool is_here = is_one_host(config) || has_run(config, state, program);
    (void)json_array_append_new(list, is_here ? down(program, name, "it does not run") : elsewhere(program, name));
}

/* --- all of it --- */

enum status survey_take(struct config *config, json_t **ret_document)
{
    const char *state = state_folder_read(config);
    char folder[PATH_MAX];
    if (state == NULL)
        return STATUS_INVALID;
    int size = snprintf(folder, sizeof folder, "%s/run", state);
    json_t *list = json_array(), *troubles = json_array();
    if (list == NULL || troubles == NULL || (size_t)size >= sizeof folder) {
        json_decref(list);
        json_decref(troubles);
        return STATUS_NO_MEMORY;
    }
    visit_all(folder, list);
    expect(config, state, list, "agent", "sources", name_of(config, "agent", "agent"));
    expect(config, state, list, "correlator", "rules", "");
    expect(config, state, list, "sink", "sink", name_of(config, "sink", "sink"));
    troubles_find(list, troubles);
    json_t *document =
        json_pack("{s:b, s:o, s:o}", "healthy", json_array_size(troubles) == 0, "troubles", troubles, "programs", list);
    if (document == NULL)
        return STATUS_NO_MEMORY;
    *ret_document = document;
    return STATUS_OK;
}
