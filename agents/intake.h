/* What sources tell, on its way to the link:
 *
 *     report ──▶ locate ──▶ pack ──▶ submit
 *                   │                  └─ larger than the correlator admits: quarantine
 *                   └─ refused aloud, and counted
 *
 * Belongs to the loop's thread. */
#pragma once

#include "agents/agent.h"
#include "agents/quarantine.h"
#include "base/arena.h"
#include "proto/json.h"

struct territories;

struct intake {
    struct sender *sender; /* borrowed */
    bool is_spooled;       /* memory that runs out comes back as the spool empties */
    struct territories *territories;
    char territories_path[1024];   /* looked for there in vain */
    struct quarantine *quarantine; /* NULL: none */
    struct text quarantine_reason; /* the last */
    struct arena arena;            /* of a report that comes back from the spool */
    struct text packed;
    FILE *refusals;
    struct agent_stats stats;
};

/* Everything but the sender. intake_fini where this fails too, with the sentence in ret_reason. */
enum status intake_init(struct intake *intake, const struct agent_options *options, char ret_reason[256]) MUST_CHECK;
void intake_fini(struct intake *intake);
/* STATUS_OK: dealt with, submitted or put into quarantine or dropped by the spool. STATUS_INVALID: refused.
 * STATUS_AGAIN: the link takes nothing now. STATUS_NO_MEMORY: nor is there any for it in the spool; where there is no
 * spool it is refused. */
enum status intake_take(struct intake *intake, const struct report *offered, const char *file,
                        uint64_t line) MUST_CHECK;
/* A line (line > 0) or a file that is not read. */
void intake_refuse(struct intake *intake, const char *file, uint64_t line, const char *reason);
/* It waited in the spool, and turns out to be larger than the correlator admits. */
void intake_pass(struct intake *intake, struct span item, uint64_t admitted_bytes);
