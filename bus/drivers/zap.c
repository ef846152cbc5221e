#include "bus/drivers/zap.h"

enum { VERSION, REQUEST_ID, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS };

/* The key where it is one to ask about. */
static bool request_read(const struct span *frames, size_t count, struct key *ret_key)
{
    if (count != ZAP_FRAMES || !span_equal(frames[VERSION], SPAN("1.0")) ||
        !span_equal(frames[MECHANISM], SPAN("CURVE")) || frames[CREDENTIALS].size != KEY_BYTES)
        return false;
    memcpy(ret_key->bytes, frames[CREDENTIALS].data, KEY_BYTES);
    return true;
}

void zap_answer(const struct span *frames, size_t count, const struct zap_judge *judge, struct zap_answer *ret_answer)
{
    struct key key;
    *ret_answer = (struct zap_answer){.status = ZAP_REFUSED, .text = "not allowed"};
    if (count > REQUEST_ID && frames[REQUEST_ID].size <= ZAP_REQUEST_ID_MAX)
        ret_answer->request_id = frames[REQUEST_ID];
    if (!request_read(frames, count, &key) || !judge->admits(judge->self, frames[DOMAIN], frames[ADDRESS], &key))
        return;
    ret_answer->status = ZAP_ADMITTED;
    ret_answer->text = "";
    key_print(&key, ret_answer->user);
}
