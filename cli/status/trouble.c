#include "cli/status/trouble.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const json_t *status_table(const json_t *program, const char *name)
{
    return json_object_get(json_object_get(program, "tables"), name);
}

const char *status_text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

void status_title(const json_t *program, char ret_title[300])
{
    const char *name = status_text_of(program, "name");
    (void)snprintf(ret_title, 300, "%.30s%s%.260s", status_text_of(program, "program"), name[0] != '\0' ? " " : "",
                   name);
}

static void trouble(json_t *troubles, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void trouble(json_t *troubles, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)json_array_append_new(troubles, json_string(text));
}

static void ledgers_check(const json_t *program, const char *title, json_t *troubles)
{
    const json_t *ledgers = json_object_get(program, "ledgers");
    for (size_t i = 0; i < json_array_size(ledgers); i++) {
        const json_t *ledger = json_array_get(ledgers, i);
        json_int_t difference = json_integer_value(json_object_get(ledger, "difference"));
        if (difference != 0)
            trouble(troubles, "%s: the ledger of %s is out by %lld", title, status_text_of(ledger, "name"),
                    (long long)difference);
    }
}

static void flags_check(const json_t *program, const char *title, json_t *troubles)
{
    static const char *const flags[][2] = {{"is_full", "memory is full, agents are held back"},
                                           {"is_held", "agents are held back, for the sinks are slow"}};
    const json_t *own = status_table(program, status_text_of(program, "program"));
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (json_is_true(json_object_get(own, flags[i][0])))
            trouble(troubles, "%s: %s", title, flags[i][1]);
}

static void sources_check(const json_t *program, json_t *troubles)
{
    static const char *const bad[] = {"blocked", "dead", "late", "silent", "unheard"};
    const json_t *sources = status_table(program, "source");
    for (size_t i = 0; i < json_array_size(sources); i++) {
        const json_t *source = json_array_get(sources, i);
        for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++)
            if (strcmp(status_text_of(source, "state"), bad[k]) == 0)
                trouble(troubles, "source %s is %s", status_text_of(source, "source"), bad[k]);
    }
}

static void alerts_check(const json_t *program, json_t *troubles)
{
    const json_t *alerts = status_table(program, "alert");
    for (size_t i = 0; i < json_array_size(alerts); i++) {
        const json_t *alert = json_array_get(alerts, i);
        if (json_is_true(json_object_get(alert, "is_failing")))
            trouble(troubles, "alert %s: its endpoint does not take what is sent, %lld wait",
                    status_text_of(alert, "alert"), (long long)json_integer_value(json_object_get(alert, "waiting")));
    }
}

/* The correlator knows of all sources; where it is down each agent knows of its own. */
static bool has_correlator(const json_t *programs)
{
    for (size_t i = 0; i < json_array_size(programs); i++) {
        const json_t *program = json_array_get(programs, i);
        if (strcmp(status_text_of(program, "program"), "correlator") == 0 &&
            json_is_true(json_object_get(program, "up")))
            return true;
    }
    return false;
}

void troubles_find(const json_t *programs, json_t *troubles)
{
    bool by_correlator = has_correlator(programs), is_any_here = false;
    for (size_t i = 0; i < json_array_size(programs); i++) {
        const json_t *program = json_array_get(programs, i);
        char title[300];
        status_title(program, title);
        if (json_is_true(json_object_get(program, "elsewhere")))
            continue;
        is_any_here = true;
        if (!json_is_true(json_object_get(program, "up")) || !json_is_true(json_object_get(program, "ready")))
            trouble(troubles, "%s: %s", title, status_text_of(program, "reason"));
        ledgers_check(program, title, troubles);
        flags_check(program, title, troubles);
        alerts_check(program, troubles);
        if (!by_correlator || strcmp(status_text_of(program, "program"), "correlator") == 0)
            sources_check(program, troubles);
    }
    if (!is_any_here)
        trouble(troubles, "no program of this configuration has ever run on this host");
}
