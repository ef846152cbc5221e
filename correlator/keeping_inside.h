/* Inside keeping: what its files do for each other.
 *
 *     keeping.c         what comes in: journaled, and acknowledged once it is on disk
 *     keeping_follow.c  what is on disk is applied
 *     keeping_tell.c    when the engine was asked, and what was told then
 *     keeping_start.c   where an earlier life stood
 *     checkpointing.c   when a checkpoint is due, what it holds
 */
#pragma once

#include "correlator/keeping.h"

/* Answers its number. Fails the correlator where it cannot be taken. */
uint64_t keeping_put(struct correlator *correlator, const struct journal_record *record);
/* The journal's events. */
void keeping_synced(void *self, uint64_t number);
void keeping_room(void *self);
void keeping_failed(void *self, const char *reason);
/* As wal_reader_next, of the journal. What is read is good until the next call. */
enum status keeping_read(struct correlator *correlator, struct wal_reader *reader, struct journal_record *ret_record,
                         char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* Whom the record speaks of. */
void keeping_name(const struct journal_record *record, char ret_name[PEER_NAME_BYTES]);
/* The request that the record came of is carried out, or will be: it is in the journal. */
void keeping_request_over(const struct correlator *correlator, const struct journal_record *record);
/* A record was applied: was it the last of those that an earlier life has told of? */
void keeping_plan_over(struct correlator *correlator);
/* All up to it is on disk: the gate opens for what was told. */
void keeping_told(struct correlator *correlator, uint64_t synced);
/* Is anything older than `retain`? */
bool keeping_has_old(const struct correlator *correlator, int64_t now_ms);
/* A start applies nothing up to number any more, and reads back nothing of what ended before needed_ms: what of that is
 * older than `retain` goes. */
void keeping_retain(struct correlator *correlator, uint64_t number, int64_t needed_ms, int64_t now_ms);
/* After what is to be applied again was looked through: whether this configuration may go on from there. STATUS_INVALID
 * with a sentence where other rules have told what these could not take back. */
enum status keeping_rules_check(const struct correlator *correlator, char ret_reason[WAL_REASON_BYTES]) MUST_CHECK;
/* Does the checkpoint judge by these? */
bool keeping_rules_are(const struct checkpoint *checkpoint, const struct journal_record *now);
/* As it is written, but for when: equal where two say the same. Appends. */
enum status keeping_rules_pack(const struct journal_record *record, struct text *text) MUST_CHECK;
