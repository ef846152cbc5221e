/* The lists that records and checkpoints have in common, as bytes: the count, then each. Reading takes room once, for
 * no more than the bytes can hold. STATUS_NO_MEMORY; STATUS_INVALID, or a fault of the octets: not such a list. */
#pragma once

#include "base/arena.h"
#include "correlator/journal/octets.h"
#include "proto/codec.h"

void lists_put_texts(struct text *bytes, const struct span *texts, size_t count);
void lists_put_marks(struct text *bytes, const struct source_mark *marks, size_t count);
/* Ascending, from 1: their differences. */
void lists_put_numbers(struct text *bytes, const uint64_t *numbers, size_t count);

/* Borrowed from what is read, each of no more than bytes_max. */
enum status lists_texts(struct octets *octets, struct arena *arena, size_t bytes_max, const struct span **ret_texts,
                        size_t *ret_count) MUST_CHECK;
enum status lists_marks(struct octets *octets, struct arena *arena, const struct source_mark **ret_marks,
                        size_t *ret_count) MUST_CHECK;
/* None greater than until. */
enum status lists_numbers(struct octets *octets, struct arena *arena, uint64_t until, const uint64_t **ret_numbers,
                          size_t *ret_count) MUST_CHECK;
