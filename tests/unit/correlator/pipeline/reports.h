/* Reports as short as a test wants them: what is not said is a drone over Wyryki on 9 September 2025. */
#pragma once

#include "proto/report.h"

#include <math.h>

#define HOUR_MS  3600000LL
#define DAY_MS   (24 * HOUR_MS)
#define START_MS 1757453400000LL /* 2025-09-09T21:30:00Z */

static const struct country poland[] = {{COUNTRY_CODE('P', 'L'), COUNTRY_WHERE}};
static const struct country estonia[] = {{COUNTRY_CODE('E', 'E'), COUNTRY_WHERE}};

/* Borrows the id. */
static inline struct report report_make(const char *source_id, uint32_t revision)
{
    return (struct report){
        .source = SPAN("desk"),
        .source_id = span_of(source_id),
        .revision = revision,
        .status = REPORT_CONFIRMED,
        .category = CATEGORY_AIR_DRONE_INCURSION,
        .role = ROLE_TRIGGER,
        .occurred = {START_MS, START_MS + 7 * HOUR_MS, PRECISION_MINUTE, BASIS_REPORTED},
        .reported_at_ms = START_MS + DAY_MS,
        .has_place = true,
        .place = {51.56, 23.36, 5, SPAN("Wyryki")},
        .has_countries = true,
        .countries = poland,
        .country_count = 1,
        .headline = SPAN("drones"),
        .confidence = (double)NAN,
    };
}

/* A retraction that says no more than it must. */
static inline struct report report_retraction(const char *source_id, uint32_t revision)
{
    return (struct report){
        .source = SPAN("desk"),
        .source_id = span_of(source_id),
        .revision = revision,
        .status = REPORT_RETRACTED,
        .occurred = {TIME_NONE, TIME_NONE, PRECISION_SECOND, BASIS_REPORTED},
        .reported_at_ms = TIME_NONE,
        .confidence = (double)NAN,
    };
}
