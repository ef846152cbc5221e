#include "agents/locate/claims.h"

/* An answer that stands for some of the territories that hold the place. */
struct candidate {
    const struct atlas_claim *claim; /* NULL: the territory stands for itself */
    country_code where;
    uint64_t area_km2;
};

static bool candidate_better(const struct candidate *a, const struct candidate *b)
{
    if (b->where == 0 || a->area_km2 != b->area_km2)
        return b->where == 0 || a->area_km2 < b->area_km2;
    return a->where < b->where;
}

/* Marks what the claim finds among the untaken, if it is all there, and answers the mask; else 0. */
static uint32_t claim_match(const struct atlas_claim *claim, const uint16_t *held, size_t count, uint32_t taken)
{
    uint32_t mask = 0;
    for (uint16_t f = 0; f < claim->found_count; f++) {
        uint32_t bit = 0;
        for (size_t i = 0; i < count; i++)
            if (held[i] == claim->found[f])
                bit = 1u << i;
        if (bit == 0 || (taken & bit) != 0)
            return 0;
        mask |= bit;
    }
    return mask;
}

/* The least of the countries in the mask; an area's own only where there is no country. */
static uint64_t mask_area(const struct atlas *atlas, const uint16_t *held, size_t count, uint32_t mask)
{
    uint64_t least[2] = {UINT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < count; i++) {
        const struct atlas_territory *territory = &atlas->territories[held[i]];
        uint64_t *slot = &least[atlas_code_is_area(territory->code)];
        if ((mask >> i & 1u) != 0 && territory->area_km2 < *slot)
            *slot = territory->area_km2;
    }
    return least[0] != UINT64_MAX ? least[0] : least[1];
}

static size_t candidate_write(const struct candidate *best, struct country *ret_countries)
{
    if (best->where == 0)
        return 0;
    size_t count = 0;
    size_t claimants = best->claim != NULL ? best->claim->claimed_by_count : 0;
    size_t next = 0;
    while (next < claimants && best->claim->claimed_by[next] < best->where)
        ret_countries[count++] = (struct country){best->claim->claimed_by[next++], COUNTRY_CLAIMED_BY};
    ret_countries[count++] = (struct country){best->where, COUNTRY_WHERE};
    while (next < claimants)
        ret_countries[count++] = (struct country){best->claim->claimed_by[next++], COUNTRY_CLAIMED_BY};
    return count;
}

size_t claims_resolve(const struct atlas *atlas, const uint16_t *held, size_t held_count,
                      struct country ret_countries[CLAIMS_COUNTRIES_MAX])
{
    struct candidate best = {.where = 0};
    uint32_t taken = 0;
    for (size_t row = 0; row < atlas->claim_count; row++) {
        const struct atlas_claim *claim = &atlas->claims[row];
        uint32_t mask = claim_match(claim, held, held_count, taken);
        if (mask == 0)
            continue;
        taken |= mask;
        struct candidate candidate = {claim, claim->where, mask_area(atlas, held, held_count, mask)};
        if (candidate_better(&candidate, &best))
            best = candidate;
    }
    for (size_t i = 0; i < held_count; i++) {
        const struct atlas_territory *territory = &atlas->territories[held[i]];
        if ((taken >> i & 1u) != 0 || atlas_code_is_area(territory->code))
            continue;
        struct candidate candidate = {NULL, territory->code, territory->area_km2};
        if (candidate_better(&candidate, &best))
            best = candidate;
    }
    return candidate_write(&best, ret_countries);
}
