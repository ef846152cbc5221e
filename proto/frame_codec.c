/* The link's frames ⇄ bytes.
 *
 *   Frame │ 3: Batch │ 1: first │ 2: item │ 2: item │ …     read and written in place, items are not copied
 *         │ 1, 2, 4 … 7: the others                         small, through protobuf-c
 *
 * A frame has exactly one body: that is looked at first, so nothing is unpacked that would be thrown away. */
#include "proto/batch_codec.h"
#include "proto/check.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "proto/unpack.h"
#include "proto/wire.h"
#include "vedette/v1/link.pb-c.h"

static const int wire_link_role[] = {
    [LINK_SENDER] = VEDETTE__V1__LINK_ROLE__LINK_ROLE_SENDER,
    [LINK_RECEIVER] = VEDETTE__V1__LINK_ROLE__LINK_ROLE_RECEIVER,
};
#define X(name, text) [SOURCE_##name] = VEDETTE__V1__SOURCE_STATE__SOURCE_STATE_##name,
static const int wire_source_state[] = {SOURCE_STATE_LIST(X)};
#undef X

#define BODY_BATCH VEDETTE__V1__FRAME__BODY_BATCH
_Static_assert(BODY_BATCH == BATCH_BODY, "link.proto numbers it so");
#define BODY_FIRST VEDETTE__V1__FRAME__BODY_HELLO
#define BODY_LAST  VEDETTE__V1__FRAME__BODY_REFUSAL

static enum status frame_message_pack(const Vedette__V1__Frame *message, struct text *bytes)
{
    size_t size = vedette__v1__frame__get_packed_size(message);
    if (size > LIMIT_CONTROL_BYTES)
        return STATUS_TOO_LARGE;
    char *room = text_extend(bytes, size);
    if (room == NULL)
        return STATUS_NO_MEMORY;
    (void)vedette__v1__frame__pack(message, (uint8_t *)room);
    return STATUS_OK;
}

static enum status hello_pack(const struct frame_hello *hello, struct text *bytes)
{
    Vedette__V1__Hello message = VEDETTE__V1__HELLO__INIT;
    message.version = hello->version;
    message.name = bytes_of_span(hello->name);
    message.epoch = hello->epoch;
    message.role = (Vedette__V1__LinkRole)wire_link_role[hello->role];
    message.resume_epoch = hello->resume_epoch;
    message.resume_position = hello->resume_position;
    Vedette__V1__Frame frame = VEDETTE__V1__FRAME__INIT;
    frame.body_case = VEDETTE__V1__FRAME__BODY_HELLO;
    frame.hello = &message;
    return frame_message_pack(&frame, bytes);
}

static enum status welcome_pack(const struct frame_welcome *welcome, struct text *bytes)
{
    Vedette__V1__Welcome message = VEDETTE__V1__WELCOME__INIT;
    message.version = welcome->version;
    message.name = bytes_of_span(welcome->name);
    message.epoch = welcome->epoch;
    message.resume_position = welcome->resume_position;
    message.item_bytes_max = welcome->item_bytes_max;
    message.frame_bytes_max = welcome->frame_bytes_max;
    message.batch_items_max = welcome->batch_items_max;
    message.heartbeat_ms = welcome->heartbeat_ms;
    Vedette__V1__Frame frame = VEDETTE__V1__FRAME__INIT;
    frame.body_case = VEDETTE__V1__FRAME__BODY_WELCOME;
    frame.welcome = &message;
    return frame_message_pack(&frame, bytes);
}

static enum status ack_pack(const struct frame_ack *ack, struct text *bytes)
{
    Vedette__V1__Ack message = VEDETTE__V1__ACK__INIT;
    message.position = ack->position;
    Vedette__V1__Frame frame = VEDETTE__V1__FRAME__INIT;
    frame.body_case = VEDETTE__V1__FRAME__BODY_ACK;
    frame.ack = &message;
    return frame_message_pack(&frame, bytes);
}

static enum status credit_pack(const struct frame_credit *credit, struct text *bytes)
{
    Vedette__V1__Credit message = VEDETTE__V1__CREDIT__INIT;
    message.until = credit->until;
    Vedette__V1__Frame frame = VEDETTE__V1__FRAME__INIT;
    frame.body_case = VEDETTE__V1__FRAME__BODY_CREDIT;
    frame.credit = &message;
    return frame_message_pack(&frame, bytes);
}

static enum status heartbeat_pack(const struct frame_heartbeat *heartbeat, struct text *bytes)
{
    if (heartbeat->count > LIMIT_HEARTBEAT_MARKS)
        return STATUS_TOO_LARGE;
    Vedette__V1__SourceMark marks[LIMIT_HEARTBEAT_MARKS];
    Vedette__V1__SourceMark *pointers[LIMIT_HEARTBEAT_MARKS];
    for (size_t i = 0; i < heartbeat->count; i++) {
        vedette__v1__source_mark__init(&marks[i]);
        marks[i].source = bytes_of_span(heartbeat->marks[i].source);
        marks[i].state = (Vedette__V1__SourceState)wire_source_state[heartbeat->marks[i].state];
        if (heartbeat->marks[i].watermark_ms != TIME_NONE) {
            marks[i].opt_watermark_ms_case = VEDETTE__V1__SOURCE_MARK__OPT_WATERMARK_MS_WATERMARK_MS;
            marks[i].watermark_ms = heartbeat->marks[i].watermark_ms;
        }
        pointers[i] = &marks[i];
    }
    Vedette__V1__Heartbeat message = VEDETTE__V1__HEARTBEAT__INIT;
    message.position = heartbeat->position;
    message.n_marks = heartbeat->count;
    message.marks = pointers;
    Vedette__V1__Frame frame = VEDETTE__V1__FRAME__INIT;
    frame.body_case = VEDETTE__V1__FRAME__BODY_HEARTBEAT;
    frame.heartbeat = &message;
    return frame_message_pack(&frame, bytes);
}

static enum status refusal_pack(const struct frame_refusal *refusal, struct text *bytes)
{
    Vedette__V1__Refusal message = VEDETTE__V1__REFUSAL__INIT;
    message.reason = bytes_of_span(refusal->reason);
    Vedette__V1__Frame frame = VEDETTE__V1__FRAME__INIT;
    frame.body_case = VEDETTE__V1__FRAME__BODY_REFUSAL;
    frame.refusal = &message;
    return frame_message_pack(&frame, bytes);
}

enum status frame_pack(const struct frame *frame, struct text *bytes)
{
    switch (frame->kind) {
    case FRAME_HELLO:
        return hello_pack(&frame->hello, bytes);
    case FRAME_WELCOME:
        return welcome_pack(&frame->welcome, bytes);
    case FRAME_BATCH:
        return batch_pack(&frame->batch, bytes);
    case FRAME_ACK:
        return ack_pack(&frame->ack, bytes);
    case FRAME_CREDIT:
        return credit_pack(&frame->credit, bytes);
    case FRAME_HEARTBEAT:
        return heartbeat_pack(&frame->heartbeat, bytes);
    case FRAME_REFUSAL:
        return refusal_pack(&frame->refusal, bytes);
    }
    return STATUS_INVALID;
}

static enum status check_peer_name(const char *field, struct span name, char reason[REASON_BYTES])
{
    if (!name_is_valid(name))
        return refuse(reason, "%s: \"%s\", expected 1 to %u of A-Z a-z 0-9 . _ -", field, shown(name).text,
                      LIMIT_SOURCE_BYTES);
    return STATUS_OK;
}

static enum status hello_read(const Vedette__V1__Hello *message, struct frame *frame, char reason[REASON_BYTES])
{
    struct span name = span_of_bytes(message->name);
    enum status status = check_peer_name("hello.name", name, reason);
    if (status != STATUS_OK)
        return status;
    unsigned role;
    status = unpack_enum("hello.role", wire_link_role, sizeof wire_link_role / sizeof *wire_link_role,
                         (int)message->role, NO_FALLBACK, reason, &role);
    if (status != STATUS_OK)
        return status;
    frame->kind = FRAME_HELLO;
    frame->hello = (struct frame_hello){.version = message->version,
                                        .name = name,
                                        .epoch = message->epoch,
                                        .role = (enum link_role)role,
                                        .resume_epoch = message->resume_epoch,
                                        .resume_position = message->resume_position};
    return STATUS_OK;
}

static enum status welcome_read(const Vedette__V1__Welcome *message, struct frame *frame, char reason[REASON_BYTES])
{
    struct span name = span_of_bytes(message->name);
    enum status status = check_peer_name("welcome.name", name, reason);
    if (status != STATUS_OK)
        return status;
    if (message->item_bytes_max == 0 || message->frame_bytes_max == 0 || message->batch_items_max == 0 ||
        message->heartbeat_ms == 0)
        return refuse(reason, "welcome: a limit or heartbeat_ms is missing");
    frame->kind = FRAME_WELCOME;
    frame->welcome = (struct frame_welcome){.version = message->version,
                                            .name = name,
                                            .epoch = message->epoch,
                                            .resume_position = message->resume_position,
                                            .item_bytes_max = message->item_bytes_max,
                                            .frame_bytes_max = message->frame_bytes_max,
                                            .batch_items_max = message->batch_items_max,
                                            .heartbeat_ms = message->heartbeat_ms};
    return STATUS_OK;
}

static enum status mark_read(const Vedette__V1__SourceMark *message, struct source_mark *ret_mark,
                             char reason[REASON_BYTES])
{
    struct source_mark mark = {.source = span_of_bytes(message->source), .watermark_ms = TIME_NONE};
    if (mark.source.size == 0)
        return refuse(reason, "heartbeat: a mark names no source");
    enum status status = check_plain("heartbeat: source", mark.source, LIMIT_NAME_BYTES, reason);
    if (status != STATUS_OK)
        return status;
    unsigned state;
    status = unpack_enum("heartbeat: state", wire_source_state, SOURCE_STATE_COUNT, (int)message->state, NO_FALLBACK,
                         reason, &state);
    if (status != STATUS_OK)
        return status;
    mark.state = (enum source_state)state;
    if (message->opt_watermark_ms_case == VEDETTE__V1__SOURCE_MARK__OPT_WATERMARK_MS_WATERMARK_MS) {
        mark.watermark_ms = message->watermark_ms;
        status = check_time("heartbeat: watermark_ms", mark.watermark_ms, reason);
    }
    if (status == STATUS_OK)
        *ret_mark = mark;
    return status;
}

static enum status heartbeat_read(const Vedette__V1__Heartbeat *message, struct arena *arena, struct frame *frame,
                                  char reason[REASON_BYTES])
{
    if (message->n_marks > LIMIT_HEARTBEAT_MARKS)
        return refuse(reason, "heartbeat: %zu marks, expected at most %u", message->n_marks, LIMIT_HEARTBEAT_MARKS);
    struct source_mark *marks = arena_take(arena, message->n_marks * sizeof *marks);
    if (marks == NULL) {
        (void)refuse(reason, "no memory to read a heartbeat");
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < message->n_marks; i++) {
        enum status status = mark_read(message->marks[i], &marks[i], reason);
        if (status != STATUS_OK)
            return status;
    }
    frame->kind = FRAME_HEARTBEAT;
    frame->heartbeat =
        (struct frame_heartbeat){.position = message->position, .marks = marks, .count = message->n_marks};
    return STATUS_OK;
}

static enum status refusal_read(const Vedette__V1__Refusal *message, struct frame *frame, char reason[REASON_BYTES])
{
    struct span text = span_of_bytes(message->reason);
    enum status status = check_text("refusal.reason", text, LIMIT_REASON_BYTES, reason);
    if (status != STATUS_OK)
        return status;
    frame->kind = FRAME_REFUSAL;
    frame->refusal.reason = text;
    return STATUS_OK;
}

static enum status frame_message_read(const Vedette__V1__Frame *message, struct arena *arena, struct frame *frame,
                                      char reason[REASON_BYTES])
{
    switch ((int)message->body_case) { /* batches do not come here */
    case VEDETTE__V1__FRAME__BODY_HELLO:
        return hello_read(message->hello, frame, reason);
    case VEDETTE__V1__FRAME__BODY_WELCOME:
        return welcome_read(message->welcome, frame, reason);
    case VEDETTE__V1__FRAME__BODY_ACK:
        frame->kind = FRAME_ACK;
        frame->ack.position = message->ack->position;
        return STATUS_OK;
    case VEDETTE__V1__FRAME__BODY_CREDIT:
        frame->kind = FRAME_CREDIT;
        frame->credit.until = message->credit->until;
        return STATUS_OK;
    case VEDETTE__V1__FRAME__BODY_HEARTBEAT:
        return heartbeat_read(message->heartbeat, arena, frame, reason);
    case VEDETTE__V1__FRAME__BODY_REFUSAL:
        return refusal_read(message->refusal, frame, reason);
    default:
        return refuse(reason, "frame: no body that is known here");
    }
}

/* Finds the frame's one body. */
static enum status frame_body(struct span bytes, struct wire_field *ret_body, char reason[REASON_BYTES])
{
    struct wire_field body = {0};
    bool malformed;
    for (struct wire_field field; wire_next(&bytes, &field, &malformed);) {
        if (field.number < BODY_FIRST || field.number > BODY_LAST)
            continue;
        if (field.type != WIRE_BYTES)
            return refuse(reason, "frame: field %u has wire type %u", field.number, (unsigned)field.type);
        if (body.number != 0)
            return refuse(reason, "frame: two bodies, %u and %u", body.number, field.number);
        body = field;
    }
    if (malformed)
        return refuse(reason, "frame: malformed or truncated");
    if (body.number == 0)
        return refuse(reason, "frame: no body that is known here");
    *ret_body = body;
    return STATUS_OK;
}

enum status frame_unpack(struct span bytes, size_t limit, struct arena *arena, struct frame *ret_frame,
                         char ret_reason[REASON_BYTES])
{
    if (bytes.size > limit)
        return refuse(ret_reason, "frame: %zu bytes, expected at most %zu", bytes.size, limit);
    struct wire_field body = {0};
    enum status status = frame_body(bytes, &body, ret_reason);
    if (status != STATUS_OK)
        return status;
    struct frame frame = {.kind = FRAME_BATCH};
    if (body.number == BODY_BATCH) {
        status = batch_unpack(body.bytes, arena, &frame.batch, ret_reason);
    } else if (bytes.size > LIMIT_CONTROL_BYTES) {
        return refuse(ret_reason, "frame: %zu bytes, but for a batch expected at most %u", bytes.size,
                      LIMIT_CONTROL_BYTES);
    } else {
        const Vedette__V1__Frame *message =
            unpack_message(&vedette__v1__frame__descriptor, bytes, arena, "vedette.v1.Frame", ret_reason, &status);
        if (message != NULL)
            status = frame_message_read(message, arena, &frame, ret_reason);
    }
    if (status == STATUS_OK)
        *ret_frame = frame;
    return status;
}
