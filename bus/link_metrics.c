#include "bus/link_metrics.h"

static const struct metric sender_rows[] = {
#define X(name, help) METRIC(struct sender_stats, COUNTER, name, help),
    SENDER_COUNTERS(X)
#undef X
};

static const struct metric receiver_rows[] = {
#define X(name, help) METRIC(struct receiver_stats, COUNTER, name, help),
    RECEIVER_COUNTERS(X)
#undef X
};

static const void *sender_look(void *self, size_t index, const char **ret_label)
{
    (void)ret_label;
    return index == 0 ? sender_stats(self) : NULL;
}

static const void *receiver_look(void *self, size_t index, const char **ret_label)
{
    (void)ret_label;
    return index == 0 ? receiver_stats(self) : NULL;
}

struct metric_table sender_table(const char *name, const struct sender *sender)
{
    return (struct metric_table){
        .name = name, METRIC_ROWS(sender_rows), .look = sender_look, .self = (void *)(uintptr_t)sender};
}

struct metric_table receiver_table(const char *name, const struct receiver *receiver)
{
    return (struct metric_table){
        .name = name, METRIC_ROWS(receiver_rows), .look = receiver_look, .self = (void *)(uintptr_t)receiver};
}
