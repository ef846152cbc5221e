#include "correlator/publisher.h"

#include "base/arena.h"
#include "correlator/baseline/file.h"
#include "correlator/baseline/surprise.h"
#include "correlator/registry.h"
#include "correlator/rule_config.h"
#include "correlator/tellings.h"
#include "correlator/wording.h"
#include "correlator/yardstick.h"
#include "proto/codec.h"
#include "proto/limits.h"

#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES (64u * 1024u * 1024u)
/* An episode must fit one item whatever its members are called: their ids and what they cost beside, and all else. */
#define MEMBERS_BYTES (LIMIT_EPISODE_BYTES - 65536u)
#define MEMBER_COST   22u

struct publisher {
    const struct rule *rules;
    size_t rule_count;
    char (*hashes)[RULE_HASH_BYTES];
    struct stream_position position; /* of what causes the next publication */
    struct publisher_outlet outlet;
    struct tellings told;
    enum publisher_mode mode;
    struct arena arena;
    struct text bytes;
    uint64_t revisions;
    struct yardstick *yardstick;
    char baseline_hash[BASELINE_HASH_BYTES];
    char occasion[256]; /* "": incidents make the changes */
};

enum status publisher_new(const struct rule *rules, size_t rule_count, uint64_t epoch,
                          const struct publisher_outlet *outlet, struct publisher **ret_publisher)
{
    struct publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL)
        return STATUS_NO_MEMORY;
    publisher->hashes = calloc(rule_count, sizeof *publisher->hashes);
    if (publisher->hashes == NULL || yardstick_new(&publisher->yardstick) != STATUS_OK) {
        free(publisher->hashes);
        free(publisher);
        return STATUS_NO_MEMORY;
    }
    publisher->rules = rules;
    publisher->rule_count = rule_count;
    for (size_t i = 0; i < rule_count; i++)
        rule_hash(&rules[i], publisher->hashes[i]);
    publisher->position.epoch = epoch;
    tellings_init(&publisher->told);
    publisher->outlet = *outlet;
    arena_init(&publisher->arena, ARENA_BYTES);
    *ret_publisher = publisher;
    return STATUS_OK;
}

void publisher_free(struct publisher *publisher)
{
    if (publisher == NULL)
        return;
    tellings_fini(&publisher->told);
    arena_fini(&publisher->arena);
    text_fini(&publisher->bytes);
    yardstick_free(publisher->yardstick);
    free(publisher->hashes);
    free(publisher);
}

/* Packs and hands over. */
static enum status publish(struct publisher *publisher, struct publication *publication)
{
    text_clear(&publisher->bytes);
    enum status status = publication_pack(publication, &publisher->bytes);
    if (status == STATUS_OK)
        status = publisher->outlet.publish(publisher->outlet.self,
                                           (struct span){publisher->bytes.data, publisher->bytes.size});
    return status;
}

void publisher_at(struct publisher *publisher, uint64_t number)
{
    publisher->position.number = number;
}

enum status publisher_rules(struct publisher *publisher)
{
    enum status status = STATUS_OK;
    struct text json = {0};
    for (size_t i = 0; i < publisher->rule_count && status == STATUS_OK; i++) {
        text_clear(&json);
        rule_to_json(&publisher->rules[i], &json);
        status = json.failed ? STATUS_NO_MEMORY
                             : publish(publisher, &(struct publication){
                                                      .kind = PUBLICATION_RULE,
                                                      .rule = {.name = publisher->rules[i].name,
                                                               .hash = span_of(publisher->hashes[i]),
                                                               .json = {json.data, json.size}},
                                                  });
    }
    text_fini(&json);
    return status;
}

static enum status publish_incident(struct publisher *publisher, enum publication_kind kind,
                                    const struct report *report)
{
    if (publisher->mode == PUBLISHER_RECALLS)
        return STATUS_OK;
    char id[LIMIT_INCIDENT_ID_BYTES + 1];
    struct publication publication = {
        .kind = kind,
        .incident = {.id = {id, report_incident_id(report, id, sizeof id)},
                     .position = publisher->position,
                     .reports = report,
                     .report_count = 1},
    };
    return publish(publisher, &publication);
}

enum status publisher_whole(struct publisher *publisher, enum publication_kind kind, const struct incident *incident)
{
    if (publisher->mode == PUBLISHER_RECALLS)
        return STATUS_OK;
    struct publication publication = {.kind = kind, .incident = *incident};
    publication.incident.position = publisher->position;
    return publish(publisher, &publication);
}

enum status publisher_incident(struct publisher *publisher, const struct report *report)
{
    return publish_incident(publisher, PUBLICATION_INCIDENT, report);
}

enum status publisher_retraction(struct publisher *publisher, const struct report *report)
{
    return publish_incident(publisher, PUBLICATION_RETRACTED, report);
}

enum status publisher_notice(struct publisher *publisher, struct span source, enum notice_kind kind, int64_t since_ms,
                             struct span text)
{
    struct publication publication = {
        .kind = PUBLICATION_NOTICE,
        .notice = {.source = source, .kind = kind, .since_ms = since_ms, .position = publisher->position, .text = text},
    };
    return publish(publisher, &publication);
}

/* The episode's own digest, and those of what its members' reports say: a corrected headline is a changed episode. */
static void content_digest(const struct episode *episode, const struct engine_change *change,
                           unsigned char ret_digest[32])
{
    crypto_generichash_state state;
    unsigned char own[32];
    episode_digest(episode, own);
    (void)crypto_generichash_init(&state, NULL, 0, 32);
    (void)crypto_generichash_update(&state, own, sizeof own);
    for (size_t i = 0; i < change->member_count; i++) {
        const struct record *record = change->members[i].incident->user;
        (void)crypto_generichash_update(&state, record->digest, sizeof record->digest);
    }
    (void)crypto_generichash_final(&state, ret_digest, 32);
}

static enum status remember_superseded(struct told *told, const struct engine_change *change)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < change->supersedes_count && status == STATUS_OK; i++)
        status = told_add_superseded(told, change->supersedes[i]);
    return status;
}

/* How many of the members one item can carry. */
static size_t members_carried(const struct engine_change *change)
{
    size_t count = 0, bytes = 0;
    while (count < change->member_count && count < LIMIT_EPISODE_MEMBERS) {
        bytes += change->members[count].incident->id.size + MEMBER_COST;
        if (bytes > MEMBERS_BYTES)
            break;
        count++;
    }
    return count;
}

/* Who is a core, or might have been, is measured; the others trigger nothing. */
static void measure(struct publisher *publisher, const struct engine_change *change, size_t index,
                    struct episode_member *member)
{
    const struct baseline_rule *baseline = publisher->rules[change->rule].baseline;
    if (baseline != NULL && (member->membership == MEMBERSHIP_CORE || member->membership == MEMBERSHIP_ATTACHED))
        yardstick_measure(publisher->yardstick, change->rule, baseline, change->members[index].incident,
                          &member->history, &member->threshold);
}

/* Members and lineage as spans in the arena. */
static bool fill_lists(struct publisher *publisher, const struct engine_change *change, const struct told *told,
                       struct episode *episode)
{
    size_t count = members_carried(change);
    struct episode_member *members = arena_take(&publisher->arena, count * sizeof *members);
    struct span *supersedes = arena_take(&publisher->arena, told->supersedes_count * sizeof *supersedes);
    if (members == NULL || supersedes == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        members[i] = (struct episode_member){.incident_id = change->members[i].incident->id,
                                             .membership = change->members[i].membership};
        measure(publisher, change, i, &members[i]);
    }
    for (size_t i = 0; i < told->supersedes_count; i++)
        supersedes[i] = span_of(told->supersedes[i]);
    episode->members = members;
    episode->member_count = count;
    episode->members_omitted = change->member_count - count;
    episode->supersedes = supersedes;
    episode->supersedes_count = told->supersedes_count;
    return true;
}

/* What made this revision: what made its content, and that it is final, if it is. */
static struct span final_cause(struct publisher *publisher, struct span cause)
{
    return arena_print(&publisher->arena, "%.*s%sfinal", SPAN_ARG(cause), cause.size > 0 ? "; " : "");
}

/* What chance has to do with it. One that is withdrawn says what it last said. */
static enum status fill_surprise(struct publisher *publisher, const struct engine_change *change,
                                 const struct told *told, struct episode *episode)
{
    const struct baseline_rule *baseline = publisher->rules[change->rule].baseline;
    if (baseline == NULL)
        return STATUS_OK;
    struct engine_change last = *change;
    struct surprise surprise;
    if (last.state == EPISODE_WITHDRAWN)
        last.state = told->state;
    enum status status = surprise_of_change(baseline, &last, &surprise);
    if (status != STATUS_OK)
        return status;
    episode->calibrated = true;
    episode->baseline_hash = span_of(publisher->baseline_hash);
    episode->expected = surprise.expected;
    episode->score = surprise.score;
    episode->recurrence_days = surprise.recurrence_days;
    episode->recurrence_at_least = surprise.recurrence_at_least;
    return STATUS_OK;
}

/* What may have been told before, and was forgotten, goes on beyond any revision it can have had. */
static uint32_t revision_before(const struct publisher *publisher, const struct engine_change *change)
{
    bool is_new = publisher->mode == PUBLISHER_TELLS && change->first_ms >= publisher->told.forgotten_ms;
    return is_new ? 0 : publisher->told.forgotten_revision;
}

static struct told *told_of(struct publisher *publisher, const struct engine_change *change, bool *ret_is_new)
{
    struct told *told = tellings_find(&publisher->told, change->id);
    *ret_is_new = told == NULL;
    if (told == NULL && (told = tellings_add(&publisher->told, change->id)) != NULL)
        told->revision = revision_before(publisher, change);
    if (told != NULL)
        told->rule = change->rule;
    return told;
}

static struct episode episode_of(struct publisher *publisher, const struct engine_change *change,
                                 const struct told *told)
{
    return (struct episode){
        .id = span_of(told->id),
        .revision = told->revision + 1,
        .position = publisher->position,
        .title = title_words(change, &publisher->arena),
        .rule = publisher->rules[change->rule].name,
        .rule_hash = span_of(publisher->hashes[change->rule]),
        .state = change->state,
        .final = change->final,
        .capped = change->capped,
        .countries = change->countries,
        .country_count = change->country_count,
        .first_ms = change->first_ms,
        .last_ms = change->last_ms,
        .extent_km = change->extent_km,
        .continues = span_of(change->continues),
        .observed = change->observed,
        .expected = NAN,
        .score = NAN,
        .recurrence_days = NAN,
        .superseded_by = span_of(change->superseded_by),
    };
}

/* Is it what was told last? */
static bool is_known(const struct publisher *publisher, const struct engine_change *change, const struct told *told,
                     const struct episode *episode)
{
    bool as_final = told->final == episode->final || (publisher->mode != PUBLISHER_TELLS && !episode->final);
    return as_final && memcmp(told->digest, episode->digest, sizeof told->digest) == 0 && change->supersedes_count == 0;
}

static void told_set(struct told *told, const struct episode *episode)
{
    told->state = episode->state;
    told->capped = episode->capped;
    told->final = episode->final;
    told->last_ms = episode->last_ms;
    memcpy(told->digest, episode->digest, sizeof told->digest);
}

static enum status episode_publish(struct publisher *publisher, const struct engine_change *change, struct told *told,
                                   struct publication *publication)
{
    struct episode *episode = &publication->episode;
    struct span cause = cause_words(change, span_of(publisher->occasion), told->state, told->capped, &publisher->arena);
    if (cause.size == 0) /* nothing but final: it says what made the content it has */
        cause = span_of(told->cause);
    episode->cause = change->final ? final_cause(publisher, cause) : cause;
    enum status status = publish(publisher, publication);
    if (status == STATUS_OK && !change->final)
        status = told_set_cause(told, cause);
    if (status != STATUS_OK)
        return status;
    publisher->revisions++;
    told->revision = episode->revision;
    told_set(told, episode);
    return STATUS_OK;
}

enum status publisher_episode(struct publisher *publisher, const struct engine_change *change)
{
    bool is_new;
    if (change->state == EPISODE_WITHDRAWN && tellings_find(&publisher->told, change->id) == NULL)
        return STATUS_OK; /* never told: nothing to take back */
    struct told *told = told_of(publisher, change, &is_new);
    enum status status = told != NULL ? remember_superseded(told, change) : STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;

    arena_reset(&publisher->arena);
    struct publication publication = {.kind = PUBLICATION_EPISODE, .episode = episode_of(publisher, change, told)};
    struct episode *episode = &publication.episode;
    status = fill_surprise(publisher, change, told, episode);
    if (status == STATUS_OK && !fill_lists(publisher, change, told, episode))
        status = STATUS_NO_MEMORY;
    if (status != STATUS_OK)
        return status;
    content_digest(episode, change, episode->digest);
    if (is_new && publisher->mode == PUBLISHER_RECALLS) {
        told_set(told, episode);
        told->final = true; /* that is why it was forgotten */
    } else if (is_new || !is_known(publisher, change, told, episode)) {
        status = episode_publish(publisher, change, told, &publication);
    }
    if (status == STATUS_OK && change->final)
        tellings_forget(&publisher->told, told);
    return status;
}

enum status publisher_baseline(struct publisher *publisher, const char *hash, struct span occasion)
{
    if (strlen(hash) >= sizeof publisher->baseline_hash || occasion.size >= sizeof publisher->occasion)
        return STATUS_TOO_LARGE;
    yardstick_clear(publisher->yardstick);
    memcpy(publisher->baseline_hash, hash, strlen(hash) + 1);
    memcpy(publisher->occasion, occasion.data != NULL ? occasion.data : "", occasion.size);
    publisher->occasion[occasion.size] = '\0';
    return STATUS_OK;
}

const char *publisher_baseline_hash(const struct publisher *publisher)
{
    return publisher->baseline_hash;
}

void publisher_occasion(struct publisher *publisher, const char *occasion)
{
    (void)snprintf(publisher->occasion, sizeof publisher->occasion, "%s", occasion);
}

void publisher_occasion_over(struct publisher *publisher)
{
    publisher->occasion[0] = '\0';
}

void publisher_mode(struct publisher *publisher, enum publisher_mode mode)
{
    publisher->mode = mode;
}

/* --- what it remembers, for who comes after --- */

static struct publisher_told row_of(const struct publisher *publisher, const struct told *told)
{
    struct publisher_told row = {
        .rule = told->rule < publisher->rule_count ? publisher->rules[told->rule].name : SPAN(""),
        .revision = told->revision,
        .state = told->state,
        .capped = told->capped,
        .final = told->final,
        .last_ms = told->last_ms,
        .cause = span_of(told->cause),
        .supersedes = (const char(*)[EPISODE_ID_BYTES])told->supersedes,
        .supersedes_count = told->supersedes_count,
    };
    memcpy(row.id, told->id, sizeof row.id);
    memcpy(row.digest, told->digest, sizeof row.digest);
    return row;
}

enum status publisher_visit(const struct publisher *publisher, publisher_visitor visitor, void *self)
{
    const struct publisher_told forgotten = {.revision = publisher->told.forgotten_revision,
                                             .last_ms = publisher->told.forgotten_ms};
    enum status status = visitor(self, &forgotten);
    for (const struct told *told = publisher->told.first; told != NULL && status == STATUS_OK; told = told->hh.next) {
        const struct publisher_told row = row_of(publisher, told);
        status = visitor(self, &row);
    }
    return status;
}

enum status publisher_load(struct publisher *publisher, const struct publisher_told *row)
{
    if (row->id[0] == '\0') {
        publisher->told.forgotten_revision = row->revision;
        publisher->told.forgotten_ms = row->last_ms;
        return STATUS_OK;
    }
    if (tellings_find(&publisher->told, row->id) != NULL)
        return STATUS_INVALID;
    struct told *told = tellings_add(&publisher->told, row->id);
    if (told == NULL)
        return STATUS_NO_MEMORY;
    while (told->rule < publisher->rule_count && !span_equal(publisher->rules[told->rule].name, row->rule))
        told->rule++;
    told->revision = row->revision;
    told->state = row->state;
    told->capped = row->capped;
    told->final = row->final;
    told->last_ms = row->last_ms;
    memcpy(told->digest, row->digest, sizeof told->digest);
    enum status status = told_set_cause(told, row->cause);
    for (size_t i = 0; i < row->supersedes_count && status == STATUS_OK; i++)
        status = told_add_superseded(told, row->supersedes[i]);
    return status;
}

void publisher_drop(struct publisher *publisher)
{
    while (publisher->told.first != NULL)
        tellings_forget(&publisher->told, publisher->told.first);
}

enum status publisher_withdraw(struct publisher *publisher, const struct publisher_told *row)
{
    if (row->state == EPISODE_WITHDRAWN || tellings_find(&publisher->told, row->id) != NULL)
        return STATUS_OK;
    struct publication publication = {
        .kind = PUBLICATION_EPISODE,
        .episode = {.id = span_of(row->id),
                    .revision = row->revision + 1,
                    .position = publisher->position,
                    .title = SPAN("Withdrawn: the rules are others now"),
                    .rule = row->rule,
                    .state = EPISODE_WITHDRAWN,
                    .final = true,
                    .first_ms = row->last_ms,
                    .last_ms = row->last_ms,
                    .expected = NAN,
                    .score = NAN,
                    .recurrence_days = NAN,
                    .cause = span_of(publisher->occasion)},
    };
    episode_digest(&publication.episode, publication.episode.digest);
    enum status status = publish(publisher, &publication);
    publisher->revisions += status == STATUS_OK;
    return status;
}

void publisher_forget(struct publisher *publisher, int64_t horizon_ms)
{
    tellings_sweep(&publisher->told, horizon_ms);
}

uint64_t publisher_revisions(const struct publisher *publisher)
{
    return publisher->revisions;
}
