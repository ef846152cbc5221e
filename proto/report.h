/* A report: one record of one source, at one revision, as plain data. Protobuf and JSON are turned into this at the
 * edge.
 *
 * A report owns nothing: every span borrows from the arena or the buffer it was read from. */
#pragma once

#include "base/span.h"
#include "proto/taxonomy.h"

#include <stdbool.h>
#include <stdint.h>

#define TIME_NONE INT64_MIN /* of a time in milliseconds: not given */

/* X(enum name, text) */
#define REPORT_STATUS_LIST(X)                                                                                          \
    X(REPORTED, "reported")                                                                                            \
    X(DISPUTED, "disputed")                                                                                            \
    X(CONFIRMED, "confirmed")                                                                                          \
    X(EXPLAINED, "explained") /* happened, but is not what it seemed: takes no part in correlation */                  \
    X(RETRACTED, "retracted") /* the source takes it back */

enum report_status {
#define X(name, text) REPORT_##name,
    REPORT_STATUS_LIST(X)
#undef X
        REPORT_STATUS_COUNT
};

#define PRECISION_LIST(X)                                                                                              \
    X(SECOND, "second") X(MINUTE, "minute") X(HOUR, "hour") X(DAY, "day") X(WEEK, "week") X(MONTH, "month")

enum precision {
#define X(name, text) PRECISION_##name,
    PRECISION_LIST(X)
#undef X
        PRECISION_COUNT
};

#define BASIS_LIST(X) X(REPORTED, "reported") X(OBSERVED, "observed") X(PUBLISHED, "published") X(INFERRED, "inferred")

enum basis {
#define X(name, text) BASIS_##name,
    BASIS_LIST(X)
#undef X
        BASIS_COUNT
};

#define COUNTRY_ROLE_LIST(X) X(WHERE, "where") X(AFFECTED, "affected") X(ORIGIN, "origin") X(CLAIMED_BY, "claimed_by")

enum country_role {
#define X(name, text) COUNTRY_##name,
    COUNTRY_ROLE_LIST(X)
#undef X
        COUNTRY_ROLE_COUNT
};

#define LICENCE_LIST(X) X(ATTRIBUTION, "attribution") X(OPEN, "open") X(NO_REDISTRIBUTE, "no-redistribute")

enum licence {
#define X(name, text) LICENCE_##name,
    LICENCE_LIST(X)
#undef X
        LICENCE_COUNT
};

/* ISO 3166-1 alpha-2, two capital letters, packed: first × 256 + second. Numeric order is alphabetic order. */
typedef uint16_t country_code;
#define COUNTRY_CODE(a, b) ((country_code)((unsigned)(a) << 8 | (unsigned)(b)))

struct country {
    country_code code;
    enum country_role role;
};

struct attribute {
    struct span key;
    struct span value;
};

struct place {
    double lat;       /* degrees north, −90 … 90 */
    double lon;       /* degrees east, −180 … 180 */
    double radius_km; /* uncertainty; 0 … LIMIT_RADIUS_KM */
    struct span name;
};

struct occurred {
    int64_t start_ms; /* UTC since 1970, start ≤ end; TIME_NONE in a retraction that gives none */
    int64_t end_ms;
    enum precision precision; /* says how it was told, never alters the interval */
    enum basis basis;
};

/* A retraction may be bare: it gives no time (or no category, which then counts as no time either). Its category and
 * role mean nothing, are not written and read back as the first of their lists. */
struct report {
    struct span source;    /* [A-Za-z0-9._-]{1,64} */
    struct span source_id; /* 1 … LIMIT_SOURCE_ID_BYTES bytes of UTF-8, no control characters */
    uint32_t revision;
    enum report_status status;
    enum category category;
    enum role role;
    struct occurred occurred;
    int64_t reported_at_ms; /* TIME_NONE: not given */
    bool has_place;         /* false only in a retraction that gives none */
    struct place place;
    bool has_countries;              /* false: nobody said, look them up; true with none: none */
    const struct country *countries; /* ordered by (code, role), no pair twice */
    size_t country_count;
    struct span publisher;
    struct span headline;
    struct span url;
    struct span language;
    uint32_t severity; /* 1 … 5, 0: not given */
    double confidence; /* 0 … 1, NaN: not given */
    enum licence licence;
    const struct attribute *attributes; /* ordered by key, no key twice */
    size_t attribute_count;
};

/* Room for incident ids: "source:source_id". */
size_t report_incident_id(const struct report *report, char *ret_id, size_t room);

/* A digest of everything the report says but its revision: the same on every machine, whatever the encoding. Two
 * reports that differ in any field differ in it. 32 bytes. */
void report_digest(const struct report *report, unsigned char ret_digest[32]);

/* Which of two reports of the same (source, source_id) stands: the higher revision; then the later reported_at (none is
 * earliest); then the greater digest. <0: the first is older, 0: the same, >0: the first stands. */
int report_order(const struct report *a, const struct report *b);

/* [A-Za-z0-9._-]{1,64}: what sources, agents and sinks are called. */
bool name_is_valid(struct span name);

const char *report_status_name(enum report_status value);
const char *precision_name(enum precision value);
const char *basis_name(enum basis value);
const char *country_role_name(enum country_role value);
const char *licence_name(enum licence value);
enum status report_status_find(struct span name, enum report_status *ret_value) MUST_CHECK;
enum status precision_find(struct span name, enum precision *ret_value) MUST_CHECK;
enum status basis_find(struct span name, enum basis *ret_value) MUST_CHECK;
enum status country_role_find(struct span name, enum country_role *ret_value) MUST_CHECK;
enum status licence_find(struct span name, enum licence *ret_value) MUST_CHECK;
/* Two capital letters; STATUS_INVALID otherwise. */
enum status country_code_parse(struct span text, country_code *ret_code) MUST_CHECK;
/* Writes two letters and a NUL. */
void country_code_text(country_code code, char ret_text[3]);
/* "Estonia"; the code itself where the table has no name. Never NULL. */
const char *country_name(country_code code);

/* Countries an incident counts for (method §6): where; affected only where there is no where. Ascending; answers how
 * many. */
size_t report_counted_countries(const struct report *report, country_code *ret_codes, size_t room);
/* Where and affected together: what a context shares with others. Ascending; answers how many. */
size_t report_touched_countries(const struct report *report, country_code *ret_codes, size_t room);
