/* Incidents and episodes for tests, made in a few words. */
#pragma once

#include "proto/episode.h"
#include "sink/store.h"

/* An incident of source "s" with that source_id, in an arena of the test. */
struct incident story_incident(struct arena *arena, struct stream_position position, const char *source_id,
                               uint32_t revision, int64_t start_ms, double lat, double lon, const char *country);
struct publication story_told(struct incident incident);
/* The bare retraction of source_id: no time, no place. */
struct publication story_retraction(struct arena *arena, struct stream_position position, const char *source_id,
                                    uint32_t revision);
/* Members are "source_id source_id …" of source "s", cores; "~x" is attached, "!x" a response. countries "EE,PL". */
struct publication story_episode(struct arena *arena, struct stream_position position, const char *id,
                                 uint32_t revision, enum episode_state state, int64_t first_ms, int64_t last_ms,
                                 const char *countries, const char *members);
struct publication story_notice(struct stream_position position, const char *source, enum notice_kind kind,
                                int64_t since_ms);
struct publication story_rule(const char *name, const char *hash, const char *json);
