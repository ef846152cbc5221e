/* Alerts by HTTP POST: libcurl's multi interface on the libuv loop, so that nothing ever blocks it.
 *
 *     send ─▶ easy handle ─▶ multi ◀─ uv_poll of each socket curl names, one uv_timer for curl's time-outs
 *                              └─▶ finished transfers ─▶ done
 *
 * Each endpoint has a multi of its own: a slow or dead one has no say in another's. Redirects are not followed (a
 * signed body goes where the configuration says), https is verified, only http and https are spoken. */
#include "base/clock.h"
#include "sink/alert_driver.h"
#include "sink/cloudevent.h"
#include "sink/secret.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS      15000L
#define ANSWER_BYTES    65536u /* of an answer's body, which nobody reads */
#define RETRY_AFTER_MAX 3600000

struct webhook {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    struct secret secret;
    struct transfer *transfers;
    size_t handles; /* of libuv, not yet closed */
    bool closing;
    void (*closed)(void *self);
    void *closed_self;
    char url[];
};

struct transfer {
    struct webhook *webhook;
    struct transfer *next, **link;
    CURL *easy;
    struct curl_slist *headers;
    struct text body;
    size_t answered;
    alert_done done;
    void *done_self;
};

struct watch { /* of a socket */
    uv_poll_t poll;
    struct webhook *webhook;
    curl_socket_t socket;
};

/* --- curl and libuv --- */

static void on_handle_closed(struct webhook *webhook)
{
    if (--webhook->handles > 0)
        return;
    void (*closed)(void *) = webhook->closed;
    void *closed_self = webhook->closed_self;
    sodium_memzero(&webhook->secret, sizeof webhook->secret);
    free(webhook);
    if (closed != NULL)
        closed(closed_self);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct webhook *webhook = watch->webhook;
    free(watch);
    on_handle_closed(webhook);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_handle_closed(handle->data);
}

static void transfer_free(struct transfer *transfer)
{
    *transfer->link = transfer->next;
    if (transfer->next != NULL)
        transfer->next->link = transfer->link;
    (void)curl_multi_remove_handle(transfer->webhook->multi, transfer->easy);
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    text_fini(&transfer->body);
    free(transfer);
}

static enum alert_outcome outcome_of_http(long code)
{
    if (code >= 200 && code < 300)
        return ALERT_SENT;
    return code == 408 || code == 429 || code >= 500 ? ALERT_RETRY : ALERT_REFUSED;
}

static void transfer_finish(struct transfer *transfer, CURLcode code)
{
    long http = 0;
    curl_off_t retry_after = 0;
    char detail[128];
    struct alert_result result = {.outcome = ALERT_RETRY, .detail = detail};
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &http);
    (void)curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &retry_after);
    /* An endless answer is cut off by us after its status: the status counts. */
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && http > 0)) {
        result.outcome = outcome_of_http(http);
        snprintf(detail, sizeof detail, "HTTP %ld%s", http,
                 http >= 300 && http < 400 ? ", redirects are not followed" : "");
        if (retry_after > 0)
            result.retry_after_ms = retry_after < RETRY_AFTER_MAX / 1000 ? retry_after * 1000 : RETRY_AFTER_MAX;
    } else {
        snprintf(detail, sizeof detail, "%s", curl_easy_strerror(code));
    }
    alert_done done = transfer->done;
    void *done_self = transfer->done_self;
    transfer_free(transfer);
    done(done_self, &result);
}

static void finish_done(struct webhook *webhook)
{
    CURLMsg *message;
    int left;
    while (!webhook->closing && (message = curl_multi_info_read(webhook->multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE)
            continue;
        char *private = NULL;
        CURLcode code = message->data.result;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &private);
        transfer_finish((struct transfer *)(void *)private, code);
    }
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    struct webhook *webhook = watch->webhook;
    int flags = (events & UV_READABLE ? CURL_CSELECT_IN : 0) | (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0) |
                (status < 0 ? CURL_CSELECT_ERR : 0);
    int running;
    (void)curl_multi_socket_action(webhook->multi, watch->socket, flags, &running);
    finish_done(webhook);
}

static void on_timeout(uv_timer_t *timer)
{
    struct webhook *webhook = timer->data;
    int running;
    (void)curl_multi_socket_action(webhook->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finish_done(webhook);
}

static int set_timer(CURLM *multi, long timeout_ms, void *self)
{
    (void)multi;
    struct webhook *webhook = self;
    if (webhook->closing)
        return 0;
    if (timeout_ms < 0)
        (void)uv_timer_stop(&webhook->timer);
    else
        (void)uv_timer_start(&webhook->timer, on_timeout, (uint64_t)timeout_ms, 0);
    return 0;
}

static void watch_close(struct watch *watch)
{
    (void)uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

static struct watch *watch_open(struct webhook *webhook, curl_socket_t socket)
{
    struct watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL || uv_poll_init_socket(webhook->loop, &watch->poll, socket) != 0) {
        free(watch);
        return NULL;
    }
    watch->webhook = webhook;
    watch->socket = socket;
    watch->poll.data = watch;
    webhook->handles++;
    (void)curl_multi_assign(webhook->multi, socket, watch);
    return watch;
}

static int set_socket(CURL *easy, curl_socket_t socket, int what, void *self, void *socket_self)
{
    (void)easy;
    struct webhook *webhook = self;
    struct watch *watch = socket_self;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL) {
            (void)curl_multi_assign(webhook->multi, socket, NULL);
            watch_close(watch);
        }
        return 0;
    }
    if (watch == NULL)
        watch = watch_open(webhook, socket);
    if (watch == NULL)
        return -1;
    int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
    return uv_poll_start(&watch->poll, events, on_ready) == 0 ? 0 : -1;
}

/* --- the driver --- */

static enum status webhook_check_url(const char *url, char ret_reason[256])
{
    CURLU *parts = curl_url();
    char *scheme = NULL;
    bool is_right = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
                    curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
                    (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_url_cleanup(parts);
    if (!is_right)
        snprintf(ret_reason, 256,
                 "this is no url of a webhook, expected http://… or https://…"); /* it may hold a secret: not shown */
    return is_right ? STATUS_OK : STATUS_INVALID;
}

static enum status webhook_open(uv_loop_t *loop, const struct alert_config *config, void **ret_self,
                                char ret_reason[256])
{
    struct secret secret;
    enum status status = webhook_check_url(config->url, ret_reason);
    if (status != STATUS_OK)
        return status;
    if (config->secret == NULL || sodium_init() < 0 || secret_parse(config->secret, &secret) != STATUS_OK) {
        snprintf(ret_reason, 256, "the secret is not whsec_ and base64");
        return STATUS_INVALID;
    }
    struct webhook *webhook = calloc(1, sizeof *webhook + strlen(config->url) + 1);
    if (webhook == NULL || (webhook->multi = curl_multi_init()) == NULL) {
        free(webhook);
        snprintf(ret_reason, 256, "out of memory");
        return STATUS_NO_MEMORY;
    }
    webhook->loop = loop;
    webhook->secret = secret;
    strcpy(webhook->url, config->url);
    (void)uv_timer_init(loop, &webhook->timer);
    webhook->timer.data = webhook;
    webhook->handles = 1;
    (void)curl_multi_setopt(webhook->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    (void)curl_multi_setopt(webhook->multi, CURLMOPT_SOCKETDATA, webhook);
    (void)curl_multi_setopt(webhook->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(webhook->multi, CURLMOPT_TIMERDATA, webhook);
    *ret_self = webhook;
    return STATUS_OK;
}

static void webhook_rekey(void *self, const struct alert_config *config)
{
    struct webhook *webhook = self;
    struct secret secret;
    if (secret_parse(config->secret, &secret) != STATUS_OK)
        return; /* no configuration that is right has such a one */
    webhook->secret = secret;
    sodium_memzero(&secret, sizeof secret);
}

static size_t on_answer(char *data, size_t size, size_t count, void *self)
{
    (void)data;
    struct transfer *transfer = self;
    transfer->answered += size * count;
    return transfer->answered > ANSWER_BYTES ? 0 : size * count;
}

/* false: out of memory. */
static bool header_add(struct transfer *transfer, const char *name, const char *value)
{
    char line[512];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (longer != NULL)
        transfer->headers = longer;
    return longer != NULL;
}

static bool headers_make(struct transfer *transfer, const struct alert_message *message)
{
    char id[256], timestamp[32], signature[SIGNATURE_BYTES];
    int64_t now_s = clock_wall_ms() / 1000;
    int id_size = snprintf(id, sizeof id, "%.*s", SPAN_ARG(message->message_id));
    snprintf(timestamp, sizeof timestamp, "%" PRId64, now_s);
    secret_sign(&transfer->webhook->secret, (struct span){id, (size_t)id_size}, now_s,
                (struct span){transfer->body.data, transfer->body.size}, signature);
    return header_add(transfer, "Content-Type", CLOUDEVENT_CONTENT_TYPE) && header_add(transfer, "webhook-id", id) &&
           header_add(transfer, "webhook-timestamp", timestamp) &&
           header_add(transfer, "webhook-signature", signature) && header_add(transfer, "Expect", "");
}

static bool options_set(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    const char *url = transfer->webhook->url;
    return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_USERAGENT, "vedette") == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDS, transfer->body.data) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.size) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK;
}

static enum status webhook_send(void *self, const struct alert_message *message, alert_done done, void *done_self)
{
    struct webhook *webhook = self;
    struct transfer *transfer = calloc(1, sizeof *transfer);
    CURL *easy = curl_easy_init();
    if (transfer == NULL || easy == NULL) {
        free(transfer);
        curl_easy_cleanup(easy);
        return STATUS_NO_MEMORY;
    }
    *transfer = (struct transfer){.webhook = webhook, .easy = easy, .done = done, .done_self = done_self};
    transfer->next = webhook->transfers;
    transfer->link = &webhook->transfers;
    if (transfer->next != NULL)
        transfer->next->link = &transfer->next;
    webhook->transfers = transfer;
    cloudevent_write(message, &transfer->body);
    if (transfer->body.failed || !headers_make(transfer, message) || !options_set(transfer) ||
        curl_multi_add_handle(webhook->multi, easy) != CURLM_OK) {
        transfer_free(transfer);
        return STATUS_NO_MEMORY;
    }
    return STATUS_OK;
}

static void webhook_close(void *self, void (*closed)(void *self), void *closed_self)
{
    struct webhook *webhook = self;
    webhook->closed = closed;
    webhook->closed_self = closed_self;
    webhook->closing = true;
    while (webhook->transfers != NULL)
        transfer_free(webhook->transfers);
    (void)curl_multi_cleanup(webhook->multi); /* has the watches closed */
    (void)uv_timer_stop(&webhook->timer);
    uv_close((uv_handle_t *)&webhook->timer, on_timer_closed);
}

const struct alert_driver alert_webhook = {.type = "webhook",
                                           .check_url = webhook_check_url,
                                           .open = webhook_open,
                                           .rekey = webhook_rekey,
                                           .send = webhook_send,
                                           .close = webhook_close};
