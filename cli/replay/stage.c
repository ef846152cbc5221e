#include "cli/replay/stage.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define TICK_MS 100

static const int caught[2] = {SIGINT, SIGTERM};

static void on_step(uv_timer_t *timer)
{
    struct stage *stage = timer->data;
    if (stage->closing)
        return;
    if (stage->failed)
        stage_end(stage, stage->status, NULL);
    else
        stage->step(stage->self);
}

static void on_tick(uv_timer_t *timer)
{
    struct stage *stage = timer->data;
    uint64_t done = 0, total = 0;
    stage->tick(stage->self, &done, &total);
    if (total > 0)
        stage->progress.total = total;
    progress_update(&stage->progress, done);
}

static void on_signal(uv_signal_t *handle, int number)
{
    char reason[64];
    (void)snprintf(reason, sizeof reason, "interrupted by signal %d (%s)", number, strsignal(number));
    stage_end(handle->data, STATUS_CLOSED, reason);
}

enum status stage_open(struct stage *stage, const char *label)
{
    if (uv_loop_init(&stage->loop) != 0)
        return STATUS_NO_MEMORY;
    enum status status = bus_open(&stage->loop, &stage->bus);
    if (status != STATUS_OK) {
        (void)uv_loop_close(&stage->loop);
        return status;
    }
    (void)uv_timer_init(&stage->loop, &stage->step_timer);
    (void)uv_timer_init(&stage->loop, &stage->tick_timer);
    stage->step_timer.data = stage->tick_timer.data = stage;
    for (size_t i = 0; i < 2; i++) {
        (void)uv_signal_init(&stage->loop, &stage->signals[i]);
        stage->signals[i].data = stage;
        (void)uv_signal_start(&stage->signals[i], on_signal, caught[i]);
    }
    progress_start(&stage->progress, label, 0);
    (void)uv_timer_start(&stage->tick_timer, on_tick, TICK_MS, TICK_MS);
    return STATUS_OK;
}

void stage_kick(struct stage *stage)
{
    if (!stage->closing)
        (void)uv_timer_start(&stage->step_timer, on_step, 0, 0);
}

/* The parts are gone: the bus and the handles follow, and the loop runs out. */
static void close_rest(struct stage *stage)
{
    progress_stop(&stage->progress);
    bus_close(stage->bus);
    stage->bus = NULL;
    uv_close((uv_handle_t *)&stage->step_timer, NULL);
    uv_close((uv_handle_t *)&stage->tick_timer, NULL);
    for (size_t i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&stage->signals[i], NULL);
}

void stage_end(struct stage *stage, enum status status, const char *reason)
{
    if (stage->closing)
        return;
    stage->closing = true;
    stage->status = status;
    if (reason != NULL)
        (void)snprintf(stage->reason, 256, "%s", reason);
    stage->parts++; /* so that the last part closed in between does not end it under us */
    stage->close_parts(stage->self);
    stage_part_closed(stage);
}

void stage_fail(struct stage *stage, enum status status, const char *reason)
{
    if (stage->closing || stage->failed)
        return;
    stage->failed = true;
    stage->status = status;
    (void)snprintf(stage->reason, 256, "%s", reason);
    stage_kick(stage);
}

void stage_part_opened(struct stage *stage)
{
    stage->parts++;
}

void stage_part_closed(void *self)
{
    struct stage *stage = self;
    assert(stage->parts > 0);
    stage->parts--;
    if (stage->parts == 0 && stage->closing)
        close_rest(stage);
}

enum status stage_run(struct stage *stage)
{
    (void)uv_run(&stage->loop, UV_RUN_DEFAULT);
    int busy = uv_loop_close(&stage->loop);
    assert(busy == 0); /* a handle left open would be a bug of ours */
    (void)busy;
    return stage->status;
}
