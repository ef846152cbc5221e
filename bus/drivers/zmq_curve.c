#include "bus/drivers/zmq_curve.h"

#include "bus/drivers/zmq_context.h"

#include <stdio.h>
#include <zmq.h>

/* ZMQ_ZAP_ENFORCE_DOMAIN: the header keeps it back, the library has it. With it a question is always asked. */
#define ZAP_ENFORCE_DOMAIN 93

static bool set(void *socket, int option, const void *value, size_t size)
{
    return zmq_setsockopt(socket, option, value, size) == 0;
}

bool curve_listen(void *socket, const struct key_pair *own, const struct zap_seat *seat)
{
    const int on = 1;
    const char *domain = zap_domain(seat);
    return set(socket, ZMQ_CURVE_SERVER, &on, sizeof on) &&
           set(socket, ZMQ_CURVE_SECRETKEY, own->secret.bytes, KEY_BYTES) &&
           set(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain)) && set(socket, ZAP_ENFORCE_DOMAIN, &on, sizeof on);
}

bool curve_dial(void *socket, const struct key_pair *own, const struct key *server)
{
    return set(socket, ZMQ_CURVE_SERVERKEY, server->bytes, KEY_BYTES) &&
           set(socket, ZMQ_CURVE_PUBLICKEY, own->public.bytes, KEY_BYTES) &&
           set(socket, ZMQ_CURVE_SECRETKEY, own->secret.bytes, KEY_BYTES);
}

/* --- strangers --- */

/* Where one who listens everywhere is found from here. */
static void endpoint_near(const char *endpoint, char ret_endpoint[256])
{
    const char *colon = strrchr(endpoint, ':');
    if (strncmp(endpoint, "tcp://0.0.0.0:", 14) == 0)
        (void)snprintf(ret_endpoint, 256, "tcp://127.0.0.1%s", colon);
    else if (strncmp(endpoint, "tcp://[::]:", 11) == 0)
        (void)snprintf(ret_endpoint, 256, "tcp://[::1]%s", colon);
    else
        (void)snprintf(ret_endpoint, 256, "%s", endpoint);
}

enum outcome { STAYED_OUT, GOT_IN, UNKNOWN };

static enum outcome outcome_of(void *monitor)
{
    unsigned char head[6];
    uint16_t event;
    if (zmq_recv(monitor, head, sizeof head, 0) != (int)sizeof head)
        return UNKNOWN;
    memcpy(&event, head, sizeof event);
    return event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED ? GOT_IN : STAYED_OUT;
}

static enum outcome stranger_try(void *context, const char *endpoint, const struct key *server, int patience_ms)
{
    enum outcome outcome = UNKNOWN;
    struct key_pair pair;
    char url[64];
    const int none = 0, never = -1;
    void *socket = zmq_socket(context, ZMQ_DEALER);
    void *monitor = zmq_socket(context, ZMQ_PAIR);
    (void)snprintf(url, sizeof url, "inproc://vedette-stranger-%llu", (unsigned long long)zmq_context_number());
    key_pair_make(&pair);
    if (socket != NULL && monitor != NULL && set(socket, ZMQ_LINGER, &none, sizeof none) &&
        set(monitor, ZMQ_LINGER, &none, sizeof none) && set(socket, ZMQ_RECONNECT_IVL, &never, sizeof never) &&
        set(socket, ZMQ_IPV6, &(int){1}, sizeof(int)) && set(monitor, ZMQ_RCVTIMEO, &patience_ms, sizeof patience_ms) &&
        (server == NULL || curve_dial(socket, &pair, server)) &&
        zmq_socket_monitor(socket, url,
                           ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                               ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                               ZMQ_EVENT_DISCONNECTED) == 0 &&
        zmq_connect(monitor, url) == 0 && zmq_connect(socket, endpoint) == 0)
        outcome = outcome_of(monitor);
    if (socket != NULL) {
        (void)zmq_socket_monitor(socket, NULL, 0);
        (void)zmq_close(socket);
    }
    if (monitor != NULL)
        (void)zmq_close(monitor);
    return outcome;
}

enum status curve_strangers_stay_out(void *context, const char *endpoint, const struct key *server, int patience_ms,
                                     char ret_reason[256])
{
    static const char *const sentences[] = {[GOT_IN] = "a stranger was let in: nothing is served here",
                                            [UNKNOWN] = "whether strangers stay out cannot be told"};
    char near[256];
    endpoint_near(endpoint, near);
    const struct key *const keys[CURVE_STRANGERS] = {server, NULL};
    for (size_t i = 0; i < CURVE_STRANGERS; i++) {
        enum outcome outcome = stranger_try(context, near, keys[i], patience_ms);
        if (outcome == STAYED_OUT)
            continue;
        (void)snprintf(ret_reason, 256, "%.120s: %s", endpoint, sentences[outcome]);
        return STATUS_PERMISSION;
    }
    return STATUS_OK;
}
