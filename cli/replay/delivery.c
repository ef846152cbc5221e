#include "cli/replay/delivery.h"

#include "bus/receiver.h"
#include "cli/replay/stage.h"

#define COLLECT_URL   "inproc://timeline"
#define SCRATCH_BYTES (1024u * 1024u)

struct delivery {
    struct stage stage;
    struct supply *supply;
    struct receiver *receiver; /* of what is collected; else NULL */
    struct timeline *timeline;
    struct arena scratch;
    struct agent_stats stats;
    bool drained;
};

static void on_drained(void *self)
{
    struct delivery *delivery = self;
    delivery->drained = true;
    stage_kick(&delivery->stage);
}

static void step(void *self)
{
    struct delivery *delivery = self;
    if (delivery->drained)
        stage_end(&delivery->stage, STATUS_OK, NULL);
}

static void tick(void *self, uint64_t *ret_done, uint64_t *ret_total)
{
    struct delivery *delivery = self;
    if (!delivery->stage.closing && delivery->supply != NULL)
        supply_progress(delivery->supply, ret_done, ret_total);
}

static void close_parts(void *self)
{
    struct delivery *delivery = self;
    if (delivery->supply != NULL) {
        delivery->stats = supply_stats(delivery->supply);
        supply_close(delivery->supply, stage_part_closed, &delivery->stage);
    }
    if (delivery->receiver != NULL)
        receiver_close(delivery->receiver, stage_part_closed, &delivery->stage);
}

static void on_batch(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    struct delivery *delivery = self;
    for (size_t i = 0; i < count; i++) {
        enum status status = timeline_add(delivery->timeline, items[i], &delivery->scratch);
        if (status != STATUS_OK) {
            stage_fail(&delivery->stage, status, status_text(status));
            return;
        }
    }
    receiver_ack(delivery->receiver, peer->name, peer->epoch, first + count - 1);
}

/* A receiver may leave any of its events out but batch. */
static void on_marks(void *self, const struct peer *peer, const struct source_mark *marks, size_t count)
{
    (void)self, (void)peer, (void)marks, (void)count;
}

static void on_peer(void *self, const struct peer *peer, enum peer_state state)
{
    (void)self, (void)peer, (void)state;
}

static enum status open_receiver(struct delivery *delivery, char reason[256])
{
    const struct receiver_options options = {.url = COLLECT_URL, .end = BUS_LISTEN, .name = "timeline"};
    const struct receiver_events events = {.batch = on_batch, .marks = on_marks, .peer = on_peer, .self = delivery};
    enum status status = receiver_open(delivery->stage.bus, &options, &events, &delivery->receiver, reason);
    if (status == STATUS_OK)
        stage_part_opened(&delivery->stage);
    return status;
}

static enum status run(struct delivery *delivery, const struct supply_options *options, const char *label,
                       struct agent_stats *ret_stats, char ret_reason[256])
{
    const struct supply_events events = {.drained = on_drained, .self = delivery};
    char reason[256] = "";
    delivery->stage =
        (struct stage){.step = step, .tick = tick, .close_parts = close_parts, .self = delivery, .reason = ret_reason};
    enum status status = stage_open(&delivery->stage, label);
    if (status != STATUS_OK)
        return status;
    if (delivery->timeline != NULL)
        status = open_receiver(delivery, reason);
    if (status == STATUS_OK)
        status = supply_open(&delivery->stage.loop, delivery->stage.bus, options, &events, &delivery->supply, reason);
    if (status == STATUS_OK)
        stage_part_opened(&delivery->stage);
    else
        stage_end(&delivery->stage, status, reason[0] != '\0' ? reason : status_text(status));
    status = stage_run(&delivery->stage);
    if (status == STATUS_OK)
        *ret_stats = delivery->stats;
    return status;
}

enum status delivery_run(const struct supply_options *options, struct agent_stats *ret_stats, char ret_reason[256])
{
    struct delivery delivery = {0};
    return run(&delivery, options, "publishing", ret_stats, ret_reason);
}

enum status delivery_collect(const struct agent_config *agent, struct timeline *timeline, struct agent_stats *ret_stats,
                             char ret_reason[256])
{
    struct delivery delivery = {.timeline = timeline};
    const struct supply_options options = {.agent = agent, .url = COLLECT_URL, .epoch = 1};
    arena_init(&delivery.scratch, SCRATCH_BYTES);
    enum status status = run(&delivery, &options, "reading", ret_stats, ret_reason);
    arena_fini(&delivery.scratch);
    if (status == STATUS_OK)
        timeline_sort(timeline);
    return status;
}
