/* What every test of this folder begins with. */
#pragma once

/* cmocka's own order of includes. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/arena.h"
#include "base/time_text.h"
#include "proto/json.h"

#include <string.h>

#define TEST(function) cmocka_unit_test(function)

static inline void assert_says(const char *text, const char *expected)
{
    if (text == NULL || strstr(text, expected) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text != NULL ? text : "", expected);
}

static inline int64_t ms_of(const char *text)
{
    int64_t ms = 0;
    if (time_parse(span_of(text), &ms) != STATUS_OK)
        fail_msg("%s is no time", text);
    return ms;
}

/* An incident of one report, from a line of JSON that must be right. */
static inline struct incident incident_of(struct arena *arena, const char *line)
{
    char reason[REASON_BYTES] = "", id[512];
    struct report *report = arena_take(arena, sizeof *report);
    assert_non_null(report);
    if (report_from_json(span_of(line), arena, report, reason) != STATUS_OK)
        fail_msg("%s: %s", line, reason);
    size_t size = report_incident_id(report, id, sizeof id);
    return (struct incident){.id = arena_copy(arena, (struct span){id, size}), .reports = report, .report_count = 1};
}

#define POLAND                                                                                                         \
    "{\"source\":\"t\",\"source_id\":\"pl\",\"category\":\"air.drone.incursion\","                                     \
    "\"occurred\":{\"start\":\"2025-09-09T21:30:00Z\",\"end\":\"2025-09-10T04:45:00Z\"},"                              \
    "\"place\":{\"lat\":51.6,\"lon\":23.2,\"name\":\"Wyryki\"},\"countries\":[{\"code\":\"PL\"}]}"
#define ROMANIA                                                                                                        \
    "{\"source\":\"t\",\"source_id\":\"ro\",\"category\":\"air.drone.incursion\","                                     \
    "\"occurred\":{\"start\":\"2025-09-13T15:23:00Z\",\"end\":\"2025-09-13T16:13:00Z\"},"                              \
    "\"place\":{\"lat\":45.29,\"lon\":29.12,\"name\":\"Tulcea\"},\"countries\":[{\"code\":\"RO\"}]}"
#define ESTONIA                                                                                                        \
    "{\"source\":\"t\",\"source_id\":\"ee\",\"category\":\"air.manned.violation\","                                    \
    "\"occurred\":{\"start\":\"2025-09-19T06:58:00Z\",\"end\":\"2025-09-19T07:10:00Z\"},"                              \
    "\"place\":{\"lat\":59.8185,\"lon\":26.3594,\"name\":\"Vaindloo\"},\"countries\":[{\"code\":\"EE\"}]}"
