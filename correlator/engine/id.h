/* The id of an episode: "20250909T213000Z-5f0c…", the start of its key so that ids sort by time, and 16 hexadecimal
 * digits of SHA-256 over the rule's name, a NUL and the key's id. It comes from content alone: correlators agree on it.
 */
#pragma once

#include "base/span.h"
#include "proto/episode.h"

#include <stdbool.h>
#include <stdint.h>

/* In the order of their texts. hash 0: none. */
struct episode_id {
    int64_t seconds;
    uint64_t hash;
};

/* start_ms within LIMIT_TIME_MS_MIN … LIMIT_TIME_MS_MAX. */
struct episode_id episode_id_of(int64_t start_ms, struct span rule_name, struct span key_id);
/* Fills the rest of ret_text with NULs; none: all of it. */
void episode_id_text(char ret_text[EPISODE_ID_BYTES], struct episode_id id);
/* Both in one. */
void episode_id_write(char ret_text[EPISODE_ID_BYTES], int64_t start_ms, struct span rule_name, struct span key_id);
int episode_id_compare(struct episode_id a, struct episode_id b);
/* The seconds since 1970 that an id's prefix shows of a start: starts that share them make the same id. */
int64_t id_seconds(int64_t start_ms);
