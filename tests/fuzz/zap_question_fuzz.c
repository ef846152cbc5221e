/* Any bytes as a question of ZeroMQ's: frames are cut at each 0xff. Only who holds the one key gets in, and by it. */
#include "bus/drivers/zap.h"
#include "bus/drivers/zmq_brake.h"
#include "tests/fuzz/fuzz.h"

#define FRAMES 12u

static bool admits(void *self, struct span domain, struct span address, const struct key *public)
{
    struct address at;
    (void)address_parse(address, &at);
    return span_equal(domain, SPAN("1")) && key_equal(public, self);
}

static size_t frames_cut(const char *data, size_t size, struct span frames[FRAMES])
{
    size_t count = 0;
    while (count < FRAMES) {
        const char *end = size > 0 ? memchr(data, 0xff, size) : NULL;
        frames[count++] = (struct span){data, end != NULL ? (size_t)(end - data) : size};
        if (end == NULL)
            break;
        size -= (size_t)(end - data) + 1;
        data = end + 1;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key key;
    struct span frames[FRAMES];
    struct zap_answer answer;
    memset(key.bytes, 'k', sizeof key.bytes);
    const struct zap_judge judge = {admits, &key};
    size_t count = frames_cut((const char *)data, size, frames);
    zap_answer(frames, count, &judge, &answer);
    bool admitted = span_equal(span_of(answer.status), SPAN(ZAP_ADMITTED));
    fuzz_check(admitted || span_equal(span_of(answer.status), SPAN(ZAP_REFUSED)));
    fuzz_check(answer.request_id.size <= ZAP_REQUEST_ID_MAX);
    fuzz_check(admitted == (answer.user[0] != '\0'));
    if (admitted)
        fuzz_check(count == ZAP_FRAMES && span_equal(frames[5], SPAN("CURVE")) && frames[6].size == KEY_BYTES &&
                   memcmp(frames[6].data, key.bytes, KEY_BYTES) == 0);
    return 0;
}
