/* A packed file, unpacked as it is read: gzip (members one after the other, as `cat` makes them) and zstd.
 *
 * Damage is said, never passed on in silence: checksums and lengths are looked at, and what follows the last member
 * must be nothing, or zeros. What was unpacked before the damage was met has been given by then. */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct packed;

/* Whether the first bytes of a file are those of a packed one. */
bool packed_head_is(const unsigned char *head, size_t size);
/* Borrows the descriptor, which stands at the file's first byte. STATUS_CORRUPT, STATUS_NO_MEMORY, with the sentence.
 */
enum status packed_open(int fd, const unsigned char *head, size_t head_size, struct packed **ret_packed,
                        char ret_reason[256]) MUST_CHECK;
void packed_close(struct packed *packed);
/* At least one byte, at most room. STATUS_END: all was given, and it was whole. STATUS_CORRUPT, STATUS_IO and their
 * like with the sentence. */
enum status packed_read(struct packed *packed, char *bytes, size_t room, size_t *ret_size,
                        char ret_reason[256]) MUST_CHECK;
/* Bytes of the file taken so far. */
uint64_t packed_taken(const struct packed *packed);
