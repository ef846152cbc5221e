#include "cli/replay/comparison.h"

#include "cli/wording.h"

#include <stdlib.h>

struct comparison {
    const struct kept_list *here, *there;
    size_t *partner; /* of each here: index there + 1, 0 none */
    bool *taken;     /* of each there */
    struct zone *zone;
    FILE *stream;
};

static bool is_counted(const struct episode_member *member)
{
    return member->membership == MEMBERSHIP_CORE || member->membership == MEMBERSHIP_ATTACHED;
}

static bool has_member(const struct episode *episode, struct span id)
{
    for (size_t i = 0; i < episode->member_count; i++) {
        if (is_counted(&episode->members[i]) && span_equal(episode->members[i].incident_id, id))
            return true;
    }
    return false;
}

static size_t shared_members(const struct episode *a, const struct episode *b)
{
    size_t shared = 0;
    if (a->first_ms > b->last_ms || b->first_ms > a->last_ms)
        return 0;
    for (size_t i = 0; i < a->member_count; i++)
        shared += is_counted(&a->members[i]) && has_member(b, a->members[i].incident_id);
    return shared;
}

static void pair(struct comparison *comparison, size_t here, size_t there)
{
    comparison->partner[here] = there + 1;
    comparison->taken[there] = true;
}

static void pair_by_id(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->here->count; i++) {
        for (size_t j = 0; j < comparison->there->count && comparison->partner[i] == 0; j++) {
            if (span_equal(comparison->here->episodes[i]->episode.id, comparison->there->episodes[j]->episode.id))
                pair(comparison, i, j);
        }
    }
}

static void pair_by_members(struct comparison *comparison)
{
    for (size_t i = 0; i < comparison->here->count; i++) {
        const struct episode *here = &comparison->here->episodes[i]->episode;
        size_t best = 0, best_shared = 0;
        for (size_t j = 0; j < comparison->there->count && comparison->partner[i] == 0; j++) {
            const struct episode *there = &comparison->there->episodes[j]->episode;
            if (comparison->taken[j] || !span_equal(here->rule, there->rule))
                continue;
            size_t shared = shared_members(here, there);
            if (shared > best_shared) {
                best_shared = shared;
                best = j;
            }
        }
        if (best_shared > 0)
            pair(comparison, i, best);
    }
}

static void print_episode(const struct comparison *comparison, const char *mark, const struct episode *episode)
{
    char first[TIME_TEXT_BYTES];
    zone_format_short(comparison->zone, episode->first_ms, ZONE_DAY, first);
    fprintf(comparison->stream, "%s  %s  %.*s: %.*s\n", mark, first, SPAN_ARG(episode->rule), SPAN_ARG(episode->title));
}

/* "+ ids" of a that b has not. */
static void print_members(const struct comparison *comparison, const char *sign, const struct episode *a,
                          const struct episode *b)
{
    size_t count = 0;
    for (size_t i = 0; i < a->member_count; i++) {
        if (!is_counted(&a->members[i]) || has_member(b, a->members[i].incident_id))
            continue;
        fprintf(comparison->stream, "%s %.*s", count++ == 0 ? sign : "", SPAN_ARG(a->members[i].incident_id));
    }
    if (count > 0)
        fputc('\n', comparison->stream);
}

static bool same_countries(const struct episode *a, const struct episode *b)
{
    return a->country_count == b->country_count &&
           (a->country_count == 0 || memcmp(a->countries, b->countries, a->country_count * sizeof *a->countries) == 0);
}

/* True where something differs. */
static bool print_change(const struct comparison *comparison, const struct episode *here, const struct episode *there)
{
    bool members = shared_members(here, there) == here->observed && here->observed == there->observed;
    if (members && same_countries(here, there))
        return false;
    print_episode(comparison, "changed   ", here);
    char before[512], after[512];
    words_countries(here->countries, here->country_count, ", ", before, sizeof before);
    words_countries(there->countries, there->country_count, ", ", after, sizeof after);
    if (!same_countries(here, there))
        fprintf(comparison->stream, "            countries there: %s (here: %s)\n", after, before);
    print_members(comparison, "            members only here: ", here, there);
    print_members(comparison, "            members only there:", there, here);
    return true;
}

static struct comparison_counts print_all(const struct comparison *comparison)
{
    struct comparison_counts counts = {0};
    for (size_t i = 0; i < comparison->here->count; i++) {
        const struct episode *here = &comparison->here->episodes[i]->episode;
        if (comparison->partner[i] == 0) {
            print_episode(comparison, "only here ", here);
            counts.only_here++;
        } else if (print_change(comparison, here, &comparison->there->episodes[comparison->partner[i] - 1]->episode)) {
            counts.changed++;
        } else {
            counts.same++;
        }
    }
    for (size_t j = 0; j < comparison->there->count; j++) {
        if (comparison->taken[j])
            continue;
        print_episode(comparison, "only there", &comparison->there->episodes[j]->episode);
        counts.only_there++;
    }
    fprintf(comparison->stream, "compared: %zu same, %zu changed, %zu only here, %zu only there\n", counts.same,
            counts.changed, counts.only_here, counts.only_there);
    return counts;
}

enum status comparison_print(const struct kept_list *here, const struct kept_list *there, struct zone *zone,
                             FILE *stream, struct comparison_counts *ret_counts)
{
    struct comparison comparison = {.here = here,
                                    .there = there,
                                    .partner = calloc(here->count + 1, sizeof *comparison.partner),
                                    .taken = calloc(there->count + 1, sizeof *comparison.taken),
                                    .zone = zone,
                                    .stream = stream};
    enum status status = STATUS_NO_MEMORY;
    if (comparison.partner != NULL && comparison.taken != NULL) {
        pair_by_id(&comparison);
        pair_by_members(&comparison);
        *ret_counts = print_all(&comparison);
        status = STATUS_OK;
    }
    free(comparison.partner);
    free(comparison.taken);
    return status;
}
