/* How episodes and incidents are written to standard output: one driver a format, one file each in outputs/. */
#pragma once

#include "base/status.h"
#include "base/zone.h"
#include "proto/episode.h"

#include <stdio.h>

enum output_subject { OUTPUT_EPISODES, OUTPUT_INCIDENTS };

struct output_driver {
    const char *name; /* as in --json */
    /* Borrows stream and zone until close. */
    enum status (*open)(FILE *stream, struct zone *zone, enum output_subject subject, void **ret_self);
    /* Borrow what they are given until they return. incidents[i] belongs to members[i]; NULL: unknown. */
    enum status (*episode)(void *self, const struct episode *episode, const struct incident *const *incidents);
    enum status (*incident)(void *self, const struct incident *incident, const struct span *episode_ids,
                            size_t episode_count);
    /* Writes what comes last, frees. */
    enum status (*close)(void *self);
};

extern const struct output_driver output_table;
extern const struct output_driver output_json;
extern const struct output_driver output_geojson;
extern const struct output_driver output_csv;
