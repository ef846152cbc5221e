#include "bus/outboxes/spool_promises.h"

#include "bus/outboxes/spool_record.h"
#include "proto/limits.h"

static void heartbeat_read(struct promises *promises, struct span packed, uint64_t position)
{
    struct frame frame;
    struct arena arena;
    char reason[REASON_BYTES];
    arena_init(&arena, LIMIT_CONTROL_BYTES);
    if (frame_unpack(packed, LIMIT_CONTROL_BYTES, &arena, &frame, reason) == STATUS_OK && frame.kind == FRAME_HEARTBEAT)
        (void)!promises_add(promises, frame.heartbeat.marks, frame.heartbeat.count, position);
    arena_fini(&arena);
}

void spool_promises_read(struct promises *promises, struct span notes, uint64_t position)
{
    struct span key, value;
    while (spool_note_next(&notes, &key, &value))
        if (span_equal(key, SPOOL_PROMISE_KEY))
            heartbeat_read(promises, value, position);
}
