#include "sink/alerts.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PARALLEL_MAX 4

/* Adding a way of alerting: one row here. */
static const struct alert_driver *const drivers[] = {&alert_webhook};

struct endpoint {
    struct alerts *alerts;
    const char *name;
    const struct alert_driver *driver;
    void *self;
    struct pacer *pacer;
    uv_timer_t timer;
    bool is_down; /* as far as was logged */
    size_t readings;
    struct alert_ticket *sending; /* with the driver, which drops them when it is closed */
};

struct alert_ticket { /* also follows the message it became */
    struct endpoint *endpoint;
    struct alert_ticket *next, **link; /* of those being sent */
    struct span id;                    /* the pacer's, which keeps an entry while it is taken */
    uint32_t revision;
};

struct alerts {
    struct alerts_options options;
    uv_timer_t grace;
    int64_t wall_ms; /* of the wall clock at the start; durations are of the monotonic one */
    uint64_t start_ns;
    bool is_ending; /* no new reading begins */
    bool is_closing;
    size_t handles, drivers_open;
    void (*closed)(void *self);
    void *closed_self;
    size_t count;
    struct endpoint endpoints[];
};

const struct alert_driver *alert_driver_find(const char *type)
{
    for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++)
        if (strcmp(drivers[i]->type, type) == 0)
            return drivers[i];
    return NULL;
}

/* The wall clock as it was at the start plus what has passed since: it never jumps. */
static int64_t now_of(const struct alerts *alerts)
{
    return alerts->wall_ms + (int64_t)((clock_monotonic_ns() - alerts->start_ns) / 1000000);
}

static void pump(struct endpoint *endpoint);
static void close_if_quiet(struct alerts *alerts);

static void on_timer(uv_timer_t *timer)
{
    pump(timer->data);
}

static void pump(struct endpoint *endpoint)
{
    struct alerts *alerts = endpoint->alerts;
    struct span id;
    while (!alerts->is_ending && pacer_take(endpoint->pacer, now_of(alerts), &id) == STATUS_OK) {
        struct alert_ticket *ticket = calloc(1, sizeof *ticket);
        if (ticket == NULL) {
            pacer_put_back(endpoint->pacer, id, now_of(alerts));
            break;
        }
        *ticket = (struct alert_ticket){.endpoint = endpoint, .id = id};
        endpoint->readings++;
        alerts->options.read(alerts->options.self, id, ticket);
    }
    int64_t due = pacer_due(endpoint->pacer), now = now_of(alerts);
    if (alerts->is_ending || due == INT64_MAX)
        (void)uv_timer_stop(&endpoint->timer);
    else
        (void)uv_timer_start(&endpoint->timer, on_timer, due > now ? (uint64_t)(due - now) : 0, 0);
}

static void say_outcome(struct endpoint *endpoint, const struct alert_ticket *ticket, const struct alert_result *result)
{
    struct sink_stats *stats = endpoint->alerts->options.stats;
    switch (result->outcome) {
    case ALERT_SENT:
        stats->alerts_sent++;
        if (endpoint->is_down)
            log_info("alerts.recovered", "alert %s: the endpoint takes alerts again", endpoint->name);
        endpoint->is_down = false;
        break;
    case ALERT_RETRY:
        stats->alerts_retried++;
        if (!endpoint->is_down)
            log_warn("alerts.failing", "alert %s: %s; it is tried again until it is taken", endpoint->name,
                     result->detail);
        endpoint->is_down = true;
        break;
    case ALERT_REFUSED:
        stats->alerts_refused++;
        log_warn("alerts.refused", "alert %s: %.*s/%u given up, %s", endpoint->name, SPAN_ARG(ticket->id),
                 ticket->revision, result->detail);
        break;
    }
}

static void sending_add(struct endpoint *endpoint, struct alert_ticket *ticket)
{
    ticket->next = endpoint->sending;
    ticket->link = &endpoint->sending;
    if (ticket->next != NULL)
        ticket->next->link = &ticket->next;
    endpoint->sending = ticket;
}

static void sending_remove(struct alert_ticket *ticket)
{
    *ticket->link = ticket->next;
    if (ticket->next != NULL)
        ticket->next->link = ticket->link;
}

static void on_sent(void *self, const struct alert_result *result)
{
    struct alert_ticket *ticket = self;
    struct endpoint *endpoint = ticket->endpoint;
    sending_remove(ticket);
    say_outcome(endpoint, ticket, result);
    pacer_done(endpoint->pacer, ticket->id, result->outcome, result->retry_after_ms, now_of(endpoint->alerts));
    free(ticket);
    pump(endpoint);
    close_if_quiet(endpoint->alerts);
}

static void message_send(struct alert_ticket *ticket, const struct alert_story *story, enum alert_kind kind,
                         uint32_t repeat, int64_t time_ms)
{
    struct endpoint *endpoint = ticket->endpoint;
    struct text event_id = {0}, message_id = {0};
    ticket->revision = story->revision;
    sending_add(endpoint, ticket);
    text_print(&event_id, "%.*s/%u", SPAN_ARG(ticket->id), story->revision);
    text_print(&message_id, "%s", event_id.data);
    if (repeat > 0)
        text_print(&message_id, "/%u", repeat);
    struct alert_message message = {.event_id = {event_id.data, event_id.size},
                                    .message_id = {message_id.data, message_id.size},
                                    .kind = kind,
                                    .time_ms = time_ms,
                                    .json = story->json};
    enum status status = event_id.failed || message_id.failed
                             ? STATUS_NO_MEMORY
                             : endpoint->driver->send(endpoint->self, &message, on_sent, ticket);
    text_fini(&event_id);
    text_fini(&message_id);
    if (status != STATUS_OK)
        on_sent(ticket, &(struct alert_result){.outcome = ALERT_RETRY, .detail = status_text(status)});
}

void alerts_story(struct alert_ticket *ticket, const struct alert_story *story)
{
    struct endpoint *endpoint = ticket->endpoint;
    struct alerts *alerts = endpoint->alerts;
    enum alert_kind kind;
    uint32_t repeat;
    int64_t time_ms, now = now_of(alerts);
    endpoint->readings--;
    if (story == NULL || alerts->is_ending) {
        pacer_put_back(endpoint->pacer, ticket->id, now);
        free(ticket);
    } else if (pacer_choose(endpoint->pacer, ticket->id, story->fingerprint, story->revision, now, &kind, &repeat,
                            &time_ms) == STATUS_OK) {
        message_send(ticket, story, kind, repeat, time_ms);
        return;
    } else {
        free(ticket);
    }
    pump(endpoint);
    close_if_quiet(alerts);
}

enum status alerts_told(struct alerts *alerts, struct span episode_id, struct fingerprint fingerprint, int64_t last_ms)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < alerts->count && status == STATUS_OK; i++)
        status = pacer_told(alerts->endpoints[i].pacer, episode_id, fingerprint, last_ms);
    return status;
}

void alerts_note(struct alerts *alerts, struct span episode_id, struct fingerprint fingerprint, int64_t last_ms)
{
    for (size_t i = 0; i < alerts->count; i++) {
        struct endpoint *endpoint = &alerts->endpoints[i];
        enum pacer_noted noted = PACER_NOTHING;
        if (pacer_note(endpoint->pacer, episode_id, fingerprint, last_ms, now_of(alerts), &noted) != STATUS_OK)
            log_error("alerts.memory", "alert %s: out of memory, %.*s is not alerted", endpoint->name,
                      SPAN_ARG(episode_id));
        alerts->options.stats->alerts_aged += noted == PACER_AGED;
        if (noted == PACER_WAITS)
            pump(endpoint);
    }
}

/* --- opening and closing --- */

static void finish_if_closed(struct alerts *alerts)
{
    if (alerts->handles > 0 || alerts->drivers_open > 0)
        return;
    for (size_t i = 0; i < alerts->count; i++) {
        struct endpoint *endpoint = &alerts->endpoints[i];
        while (endpoint->sending != NULL) {
            struct alert_ticket *dropped = endpoint->sending;
            sending_remove(dropped);
            free(dropped);
        }
        pacer_free(endpoint->pacer);
    }
    void (*closed)(void *) = alerts->closed;
    void *self = alerts->closed_self;
    free(alerts);
    if (closed != NULL)
        closed(self);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct alerts *alerts =
        handle->type == UV_TIMER && handle->data != NULL ? ((struct endpoint *)handle->data)->alerts : NULL;
    if (alerts == NULL) /* the grace timer: it is a member */
        alerts = (struct alerts *)(void *)((char *)handle - offsetof(struct alerts, grace));
    alerts->handles--;
    finish_if_closed(alerts);
}

static void on_driver_closed(void *self)
{
    struct alerts *alerts = self;
    alerts->drivers_open--;
    finish_if_closed(alerts);
}

static void close_all(struct alerts *alerts)
{
    alerts->is_closing = true;
    alerts->handles++; /* held until all are asked */
    for (size_t i = 0; i < alerts->count; i++) {
        struct endpoint *endpoint = &alerts->endpoints[i];
        if (endpoint->driver != NULL)
            endpoint->driver->close(endpoint->self, on_driver_closed, alerts);
        if (endpoint->pacer != NULL)
            uv_close((uv_handle_t *)&endpoint->timer, on_handle_closed);
    }
    uv_close((uv_handle_t *)&alerts->grace, on_handle_closed);
    alerts->handles--;
}

static bool is_quiet(const struct alerts *alerts)
{
    for (size_t i = 0; i < alerts->count; i++)
        if (alerts->endpoints[i].readings > 0 || (!alerts->is_ending && !pacer_is_quiet(alerts->endpoints[i].pacer)))
            return false;
    return true;
}

static void close_if_quiet(struct alerts *alerts)
{
    if (alerts->closed_self != NULL && !alerts->is_closing && is_quiet(alerts))
        close_all(alerts);
}

static void on_grace_over(uv_timer_t *timer)
{
    struct alerts *alerts = (struct alerts *)(void *)((char *)timer - offsetof(struct alerts, grace));
    alerts->is_ending = true;
    close_if_quiet(alerts);
}

void alerts_close(struct alerts *alerts, uint64_t grace_ms, void (*closed)(void *self), void *self)
{
    assert(self != NULL);
    alerts->closed = closed;
    alerts->closed_self = self;
    for (size_t i = 0; i < alerts->count; i++)
        pacer_hurry(alerts->endpoints[i].pacer, now_of(alerts));
    (void)uv_timer_start(&alerts->grace, on_grace_over, grace_ms, 0);
    for (size_t i = 0; i < alerts->count; i++)
        pump(&alerts->endpoints[i]);
    close_if_quiet(alerts);
}

static enum status endpoint_open(struct alerts *alerts, uv_loop_t *loop, const struct alert_config *config,
                                 char ret_reason[256])
{
    struct endpoint *endpoint = &alerts->endpoints[alerts->count++];
    *endpoint = (struct endpoint){.alerts = alerts, .name = config->name};
    const struct pacer_options pace = {.group_wait_ms = config->group_wait_ms,
                                       .group_interval_ms = config->group_interval_ms,
                                       .repeat_interval_ms = config->repeat_interval_ms,
                                       .max_age_ms = config->max_age_ms,
                                       .parallel_max = PARALLEL_MAX};
    enum status status = pacer_new(&pace, &endpoint->pacer);
    if (status != STATUS_OK)
        return status;
    (void)uv_timer_init(loop, &endpoint->timer);
    endpoint->timer.data = endpoint;
    alerts->handles++;
    const struct alert_driver *driver = alert_driver_find(config->type);
    if (driver == NULL) {
        snprintf(ret_reason, 256, "alert %.60s: \"%.60s\" is no kind of alert", config->name, config->type);
        return STATUS_INVALID;
    }
    char reason[256];
    status = driver->open(loop, config, &endpoint->self, reason);
    if (status != STATUS_OK) {
        snprintf(ret_reason, 256, "alert %.60s: %.180s", config->name, reason);
        return status;
    }
    endpoint->driver = driver;
    alerts->drivers_open++;
    return STATUS_OK;
}

enum status alerts_open(uv_loop_t *loop, const struct alerts_options *options, struct alerts **ret_alerts,
                        char ret_reason[256])
{
    snprintf(ret_reason, 256, "out of memory");
    struct alerts *alerts = calloc(1, sizeof *alerts + options->count * sizeof(struct endpoint));
    if (alerts == NULL)
        return STATUS_NO_MEMORY;
    alerts->options = *options;
    alerts->wall_ms = clock_wall_ms();
    alerts->start_ns = clock_monotonic_ns();
    (void)uv_timer_init(loop, &alerts->grace);
    alerts->handles = 1;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < options->count && status == STATUS_OK; i++)
        status = endpoint_open(alerts, loop, &options->configs[i], ret_reason);
    if (status != STATUS_OK) {
        close_all(alerts);
        return status;
    }
    *ret_alerts = alerts;
    return STATUS_OK;
}
