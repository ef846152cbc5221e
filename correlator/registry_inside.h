/* Inside the register: what its two ways share (registry.c, registry_same.c). */
#pragma once

#include "correlator/entries.h"
#include "correlator/registry.h"

#define INLINE_BYTES     128u /* id and countries of most incidents */
#define SLAB_FIRST_BYTES ((size_t)64 * 1024)
#define SLAB_BYTES       ((size_t)2 * 1024 * 1024)

/* The order of reports of one incident, least first. */
struct rank {
    uint32_t revision;
    int64_t reported_at_ms;
    unsigned char digest[32];
};

struct entry {
    struct rank standing;
    struct rank body;
    enum report_status status; /* of the standing report */
    bool has_body;
    int64_t start_ms;      /* of the body; without one, when it was first heard of */
    struct record *record; /* of the body, while it is in the engine */
    char *id;              /* inline_id, or the heap's */
    size_t id_size;
    char inline_id[48];

    /* where reports are put together */
    struct standing *voice; /* while it takes part */
    void *packed;           /* the body; where there is none, the bare retraction */
    size_t packed_size;
    uint64_t told_serial; /* of the record it was last told in; 0: of none */
    bool was_out;         /* was explained or retracted since it was last told */
    bool is_out_listed;   /* among those to be told out of correlation */
    struct entry *next_out;
};

struct piece {
    struct record record;
    unsigned char *more; /* where the inline room did not do */
    unsigned char inline_bytes[INLINE_BYTES];
};

/* Equal pieces cut from slabs, with a list of those given back threaded through them. */
struct slab {
    struct slab *next;
    size_t size;
    unsigned char bytes[];
};

struct pool {
    size_t piece_size;
    struct slab *slabs; /* the first one is cut from */
    size_t used;        /* of its bytes */
    void *free;
};

struct registry {
    struct entries entries;
    struct pool entry_pool;
    struct pool record_pool;
    struct record *acted;  /* records with an action since the last flush */
    struct same_way *same; /* NULL: each report is an incident */
    bool has_forgotten;    /* any entry, ever */
    size_t out_count;      /* where each report is an incident: entries without a record */
};

struct same_way; /* registry_same.c */

struct entry *registry_entry(const struct registry *registry, struct span id);
/* Takes it out of the table and frees it; its record, if any, goes its own way. */
void registry_entry_forget(struct registry *registry, struct entry *entry);
/* NULL: no memory. */
struct record *registry_record_new(struct registry *registry, const struct report *report, struct span id,
                                   const unsigned char digest[32]);
void registry_record_free(struct registry *registry, struct record *record);
/* Does the engine see no difference between the two? */
bool records_look_same(const struct engine_incident *a, const struct engine_incident *b);
void registry_act(struct registry *registry, struct record *record, enum incident_action action);

static inline bool report_takes_part(enum report_status status)
{
    return status != REPORT_EXPLAINED && status != REPORT_RETRACTED;
}

/* Has it a place and a time? A bare retraction has not. */
static inline bool report_has_body(const struct report *report)
{
    return report->has_place && report->occurred.start_ms != TIME_NONE;
}

/* --- the second way: as the functions of registry.h without same_ --- */

enum status same_new(struct registry *registry, const struct same_options *options,
                     const struct allocator *allocator) MUST_CHECK;
/* Entries have been given to same_entry_fini. */
void same_fini(struct registry *registry);
void same_entry_fini(struct registry *registry, struct entry *entry);
/* A report has come to stand in the entry. */
enum status same_apply(struct registry *registry, struct entry *entry, const struct report *report) MUST_CHECK;
/* A better body was found for a bare retraction. */
enum status same_body(struct registry *registry, struct entry *entry, const struct report *report) MUST_CHECK;
enum status same_resolve(struct registry *registry, const struct registry_events *events) MUST_CHECK;
size_t same_pending(const struct registry *registry);
bool same_start(const struct entry *entry, int64_t *ret_start_ms);
enum registry_presence same_presence(const struct entry *entry, struct record **ret_record);
/* entry: of the id, or NULL. */
enum status same_touches(struct registry *registry, const struct report *report, struct span id,
                         const struct entry *entry, int64_t *ret_start_ms) MUST_CHECK;
/* That it takes no part needs no telling. */
void same_told_out(struct registry *registry, struct entry *entry);
void same_unsettle(struct registry *registry, struct entry *entry);
void same_departed(struct registry *registry, int64_t before_ms);
/* Before the record is freed. */
void same_released(struct registry *registry, struct record *record, bool evicted);
void same_forget(struct registry *registry);
void same_watermark(struct registry *registry, int64_t watermark_ms);
int64_t same_horizon(const struct registry *registry);
enum status same_visit(struct registry *registry, registry_visitor visitor, void *self) MUST_CHECK;
