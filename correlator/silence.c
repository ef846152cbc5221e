/* Whose sources are not heard: said in the log when it changes, and told to the sinks where it lasts. */
#include "base/clock.h"
#include "base/log.h"
#include "base/time_text.h"
#include "correlator/correlator_inside.h"

#include <stdio.h>

static const char *agent_of(const struct watermark_source *source)
{
    return source->agent != NULL ? source->agent : "unknown to us";
}

static void on_condition(void *self, const struct watermark_source *source)
{
    (void)self;
    if (source->is_retired)
        return; /* who did that has said it */
    switch (source->condition) {
    case CONDITION_UNHEARD:
        break;
    case CONDITION_WELL:
        log_info("source.well", "source %s of agent %s is %s", source->name, agent_of(source),
                 source_state_name(source->state));
        break;
    case CONDITION_BLOCKED:
        log_warn("source.blocked", "source %s of agent %s is blocked: it cannot be read", source->name,
                 agent_of(source));
        break;
    case CONDITION_LATE:
        log_info("source.late", "source %s of agent %s is behind: it has not been read up to now, less its lateness",
                 source->name, agent_of(source));
        break;
    case CONDITION_DEAD:
        log_warn("source.dead", "source %s: its agent %s is not heard; the watermark waits for it", source->name,
                 agent_of(source));
        break;
    }
}

/* One line for people: what is the matter, and for how long already. */
static void silence_words(const struct watermark_source *source, int64_t since_ms, char ret_text[512])
{
    static const char *const why[] = {
        [CONDITION_UNHEARD] = "no agent has spoken of it",
        [CONDITION_WELL] = "it is heard",
        [CONDITION_BLOCKED] = "its agent cannot read it",
        [CONDITION_LATE] = "it is read, but is behind by more than its lateness",
        [CONDITION_DEAD] = "its agent is not heard",
    };
    char since[TIME_TEXT_BYTES];
    time_format(since_ms / 1000 * 1000, since);
    (void)snprintf(ret_text, 512, "source %.260s %s since %s: %s", source->name,
                   source->is_silent ? "is silent" : "is back", since,
                   source->is_retired ? "it is retired, nobody waits for it" : why[source->condition]);
}

static void on_silence(void *self, const struct watermark_source *source, int64_t since_ms)
{
    struct correlator *correlator = self;
    char text[512];
    silence_words(source, since_ms, text);
    if (source->is_silent)
        log_warn("source.silent", "%s", text);
    enum status status = publisher_notice(correlator->publisher, span_of(source->name),
                                          source->is_silent ? NOTICE_SILENT : NOTICE_BACK, since_ms, span_of(text));
    if (status != STATUS_OK)
        flow_fail_publishing(correlator, status);
}

void silence_watch(struct correlator *correlator)
{
    const struct watermark_moment moment = {.monotonic_ms = (int64_t)(clock_monotonic_ns() / 1000000),
                                            .wall_ms = clock_wall_ms(),
                                            .is_deaf = correlator->held};
    const struct watermark_events events = {.condition = on_condition, .silence = on_silence, .self = correlator};
    if (!correlator->failed)
        watermark_watch(correlator->watermark, &moment, &events);
}
