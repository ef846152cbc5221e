/* The publisher: turns what the pipeline and the engine tell into publications, in one stream, each with the position
 * of what caused it.
 *
 *   incident, rule, engine_change ──▶ publication (revision, title, cause, digest) ──▶ packed ──▶ outlet
 *
 * It remembers of each episode that is not final what was told last: revision, digest, state, whom it superseded. An
 * episode whose content has not changed is not told again. */
#pragma once

#include "base/status.h"
#include "correlator/engine/engine.h"
#include "proto/episode.h"

#include <stdint.h>

struct publisher;

struct publisher_outlet {
    /* Takes one packed publication. Borrows the item. */
    enum status (*publish)(void *self, struct span item);
    void *self;
};

/* rules are borrowed for its life, baselines and all. epoch: of every position. */
enum status publisher_new(const struct rule *rules, size_t rule_count, uint64_t epoch,
                          const struct publisher_outlet *outlet, struct publisher **ret_publisher) MUST_CHECK;
void publisher_free(struct publisher *publisher);
/* What is told from now on was caused by item `number` (of the journal): its position. What an item brought about is
 * the same whenever it is told, and however often: so is its position. */
void publisher_at(struct publisher *publisher, uint64_t number);
enum status publisher_rules(struct publisher *publisher) MUST_CHECK;
/* The report as it stands; status and revision are those of the standing one (see registry.h, VERDICT_BODY). */
enum status publisher_incident(struct publisher *publisher, const struct report *report) MUST_CHECK;
/* An incident of several reports, or of one. Its position is the publisher's. */
enum status publisher_whole(struct publisher *publisher, enum publication_kind kind,
                            const struct incident *incident) MUST_CHECK;
/* A bare retraction. */
enum status publisher_retraction(struct publisher *publisher, const struct report *report) MUST_CHECK;
/* A source fell silent, or is back; since_ms of the wall clock. Its position is the publisher's. */
enum status publisher_notice(struct publisher *publisher, struct span source, enum notice_kind kind, int64_t since_ms,
                             struct span text) MUST_CHECK;
/* As the engine's `change` event; the members' records (registry.h) say what was done to them. */
enum status publisher_episode(struct publisher *publisher, const struct engine_change *change) MUST_CHECK;
/* The episodes told from now on are judged by the baselines that are in the rules now. hash: of their file, "" = none.
 * occasion: begins the cause of every episode until publisher_occasion_over, or empty. Copies both. */
enum status publisher_baseline(struct publisher *publisher, const char *hash, struct span occasion) MUST_CHECK;
/* Of the baseline, "" = none. */
const char *publisher_baseline_hash(const struct publisher *publisher);
void publisher_occasion_over(struct publisher *publisher);
/* How what is told is taken. */
enum publisher_mode {
    PUBLISHER_TELLS,
    PUBLISHER_RECALLS, /* it is told again as the sinks know it: what it remembers nothing of was told final and
                          forgotten, and is remembered again; nothing of that is published. What it remembers otherwise
                          than it is told now is */
    PUBLISHER_REOPENS, /* that an episode is not final is no news: it is about to be again. What is new may have been
                          told before: its revisions go on beyond any it can have had */
};
void publisher_mode(struct publisher *publisher, enum publisher_mode mode);
/* Begins the cause of every episode told until publisher_occasion_over. Copied, cut at 255 bytes. */
void publisher_occasion(struct publisher *publisher, const char *occasion);

/* What it remembers of an episode; one without an id is of all it has forgotten. Borrowed. */
struct publisher_told {
    char id[EPISODE_ID_BYTES];
    struct span rule; /* its name; empty: of a rule there is no more */
    uint32_t revision;
    enum episode_state state;
    bool capped;
    bool final;
    int64_t last_ms;
    unsigned char digest[32];
    struct span cause;
    const char (*supersedes)[EPISODE_ID_BYTES]; /* ascending */
    size_t supersedes_count;
};
/* In no order. Answers the visitor's status if it is not OK. */
typedef enum status (*publisher_visitor)(void *self, const struct publisher_told *told);
enum status publisher_visit(const struct publisher *publisher, publisher_visitor visitor, void *self) MUST_CHECK;
/* Remembers what another publisher did. STATUS_INVALID: it remembers it already. */
enum status publisher_load(struct publisher *publisher, const struct publisher_told *told) MUST_CHECK;
/* Forgets all it told, but for how great a revision can have been: it is told anew. */
void publisher_drop(struct publisher *publisher);
/* Takes back an episode that other rules made and these do not, as the occasion says. Nothing happens where it is
 * remembered. */
enum status publisher_withdraw(struct publisher *publisher, const struct publisher_told *told) MUST_CHECK;
/* Forgets the withdrawn episodes that ended before the engine's horizon: they hardly come back. O(all). */
void publisher_forget(struct publisher *publisher, int64_t horizon_ms);
/* Revisions of episodes published so far. */
uint64_t publisher_revisions(const struct publisher *publisher);
