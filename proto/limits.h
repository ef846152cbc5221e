/* Every limit of the language, in one place. The validator, the link and the JSON reader refuse what is beyond. */
#pragma once

#define LIMIT_SOURCE_BYTES      64u  /* report.source */
#define LIMIT_SOURCE_ID_BYTES   256u /* report.source_id */
#define LIMIT_INCIDENT_ID_BYTES (LIMIT_SOURCE_BYTES + 1u + LIMIT_SOURCE_ID_BYTES)
#define LIMIT_NAME_BYTES        256u /* place.name, publisher, names of rules and sources */
#define LIMIT_HEADLINE_BYTES    1024u
#define LIMIT_URL_BYTES         2048u
#define LIMIT_LANGUAGE_BYTES    35u /* BCP 47 */
#define LIMIT_COUNTRIES         32u /* entries in one report */
#define LIMIT_ATTRIBUTES        32u
#define LIMIT_ATTRIBUTE_KEY     64u
#define LIMIT_ATTRIBUTE_VALUE   1024u
#define LIMIT_RADIUS_KM         20015.0
#define LIMIT_SEVERITY          5u /* 1 (minor) to 5; 0 = not given */
#define LIMIT_REVISION          4294967295u
#define LIMIT_TIME_MS_MIN       (-62135596800000LL) /* 0001-01-01T00:00:00.000Z */
#define LIMIT_TIME_MS_MAX       253402300799999LL   /* 9999-12-31T23:59:59.999Z */

#define LIMIT_REPORT_BYTES     (64u * 1024u) /* one packed report */
#define LIMIT_BATCH_ITEMS      1024u
#define LIMIT_BATCH_BYTES      (1024u * 1024u) /* one frame, but for one that carries a single large episode */
#define LIMIT_HEARTBEAT_MARKS  1024u           /* sources in one heartbeat */
#define LIMIT_CONTROL_BYTES    (512u * 1024u)  /* a frame that is no batch */
#define LIMIT_REASON_BYTES     1024u           /* of a refusal */
#define LIMIT_EPISODE_MEMBERS  100000u         /* in one packed episode; more are counted, not carried */
#define LIMIT_EPISODE_TEXT     4096u           /* title and cause of an episode, each */
#define LIMIT_INCIDENT_REPORTS 4096u           /* in one packed incident */
#define LIMIT_RULE_BYTES       (64u * 1024u)   /* a published rule's JSON */
#define LIMIT_EPISODE_BYTES    (32u * 1024u * 1024u)
#define LIMIT_LINE_BYTES       (1024u * 1024u) /* one line of JSON or one row of CSV */
