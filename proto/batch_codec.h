/* Inside proto: the one frame that must be cheap. Written and read by hand: nothing is copied but by the writer,
 * nothing is taken but the list of spans, whose length is known and bounded before it is taken. */
#pragma once

#include "base/arena.h"
#include "proto/codec.h"

#define BATCH_BODY 3 /* field number of Batch in Frame */

/* Appends the whole frame. */
enum status batch_pack(const struct frame_batch *batch, struct text *bytes) MUST_CHECK;
/* bytes: of the Batch. Items borrow from it. */
enum status batch_unpack(struct span bytes, struct arena *arena, struct frame_batch *ret_batch,
                         char reason[REASON_BYTES]) MUST_CHECK;
