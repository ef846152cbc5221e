/* One rule's part of a flush, in its order: compute what was disturbed, tell it, let go. */
#pragma once

#include "correlator/engine/tell.h"

/* Brings attachments, components and contents up to date. */
bool flush_compute(struct ward *ward, const struct company *company, int64_t watermark_ms);
/* After the telling: frees the withdrawn and the removed, evicts what no window can reach. */
bool flush_clear(struct ward *ward, int64_t watermark_ms);
