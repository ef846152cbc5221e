/* What a person asks a store for: the options of `episodes` and `incidents`, from words to a store_filter. */
#pragma once

#include "base/zone.h"
#include "cli/output.h"
#include "sink/store.h"

#include <argp.h>

/* The options as typed; NULL: not given. */
struct query_words {
    const char *store, *rule, *country, *since, *until, *bbox, *tz;
    bool all, history;
    const struct output_driver *output; /* NULL: a table */
};

struct query {
    const char *store; /* borrowed from the words, as are the filter's spans */
    struct store_filter filter;
    struct zone *zone;
    const struct output_driver *output;
};

/* An argp child whose input is a struct query_words. */
extern const struct argp query_argp;

/* Checks the words. STATUS_INVALID with a sentence. */
enum status query_open(struct query *query, const struct query_words *words, char ret_reason[256]) MUST_CHECK;
void query_close(struct query *query);

enum time_edge { TIME_FROM, TIME_TO };
/* RFC 3339, or a date of the zone: its first millisecond, or its last. */
enum status query_time_parse(struct zone *zone, const char *text, enum time_edge edge, int64_t *ret_ms) MUST_CHECK;
/* "W,S,E,N" in degrees; west may lie east of east: the box then crosses the antimeridian. */
enum status query_bbox_parse(const char *text, struct store_filter *filter) MUST_CHECK;
