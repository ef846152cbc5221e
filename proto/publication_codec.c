/* Publications → bytes. An incident is written by hand, from its last byte to its first (wire.h), into room for the
 * most it may take. Writing an episode takes one arena for its lists. */
#include "proto/check.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/report_wire.h"
#include "proto/unpack.h"
#include "proto/wire.h"
#include "vedette/v1/episode.pb-c.h"

#include <assert.h>
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

/* Field numbers in Incident, for the writer below. */
enum {
    INCIDENT_ID = 1,
    INCIDENT_POSITION = 2,
    INCIDENT_REPORTS = 3,
    INCIDENT_REPORTS_OMITTED = 4,
    INCIDENT_PUBLISHERS = 5,
};
enum { POSITION_EPOCH = 1, POSITION_NUMBER = 2 };

static Vedette__V1__StreamPosition position_message(struct stream_position position)
{
    Vedette__V1__StreamPosition message = VEDETTE__V1__STREAM_POSITION__INIT;
    message.epoch = position.epoch;
    message.number = position.number;
    return message;
}

/* --- incidents --- */

#define ROOM_ONCE   64u /* tags, sizes and numbers of an incident */
#define ROOM_REPORT 8u  /* tag and size of each of its reports */

static enum status incident_room(const struct incident *incident, size_t *ret_room)
{
    size_t room = ROOM_ONCE + incident->id.size;
    if (incident->report_count > LIMIT_INCIDENT_REPORTS)
        return STATUS_TOO_LARGE;
    for (size_t i = 0; i < incident->report_count; i++) {
        if (!report_is_packable(&incident->reports[i]))
            return STATUS_TOO_LARGE;
        room += ROOM_REPORT + report_room(&incident->reports[i]);
    }
    *ret_room = room;
    return STATUS_OK;
}

static char *lead_reports(char *at, const struct incident *incident, size_t *ret_largest)
{
    for (size_t i = incident->report_count; i-- > 0;) {
        const char *end = at;
        at = report_lead(at, &incident->reports[i]);
        if ((size_t)(end - at) > *ret_largest)
            *ret_largest = (size_t)(end - at);
        at = wire_lead_part(at, end, INCIDENT_REPORTS);
    }
    return at;
}

static char *lead_position(char *at, struct stream_position position)
{
    const char *end = at;
    at = wire_lead_number(at, POSITION_NUMBER, position.number);
    at = wire_lead_number(at, POSITION_EPOCH, position.epoch);
    return wire_lead_part(at, end, INCIDENT_POSITION);
}

static enum status incident_pack(const struct incident *incident, uint32_t field, struct text *bytes)
{
    size_t room = 0, largest = 0;
    enum status status = incident_room(incident, &room);
    if (status != STATUS_OK)
        return status;
    char *first = text_extend(bytes, room);
    if (first == NULL)
        return STATUS_NO_MEMORY;
    const char *end = first + room;
    char *at = wire_lead_number(first + room, INCIDENT_PUBLISHERS, incident->publishers);
    at = wire_lead_number(at, INCIDENT_REPORTS_OMITTED, incident->reports_omitted);
    at = lead_reports(at, incident, &largest);
    at = lead_position(at, incident->position);
    at = wire_lead_text(at, INCIDENT_ID, incident->id);
    bool fits = largest <= LIMIT_REPORT_BYTES && (size_t)(end - at) <= LIMIT_EPISODE_BYTES;
    at = wire_lead_part(at, end, field);
    assert(at >= first);
    size_t size = fits ? (size_t)(end - at) : 0;
    memmove(first, at, size);
    text_cut(bytes, room - size);
    return fits ? STATUS_OK : STATUS_TOO_LARGE;
}

/* --- episodes --- */

static enum status fill_episode_lists(Vedette__V1__Episode *message, const struct episode *episode, struct arena *arena)
{
    size_t members = episode->member_count;
    ProtobufCBinaryData *countries = arena_take(arena, episode->country_count * sizeof *countries);
    char(*codes)[3] = arena_take(arena, episode->country_count * sizeof *codes);
    ProtobufCBinaryData *supersedes = arena_take(arena, episode->supersedes_count * sizeof *supersedes);
    Vedette__V1__EpisodeMember *rows = arena_take(arena, members * sizeof *rows);
    Vedette__V1__EpisodeMember **pointers = arena_take(arena, members * sizeof(void *));
    if (countries == NULL || codes == NULL || supersedes == NULL || rows == NULL || pointers == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < episode->country_count; i++) {
        country_code_text(episode->countries[i], codes[i]);
        countries[i] = bytes_of_span((struct span){codes[i], 2});
    }
    for (size_t i = 0; i < episode->supersedes_count; i++)
        supersedes[i] = bytes_of_span(episode->supersedes[i]);
    for (size_t i = 0; i < members; i++) {
        vedette__v1__episode_member__init(&rows[i]);
        rows[i].incident_id = bytes_of_span(episode->members[i].incident_id);
        rows[i].membership = (Vedette__V1__Membership)wire_membership[episode->members[i].membership];
        rows[i].history = episode->members[i].history;
        rows[i].threshold = episode->members[i].threshold;
        pointers[i] = &rows[i];
    }
    message->n_countries = episode->country_count;
    message->countries = countries;
    message->n_supersedes = episode->supersedes_count;
    message->supersedes = supersedes;
    message->n_members = members;
    message->members = pointers;
    return STATUS_OK;
}

static void fill_episode(Vedette__V1__Episode *message, const struct episode *episode)
{
    message->id = bytes_of_span(episode->id);
    message->revision = episode->revision;
    message->title = bytes_of_span(episode->title);
    message->rule = bytes_of_span(episode->rule);
    message->rule_hash = bytes_of_span(episode->rule_hash);
    message->state = (Vedette__V1__EpisodeState)wire_state[episode->state];
    message->final = episode->final;
    message->capped = episode->capped;
    message->calibrated = episode->calibrated;
    message->first_ms = episode->first_ms;
    message->last_ms = episode->last_ms;
    message->extent_km = episode->extent_km;
    message->continues = bytes_of_span(episode->continues);
    message->observed = episode->observed;
    if (!isnan(episode->expected)) {
        message->opt_expected_case = VEDETTE__V1__EPISODE__OPT_EXPECTED_EXPECTED;
        message->expected = episode->expected;
    }
    if (!isnan(episode->score)) {
        message->opt_score_case = VEDETTE__V1__EPISODE__OPT_SCORE_SCORE;
        message->score = episode->score;
    }
    if (!isnan(episode->recurrence_days)) {
        message->opt_recurrence_days_case = VEDETTE__V1__EPISODE__OPT_RECURRENCE_DAYS_RECURRENCE_DAYS;
        message->recurrence_days = episode->recurrence_days;
    }
    message->recurrence_at_least = episode->recurrence_at_least;
    message->baseline_hash = bytes_of_span(episode->baseline_hash);
    message->cause = bytes_of_span(episode->cause);
    message->superseded_by = bytes_of_span(episode->superseded_by);
    message->members_omitted = episode->members_omitted;
    message->digest = bytes_of_span((struct span){(const char *)episode->digest, sizeof episode->digest});
}

static enum status publication_message_pack(const Vedette__V1__Publication *message, struct text *bytes)
{
    size_t size = vedette__v1__publication__get_packed_size(message);
    if (size > LIMIT_EPISODE_BYTES)
        return STATUS_TOO_LARGE;
    char *room = text_extend(bytes, size);
    if (room == NULL)
        return STATUS_NO_MEMORY;
    (void)vedette__v1__publication__pack(message, (uint8_t *)room);
    return STATUS_OK;
}

static enum status episode_pack(const struct episode *episode, struct text *bytes)
{
    if (episode->member_count > LIMIT_EPISODE_MEMBERS || episode->title.size > LIMIT_EPISODE_TEXT ||
        episode->cause.size > LIMIT_EPISODE_TEXT)
        return STATUS_TOO_LARGE;
    struct arena arena;
    arena_init(&arena, 4u * (size_t)LIMIT_EPISODE_BYTES);
    Vedette__V1__StreamPosition position = position_message(episode->position);
    Vedette__V1__Episode message = VEDETTE__V1__EPISODE__INIT;
    message.position = &position;
    fill_episode(&message, episode);
    enum status status = fill_episode_lists(&message, episode, &arena);
    Vedette__V1__Publication publication = VEDETTE__V1__PUBLICATION__INIT;
    publication.kind_case = VEDETTE__V1__PUBLICATION__KIND_EPISODE;
    publication.episode = &message;
    if (status == STATUS_OK)
        status = publication_message_pack(&publication, bytes);
    arena_fini(&arena);
    return status;
}

static enum status rule_pack(const struct published_rule *rule, struct text *bytes)
{
    Vedette__V1__Rule message = VEDETTE__V1__RULE__INIT;
    message.name = bytes_of_span(rule->name);
    message.hash = bytes_of_span(rule->hash);
    message.json = bytes_of_span(rule->json);
    Vedette__V1__Publication publication = VEDETTE__V1__PUBLICATION__INIT;
    publication.kind_case = VEDETTE__V1__PUBLICATION__KIND_RULE;
    publication.rule = &message;
    return publication_message_pack(&publication, bytes);
}

static enum status notice_pack(const struct notice *notice, struct text *bytes)
{
    Vedette__V1__StreamPosition position = position_message(notice->position);
    Vedette__V1__Notice message = VEDETTE__V1__NOTICE__INIT;
    message.source = bytes_of_span(notice->source);
    message.kind = (Vedette__V1__NoticeKind)wire_notice[notice->kind];
    message.since_ms = notice->since_ms;
    message.position = &position;
    message.text = bytes_of_span(notice->text);
    Vedette__V1__Publication publication = VEDETTE__V1__PUBLICATION__INIT;
    publication.kind_case = VEDETTE__V1__PUBLICATION__KIND_NOTICE;
    publication.notice = &message;
    return publication_message_pack(&publication, bytes);
}

enum status publication_pack(const struct publication *publication, struct text *bytes)
{
    switch (publication->kind) {
    case PUBLICATION_INCIDENT:
        return incident_pack(&publication->incident, VEDETTE__V1__PUBLICATION__KIND_INCIDENT, bytes);
    case PUBLICATION_RETRACTED:
        return incident_pack(&publication->incident, VEDETTE__V1__PUBLICATION__KIND_RETRACTED, bytes);
    case PUBLICATION_EPISODE:
        return episode_pack(&publication->episode, bytes);
    case PUBLICATION_RULE:
        return rule_pack(&publication->rule, bytes);
    case PUBLICATION_NOTICE:
        return notice_pack(&publication->notice, bytes);
    }
    return STATUS_INVALID;
}
