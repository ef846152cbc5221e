/* A ward: all the engine holds for one rule.
 *
 *   incident ──▶ node (place, interval, k) ──grid──▶ core or not ──▶ episode (told, next)
 *                 core: ─episode─▶, ─attached─▶ first non-core attached to it ⇄ next …
 *                 non-core: ─anchor─▶ the core it is attached to, or none: noise ⇄ next …
 *
 * k and core status are right after every insert and remove; anchors and episodes are as of the last flush. */
#pragma once

#include "correlator/baseline/baseline.h"
#include "correlator/engine/bounds.h"
#include "correlator/engine/grid.h"
#include "correlator/engine/heap.h"
#include "correlator/engine/id.h"
#include "correlator/engine/incidents.h"
#include "correlator/engine/measure.h"
#include "correlator/engine/noise.h"

/* Which of two a field is goes by what the node was at the last flush, until attach_update puts that right. */
struct node {
    struct point point;
    uint32_t incident;
    int64_t start_ms;
    int64_t end_ms; /* as correlated: that of a coarse one is cut */
    uint32_t bucket;
    uint32_t next; /* in the bucket's list; of one that is not used: the next such */
    uint32_t previous;
    uint32_t near;      /* k; of a core only known to be ≥ the threshold */
    uint32_t threshold; /* K: how many neighbours make it a core; while not `judged`, K is no less */
    uint32_t episode;   /* of a core */
    union {
        uint32_t anchor; /* of a non-core */
        uint32_t former; /* of a core, while flushing: the told episode it was the key of; else NONE */
    };
    union {
        uint32_t attached;      /* of a core: the first attached to it */
        uint32_t attached_next; /* of one that is attached */
        uint32_t noise_next;    /* of noise */
    };
    union {
        uint32_t joined; /* of a core: the later one that took in the part whose latest this was; NONE: none has */
        uint32_t attached_previous;
        uint32_t noise_previous;
    };
    union {
        uint32_t refused; /* of a core: the first core, this or a later one, at whose turn a refusal named it … */
        uint32_t ghost;   /* … or, where it is haunted, what it remembers of neighbours that have left memory */
    };
    uint32_t place; /* while flushing: next of its bucket's or group's; then its part. Else NONE, or of a new one that
                       is no core: the nearest core when it came */
    bool coarse : 1;
    bool core : 1;
    bool settled : 1; /* was a core at the last flush */
    bool dead : 1;    /* removed since the last flush */
    bool changed : 1; /* is in `changed` */
    bool loose : 1;   /* is in `loose` */
    bool met : 1;     /* been through a flush, or came as a core: `place` does not say which core was nearest */
    bool waiting : 1; /* is among the noise */
    bool haunted : 1;
    bool bounded : 1;          /* the threshold is at least what the baseline says of the country around */
    bool judged : 1;           /* the threshold is what it says of the place */
    uint8_t country_count : 2; /* of the incident; more than 1: look there */
    country_code country;
};

/* A core's memory of core neighbours that left with a final episode: its own episode stays capped, and may continue it.
 */
struct ghost {
    uint128 strength;
    int64_t start_ms;
    char *id; /* of the strongest earlier neighbour gone; NULL: only later ones have gone */
    size_t id_size;
    struct episode_id episode;
};

/* Country codes, ascending, each once. */
struct codes {
    country_code *items;
    uint32_t count;
    uint32_t room;
};

/* What an episode says. */
struct content {
    enum episode_state state;
    bool capped;
    struct episode_id continues;
    int64_t first_ms;
    int64_t last_ms;
    int64_t extent2; /* squared diagonal */
    uint32_t observed;
    struct codes countries;
    VECTOR(uint32_t) members; /* handle × 8 + membership, in order of (start, id) */
};

#define MEMBER(handle, membership) ((handle) << 3 | (uint32_t)(membership))
#define MEMBER_HANDLE(member)      ((member) >> 3)
#define MEMBER_MEMBERSHIP(member)  ((enum membership)((member)&7u))
#define INCIDENTS_MAX              (UINT32_MAX >> 3)

/* Of times; none where from > to. */
struct range {
    int64_t from_ms;
    int64_t to_ms;
};

#define RANGE_NONE ((struct range){INT64_MAX, INT64_MIN})

struct episode_record {
    struct episode_id id;
    uint32_t key;           /* incident */
    uint32_t sibling;       /* ring of the episodes of one connected component (at least) */
    VECTOR(uint32_t) cores; /* nodes, in order of (start, id) */
    struct bounds bounds;   /* of the cores */
    struct range undecided; /* starts of cores whose decisions are not on record, but only that all are of one part */
    uint32_t continued;     /* node: the key's strongest earlier neighbour, while that is in memory */
    struct episode_id continues;
    struct content told;
    bool fresh : 1; /* `continued` is not known yet */
    bool capped : 1;
    bool used : 1;
    bool is_told : 1;
    bool retired : 1; /* it is being computed anew */
    bool restate : 1; /* is in `restated` */
    bool final : 1;
    uint32_t next; /* while flushing, of a restated one: what it says now, in ward->contents */
    uint32_t lineage_stamp;
    uint32_t pending_stamp; /* its component is counted in ward->pending */
    uint32_t group;         /* while flushing: the disturbed that its component is among, or NONE … */
    uint32_t group_next;    /* … and the next record of that */
};

/* New cores, and what they are connected to: see components.c. */
struct group {
    uint32_t parent;
    uint32_t cores;   /* first of its new cores */
    uint32_t records; /* first of the records of its components */
    bool whole;       /* no component of more than one episode is in it */
};

/* A part of a component while it is being united: see unions.c. */
struct part {
    uint32_t parent;
    uint32_t count; /* this and the following: of roots */
    struct bounds bounds;
    uint128 strength;   /* of the strongest link to the core at hand … */
    uint32_t neighbour; /* … and that neighbour, a node */
    uint32_t seen_by;   /* the core at hand */
    uint32_t latest;    /* of its cores */
    struct range undecided;
    uint32_t episode;
    bool capped;
};

/* A bucket with new cores, while flushing. */
struct fresh_bucket {
    uint32_t bucket;
    uint32_t first; /* of its new cores */
    uint32_t group; /* NONE until it is known */
};

/* What the baseline said of a cell. */
struct history_memo {
    struct baseline_cell cell;
    uint32_t history; /* NONE: nothing asked yet */
};

struct extra {
    int64_t start_ms;
    uint32_t member;
};

struct pair_of_episodes {
    uint32_t heir;  /* record that now holds a core of … */
    uint32_t ended; /* … this withdrawn one */
};

struct ward {
    struct measure measure;
    struct incidents *incidents; /* borrowed */
    struct memory *memory;       /* borrowed */
    struct grid grid;
    struct history_memo *memos; /* where there is a baseline: of cells, then of as many blocks */
    uint32_t memo_count;        /* of each */
    VECTOR(struct node) nodes;
    uint32_t unused_node;     /* first of a list */
    VECTOR(uint32_t) node_of; /* by incident handle */
    VECTOR(struct ghost) ghosts;
    VECTOR(uint32_t) unused_ghosts;
    VECTOR(struct episode_record) episodes;
    VECTOR(uint32_t) unused_episodes;
    struct noise noise;
    struct heap finishing;    /* episodes by the latest end of their cores */
    VECTOR(uint32_t) changed; /* nodes, since the last flush */
    int64_t horizon_ms;       /* see engine_horizon */
    int64_t departed_ms;      /* latest end of what has left memory */
    uint32_t episode_count;
    uint32_t stamp;
    size_t pending; /* incidents in the components disturbed since the last flush, about */
    /* Of the flush underway. */
    VECTOR(struct content) contents; /* those in use first; the others' room is kept for later */
    VECTOR(uint32_t) loose;          /* non-cores in search of a core */
    VECTOR(uint32_t) seeds;          /* cores whose component is to be found */
    VECTOR(uint32_t) disturbed;      /* cores whose attached changed */
    VECTOR(uint32_t) retired;
    VECTOR(uint32_t) restated;
    VECTOR(struct fresh_bucket) fresh;
    VECTOR(struct group) groups;
    VECTOR(uint32_t) gathered;  /* episodes in some group */
    VECTOR(uint32_t) component; /* of one group: cores to be decided, … */
    VECTOR(uint32_t) siblings;  /* … episodes of its ring */
    VECTOR(uint32_t) opened;
    VECTOR(uint32_t) queue;      /* buckets */
    VECTOR(struct extra) extras; /* of a content underway: to be put in order among the members */
    VECTOR(uint32_t) scratch;
    VECTOR(struct part) parts;
    VECTOR(uint32_t) candidates; /* roots */
    VECTOR(uint32_t) loaded;     /* episodes that stand as one part */
    VECTOR(struct pair_of_episodes) lineage;
};

enum status ward_init(struct ward *ward, const struct rule *rule, struct incidents *incidents,
                      struct memory *memory) MUST_CHECK;
void ward_fini(struct ward *ward);
/* Looks to another baseline from now on; NULL: none. False: no memory, nothing changed. */
bool ward_rebase(struct ward *ward, const struct baseline_rule *baseline);

/* Does the rule want the incident? If so, makes room for it. False: no memory, nothing changed. */
bool ward_reserve(struct ward *ward, const struct engine_incident *incident, uint32_t *ret_bucket);
/* After ward_reserve; cannot fail. */
void ward_insert(struct ward *ward, uint32_t handle, uint32_t bucket);
void ward_remove(struct ward *ward, uint32_t handle);

/* NONE where the rule holds nothing of the incident. */
static inline uint32_t ward_node(const struct ward *ward, uint32_t handle)
{
    return handle < ward->node_of.count ? ward->node_of.items[handle] : NONE;
}

static inline struct node *node_at(const struct ward *ward, uint32_t index)
{
    return &ward->nodes.items[index];
}

static inline const struct engine_incident *node_incident(const struct ward *ward, const struct node *node)
{
    return incident_at(ward->incidents, node->incident);
}

static inline bool node_before(const struct ward *ward, const struct node *a, const struct node *b)
{
    if (a->start_ms != b->start_ms)
        return a->start_ms < b->start_ms;
    return span_compare(node_incident(ward, a)->id, node_incident(ward, b)->id) < 0;
}

static inline int64_t node_gap(const struct node *a, const struct node *b)
{
    return interval_gap(a->start_ms, a->end_ms, b->start_ms, b->end_ms);
}

/* Within reach and window. */
static inline bool node_within(const struct ward *ward, const struct node *a, const struct node *b)
{
    return node_gap(a, b) <= ward->measure.window_ms && point_chord2(a->point, b->point) <= ward->measure.reach2;
}

/* Of two cores, the one to be attached to. */
bool node_nearer(const struct ward *ward, const struct node *node, uint32_t a, uint32_t b);

static inline struct bounds node_bounds(const struct node *node)
{
    return (struct bounds){node->start_ms, node->end_ms, node->point, node->point};
}

/* Capped, whatever becomes of the rest. */
static inline bool node_is_refused(const struct node *node)
{
    return node->haunted || node->refused != NONE;
}

/* Of a core that is to be decided anew. */
static inline void node_forget_decisions(struct node *node)
{
    node->joined = NONE;
    if (!node->haunted)
        node->refused = NONE;
}

static inline bool node_is_core(const struct node *node)
{
    return node->core && !node->dead;
}

/* How many neighbours make one a core there: the floor, or what the history of the place makes improbable. */
uint32_t ward_threshold(const struct ward *ward, struct point point, int64_t length_ms);
/* No more than that, and quick to say. */
uint32_t ward_threshold_least(const struct ward *ward, struct point point, int64_t length_ms);

static inline uint32_t record_first(const struct episode_record *record)
{
    return record->cores.items[0];
}

static inline uint32_t record_last(const struct episode_record *record)
{
    return record->cores.items[record->cores.count - 1];
}

/* ---- cores.c: k and core status, incrementally ---- */

/* Puts a node into its bucket and counts it with its neighbours. */
void cores_insert(struct ward *ward, uint32_t index);
/* Takes it out and counts it off. */
void cores_remove(struct ward *ward, uint32_t index);
/* Takes it out and leaves every count: it has been, but is out of every window. */
void cores_forget(struct ward *ward, uint32_t index);
/* Nodes that may have had neighbours that left are judged for good by the baseline as it is: before another comes. */
void cores_keep(struct ward *ward);
/* Judges every other node by the thresholds of the baseline as it is now. Returns how many were kept. */
size_t cores_rebase(struct ward *ward);
void ward_changed(struct ward *ward, uint32_t index);

/* ---- attach.c ---- */

/* Brings the anchors of all non-cores up to date with what changed; fills `disturbed`. */
bool attach_update(struct ward *ward);
void attach_detach(struct ward *ward, uint32_t index);

/* ---- components.c: what was disturbed, group by group, and its episodes ---- */

bool components_update(struct ward *ward);

/* ---- parts.c ---- */

uint32_t part_root(struct ward *ward, uint32_t at);
/* Two roots; the part they make was last added to by the core `latest`. */
void parts_unite(struct ward *ward, uint32_t one, uint32_t other, const struct bounds *bounds, uint32_t latest);
/* Parts of all cores in ward->component, which is in order: those before the first as they were, the others alone. The
 * place of one from a sibling says from which. */
bool parts_restore(struct ward *ward, uint32_t first);
/* An episode that ends before the first, as one part. */
bool part_load(struct ward *ward, uint32_t episode, uint32_t first);

/* ---- unions.c ---- */

/* Parts the cores in ward->component, new ones in any order, together with the cores of ward->siblings, by the caps;
 * each part becomes an episode. whole: the two are one connected component, and every sibling came from another. */
bool unions_make(struct ward *ward, bool whole);

/* ---- episodes.c ---- */

/* The record of the episode with this key: the one told of it, if the key was told so, else a new one. */
bool episode_open(struct ward *ward, uint32_t key_node, uint32_t *ret_episode);
/* Marks it as to be computed anew: its cores are nobody's. */
bool episode_retire(struct ward *ward, uint32_t episode);
/* Retires every episode of its component, and makes their cores seeds. */
bool episode_retire_ring(struct ward *ward, uint32_t episode);
/* Counts its component as disturbed. */
void episode_pending(struct ward *ward, uint32_t episode);
bool episode_restate(struct ward *ward, uint32_t episode);
/* Frees one that is nobody's any more. */
void episode_withdraw(struct ward *ward, uint32_t episode);
void episode_free(struct ward *ward, uint32_t episode);
void content_free(struct ward *ward, struct content *content);
void episode_leave_ring(struct ward *ward, uint32_t episode);
void episode_add_core(struct ward *ward, uint32_t episode, uint32_t index);

/* ---- rings.c ---- */

/* Makes one ring of the siblings that were not retired and the opened, and brings `continues` up to date. first: keys
 * before it have the earlier neighbours they had. */
bool ring_make(struct ward *ward, uint32_t first);

/* ---- departures.c: finality and eviction ---- */

/* A time so many windows before the watermark. */
int64_t ward_before(const struct ward *ward, int64_t watermark_ms, int64_t windows);
/* Whether something is due to become final or to leave. */
bool ward_departs(const struct ward *ward, int64_t watermark_ms);
/* Marks what became final, as restated. */
bool ward_finish(struct ward *ward, int64_t watermark_ms);
/* Lets go of final episodes and of noise, once they are told. */
bool ward_evict(struct ward *ward, int64_t watermark_ms);
void node_release(struct ward *ward, uint32_t index);
