/* Sizes as people write them: 64KiB, 16MiB, 1GiB, 512B. */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stdint.h>

#define SIZE_TEXT_BYTES 32

/* A whole number and B, KiB, MiB, GiB or TiB. STATUS_INVALID. */
enum status size_parse(struct span text, int64_t *ret_bytes) MUST_CHECK;
/* In the greatest unit that gives a whole number. bytes ≥ 0. */
void size_format(int64_t bytes, char ret_text[SIZE_TEXT_BYTES]);
