#include "agents/read_up_to.h"

#include "proto/report.h"

void read_up_to_note(struct read_up_to *read_up_to, int64_t reported_ms)
{
    if (reported_ms != TIME_NONE)
        read_up_to->reported_ms[read_up_to->count++ % READ_UP_TO_SPAN] = reported_ms;
}

int64_t read_up_to_least(const struct read_up_to *read_up_to)
{
    int64_t least = read_up_to->reported_ms[0];
    if (read_up_to->count < READ_UP_TO_SPAN)
        return TIME_NONE;
    for (size_t i = 1; i < READ_UP_TO_SPAN; i++)
        if (read_up_to->reported_ms[i] < least)
            least = read_up_to->reported_ms[i];
    return least;
}
