#include "tests/golden/proto/frame_json.h"

static void write_number(struct text *text, const char *key, uint64_t value)
{
    text_print(text, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void write_name(struct text *text, const char *key, struct span value)
{
    text_print(text, ",\"%s\":", key);
    text_json_string(text, value);
}

static void write_hello(const struct frame_hello *hello, struct text *text)
{
    text_append(text, SPAN("{\"frame\":\"hello\""));
    write_number(text, "version", hello->version);
    write_name(text, "name", hello->name);
    write_number(text, "epoch", hello->epoch);
    write_name(text, "role", hello->role == LINK_SENDER ? SPAN("sender") : SPAN("receiver"));
    write_number(text, "resume_epoch", hello->resume_epoch);
    write_number(text, "resume_position", hello->resume_position);
}

static void write_welcome(const struct frame_welcome *welcome, struct text *text)
{
    text_append(text, SPAN("{\"frame\":\"welcome\""));
    write_number(text, "version", welcome->version);
    write_name(text, "name", welcome->name);
    write_number(text, "epoch", welcome->epoch);
    write_number(text, "resume_position", welcome->resume_position);
    write_number(text, "item_bytes_max", welcome->item_bytes_max);
    write_number(text, "frame_bytes_max", welcome->frame_bytes_max);
    write_number(text, "batch_items_max", welcome->batch_items_max);
    write_number(text, "heartbeat_ms", welcome->heartbeat_ms);
}

static void write_batch(const struct frame_batch *batch, struct text *text)
{
    text_append(text, SPAN("{\"frame\":\"batch\""));
    write_number(text, "first", batch->first);
    text_append(text, SPAN(",\"item_bytes\":["));
    for (size_t i = 0; i < batch->count; i++)
        text_print(text, "%s%zu", i > 0 ? "," : "", batch->items[i].size);
    text_append(text, SPAN("]"));
}

static void write_heartbeat(const struct frame_heartbeat *heartbeat, struct text *text)
{
    text_append(text, SPAN("{\"frame\":\"heartbeat\""));
    write_number(text, "position", heartbeat->position);
    text_append(text, SPAN(",\"marks\":["));
    for (size_t i = 0; i < heartbeat->count; i++) {
        const struct source_mark *mark = &heartbeat->marks[i];
        text_append(text, i > 0 ? SPAN(",{\"source\":") : SPAN("{\"source\":"));
        text_json_string(text, mark->source);
        if (mark->watermark_ms == TIME_NONE)
            text_append(text, SPAN(",\"watermark_ms\":null"));
        else
            text_print(text, ",\"watermark_ms\":%lld", (long long)mark->watermark_ms);
        text_print(text, ",\"state\":\"%s\"}", source_state_name(mark->state));
    }
    text_append(text, SPAN("]"));
}

void frame_to_json(const struct frame *frame, struct text *text)
{
    switch (frame->kind) {
    case FRAME_HELLO:
        write_hello(&frame->hello, text);
        break;
    case FRAME_WELCOME:
        write_welcome(&frame->welcome, text);
        break;
    case FRAME_BATCH:
        write_batch(&frame->batch, text);
        break;
    case FRAME_ACK:
        text_append(text, SPAN("{\"frame\":\"ack\""));
        write_number(text, "position", frame->ack.position);
        break;
    case FRAME_CREDIT:
        text_append(text, SPAN("{\"frame\":\"credit\""));
        write_number(text, "until", frame->credit.until);
        break;
    case FRAME_HEARTBEAT:
        write_heartbeat(&frame->heartbeat, text);
        break;
    case FRAME_REFUSAL:
        text_append(text, SPAN("{\"frame\":\"refusal\""));
        write_name(text, "reason", frame->refusal.reason);
        break;
    }
    text_append(text, SPAN("}"));
}
