#include "tests/contract/sink/story.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static struct country *countries_of(struct arena *arena, const char *text, size_t *ret_count)
{
    size_t count = text != NULL && *text != '\0' ? (strlen(text) + 1) / 3 : 0;
    struct country *countries = arena_zero(arena, (count + 1) * sizeof *countries);
    assert(countries != NULL);
    for (size_t i = 0; i < count; i++)
        countries[i] = (struct country){COUNTRY_CODE(text[3 * i], text[3 * i + 1]), COUNTRY_WHERE};
    *ret_count = count;
    return countries;
}

struct incident story_incident(struct arena *arena, struct stream_position position, const char *source_id,
                               uint32_t revision, int64_t start_ms, double lat, double lon, const char *country)
{
    struct report *report = arena_zero(arena, sizeof *report);
    assert(report != NULL);
    size_t count;
    const struct country *countries = countries_of(arena, country, &count);
    *report = (struct report){.source = SPAN("s"),
                              .source_id = arena_copy(arena, span_of(source_id)),
                              .revision = revision,
                              .status = REPORT_CONFIRMED,
                              .category = CATEGORY_AIR_DRONE_INCURSION,
                              .role = ROLE_TRIGGER,
                              .occurred = {start_ms, start_ms + 60000, PRECISION_MINUTE, BASIS_REPORTED},
                              .reported_at_ms = TIME_NONE,
                              .has_place = true,
                              .place = {lat, lon, 5, arena_print(arena, "place of %s", source_id)},
                              .has_countries = true,
                              .countries = countries,
                              .country_count = count,
                              .publisher = SPAN("wire"),
                              .headline = arena_print(arena, "headline of %s", source_id),
                              .confidence = (double)NAN};
    return (struct incident){
        .id = arena_print(arena, "s:%s", source_id), .position = position, .reports = report, .report_count = 1};
}

struct publication story_told(struct incident incident)
{
    return (struct publication){.kind = PUBLICATION_INCIDENT, .incident = incident};
}

struct publication story_retraction(struct arena *arena, struct stream_position position, const char *source_id,
                                    uint32_t revision)
{
    struct report *report = arena_zero(arena, sizeof *report);
    assert(report != NULL);
    *report = (struct report){.source = SPAN("s"),
                              .source_id = arena_copy(arena, span_of(source_id)),
                              .revision = revision,
                              .status = REPORT_RETRACTED,
                              .occurred = {TIME_NONE, TIME_NONE, PRECISION_SECOND, BASIS_REPORTED},
                              .reported_at_ms = TIME_NONE,
                              .confidence = (double)NAN};
    return (struct publication){
        .kind = PUBLICATION_RETRACTED,
        .incident = {
            .id = arena_print(arena, "s:%s", source_id), .position = position, .reports = report, .report_count = 1}};
}

static struct episode_member *members_of(struct arena *arena, const char *text, size_t *ret_count)
{
    struct episode_member *members = arena_zero(arena, (strlen(text) + 1) * sizeof *members);
    assert(members != NULL);
    size_t count = 0;
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        struct span name = {text, size};
        enum membership membership = *text == '~'   ? MEMBERSHIP_ATTACHED
                                     : *text == '!' ? MEMBERSHIP_RESPONSE
                                                    : MEMBERSHIP_CORE;
        if (membership != MEMBERSHIP_CORE)
            name = (struct span){name.data + 1, name.size - 1};
        members[count++] = (struct episode_member){.incident_id = arena_print(arena, "s:%.*s", SPAN_ARG(name)),
                                                   .membership = membership};
        text += size + (text[size] == ' ');
    }
    *ret_count = count;
    return members;
}

struct publication story_episode(struct arena *arena, struct stream_position position, const char *id,
                                 uint32_t revision, enum episode_state state, int64_t first_ms, int64_t last_ms,
                                 const char *countries, const char *members)
{
    struct publication publication = {.kind = PUBLICATION_EPISODE};
    size_t country_count;
    const struct country *list = countries_of(arena, countries, &country_count);
    country_code *codes = arena_zero(arena, (country_count + 1) * sizeof *codes);
    assert(codes != NULL);
    for (size_t i = 0; i < country_count; i++)
        codes[i] = list[i].code;
    struct episode *episode = &publication.episode;
    *episode = (struct episode){.id = arena_copy(arena, span_of(id)),
                                .revision = revision,
                                .position = position,
                                .title = arena_print(arena, "Drones over %s", countries),
                                .rule = SPAN("airspace"),
                                .rule_hash = SPAN("0123456789abcdef"),
                                .state = state,
                                .countries = codes,
                                .country_count = country_count,
                                .first_ms = first_ms,
                                .last_ms = last_ms,
                                .extent_km = 935.25,
                                .expected = (double)NAN,
                                .score = (double)NAN,
                                .recurrence_days = (double)NAN,
                                .cause = SPAN("incident added")};
    episode->members = members_of(arena, members, &episode->member_count);
    episode->observed = episode->member_count;
    episode_digest(episode, episode->digest);
    return publication;
}

struct publication story_rule(const char *name, const char *hash, const char *json)
{
    return (struct publication){.kind = PUBLICATION_RULE, .rule = {span_of(name), span_of(hash), span_of(json)}};
}

struct publication story_notice(struct stream_position position, const char *source, enum notice_kind kind,
                                int64_t since_ms)
{
    return (struct publication){.kind = PUBLICATION_NOTICE,
                                .notice = {.source = span_of(source),
                                           .kind = kind,
                                           .since_ms = since_ms,
                                           .position = position,
                                           .text = SPAN("as it is")}};
}
