#include "tests/support/oracle.h"

#include <assert.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

__extension__ typedef unsigned __int128 u128;

struct one {
    const struct engine_incident *incident;
    int64_t end; /* cut where coarse */
    bool trigger;
    bool coarse;
    bool core;
    uint32_t threshold;
    size_t label;  /* of a core: the key of its episode, as an index */
    size_t anchor; /* of an attached one: its core; SIZE_MAX: none */
};

struct oracle {
    const struct rule *rule;
    int64_t reach2;
    struct one *ones; /* by (start, id): an index is a rank */
    size_t count;
};

static void *need(size_t count, size_t size)
{
    void *memory = calloc(count > 0 ? count : 1, size);
    assert(memory != NULL);
    return memory;
}

static int by_start_and_id(const void *a, const void *b)
{
    const struct engine_incident *one = ((const struct oracle_input *)a)->incident;
    const struct engine_incident *other = ((const struct oracle_input *)b)->incident;
    if (one->start_ms != other->start_ms)
        return one->start_ms < other->start_ms ? -1 : 1;
    return span_compare(one->id, other->id);
}

static bool code_in(country_code code, const country_code *codes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

static size_t codes_in(const country_code *codes, size_t count, const country_code *among, size_t among_count)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++)
        found += code_in(codes[i], among, among_count);
    return found;
}

/* ---- §1, §2 ---- */

bool oracle_triggers(const struct rule *rule, const struct engine_incident *incident)
{
    if (incident->role != ROLE_TRIGGER || ((rule->categories >> incident->category) & 1) == 0)
        return false;
    const country_code *codes = incident->countries;
    size_t count = incident->country_count;
    if (rule->only_count > 0 && codes_in(codes, count, rule->only_countries, rule->only_count) == 0)
        return false;
    if (count > 0 && codes_in(codes, count, rule->except_countries, rule->except_count) == count)
        return false;
    return true;
}

static int64_t gap_of(const struct one *a, const struct one *b)
{
    int64_t later_start = a->incident->start_ms > b->incident->start_ms ? a->incident->start_ms : b->incident->start_ms;
    int64_t earlier_end = a->end < b->end ? a->end : b->end;
    return later_start > earlier_end ? later_start - earlier_end : 0;
}

static int64_t chord2_of(const struct one *a, const struct one *b)
{
    return point_chord2(a->incident->point, b->incident->point);
}

static bool near(const struct oracle *oracle, size_t a, size_t b)
{
    const struct one *one = &oracle->ones[a];
    const struct one *other = &oracle->ones[b];
    return one->trigger && other->trigger && chord2_of(one, other) <= oracle->reach2 &&
           gap_of(one, other) <= oracle->rule->window_ms;
}

static bool neighbours(const struct oracle *oracle, size_t a, size_t b)
{
    return a != b && !oracle->ones[a].coarse && !oracle->ones[b].coarse && near(oracle, a, b);
}

static void measure_up(const struct rule *rule, struct one *one)
{
    const struct engine_incident *incident = one->incident;
    bool too_long = incident->end_ms - incident->start_ms > rule->window_ms;
    one->end = too_long ? incident->start_ms + rule->window_ms : incident->end_ms;
    one->trigger = oracle_triggers(rule, incident);
    one->coarse = too_long || 2.0 * incident->radius_km > rule->reach_km || incident->radius_km > rule->max_radius_km;
}

bool oracle_counts(const struct rule *rule, const struct engine_incident *incident)
{
    struct one one = {.incident = incident};
    measure_up(rule, &one);
    return one.trigger && !one.coarse;
}

bool oracle_neighbours(const struct rule *rule, const struct engine_incident *a, const struct engine_incident *b)
{
    struct one ones[2] = {{.incident = a}, {.incident = b}};
    const struct oracle oracle = {rule, chord2_from_km(rule->reach_km), ones, 2};
    measure_up(rule, &ones[0]);
    measure_up(rule, &ones[1]);
    return neighbours(&oracle, 0, 1);
}

static void classify(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->count; i++) {
        struct one *one = &oracle->ones[i];
        measure_up(oracle->rule, one);
        one->anchor = SIZE_MAX;
        one->label = i;
    }
    for (size_t i = 0; i < oracle->count; i++) {
        size_t k = 0;
        for (size_t j = 0; j < oracle->count; j++)
            k += neighbours(oracle, i, j);
        oracle->ones[i].core = oracle->ones[i].trigger && !oracle->ones[i].coarse && k >= oracle->ones[i].threshold;
    }
}

/* ---- §4: the capped union ---- */

static u128 distance_part(const struct oracle *oracle, size_t a, size_t b)
{
    u128 window = (uint64_t)oracle->rule->window_ms;
    return (u128)(uint64_t)chord2_of(&oracle->ones[a], &oracle->ones[b]) * window * window;
}

static u128 time_part(const struct oracle *oracle, size_t a, size_t b)
{
    u128 gap = (uint64_t)gap_of(&oracle->ones[a], &oracle->ones[b]);
    return gap * gap * (uint64_t)oracle->reach2;
}

static u128 strength(const struct oracle *oracle, size_t a, size_t b)
{
    u128 distance = distance_part(oracle, a, b);
    u128 time = time_part(oracle, a, b);
    return distance > time ? distance : time;
}

static bool linked_earlier(const struct oracle *oracle, size_t core, size_t earlier)
{
    return earlier < core && oracle->ones[earlier].core && neighbours(oracle, core, earlier);
}

/* Span and box over a choice of ones. */
struct measure_of {
    bool any;
    int64_t first, last;
    struct point low, high;
};

static void take_in(struct measure_of *measure, const struct one *one)
{
    struct point p = one->incident->point;
    if (!measure->any)
        *measure = (struct measure_of){true, one->incident->start_ms, one->end, p, p};
    if (one->incident->start_ms < measure->first)
        measure->first = one->incident->start_ms;
    if (one->end > measure->last)
        measure->last = one->end;
    measure->low.x = p.x < measure->low.x ? p.x : measure->low.x;
    measure->low.y = p.y < measure->low.y ? p.y : measure->low.y;
    measure->low.z = p.z < measure->low.z ? p.z : measure->low.z;
    measure->high.x = p.x > measure->high.x ? p.x : measure->high.x;
    measure->high.y = p.y > measure->high.y ? p.y : measure->high.y;
    measure->high.z = p.z > measure->high.z ? p.z : measure->high.z;
}

static bool may_unite(const struct oracle *oracle, size_t a, size_t b)
{
    struct measure_of measure = {0};
    for (size_t i = 0; i < oracle->count; i++) {
        if (oracle->ones[i].core && (oracle->ones[i].label == a || oracle->ones[i].label == b))
            take_in(&measure, &oracle->ones[i]);
    }
    return measure.last - measure.first <= oracle->rule->cap_duration_ms &&
           point_chord2(measure.low, measure.high) <= chord2_from_km(oracle->rule->cap_extent_km);
}

static void relabel(struct oracle *oracle, size_t from, size_t to)
{
    for (size_t i = 0; i < oracle->count; i++) {
        if (oracle->ones[i].core && oracle->ones[i].label == from)
            oracle->ones[i].label = to;
    }
}

/* The earlier linked core with the strongest link whose episode is not in `tried`; SIZE_MAX: none. */
static size_t strongest_untried(const struct oracle *oracle, size_t core, const bool *tried)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < core; i++) {
        if (!linked_earlier(oracle, core, i) || tried[oracle->ones[i].label])
            continue;
        if (best == SIZE_MAX || strength(oracle, core, i) < strength(oracle, core, best))
            best = i; /* of equal ones the earlier stays */
    }
    return best;
}

static void unite(struct oracle *oracle)
{
    bool *tried = need(oracle->count, sizeof(*tried));
    for (size_t core = 0; core < oracle->count; core++) {
        if (!oracle->ones[core].core)
            continue;
        for (size_t i = 0; i < oracle->count; i++)
            tried[i] = false;
        for (;;) {
            size_t other = strongest_untried(oracle, core, tried);
            if (other == SIZE_MAX)
                break;
            size_t label = oracle->ones[other].label;
            tried[label] = true;
            if (may_unite(oracle, oracle->ones[core].label, label))
                relabel(oracle, oracle->ones[core].label, label);
            tried[oracle->ones[core].label] = true;
        }
    }
    free(tried);
    /* An episode is called by its key, its least core. */
    for (size_t i = 0; i < oracle->count; i++) {
        if (!oracle->ones[i].core)
            continue;
        for (size_t j = 0; j < i; j++) {
            if (oracle->ones[j].core && oracle->ones[j].label == oracle->ones[i].label)
                goto seen;
        }
        relabel(oracle, oracle->ones[i].label, oracle->count + i);
    seen:;
    }
    for (size_t i = 0; i < oracle->count; i++) {
        if (oracle->ones[i].core)
            oracle->ones[i].label -= oracle->count;
    }
}

static void attach(struct oracle *oracle)
{
    for (size_t i = 0; i < oracle->count; i++) {
        if (!oracle->ones[i].trigger || oracle->ones[i].core)
            continue;
        u128 best = 0;
        for (size_t j = 0; j < oracle->count; j++) {
            if (!oracle->ones[j].core || !near(oracle, i, j))
                continue;
            u128 sum = distance_part(oracle, i, j) + time_part(oracle, i, j);
            if (oracle->ones[i].anchor == SIZE_MAX || sum < best) {
                oracle->ones[i].anchor = j;
                best = sum;
            }
        }
    }
}

bool oracle_attachment(const struct rule *rule, const struct engine_incident *a, const struct engine_incident *b,
                       uint64_t ret_distance[2])
{
    struct one ones[2] = {{.incident = a}, {.incident = b}};
    const struct oracle oracle = {rule, chord2_from_km(rule->reach_km), ones, 2};
    measure_up(rule, &ones[0]);
    measure_up(rule, &ones[1]);
    if (!near(&oracle, 0, 1))
        return false;
    u128 distance = distance_part(&oracle, 0, 1) + time_part(&oracle, 0, 1);
    ret_distance[0] = (uint64_t)(distance >> 64);
    ret_distance[1] = (uint64_t)distance;
    return true;
}

/* ---- what an episode says ---- */

static void write_id(const struct oracle *oracle, size_t key, char ret_id[EPISODE_ID_BYTES])
{
    const struct engine_incident *incident = oracle->ones[key].incident;
    time_t seconds = (time_t)floor((double)incident->start_ms / 1000.0);
    struct tm tm;
    assert(gmtime_r(&seconds, &tm) != NULL);
    unsigned char text[2048];
    size_t name = oracle->rule->name.size;
    assert(name + 1 + incident->id.size <= sizeof(text));
    memcpy(text, oracle->rule->name.data, name);
    text[name] = 0;
    memcpy(text + name + 1, incident->id.data, incident->id.size);
    unsigned char hash[32];
    crypto_hash_sha256(hash, text, name + 1 + incident->id.size);
    memset(ret_id, 0, EPISODE_ID_BYTES);
    size_t size = strftime(ret_id, EPISODE_ID_BYTES, "%Y%m%dT%H%M%SZ-", &tm);
    for (int i = 0; i < 8; i++)
        size += (size_t)snprintf(ret_id + size, EPISODE_ID_BYTES - size, "%02x", hash[i]);
}

static bool is_member(const struct oracle *oracle, size_t key, size_t i)
{
    const struct one *one = &oracle->ones[i];
    if (one->core)
        return one->label == key;
    return one->anchor != SIZE_MAX && oracle->ones[one->anchor].label == key;
}

static void add_codes(country_code *to, size_t *count, const country_code *codes, size_t code_count)
{
    for (size_t i = 0; i < code_count; i++) {
        if (!code_in(codes[i], to, *count))
            to[(*count)++] = codes[i];
    }
}

static int by_code(const void *a, const void *b)
{
    return (int)*(const country_code *)a - (int)*(const country_code *)b;
}

static bool joins(const struct oracle *oracle, const struct oracle_episode *episode, const country_code *touched,
                  size_t touched_count, const struct engine_incident *incident)
{
    if (incident->role == ROLE_CONTEXT)
        return incident->start_ms <= episode->last_ms && episode->first_ms <= incident->end_ms &&
               codes_in(incident->touched_countries, incident->touched_country_count, touched, touched_count) > 0;
    return incident->start_ms <= episode->last_ms + oracle->rule->window_ms && episode->first_ms <= incident->end_ms &&
           !(incident->reported_at_ms != TIME_NONE && incident->reported_at_ms < episode->first_ms) &&
           codes_in(incident->countries, incident->country_count, episode->countries, episode->country_count) > 0;
}

static enum membership as_company(enum role role)
{
    if (role == ROLE_RESPONSE)
        return MEMBERSHIP_RESPONSE;
    return role == ROLE_CONSEQUENCE ? MEMBERSHIP_CONSEQUENCE : MEMBERSHIP_CONTEXT;
}

static struct oracle_episode describe(const struct oracle *oracle, size_t key)
{
    struct oracle_episode episode = {0};
    country_code touched[1024];
    size_t touched_count = 0;
    struct measure_of measure = {0};
    episode.countries = need(1024, sizeof(*episode.countries));
    episode.members = need(oracle->count, sizeof(*episode.members));
    write_id(oracle, key, episode.id);
    for (size_t i = 0; i < oracle->count; i++) {
        const struct engine_incident *incident = oracle->ones[i].incident;
        if (!is_member(oracle, key, i))
            continue;
        episode.observed++;
        take_in(&measure, &oracle->ones[i]);
        add_codes(episode.countries, &episode.country_count, incident->countries, incident->country_count);
        add_codes(touched, &touched_count, incident->touched_countries, incident->touched_country_count);
        for (size_t j = 0; oracle->ones[i].core && j < oracle->count; j++) {
            if (oracle->ones[j].core && neighbours(oracle, i, j) && oracle->ones[j].label != key)
                episode.capped = true;
        }
    }
    qsort(episode.countries, episode.country_count, sizeof(*episode.countries), by_code);
    episode.first_ms = measure.first;
    episode.last_ms = measure.last;
    episode.extent_km = chord2_to_km(point_chord2(measure.low, measure.high));
    if (episode.country_count >= oracle->rule->min_countries && episode.observed >= oracle->rule->min_incidents)
        episode.state = EPISODE_FLAGGED;
    for (size_t i = 0; i < oracle->count; i++) {
        const struct engine_incident *incident = oracle->ones[i].incident;
        struct oracle_member member = {incident, oracle->ones[i].core ? MEMBERSHIP_CORE : MEMBERSHIP_ATTACHED};
        if (incident->role != ROLE_TRIGGER) {
            member.membership = as_company(incident->role);
            if (episode.state != EPISODE_FLAGGED || !joins(oracle, &episode, touched, touched_count, incident))
                continue;
        } else if (!is_member(oracle, key, i)) {
            continue;
        }
        episode.members[episode.member_count++] = member;
    }
    size_t before = SIZE_MAX;
    for (size_t i = 0; i < key; i++) {
        if (linked_earlier(oracle, key, i) &&
            (before == SIZE_MAX || strength(oracle, key, i) < strength(oracle, key, before)))
            before = i;
    }
    if (before != SIZE_MAX)
        write_id(oracle, oracle->ones[before].label, episode.continues);
    return episode;
}

struct oracle_result oracle_run(const struct rule *rule, const struct oracle_input *inputs, size_t count)
{
    struct oracle oracle = {rule, chord2_from_km(rule->reach_km), need(count, sizeof(struct one)), count};
    struct oracle_input *sorted = need(count, sizeof(*sorted));
    for (size_t i = 0; i < count; i++)
        sorted[i] = inputs[i];
    qsort(sorted, count, sizeof(*sorted), by_start_and_id);
    for (size_t i = 0; i < count; i++) {
        oracle.ones[i].incident = sorted[i].incident;
        oracle.ones[i].threshold = sorted[i].threshold;
    }
    free(sorted);
    classify(&oracle);
    unite(&oracle);
    attach(&oracle);
    struct oracle_result result = {need(count, sizeof(struct oracle_episode)), 0};
    for (size_t i = 0; i < count; i++) {
        if (oracle.ones[i].core && oracle.ones[i].label == i)
            result.episodes[result.count++] = describe(&oracle, i);
    }
    free(oracle.ones);
    return result;
}

void oracle_free(struct oracle_result *result)
{
    for (size_t i = 0; i < result->count; i++) {
        free(result->episodes[i].countries);
        free(result->episodes[i].members);
    }
    free(result->episodes);
    *result = (struct oracle_result){0};
}
