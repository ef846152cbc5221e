/* A territories file read into memory: outlines and the tables of views, as plain arrays.
 *
 *   territories ─▶ rings ─▶ points          views ─▶ claims
 *     EE  45,227 km²  3     lon, lat in        un    {RU UA} → UA, claimed by RU
 *     go  (an area)   1     microdegrees
 *
 * Codes in capitals are countries; codes in small letters are areas that only views speak of (the Golan Heights), never
 * an answer by themselves. The file's layout is drawn in deploy/territories/README.md. */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "proto/report.h"

#include <stdint.h>

#define ATLAS_CLAIM_FOUND_MAX 3u
#define ATLAS_CLAIMED_BY_MAX  4u
#define ATLAS_TERRITORIES_MAX 4096u
#define ATLAS_CLAIMS_MAX      4096u
#define ATLAS_FILE_BYTES_MAX  (16u << 20)
#define ATLAS_MICRODEGREES    1000000
#define ATLAS_REASON_BYTES    256u

struct atlas_point {
    int32_t lon; /* microdegrees, −180,000,000 … 180,000,000 */
    int32_t lat; /* microdegrees, −90,000,000 … 90,000,000 */
};

/* At least three points; the last joins the first; no point twice in a row. */
struct atlas_ring {
    uint32_t point_first;
    uint32_t point_count;
};

/* Inside is what an odd number of its rings hold. */
struct atlas_territory {
    country_code code; /* ascending, none twice */
    uint64_t area_km2; /* at least 1 */
    uint32_t ring_first;
    uint32_t ring_count;
};

/* Where all of `found` overlap, `where` is the country and the others claim it. */
struct atlas_claim {
    uint16_t found[ATLAS_CLAIM_FOUND_MAX]; /* positions in territories */
    uint16_t found_count;                  /* 1 … ATLAS_CLAIM_FOUND_MAX */
    country_code where;
    uint16_t claimed_by_count;
    country_code claimed_by[ATLAS_CLAIMED_BY_MAX];
};

struct atlas {
    struct atlas_territory *territories;
    size_t territory_count;
    struct atlas_ring *rings;
    size_t ring_count;
    struct atlas_point *points;
    size_t point_count;
    struct atlas_claim *claims; /* of the one view asked for, in its order */
    size_t claim_count;
};

/* Borrows the bytes until it returns. CORRUPT: damaged or truncated; UNSUPPORTED: another kind of file, or a newer
 * format; NOT_FOUND: no view of that name; TOO_LARGE; NO_MEMORY. On failure `reason` (ATLAS_REASON_BYTES) is a
 * sentence's end, such as "byte 512: more rings than the file holds". Every byte is checked: no input crashes it. Cost:
 * one pass. */
enum status atlas_read(struct span bytes, const char *view, struct atlas *ret_atlas, char *reason) MUST_CHECK;
/* The same of what follows the head, whose checks have been made. */
enum status atlas_read_body(struct span body, const char *view, struct atlas *ret_atlas, char *reason) MUST_CHECK;
void atlas_fini(struct atlas *atlas);

/* True for the code of an area, which is never an answer. */
static inline bool atlas_code_is_area(country_code code)
{
    return code >> 8 >= 'a';
}
