/* Inside keeping: what its files do for each other.
 *
 *     keeping.c        what comes in, and what is done about it once it is on disk
 *     keeping_start.c  what was journaled before is applied again
 *     checkpointing.c  when a checkpoint is due, what it holds
 */
#pragma once

#include "correlator/keeping.h"

void keeping_put(struct correlator *correlator, const struct journal_record *record);
void keeping_apply(struct correlator *correlator, const struct journal_record *record);
/* The journal's events. */
void keeping_recorded(void *self, const struct journal_record *record);
void keeping_settled(void *self);
void keeping_room(void *self);
void keeping_failed(void *self, const char *reason);
/* A start needs nothing up to number any more: what is older than `retain` goes. */
void keeping_retain(struct correlator *correlator, uint64_t number, int64_t now_ms);
/* After what is to be applied again was looked through: whether this configuration may go on from there. STATUS_INVALID
 * with a sentence where other rules have told what these could not take back. */
enum status keeping_rules_check(const struct correlator *correlator, char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* Does the checkpoint judge by these? */
bool keeping_rules_are(const struct checkpoint *checkpoint, const struct journal_record *now);
/* As it is written, but for when: equal where two say the same. Appends. */
enum status keeping_rules_pack(const struct journal_record *record, struct text *text) MUST_CHECK;
