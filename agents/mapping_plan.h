/* What a mapping file holds once read: shared by its reader (mapping_read.c) and by what applies it (mapping.c). */
#pragma once

#include "agents/mapping.h"
#include "agents/mapping_time.h"
#include "agents/mapping_value.h"

/* The fields a mapping can fill. X(enum name, block, key, what a constant must be, one line for people) */
#define FIELD_LIST(X)                                                                                                  \
    X(SOURCE, TOP, source, NULL, "name of the source; where absent, the one in the configuration")                     \
    X(SOURCE_ID, TOP, source_id, NULL, "what the source calls the record; required")                                   \
    X(REVISION, TOP, revision, NULL, "a whole number; a higher one replaces")                                          \
    X(STATUS, TOP, status, check_status, "reported, confirmed, disputed, explained or retracted")                      \
    X(CATEGORY, TOP, category, check_category, "of the taxonomy; required")                                            \
    X(ROLE, TOP, role, check_role, "where it is not the category's own")                                               \
    X(REPORTED_AT, TOP, reported_at, NULL, "a time with an offset, seconds since 1970, or a local time")               \
    X(PUBLISHER, TOP, publisher, NULL, "who published it")                                                             \
    X(HEADLINE, TOP, headline, NULL, "one line for people")                                                            \
    X(URL, TOP, url, NULL, "where it can be read")                                                                     \
    X(LANGUAGE, TOP, language, NULL, "of the headline, BCP 47")                                                        \
    X(SEVERITY, TOP, severity, NULL, "1 to 5")                                                                         \
    X(CONFIDENCE, TOP, confidence, NULL, "0 to 1")                                                                     \
    X(LICENCE, TOP, licence, check_licence, "open, attribution or no-redistribute")                                    \
    X(START, OCCURRED, start, NULL, "a time with an offset")                                                           \
    X(END, OCCURRED, end, NULL, "a time with an offset")                                                               \
    X(LOCAL, OCCURRED, local, NULL, "a local time, read where start is empty")                                         \
    X(LOCAL_END, OCCURRED, local_end, NULL, "a local time whose interval ends the whole")                              \
    X(READ, OCCURRED, read, check_word, "how local times are read, and what precision they are")                       \
    X(PRECISION, OCCURRED, precision, check_precision, "where it is not the one of read")                              \
    X(BASIS, OCCURRED, basis, check_basis, "reported, observed, published or inferred")                                \
    X(ZONE, OCCURRED, zone, check_zone, "time zone of local times, by name; UTC where absent")                         \
    X(LAT, PLACE, lat, NULL, "degrees north; required")                                                                \
    X(LON, PLACE, lon, NULL, "degrees east; required")                                                                 \
    X(RADIUS_KM, PLACE, radius_km, NULL, "how vague the place is")                                                     \
    X(PLACE_NAME, PLACE, name, NULL, "of the place")

enum field {
#define X(name, block, key, check, help) FIELD_##name,
    FIELD_LIST(X)
#undef X
        FIELD_COUNT
};

enum field_block { FIELD_IN_TOP, FIELD_IN_OCCURRED, FIELD_IN_PLACE };

struct field_row {
    const char *key;
    const char *path; /* "occurred.start", for sentences */
    enum field_block block;
    value_check *check;
};
extern const struct field_row field_rows[FIELD_COUNT];

struct country_rule {
    struct value value;
    struct span split; /* what parts several; empty: one */
    enum country_role role;
};

struct attribute_rule {
    struct span key;
    struct value value;
};

struct condition { /* a cell matches one of the patterns */
    size_t column;
    const struct span *patterns;
    size_t count;
};

struct conditions { /* all of them */
    const struct condition *items;
    size_t count;
};

struct mapping_case {
    struct conditions when;
    const struct value *fields[FIELD_COUNT]; /* NULL: left as it is */
};

struct country_entry {
    country_code code;
    const char *name;
};

struct mapping {
    struct config *config;
    struct arena arena;
    char delimiter;
    struct column_set columns;
    struct day_parts parts;
    const struct value *fields[FIELD_COUNT]; /* NULL: not mapped */
    bool has_countries;
    const struct country_rule *countries;
    size_t country_count;
    const struct attribute_rule *attributes;
    size_t attribute_count;
    const struct conditions *skips;
    size_t skip_count;
    const struct mapping_case *cases;
    size_t case_count;
    const struct country_entry *names; /* countries by their English name */
    size_t name_count;
    struct zone_cache *zones;
};

struct mapping_binding {
    const struct mapping *mapping;
    size_t width;            /* cells of the header */
    size_t cell_of_column[]; /* by index in mapping->columns */
};

/* Time zones by name, opened once. */
enum status zone_cache_open(struct zone_cache **ret_cache) MUST_CHECK;
void zone_cache_close(struct zone_cache *cache);
/* STATUS_NOT_FOUND; STATUS_NO_MEMORY. The zone lives as long as the cache. */
enum status zone_cache_find(struct zone_cache *cache, struct span name, struct zone **ret_zone) MUST_CHECK;
