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
#include "proto/codec.h"
#include "proto/json.h"
#include "proto/limits.h"

#include <math.h>
#include <string.h>

#define EXAMPLE_LINE                                                                                                   \
    "{\"source\":\"rcb-pl\",\"source_id\":\"2025-0911\",\"revision\":1,\"status\":\"confirmed\","                      \
    "\"category\":\"air.drone.incursion\",\"role\":\"trigger\","                                                       \
    "\"occurred\":{\"start\":\"2025-09-09T21:30:00Z\",\"end\":\"2025-09-10T04:45:00Z\",\"precision\":\"minute\","      \
    "\"basis\":\"reported\"},\"reported_at\":\"2025-09-10T06:10:00Z\","                                                \
    "\"place\":{\"lat\":51.56,\"lon\":23.36,\"radius_km\":5,\"name\":\"Wyryki\"},"                                     \
    "\"countries\":[{\"code\":\"PL\",\"role\":\"where\"}],\"publisher\":\"reuters\",\"headline\":\"Drones\","          \
    "\"url\":\"https://example.org/1\",\"language\":\"pl\",\"severity\":3,\"confidence\":0.9,"                         \
    "\"licence\":\"attribution\",\"attributes\":{\"count\":\"19\"}}"

static inline void assert_span_is(struct span span, const char *expected)
{
    if (!span_equal(span, span_of(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SPAN_ARG(span), expected);
}

static inline void assert_text_is(struct text *text, const char *expected)
{
    assert_false(text->failed);
    assert_span_is((struct span){text->data, text->size}, expected);
}

static inline void assert_says(const char *reason, const char *expected)
{
    if (strstr(reason, expected) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", reason, expected);
}

/* The report of a line that must be right. */
static inline struct report report_of(struct arena *arena, const char *line)
{
    char reason[REASON_BYTES] = "";
    struct report report;
    enum status status = report_from_json(span_of(line), arena, &report, reason);
    if (status != STATUS_OK)
        fail_msg("%s: %s", status_name(status), reason);
    return report;
}

static inline struct report example_report(struct arena *arena)
{
    return report_of(arena, EXAMPLE_LINE);
}

/* Equal in every field, revision too. */
static inline void assert_same_report(const struct report *a, const struct report *b)
{
    assert_int_equal(a->revision, b->revision);
    assert_int_equal(report_order(a, b), 0);
    unsigned char digest_a[32];
    unsigned char digest_b[32];
    report_digest(a, digest_a);
    report_digest(b, digest_b);
    assert_memory_equal(digest_a, digest_b, 32);
}
