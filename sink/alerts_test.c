/* `vedette alerts test NAME`: one example to an endpoint, and what it says. */
#include "base/clock.h"
#include "sink/alerts.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

struct trial {
    const struct alert_driver *driver;
    void *self;
    const struct alert_config *config;
    FILE *out;
    uint64_t start_ns;
    enum status status;
};

static void on_result(void *self, const struct alert_result *result)
{
    struct trial *trial = self;
    static const char *const words[] = {[ALERT_SENT] = "taken",
                                        [ALERT_RETRY] = "not taken, would be tried again",
                                        [ALERT_REFUSED] = "refused for good"};
    uint64_t took_ms = (clock_monotonic_ns() - trial->start_ns) / 1000000;
    fprintf(trial->out, "alert %s: %s (%s, %" PRIu64 " ms)\n", trial->config->name, words[result->outcome],
            result->detail, took_ms);
    trial->status = result->outcome == ALERT_SENT ? STATUS_OK : STATUS_REFUSED;
    trial->driver->close(trial->self, NULL, NULL);
}

static void example_write(int64_t now_ms, struct span id, struct text *json)
{
    const struct country where = {COUNTRY_CODE('X', 'X'), COUNTRY_WHERE};
    const struct report report = {.source = SPAN("example"),
                                  .source_id = SPAN("1"),
                                  .status = REPORT_REPORTED,
                                  .category = CATEGORY_AIR_DRONE_SIGHTING,
                                  .occurred = {now_ms, now_ms, PRECISION_SECOND, BASIS_REPORTED},
                                  .reported_at_ms = now_ms,
                                  .has_place = true,
                                  .place = {.name = SPAN("nowhere")},
                                  .has_countries = true,
                                  .countries = &where,
                                  .country_count = 1,
                                  .headline = SPAN("An example sent by vedette alerts test"),
                                  .confidence = (double)NAN};
    const struct incident incident = {.id = SPAN("example:1"), .reports = &report, .report_count = 1};
    const struct episode_member member = {.incident_id = SPAN("example:1"), .membership = MEMBERSHIP_CORE};
    const struct episode episode = {.id = id,
                                    .revision = 1,
                                    .title = SPAN("An example: nothing happened"),
                                    .rule = SPAN("example"),
                                    .rule_hash = SPAN("0"),
                                    .state = EPISODE_FLAGGED,
                                    .countries = &where.code,
                                    .country_count = 1,
                                    .first_ms = now_ms,
                                    .last_ms = now_ms,
                                    .observed = 1,
                                    .expected = (double)NAN,
                                    .score = (double)NAN,
                                    .recurrence_days = (double)NAN,
                                    .cause = SPAN("asked for by vedette alerts test"),
                                    .members = &member,
                                    .member_count = 1};
    const struct incident *const incidents[] = {&incident};
    episode_to_json(&episode, incidents, json);
}

static enum status trial_send(struct trial *trial)
{
    int64_t now_ms = clock_wall_ms();
    struct text json = {0}, episode_id = {0}, id = {0};
    text_print(&episode_id, "example-%" PRId64, now_ms); /* another each time: endpoints drop repeats */
    text_print(&id, "%s/1", episode_id.data);
    example_write(now_ms, (struct span){episode_id.data, episode_id.size}, &json);
    const struct alert_message message = {.event_id = {id.data, id.size},
                                          .message_id = {id.data, id.size},
                                          .kind = ALERT_FLAGGED,
                                          .time_ms = now_ms,
                                          .json = {json.data, json.size}};
    enum status status = json.failed || episode_id.failed || id.failed
                             ? STATUS_NO_MEMORY
                             : trial->driver->send(trial->self, &message, on_result, trial);
    text_fini(&json);
    text_fini(&episode_id);
    text_fini(&id);
    return status;
}

enum status alerts_test(const struct alert_config *config, FILE *out)
{
    struct trial trial = {.driver = alert_driver_find(config->type), .config = config, .out = out, .status = STATUS_IO};
    char reason[256] = "no such kind of alert";
    uv_loop_t loop;
    if (uv_loop_init(&loop) != 0)
        return STATUS_NO_MEMORY;
    trial.start_ns = clock_monotonic_ns();
    enum status status = trial.driver != NULL ? trial.driver->open(&loop, config, &trial.self, reason) : STATUS_INVALID;
    if (status == STATUS_OK) {
        status = trial_send(&trial);
        if (status != STATUS_OK) {
            fprintf(out, "alert %s: %s\n", config->name, status_text(status));
            trial.driver->close(trial.self, NULL, NULL);
        }
        (void)uv_run(&loop, UV_RUN_DEFAULT);
        status = status == STATUS_OK ? trial.status : status;
    } else {
        fprintf(out, "alert %s: %s\n", config->name, reason);
    }
    (void)uv_loop_close(&loop);
    return status;
}
