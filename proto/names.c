#include "proto/names.h"

#include "proto/codec.h"
#include "proto/episode.h"
#include "proto/report.h"

#include <assert.h>

#define X(name, text) [REPORT_##name] = {text, sizeof(text) - 1},
static const struct span report_statuses[] = {REPORT_STATUS_LIST(X)};
#undef X
#define X(name, text) [PRECISION_##name] = {text, sizeof(text) - 1},
static const struct span precisions[] = {PRECISION_LIST(X)};
#undef X
#define X(name, text) [BASIS_##name] = {text, sizeof(text) - 1},
static const struct span bases[] = {BASIS_LIST(X)};
#undef X
#define X(name, text) [COUNTRY_##name] = {text, sizeof(text) - 1},
static const struct span country_roles[] = {COUNTRY_ROLE_LIST(X)};
#undef X
#define X(name, text) [LICENCE_##name] = {text, sizeof(text) - 1},
static const struct span licences[] = {LICENCE_LIST(X)};
#undef X
#define X(name, text) [EPISODE_##name] = {text, sizeof(text) - 1},
static const struct span episode_states[] = {STATE_LIST(X)};
#undef X
#define X(name, text) [MEMBERSHIP_##name] = {text, sizeof(text) - 1},
static const struct span memberships[] = {MEMBERSHIP_LIST(X)};
#undef X
#define X(name, text) [NOTICE_##name] = {text, sizeof(text) - 1},
static const struct span notice_kinds[] = {NOTICE_KIND_LIST(X)};
#undef X
#define X(name, text) [SOURCE_##name] = {text, sizeof(text) - 1},
static const struct span source_states[] = {SOURCE_STATE_LIST(X)};
#undef X

NAMES_DEFINE(report_status, report_statuses, REPORT_STATUS_COUNT)
NAMES_DEFINE(precision, precisions, PRECISION_COUNT)
NAMES_DEFINE(basis, bases, BASIS_COUNT)
NAMES_DEFINE(country_role, country_roles, COUNTRY_ROLE_COUNT)
NAMES_DEFINE(licence, licences, LICENCE_COUNT)
NAMES_DEFINE(episode_state, episode_states, EPISODE_STATE_COUNT)
NAMES_DEFINE(notice_kind, notice_kinds, NOTICE_KIND_COUNT)
NAMES_DEFINE(membership, memberships, MEMBERSHIP_COUNT)

const char *source_state_name(enum source_state value)
{
    assert((unsigned)value < SOURCE_STATE_COUNT);
    return source_states[value].data;
}
