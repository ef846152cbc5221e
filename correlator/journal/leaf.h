/* Inside the catalogue: the reports of one segment, in memory or in a file beside it.
 *
 *     "vdtindex" │ u32 order mark │ u32 version │ u32 crc32c of what follows │ u32 0 │ facts │ stubs │ by id │ places │
 *         zeros to a multiple of 64 bytes │ filter of ids
 *
 * The file is as memory is: of another machine's byte order it is not read but made anew. */
#pragma once

#include "base/wal/wal.h"
#include "correlator/archive.h"
#include "correlator/journal/filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct leaf_stub {
    uint64_t number;
    uint64_t id_hash; /* 0: could not be read, is never found */
    int64_t start_ms;
    int64_t end_ms;
    int32_t x, y, z;
    uint16_t category;
    uint16_t role;
};

struct report;

struct leaf_place { /* where a record begins */
    uint64_t lsn;
    uint64_t offset; /* in the segment's file */
};

struct leaf_facts {
    uint64_t first; /* of the segment */
    uint64_t next;  /* 0: not sealed */
    uint64_t stub_count;
    uint64_t place_count;
    int64_t least_ms; /* of all that have a time */
    int64_t last_ms;
};

struct leaf {
    struct leaf_facts facts;
    struct leaf_stub *stubs;   /* ascending by number */
    uint32_t *by_id;           /* in a file: indices of stubs, ascending by (id, number). In memory: heads of chains */
    struct leaf_place *places; /* in memory: none, or all */
    size_t stub_room, place_room;
    uint32_t *chains; /* in memory: the stub before of the same bucket + 1 */
    uint32_t bucket_mask;
    const struct filter_block *filter; /* in a file */
    void *mapped;                      /* the file; NULL: in memory */
    size_t mapped_size;
    bool is_checked;
};

void leaf_init(struct leaf *leaf, uint64_t first);
void leaf_fini(struct leaf *leaf);
enum status leaf_add_stub(struct leaf *leaf, const struct leaf_stub *stub) MUST_CHECK;
enum status leaf_add_place(struct leaf *leaf, const struct leaf_place *place) MUST_CHECK;
/* What a leaf keeps of a report; NULL: it could not be read. */
struct leaf_stub leaf_stub_of(uint64_t number, const struct report *report);
/* Fills an empty one from its segment of the journal in that folder, up to number next: where each record begins that
 * holds reports, and a stub of each report. Any thread may. Costs an unpacking of each report. */
enum status leaf_read(struct leaf *leaf, const char *folder, uint64_t next,
                      char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* The same of one that has its stubs: where records begin alone. */
enum status leaf_read_places(struct leaf *leaf, const char *folder, uint64_t next,
                             char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* Those from number on become another leaf's, which is empty. */
enum status leaf_split(struct leaf *leaf, uint64_t number, struct leaf *rest) MUST_CHECK;
/* Writes the index of a leaf that is in memory: all of it, under a temporary name first. Changes nothing in the leaf:
 * may be called from another thread as long as it does not change. */
enum status leaf_write(const struct leaf *leaf, const char *path) MUST_CHECK;
/* STATUS_NOT_FOUND, STATUS_CORRUPT: none, or not one that can be used. Reads the facts only. */
enum status leaf_map(struct leaf *leaf, const char *path) MUST_CHECK;
/* Of one that is mapped: reads all of it, once. */
bool leaf_is_whole(struct leaf *leaf);

enum status leaf_within(const struct leaf *leaf, int64_t from_ms, int64_t to_ms, uint64_t until,
                        archive_stub_visitor visitor, void *self) MUST_CHECK;
enum status leaf_versions(const struct leaf *leaf, uint64_t id_hash, uint64_t until, archive_stub_visitor visitor,
                          void *self) MUST_CHECK;
/* The record that holds the number; NULL: none here. */
const struct leaf_place *leaf_place_of(const struct leaf *leaf, uint64_t number);
