#include "cli/replay/pipeline.h"

#include "cli/replay/stage.h"

#include <stdio.h>

#define INCIDENTS_URL  "inproc://incidents"
#define EPISODES_URL   "inproc://episodes"
#define REPLAY_EPOCH   1 /* no clock reaches the store: the same input makes the same content */
#define ALERT_GRACE_MS 60000

struct pipeline {
    const struct pipeline_options *options;
    struct pipeline_result result;
    struct stage stage;
    struct supply *supply;
    struct correlator *correlator;
    struct sink *sink;
    bool fed, finishing, finished; /* how far it is */
};

static void on_drained(void *self)
{
    struct pipeline *pipeline = self;
    pipeline->fed = true;
    stage_kick(&pipeline->stage);
}

static void on_finished(void *self)
{
    struct pipeline *pipeline = self;
    pipeline->finished = true;
    stage_kick(&pipeline->stage);
}

static void on_correlator_failed(void *self, const char *reason)
{
    struct pipeline *pipeline = self;
    stage_fail(&pipeline->stage, STATUS_FULL, reason);
}

static void on_sink_failed(void *self, const char *reason)
{
    struct pipeline *pipeline = self;
    stage_fail(&pipeline->stage, STATUS_IO, reason);
}

static void on_stored(void *self, const struct publication *publications, const enum store_effect *effects,
                      size_t count)
{
    struct pipeline *pipeline = self;
    if (pipeline->options->stored != NULL)
        pipeline->options->stored(pipeline->options->self, publications, effects, count);
}

static void step(void *self)
{
    struct pipeline *pipeline = self;
    if (pipeline->finished) {
        stage_end(&pipeline->stage, STATUS_OK, NULL);
    } else if (pipeline->fed && !pipeline->finishing) {
        pipeline->finishing = true;
        correlator_finish(pipeline->correlator, on_finished, pipeline);
    }
}

static void tick(void *self, uint64_t *ret_done, uint64_t *ret_total)
{
    struct pipeline *pipeline = self;
    if (!pipeline->stage.closing && pipeline->supply != NULL)
        supply_progress(pipeline->supply, ret_done, ret_total);
}

static void close_parts(void *self)
{
    struct pipeline *pipeline = self;
    if (pipeline->supply != NULL) {
        pipeline->result.agent = supply_stats(pipeline->supply);
        supply_close(pipeline->supply, stage_part_closed, &pipeline->stage);
    }
    if (pipeline->correlator != NULL) {
        pipeline->result.correlator = *correlator_stats(pipeline->correlator);
        correlator_close(pipeline->correlator, stage_part_closed, &pipeline->stage);
    }
    if (pipeline->sink != NULL) {
        pipeline->result.sink = *sink_stats(pipeline->sink);
        uint64_t grace_ms = pipeline->options->sink->alert_count > 0 && pipeline->finished ? ALERT_GRACE_MS : 0;
        sink_close(pipeline->sink, grace_ms, stage_part_closed, &pipeline->stage);
    }
}

static enum status open_correlator(struct pipeline *pipeline, char reason[256])
{
    const struct correlator_options options = {.config = pipeline->options->correlator,
                                               .incidents_url = INCIDENTS_URL,
                                               .episodes_url = EPISODES_URL,
                                               .epoch = REPLAY_EPOCH,
                                               .time = CORRELATOR_REPLAY};
    const struct correlator_events events = {.failed = on_correlator_failed, .self = pipeline};
    enum status status =
        correlator_open(&pipeline->stage.loop, pipeline->stage.bus, &options, &events, &pipeline->correlator, reason);
    if (status == STATUS_OK)
        stage_part_opened(&pipeline->stage);
    return status;
}

static enum status open_sink(struct pipeline *pipeline, char reason[256])
{
    const struct sink_options options = {.config = pipeline->options->sink,
                                         .store = pipeline->options->store,
                                         .url = EPISODES_URL,
                                         .patience = SINK_GIVES_UP};
    const struct sink_events events = {.stored = on_stored, .failed = on_sink_failed, .self = pipeline};
    enum status status =
        sink_open(&pipeline->stage.loop, pipeline->stage.bus, &options, &events, &pipeline->sink, reason);
    if (status == STATUS_OK)
        stage_part_opened(&pipeline->stage);
    return status;
}

static enum status open_supply(struct pipeline *pipeline, char reason[256])
{
    const struct supply_options options = {.agent = pipeline->options->agent,
                                           .timeline = pipeline->options->timeline,
                                           .speed = pipeline->options->speed,
                                           .url = INCIDENTS_URL,
                                           .epoch = REPLAY_EPOCH};
    const struct supply_events events = {.drained = on_drained, .self = pipeline};
    enum status status =
        supply_open(&pipeline->stage.loop, pipeline->stage.bus, &options, &events, &pipeline->supply, reason);
    if (status == STATUS_OK)
        stage_part_opened(&pipeline->stage);
    return status;
}

enum status pipeline_run(const struct pipeline_options *options, struct pipeline_result *ret_result,
                         char ret_reason[256])
{
    struct pipeline pipeline = {
        .options = options, .stage = {.step = step, .tick = tick, .close_parts = close_parts, .reason = ret_reason}};
    pipeline.stage.self = &pipeline;
    char reason[256] = "";
    enum status status = stage_open(&pipeline.stage, options->label);
    if (status != STATUS_OK)
        return status;
    status = open_correlator(&pipeline, reason);
    if (status == STATUS_OK)
        status = open_sink(&pipeline, reason);
    if (status == STATUS_OK)
        status = open_supply(&pipeline, reason);
    if (status != STATUS_OK)
        stage_end(&pipeline.stage, status, reason[0] != '\0' ? reason : status_text(status));
    status = stage_run(&pipeline.stage);
    if (status == STATUS_OK)
        *ret_result = pipeline.result;
    return status;
}
