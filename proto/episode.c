#include "proto/episode.h"

#include "proto/digest.h"

static void digest_lists(struct digest *digest, const struct episode *episode)
{
    digest_integer(digest, episode->country_count);
    for (size_t i = 0; i < episode->country_count; i++)
        digest_integer(digest, episode->countries[i]);
    digest_integer(digest, episode->member_count);
    for (size_t i = 0; i < episode->member_count; i++) {
        digest_text(digest, episode->members[i].incident_id);
        digest_text(digest, span_of(membership_name(episode->members[i].membership)));
    }
    digest_integer(digest, episode->members_omitted);
}

/* Only where there is one: the digests of before there were baselines stay what they are. */
static void digest_baseline(struct digest *digest, const struct episode *episode)
{
    digest_text(digest, episode->baseline_hash);
    digest_integer(digest, episode->recurrence_at_least);
    for (size_t i = 0; i < episode->member_count; i++) {
        digest_integer(digest, episode->members[i].history);
        digest_integer(digest, episode->members[i].threshold);
    }
}

void episode_digest(const struct episode *episode, unsigned char ret_digest[32])
{
    struct digest digest;
    digest_start(&digest);
    digest_text(&digest, SPAN("vedette.v1.Episode"));
    digest_text(&digest, episode->id);
    digest_text(&digest, episode->title);
    digest_text(&digest, episode->rule);
    digest_text(&digest, episode->rule_hash);
    digest_text(&digest, span_of(episode_state_name(episode->state)));
    digest_integer(&digest, episode->capped);
    digest_integer(&digest, episode->calibrated);
    digest_integer(&digest, (uint64_t)episode->first_ms);
    digest_integer(&digest, (uint64_t)episode->last_ms);
    digest_real(&digest, episode->extent_km);
    digest_text(&digest, episode->continues);
    digest_integer(&digest, episode->observed);
    digest_real(&digest, episode->expected);
    digest_real(&digest, episode->score);
    digest_real(&digest, episode->recurrence_days);
    digest_lists(&digest, episode);
    if (episode->baseline_hash.size > 0)
        digest_baseline(&digest, episode);
    digest_finish(&digest, ret_digest);
}
