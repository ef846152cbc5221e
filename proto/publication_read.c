/* Bytes → publications: the correlator is trusted to be honest, not to be free of mistakes, and its peer may be a
 * stranger. */
#include "proto/check.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/report_wire.h"
#include "proto/unpack.h"
#include "vedette/v1/episode.pb-c.h"

#include <math.h>

#define X(name, text) [EPISODE_##name] = VEDETTE__V1__EPISODE_STATE__EPISODE_STATE_##name,
static const int wire_state[] = {STATE_LIST(X)};
#undef X
#define X(name, text) [NOTICE_##name] = VEDETTE__V1__NOTICE_KIND__NOTICE_KIND_##name,
static const int wire_notice[] = {NOTICE_KIND_LIST(X)};
#undef X
#define X(name, text) [MEMBERSHIP_##name] = VEDETTE__V1__MEMBERSHIP__MEMBERSHIP_##name,
static const int wire_membership[] = {MEMBERSHIP_LIST(X)};
#undef X

static struct stream_position read_position(const Vedette__V1__StreamPosition *message)
{
    return message != NULL ? (struct stream_position){message->epoch, message->number} : (struct stream_position){0, 0};
}

static enum status no_memory(char reason[REASON_BYTES])
{
    (void)refuse(reason, "no memory to read a publication");
    return STATUS_NO_MEMORY;
}

/* An id is never empty. */
static enum status check_id(const char *field, struct span id, size_t size_max, char reason[REASON_BYTES])
{
    return id.size > 0 ? check_plain(field, id, size_max, reason) : refuse(reason, "%s is missing", field);
}

static enum status incident_read(const Vedette__V1__Incident *message, struct arena *arena,
                                 struct incident *ret_incident, char reason[REASON_BYTES])
{
    struct incident incident = {.id = span_of_bytes(message->id),
                                .position = read_position(message->position),
                                .report_count = message->n_reports,
                                .reports_omitted = message->reports_omitted,
                                .publishers = message->publishers};
    enum status status = check_id("incident.id", incident.id, LIMIT_INCIDENT_ID_BYTES, reason);
    if (status != STATUS_OK)
        return status;
    if (message->n_reports == 0 || message->n_reports > LIMIT_INCIDENT_REPORTS)
        return refuse(reason, "incident: %zu reports, expected 1 to %u", message->n_reports, LIMIT_INCIDENT_REPORTS);
    struct report *reports = arena_take(arena, message->n_reports * sizeof *reports);
    if (reports == NULL)
        return no_memory(reason);
    for (size_t i = 0; i < message->n_reports; i++) {
        status = report_read(span_of_bytes(message->reports[i]), arena, &reports[i], reason);
        if (status != STATUS_OK)
            return status;
    }
    incident.reports = reports;
    *ret_incident = incident;
    return STATUS_OK;
}

static enum status read_episode_countries(const Vedette__V1__Episode *message, struct arena *arena,
                                          struct episode *episode, char reason[REASON_BYTES])
{
    country_code *codes = arena_take(arena, message->n_countries * sizeof *codes);
    if (codes == NULL)
        return no_memory(reason);
    for (size_t i = 0; i < message->n_countries; i++) {
        struct span code = span_of_bytes(message->countries[i]);
        if (country_code_parse(code, &codes[i]) != STATUS_OK)
            return refuse(reason, "episode.countries: \"%s\", expected two capital letters", shown(code).text);
        if (i > 0 && codes[i] <= codes[i - 1])
            return refuse(reason, "episode.countries: %s is out of order", shown(code).text);
    }
    episode->countries = codes;
    episode->country_count = message->n_countries;
    return STATUS_OK;
}

static enum status read_episode_supersedes(const Vedette__V1__Episode *message, struct arena *arena,
                                           struct episode *episode, char reason[REASON_BYTES])
{
    struct span *ids = arena_take(arena, message->n_supersedes * sizeof *ids);
    if (ids == NULL)
        return no_memory(reason);
    for (size_t i = 0; i < message->n_supersedes; i++) {
        ids[i] = span_of_bytes(message->supersedes[i]);
        enum status status = check_id("episode.supersedes", ids[i], EPISODE_ID_BYTES - 1, reason);
        if (status != STATUS_OK)
            return status;
    }
    episode->supersedes = ids;
    episode->supersedes_count = message->n_supersedes;
    return STATUS_OK;
}

static enum status read_episode_members(const Vedette__V1__Episode *message, struct arena *arena,
                                        struct episode *episode, char reason[REASON_BYTES])
{
    if (message->n_members > LIMIT_EPISODE_MEMBERS)
        return refuse(reason, "episode: %zu members, expected at most %u", message->n_members, LIMIT_EPISODE_MEMBERS);
    struct episode_member *members = arena_take(arena, message->n_members * sizeof *members);
    if (members == NULL)
        return no_memory(reason);
    for (size_t i = 0; i < message->n_members; i++) {
        members[i].incident_id = span_of_bytes(message->members[i]->incident_id);
        unsigned membership = 0;
        enum status status = check_id("episode: member", members[i].incident_id, LIMIT_INCIDENT_ID_BYTES, reason);
        if (status == STATUS_OK)
            status = unpack_enum("episode: membership", wire_membership, MEMBERSHIP_COUNT,
                                 (int)message->members[i]->membership, NO_FALLBACK, reason, &membership);
        if (status != STATUS_OK)
            return status;
        members[i].membership = (enum membership)membership;
        members[i].history = message->members[i]->history;
        members[i].threshold = message->members[i]->threshold;
    }
    episode->members = members;
    episode->member_count = message->n_members;
    return STATUS_OK;
}

static enum status check_episode_texts(const struct episode *episode, char reason[REASON_BYTES])
{
    const struct {
        const char *field;
        struct span text;
        size_t size_max;
    } texts[] = {
        {"episode.title", episode->title, LIMIT_EPISODE_TEXT},
        {"episode.rule_hash", episode->rule_hash, LIMIT_NAME_BYTES},
        {"episode.baseline_hash", episode->baseline_hash, LIMIT_NAME_BYTES},
        {"episode.continues", episode->continues, EPISODE_ID_BYTES - 1},
        {"episode.superseded_by", episode->superseded_by, EPISODE_ID_BYTES - 1},
        {"episode.cause", episode->cause, LIMIT_EPISODE_TEXT},
    };
    enum status status = check_id("episode.id", episode->id, EPISODE_ID_BYTES - 1, reason);
    if (status == STATUS_OK)
        status = check_id("episode.rule", episode->rule, LIMIT_NAME_BYTES, reason);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && status == STATUS_OK; i++) {
        if (texts[i].text.size > 0)
            status = check_text(texts[i].field, texts[i].text, texts[i].size_max, reason);
    }
    return status;
}

static enum status check_episode_numbers(const struct episode *episode, char reason[REASON_BYTES])
{
    enum status status = check_time("episode.first_ms", episode->first_ms, reason);
    if (status == STATUS_OK)
        status = check_time("episode.last_ms", episode->last_ms, reason);
    if (status == STATUS_OK && episode->last_ms < episode->first_ms)
        status = refuse(reason, "episode.last_ms is before first_ms");
    if (status == STATUS_OK && episode->revision == 0)
        status = refuse(reason, "episode.revision is missing");
    if (status == STATUS_OK)
        status = check_number("episode.extent_km", episode->extent_km, 0, LIMIT_RADIUS_KM * 2, reason);
    return status;
}

/* A number that may be absent, which is not the same as not being one. */
static enum status read_optional(const char *field, int given, double value, double *ret_value,
                                 char reason[REASON_BYTES])
{
    if (given && !isfinite(value))
        return refuse(reason, "%s: not a finite number", field);
    *ret_value = given ? value : (double)NAN;
    return STATUS_OK;
}

static enum status read_calibration(const Vedette__V1__Episode *message, struct episode *episode,
                                    char reason[REASON_BYTES])
{
    enum status status = read_optional("episode.expected", message->opt_expected_case != 0, message->expected,
                                       &episode->expected, reason);
    if (status == STATUS_OK)
        status = read_optional("episode.score", message->opt_score_case != 0, message->score, &episode->score, reason);
    if (status == STATUS_OK)
        status = read_optional("episode.recurrence_days", message->opt_recurrence_days_case != 0,
                               message->recurrence_days, &episode->recurrence_days, reason);
    return status;
}

static enum status read_episode_lists(const Vedette__V1__Episode *message, struct arena *arena, struct episode *episode,
                                      char reason[REASON_BYTES])
{
    enum status status = read_episode_countries(message, arena, episode, reason);
    if (status == STATUS_OK)
        status = read_episode_supersedes(message, arena, episode, reason);
    if (status == STATUS_OK)
        status = read_episode_members(message, arena, episode, reason);
    return status;
}

static enum status episode_read(const Vedette__V1__Episode *message, struct arena *arena, struct episode *ret_episode,
                                char reason[REASON_BYTES])
{
    unsigned state = 0;
    enum status status =
        unpack_enum("episode.state", wire_state, EPISODE_STATE_COUNT, (int)message->state, NO_FALLBACK, reason, &state);
    if (status != STATUS_OK)
        return status;
    struct episode episode = {
        .id = span_of_bytes(message->id),
        .revision = message->revision,
        .position = read_position(message->position),
        .title = span_of_bytes(message->title),
        .rule = span_of_bytes(message->rule),
        .rule_hash = span_of_bytes(message->rule_hash),
        .state = (enum episode_state)state,
        .final = message->final,
        .capped = message->capped,
        .calibrated = message->calibrated,
        .first_ms = message->first_ms,
        .last_ms = message->last_ms,
        .extent_km = message->extent_km,
        .continues = span_of_bytes(message->continues),
        .observed = message->observed,
        .recurrence_at_least = message->recurrence_at_least,
        .baseline_hash = span_of_bytes(message->baseline_hash),
        .cause = span_of_bytes(message->cause),
        .superseded_by = span_of_bytes(message->superseded_by),
        .members_omitted = message->members_omitted,
    };
    if (message->digest.len != sizeof episode.digest)
        return refuse(reason, "episode.digest: %zu bytes, expected %zu", message->digest.len, sizeof episode.digest);
    memcpy(episode.digest, message->digest.data, sizeof episode.digest);
    status = check_episode_texts(&episode, reason);
    if (status == STATUS_OK)
        status = check_episode_numbers(&episode, reason);
    if (status == STATUS_OK)
        status = read_calibration(message, &episode, reason);
    if (status == STATUS_OK)
        status = read_episode_lists(message, arena, &episode, reason);
    if (status == STATUS_OK)
        *ret_episode = episode;
    return status;
}

static enum status rule_read(const Vedette__V1__Rule *message, struct published_rule *ret_rule,
                             char reason[REASON_BYTES])
{
    struct published_rule rule = {span_of_bytes(message->name), span_of_bytes(message->hash),
                                  span_of_bytes(message->json)};
    enum status status = check_id("rule.name", rule.name, LIMIT_NAME_BYTES, reason);
    if (status == STATUS_OK)
        status = check_id("rule.hash", rule.hash, LIMIT_NAME_BYTES, reason);
    if (status == STATUS_OK)
        status = check_text("rule.json", rule.json, LIMIT_RULE_BYTES, reason);
    if (status == STATUS_OK)
        *ret_rule = rule;
    return status;
}

static enum status notice_read(const Vedette__V1__Notice *message, struct notice *ret_notice, char reason[REASON_BYTES])
{
    unsigned kind = 0;
    struct notice notice = {.source = span_of_bytes(message->source),
                            .since_ms = message->since_ms,
                            .position = read_position(message->position),
                            .text = span_of_bytes(message->text)};
    enum status status =
        unpack_enum("notice.kind", wire_notice, NOTICE_KIND_COUNT, (int)message->kind, NO_FALLBACK, reason, &kind);
    notice.kind = (enum notice_kind)kind;
    if (status == STATUS_OK)
        status = check_id("notice.source", notice.source, LIMIT_NAME_BYTES, reason);
    if (status == STATUS_OK)
        status = check_time("notice.since_ms", notice.since_ms, reason);
    if (status == STATUS_OK)
        status = check_plain("notice.text", notice.text, LIMIT_EPISODE_TEXT, reason);
    if (status == STATUS_OK)
        *ret_notice = notice;
    return status;
}

/* Exactly one report, and that a retraction: what a PUBLICATION_RETRACTED is. */
static enum status retracted_read(const Vedette__V1__Incident *message, struct arena *arena,
                                  struct incident *ret_incident, char reason[REASON_BYTES])
{
    struct incident incident;
    enum status status = incident_read(message, arena, &incident, reason);
    if (status == STATUS_OK && (incident.report_count != 1 || incident.reports[0].status != REPORT_RETRACTED))
        status = refuse(reason, "retracted: expected one report, with status retracted");
    if (status == STATUS_OK)
        *ret_incident = incident;
    return status;
}

static enum status publication_read(const Vedette__V1__Publication *message, struct arena *arena,
                                    struct publication *publication, char reason[REASON_BYTES])
{
    switch ((int)message->kind_case) {
    case VEDETTE__V1__PUBLICATION__KIND_INCIDENT:
        publication->kind = PUBLICATION_INCIDENT;
        return incident_read(message->incident, arena, &publication->incident, reason);
    case VEDETTE__V1__PUBLICATION__KIND_RETRACTED:
        publication->kind = PUBLICATION_RETRACTED;
        return retracted_read(message->retracted, arena, &publication->incident, reason);
    case VEDETTE__V1__PUBLICATION__KIND_EPISODE:
        publication->kind = PUBLICATION_EPISODE;
        return episode_read(message->episode, arena, &publication->episode, reason);
    case VEDETTE__V1__PUBLICATION__KIND_RULE:
        publication->kind = PUBLICATION_RULE;
        return rule_read(message->rule, &publication->rule, reason);
    case VEDETTE__V1__PUBLICATION__KIND_NOTICE:
        publication->kind = PUBLICATION_NOTICE;
        return notice_read(message->notice, &publication->notice, reason);
    default:
        return refuse(reason, "publication: no kind that is known here");
    }
}

enum status publication_unpack(struct span bytes, struct arena *arena, struct publication *ret_publication,
                               char ret_reason[REASON_BYTES])
{
    if (bytes.size > LIMIT_EPISODE_BYTES)
        return refuse(ret_reason, "publication: %zu bytes, expected at most %u", bytes.size, LIMIT_EPISODE_BYTES);
    enum status status = STATUS_INVALID;
    const Vedette__V1__Publication *message = unpack_message(&vedette__v1__publication__descriptor, bytes, arena,
                                                             "vedette.v1.Publication", ret_reason, &status);
    if (message == NULL)
        return status;
    struct publication publication;
    status = publication_read(message, arena, &publication, ret_reason);
    if (status == STATUS_OK)
        *ret_publication = publication;
    return status;
}
