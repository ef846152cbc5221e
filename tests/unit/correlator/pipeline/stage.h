/* A change of an episode as the engine would tell it, put together by hand. */
#pragma once

#include "correlator/registry.h"

#include <stdlib.h>
#include <string.h>

#define STAGE_MAX 64

struct stage {
    struct record records[STAGE_MAX];
    struct engine_member members[STAGE_MAX], added[STAGE_MAX], removed[STAGE_MAX], touched[STAGE_MAX];
    country_code countries[STAGE_MAX];
    char supersedes[STAGE_MAX][EPISODE_ID_BYTES];
    size_t count; /* records */
    struct engine_change change;
};

static inline void stage_init(struct stage *stage, const char *id)
{
    memset(stage, 0, sizeof *stage);
    struct engine_change *change = &stage->change;
    change->state = EPISODE_CANDIDATE;
    change->members = stage->members;
    change->added = stage->added;
    change->removed = stage->removed;
    change->touched = stage->touched;
    change->countries = stage->countries;
    change->supersedes = (const char(*)[EPISODE_ID_BYTES])stage->supersedes;
    memcpy(change->id, id, strlen(id) + 1);
}

/* What was done is said: nothing has happened since. */
static inline void stage_settle(struct stage *stage)
{
    for (size_t i = 0; i < stage->count; i++)
        stage->records[i].action = ACTION_NONE;
    stage->change.is_new = stage->change.final = false;
    stage->change.added_count = stage->change.removed_count = stage->change.touched_count = 0;
    stage->change.supersedes_count = 0;
}

/* Borrows the id. */
static inline struct record *stage_record(struct stage *stage, const char *id, enum category category,
                                          enum incident_action action)
{
    struct record *record = &stage->records[stage->count++];
    record->incident = (struct engine_incident){
        .id = span_of(id), .category = category, .role = category_role(category), .user = record};
    record->digest[0] = (unsigned char)stage->count;
    record->action = action;
    return record;
}

static inline void stage_put(struct engine_member *list, size_t *count, const struct record *record,
                             enum membership membership)
{
    list[(*count)++] = (struct engine_member){&record->incident, membership};
}

static inline void stage_member(struct stage *stage, const char *id, enum category category)
{
    const struct record *record = stage_record(stage, id, category, ACTION_ADDED);
    stage_put(stage->members, &stage->change.member_count, record, MEMBERSHIP_CORE);
    stage_put(stage->added, &stage->change.added_count, record, MEMBERSHIP_CORE);
    stage->change.observed++;
}

static inline void stage_country(struct stage *stage, const char *code)
{
    stage->countries[stage->change.country_count++] = COUNTRY_CODE(code[0], code[1]);
}
