/* The id of an episode: "20250909T213000Z-5f0c…", the start of its key so that ids sort by time, and 16 hexadecimal
 * digits of SHA-256 over the rule's name, a NUL and the key's id. It comes from content alone: correlators agree on it.
 */
#pragma once

#include "base/span.h"
#include "proto/episode.h"

/* start_ms within LIMIT_TIME_MS_MIN … LIMIT_TIME_MS_MAX. Fills the rest of ret_id with NULs. */
void episode_id_write(char ret_id[EPISODE_ID_BYTES], int64_t start_ms, struct span rule_name, struct span key_id);
/* The seconds since 1970 that an id's prefix shows of a start: starts that share them make the same id. */
int64_t id_seconds(int64_t start_ms);
