/* Inside proto: BLAKE2b-256 over a canonical form, so that a digest does not depend on an encoding, a machine or a
 * version of protobuf. It is computed of every report: BLAKE2b takes a third of what SHA-256 takes.
 *
 *   text:    length, 8 bytes, greatest first │ bytes
 *   integer: 8 bytes, greatest first, two's complement
 *   real:    the 8 bytes of its IEEE 754 double, greatest first; every NaN ("not given") as 7ff8000000000000
 *
 * Enums are written as their names, absent times as TIME_NONE, lists as their count, then their entries. */
#pragma once

#include "base/span.h"

#include <sodium.h>
#include <stdint.h>

#define DIGEST_BYTES 32u

struct digest {
    crypto_generichash_state state;
    unsigned char waiting[256]; /* small pieces, handed on together */
    size_t waiting_size;
};

void digest_start(struct digest *digest);
void digest_integer(struct digest *digest, uint64_t value);
void digest_real(struct digest *digest, double value);
void digest_text(struct digest *digest, struct span value);
void digest_finish(struct digest *digest, unsigned char ret_digest[DIGEST_BYTES]);
