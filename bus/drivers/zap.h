/* ZAP, the question ZeroMQ asks of each newcomer (rfc.zeromq.org/spec/27): frames in, answer out; no socket here.
 *
 *     version "1.0" │ request id │ domain │ address │ identity │ mechanism │ credentials (the public key)
 *
 * Who is refused gets 300, "temporary": a client that was answered 400 never comes back, even once it is allowed. */
#pragma once

#include "bus/keys/key.h"

#define ZAP_FRAMES         7u
#define ZAP_ADMITTED       "200"
#define ZAP_REFUSED        "300"
#define ZAP_REQUEST_ID_MAX 255u

struct zap_answer {
    struct span request_id; /* borrowed from the frames */
    const char *status;
    const char *text;
    char user[KEY_TEXT_BYTES]; /* the key, where it is admitted; else "" */
};

struct zap_judge {
    /* The address is numbers, of tcp; it may be anything. */
    bool (*admits)(void *self, struct span domain, struct span address, const struct key *public);
    void *self;
};

void zap_answer(const struct span *frames, size_t count, const struct zap_judge *judge, struct zap_answer *ret_answer);
