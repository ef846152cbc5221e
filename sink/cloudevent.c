#include "sink/cloudevent.h"

#include "base/time_text.h"

void cloudevent_write(const struct alert_message *message, struct text *body)
{
    char time[TIME_TEXT_BYTES];
    time_format(message->time_ms, time);
    text_print(body, "{\"specversion\":\"1.0\",\"id\":");
    text_json_string(body, message->event_id);
    text_print(
        body,
        ",\"source\":\"/vedette\",\"type\":\"%s\",\"time\":\"%s\",\"datacontenttype\":\"application/json\",\"data\":",
        alert_kind_name(message->kind), time);
    text_append(body, message->json);
    text_append(body, SPAN("}"));
}
