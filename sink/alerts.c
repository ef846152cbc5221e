#include "sink/alerts.h"

#include "base/clock.h"
#include "base/log.h"

#include <assert.h>
#include <inttypes.h>
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
    bool is_down;                 /* as far as was logged */
    size_t at_store;              /* tickets that are read or written */
    struct alert_ticket *sending; /* with the driver, which drops them when it is closed */
};

struct alert_ticket { /* also follows the message it became */
    struct endpoint *endpoint;
    struct alert_ticket *next, **link; /* of those being sent */
    struct span subject;               /* the pacer's, which keeps an entry while it is taken */
    struct alert_draft draft;
    struct text json; /* of the draft, while it is put down */
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
        *ticket = (struct alert_ticket){.endpoint = endpoint, .subject = id};
        endpoint->at_store++;
        alerts->options.read(alerts->options.self, span_of(endpoint->name), id, ticket);
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
        log_warn("alerts.refused", "alert %s: %.*s/%" PRIu64 " given up, %s", endpoint->name, SPAN_ARG(ticket->subject),
                 ticket->draft.revision, result->detail);
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

static void ticket_free(struct alert_ticket *ticket)
{
    text_fini(&ticket->json);
    free(ticket);
}

/* What became of an attempt, for a sink that is started again. */
static void put_down(struct endpoint *endpoint, struct span subject, const struct alert_result *result)
{
    static const enum row_event events[] = {
        [ALERT_SENT] = ROW_TOLD, [ALERT_RETRY] = ROW_FAILED, [ALERT_REFUSED] = ROW_REFUSED};
    struct alert_write write = {.event = events[result->outcome]};
    if (endpoint->alerts->options.write == NULL)
        return;
    pacer_row(endpoint->pacer, subject, &write.row);
    write.row.endpoint = span_of(endpoint->name);
    write.row.detail = result->outcome != ALERT_SENT ? span_of(result->detail) : (struct span){0};
    endpoint->alerts->options.write(endpoint->alerts->options.self, &write, NULL);
}

static void on_sent(void *self, const struct alert_result *result)
{
    struct alert_ticket *ticket = self;
    struct endpoint *endpoint = ticket->endpoint;
    sending_remove(ticket);
    say_outcome(endpoint, ticket, result);
    pacer_done(endpoint->pacer, ticket->subject, result->outcome, result->retry_after_ms, now_of(endpoint->alerts));
    put_down(endpoint, ticket->subject, result);
    ticket_free(ticket);
    pump(endpoint);
    close_if_quiet(endpoint->alerts);
}

static void put_back(struct alert_ticket *ticket)
{
    pacer_put_back(ticket->endpoint->pacer, ticket->subject, now_of(ticket->endpoint->alerts));
    ticket_free(ticket);
}

/* The pacer knows flagged and not; of a source that is silent and back. */
static enum alert_kind kind_of(struct span subject, enum alert_kind kind)
{
    if (subject_source(subject).size == 0)
        return kind;
    return kind == ALERT_WITHDRAWN || kind == ALERT_BACK ? ALERT_BACK : ALERT_SILENT;
}

static void message_send(struct alert_ticket *ticket, struct span json)
{
    struct endpoint *endpoint = ticket->endpoint;
    struct span source = subject_source(ticket->subject), name = source.size > 0 ? source : ticket->subject;
    struct text event_id = {0}, message_id = {0};
    sending_add(endpoint, ticket);
    text_print(&event_id, "%.*s/%" PRIu64, SPAN_ARG(name), ticket->draft.revision);
    text_print(&message_id, "%.*s/%" PRIu64, SPAN_ARG(name), ticket->draft.revision);
    if (ticket->draft.repeat > 0)
        text_print(&message_id, "/%u", ticket->draft.repeat);
    struct alert_message message = {.event_id = {event_id.data, event_id.size},
                                    .message_id = {message_id.data, message_id.size},
                                    .kind = ticket->draft.kind,
                                    .time_ms = ticket->draft.time_ms,
                                    .json = json};
    enum status status = event_id.failed || message_id.failed
                             ? STATUS_NO_MEMORY
                             : endpoint->driver->send(endpoint->self, &message, on_sent, ticket);
    text_fini(&event_id);
    text_fini(&message_id);
    if (status != STATUS_OK)
        on_sent(ticket, &(struct alert_result){.outcome = ALERT_RETRY, .detail = status_text(status)});
}

/* Puts the message down, to be sent once that is safe. */
static void message_begin(struct alert_ticket *ticket, struct span json)
{
    struct endpoint *endpoint = ticket->endpoint;
    struct alert_write write = {.event = ROW_BEGUN, .json = json};
    text_append(&ticket->json, json);
    if (ticket->json.failed) {
        put_back(ticket);
        return;
    }
    pacer_row(endpoint->pacer, ticket->subject, &write.row);
    write.row.endpoint = span_of(endpoint->name);
    write.row.draft = ticket->draft;
    endpoint->at_store++;
    endpoint->alerts->options.write(endpoint->alerts->options.self, &write, ticket);
}

/* Sends what is to be sent of the one that was read. */
static void ticket_go_on(struct alert_ticket *ticket, const struct alert_story *story)
{
    struct endpoint *endpoint = ticket->endpoint;
    struct alerts *alerts = endpoint->alerts;
    enum status chosen = pacer_choose(endpoint->pacer, ticket->subject, story->fingerprint, story->revision,
                                      now_of(alerts), &ticket->draft);
    if (chosen == STATUS_END) {
        ticket_free(ticket);
        return;
    }
    ticket->draft.kind = kind_of(ticket->subject, ticket->draft.kind);
    bool is_kept = chosen == STATUS_EXISTS && story->draft.data != NULL;
    if (!is_kept)
        ticket->draft.revision = story->revision;
    if (is_kept)
        message_send(ticket, story->draft);
    else if (alerts->options.write == NULL)
        message_send(ticket, story->json);
    else
        message_begin(ticket, story->json);
}

void alerts_story(struct alert_ticket *ticket, const struct alert_story *story)
{
    struct endpoint *endpoint = ticket->endpoint;
    struct alerts *alerts = endpoint->alerts;
    endpoint->at_store--;
    if (story == NULL || alerts->is_ending)
        put_back(ticket);
    else
        ticket_go_on(ticket, story);
    pump(endpoint);
    close_if_quiet(alerts);
}

void alerts_written(struct alert_ticket *ticket, enum delivery delivery)
{
    struct endpoint *endpoint = ticket->endpoint;
    struct alerts *alerts = endpoint->alerts;
    endpoint->at_store--;
    if (delivery != DELIVERED || alerts->is_ending)
        put_back(ticket);
    else
        message_send(ticket, (struct span){ticket->json.data, ticket->json.size});
    pump(endpoint);
    close_if_quiet(alerts);
}

enum status alerts_load(struct alerts *alerts, const struct alert_row *row)
{
    for (size_t i = 0; i < alerts->count; i++)
        if (span_equal(row->endpoint, span_of(alerts->endpoints[i].name)))
            return pacer_load(alerts->endpoints[i].pacer, row, now_of(alerts));
    return STATUS_OK; /* of none that is configured */
}

void alerts_start(struct alerts *alerts)
{
    for (size_t i = 0; i < alerts->count; i++)
        (void)uv_timer_start(&alerts->endpoints[i].timer, on_timer, 0, 0);
}

enum status alerts_told(struct alerts *alerts, struct span subject, struct fingerprint fingerprint, int64_t last_ms)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < alerts->count && status == STATUS_OK; i++)
        status = pacer_told(alerts->endpoints[i].pacer, subject, fingerprint, last_ms);
    return status;
}

void alerts_note(struct alerts *alerts, struct span subject, struct fingerprint fingerprint, int64_t last_ms)
{
    for (size_t i = 0; i < alerts->count; i++) {
        struct endpoint *endpoint = &alerts->endpoints[i];
        enum pacer_noted noted = PACER_NOTHING;
        if (pacer_note(endpoint->pacer, subject, fingerprint, last_ms, now_of(alerts), &noted) != STATUS_OK)
            log_error("alerts.memory", "alert %s: out of memory, %.*s is not alerted", endpoint->name,
                      SPAN_ARG(subject));
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
            ticket_free(dropped);
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
        if (alerts->endpoints[i].at_store > 0 || (!alerts->is_ending && !pacer_is_quiet(alerts->endpoints[i].pacer)))
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

void alerts_rekey(struct alerts *alerts, const struct alert_config *configs, size_t count)
{
    for (size_t i = 0; i < alerts->count; i++) {
        struct endpoint *endpoint = &alerts->endpoints[i];
        for (size_t k = 0; k < count; k++)
            if (strcmp(configs[k].name, endpoint->name) == 0 && strcmp(configs[k].type, endpoint->driver->type) == 0)
                endpoint->driver->rekey(endpoint->self, &configs[k]);
    }
}

bool alerts_look(const struct alerts *alerts, size_t index, struct alert_view *ret_view)
{
    if (alerts == NULL || index >= alerts->count)
        return false;
    const struct endpoint *endpoint = &alerts->endpoints[index];
    *ret_view = (struct alert_view){
        .name = endpoint->name, .waiting = pacer_waiting(endpoint->pacer), .is_failing = endpoint->is_down};
    return true;
}
