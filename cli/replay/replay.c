#include "cli/replay/replay.h"

#include "base/clock.h"
#include "cli/command.h"
#include "cli/journal/unroll.h"
#include "cli/replay/comparison.h"
#include "cli/replay/delivery.h"
#include "cli/replay/inputs.h"
#include "cli/replay/ledger.h"
#include "cli/story.h"

#include <signal.h>

struct replay {
    const struct replay_options *options;
    const char *program;
    struct zone *zone;
    struct settings settings;
    struct arena arena;        /* of sources */
    struct agent_config agent; /* the configured one with the files as its sources */
    struct timeline timeline;  /* of `speed` and `compare`: what the agent sent */
    bool has_timeline;
    struct agent_stats collected;
    struct story *story; /* of `speed` */
    struct text lines;
    enum status story_status;
};

static int complain(const struct replay *replay, enum status status, const char *reason)
{
    fprintf(stderr, "%s: %s\n", replay->program, reason[0] != '\0' ? reason : status_text(status));
    return status == STATUS_INVALID ? EXIT_MISUSED : EXIT_FAILED;
}

static void on_stored(void *self, const struct publication *publications, const enum store_effect *effects,
                      size_t count)
{
    struct replay *replay = self;
    for (size_t i = 0; i < count && replay->story_status == STATUS_OK; i++) {
        if (effects[i] == STORE_APPLIED)
            replay->story_status = story_tell(replay->story, &publications[i], &replay->lines);
    }
    if (replay->lines.size == 0)
        return;
    (void)fwrite(replay->lines.data, 1, replay->lines.size, stdout);
    (void)fflush(stdout);
    text_clear(&replay->lines);
}

/* --- the store at the end --- */

static enum status count_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    (void)incidents;
    struct ledger *ledger = self;
    switch (episode->state) {
    case EPISODE_FLAGGED:
        ledger->flagged++;
        break;
    case EPISODE_CANDIDATE:
        ledger->candidates++;
        break;
    case EPISODE_WITHDRAWN:
        ledger->withdrawn++;
        break;
    case EPISODE_STATE_COUNT:
        break;
    }
    return STATUS_OK;
}

struct listing {
    const struct output_driver *output;
    void *self;
};

static enum status list_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    struct listing *listing = self;
    return listing->output->episode(listing->self, episode, incidents);
}

static enum status print_flagged(const struct replay *replay, struct store *store)
{
    const struct store_filter flagged = {0};
    struct listing listing = {.output = replay->options->output};
    enum status status = listing.output->open(stdout, replay->zone, OUTPUT_EPISODES, &listing.self);
    if (status != STATUS_OK)
        return status;
    status = store_episodes(store, &flagged, list_episode, &listing);
    enum status closed = listing.output->close(listing.self);
    return status != STATUS_OK ? status : closed;
}

static int settle(struct replay *replay, struct store *store, struct ledger *ledger)
{
    char reason[256] = "";
    const struct store_filter all = {.with_candidates = true, .with_withdrawn = true};
    enum status status = ledger_check(ledger, reason);
    if (status == STATUS_OK && ledger->unread > 0) {
        (void)snprintf(reason, sizeof reason, "%llu file%s could not be read whole: %s is left as it was",
                       (unsigned long long)ledger->unread, ledger->unread == 1 ? "" : "s", replay->options->store);
        status = STATUS_CORRUPT;
    }
    if (status == STATUS_OK)
        status = store_commit(store, reason);
    if (status == STATUS_OK)
        status = store_episodes(store, &all, count_episode, ledger);
    if (status == STATUS_OK)
        status = print_flagged(replay, store);
    (void)fflush(stdout);
    ledger_print(ledger, stderr);
    if (status != STATUS_OK)
        return complain(replay, status, reason);
    bool refusals = ledger->refused + ledger->result.correlator.rejected > 0;
    return replay->options->strict && refusals ? EXIT_REFUSALS : EXIT_DONE;
}

/* --- one pass --- */

static enum status pass(struct replay *replay, const struct correlator_config *rules, struct store *store,
                        bool is_first, struct pipeline_result *ret_result, char reason[256])
{
    struct sink_config sink = replay->settings.sink;
    if (!replay->options->alerts || !is_first)
        sink.alert_count = 0;
    bool tells = replay->story != NULL && is_first;
    const struct pipeline_options options = {.agent = replay->has_timeline ? NULL : &replay->agent,
                                             .timeline = &replay->timeline,
                                             .speed = is_first ? replay->options->speed : 0,
                                             .correlator = rules,
                                             .sink = &sink,
                                             .store = store,
                                             .stored = tells ? on_stored : NULL,
                                             .self = replay,
                                             .label = is_first ? "replaying" : "comparing"};
    enum status status = pipeline_run(&options, ret_result, reason);
    if (status == STATUS_OK && tells && replay->story_status != STATUS_OK)
        status = replay->story_status;
    return status;
}

static enum status keep_flagged(struct store *store, struct kept_list *list)
{
    const struct store_filter flagged = {0};
    return store_episodes(store, &flagged, kept_list_visit, list);
}

/* The same input through the other rules, into memory; then what differs. */
static int compare(struct replay *replay, struct store *here)
{
    char reason[256] = "";
    struct settings other;
    enum status status = settings_open(&other, replay->options->compare, SETTINGS_RULES, stderr);
    if (status != STATUS_OK)
        return settings_refused(status);
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    struct kept_list lists[2] = {{.arena = &arena}, {.arena = &arena}};
    struct store *there = NULL;
    struct pipeline_result result;
    struct comparison_counts counts;
    status = store_open("memory:", STORE_REPLACE, &there, reason);
    if (status == STATUS_OK)
        status = pass(replay, &other.correlator, there, false, &result, reason);
    if (status == STATUS_OK)
        status = store_commit(there, reason);
    if (status == STATUS_OK)
        status = keep_flagged(here, &lists[0]);
    if (status == STATUS_OK)
        status = keep_flagged(there, &lists[1]);
    if (status == STATUS_OK)
        status = comparison_print(&lists[0], &lists[1], replay->zone, stdout, &counts);
    store_close(there);
    kept_list_fini(&lists[0]);
    kept_list_fini(&lists[1]);
    arena_fini(&arena);
    settings_close(&other);
    return status == STATUS_OK ? EXIT_DONE : complain(replay, status, reason);
}

static int replay_into_store(struct replay *replay)
{
    char reason[256] = "";
    struct store *store;
    struct ledger ledger = {.store = replay->options->store};
    enum status status = store_open(replay->options->store, STORE_REPLACE, &store, reason);
    if (status != STATUS_OK)
        return complain(replay, status, reason);
    status = pass(replay, &replay->settings.correlator, store, true, &ledger.result, reason);
    int exit_status = EXIT_FAILED;
    if (status != STATUS_OK) {
        exit_status = complain(replay, status, reason);
    } else {
        const struct agent_stats *read = replay->has_timeline ? &replay->collected : &ledger.result.agent;
        ledger.read = read->read;
        ledger.refused = read->refused;
        ledger.unread = read->unread;
        exit_status = settle(replay, store, &ledger);
        bool settled = exit_status == EXIT_DONE || exit_status == EXIT_REFUSALS;
        int compared = settled && replay->options->compare != NULL ? compare(replay, store) : EXIT_DONE;
        if (compared != EXIT_DONE)
            exit_status = compared;
    }
    store_close(store);
    return exit_status;
}

/* --- elsewhere --- */

static int replay_to_endpoint(struct replay *replay)
{
    char reason[256] = "";
    struct agent_stats stats;
    const struct supply_options options = {.agent = replay->has_timeline ? NULL : &replay->agent,
                                           .timeline = &replay->timeline,
                                           .speed = replay->options->speed,
                                           .url = replay->options->to,
                                           .epoch = (uint64_t)clock_wall_ms()};
    fprintf(stderr, "publishing to %s, until all is acknowledged; Ctrl-C ends it\n", replay->options->to);
    enum status status = delivery_run(&options, &stats, reason);
    if (status != STATUS_OK)
        return complain(replay, status, reason);
    const struct agent_stats *read = replay->has_timeline ? &replay->collected : &stats;
    fprintf(stderr, "read %llu reports, refused %llu; %llu published to %s and acknowledged\n",
            (unsigned long long)read->read, (unsigned long long)read->refused, (unsigned long long)stats.submitted,
            replay->options->to);
    if (read->unread > 0)
        return EXIT_FAILED;
    return replay->options->strict && read->refused > 0 ? EXIT_REFUSALS : EXIT_DONE;
}

/* --- before --- */

static int collect(struct replay *replay)
{
    char reason[256] = "";
    if (replay->options->speed <= 0 && replay->options->compare == NULL)
        return EXIT_DONE;
    replay->has_timeline = true;
    enum status status = delivery_collect(&replay->agent, &replay->timeline, &replay->collected, reason);
    if (status == STATUS_OK && replay->options->speed > 0 && replay->options->to == NULL)
        status = story_new(replay->zone, &replay->story);
    return status == STATUS_OK ? EXIT_DONE : complain(replay, status, reason);
}

/* A correlator's journal is read as the JSON Lines of what it received. */
static enum status journals_unroll(struct replay *replay, char reason[WAL_REASON_BYTES])
{
    const struct replay_options *options = replay->options;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < options->file_count && status == STATUS_OK; i++) {
        FILE *file;
        char path[64];
        if (!unroll_is_journal(options->files[i]))
            continue;
        status = unroll_to_file(options->files[i], &file, path, reason); /* open to the end of the program */
        if (status == STATUS_OK)
            options->files[i] = arena_copy(&replay->arena, span_of(path)).data;
        if (status == STATUS_OK && options->files[i] == NULL)
            status = STATUS_NO_MEMORY;
    }
    return status;
}

static int replay_checked(struct replay *replay)
{
    char reason[WAL_REASON_BYTES] = "";
    struct agent_source *sources;
    enum status status = journals_unroll(replay, reason);
    if (status == STATUS_OK)
        status = inputs_read(replay->options->files, replay->options->file_count, replay->options->mapping,
                             &replay->arena, &sources, reason);
    if (status != STATUS_OK)
        return complain(replay, status, reason);
    replay->agent = replay->settings.agent;
    replay->agent.sources = sources;
    replay->agent.source_count = replay->options->file_count;
    int exit_status = collect(replay);
    if (exit_status == EXIT_DONE)
        exit_status = replay->options->to != NULL ? replay_to_endpoint(replay) : replay_into_store(replay);
    return exit_status;
}

int replay_run(const struct replay_options *options, const char *program)
{
    struct replay replay = {.options = options, .program = program};
    (void)signal(SIGPIPE, SIG_IGN); /* a reader that goes away ends it as any failure does: tidily */
    enum status status = zone_open(options->tz, &replay.zone);
    if (status != STATUS_OK) {
        fprintf(stderr, "%s: --tz %s: there is no such time zone; expected one like Europe/Warsaw\n", program,
                options->tz);
        return EXIT_MISUSED;
    }
    status = settings_open(&replay.settings, options->config, SETTINGS_RULES, stderr);
    int exit_status = settings_refused(status);
    if (status == STATUS_OK) {
        arena_init(&replay.arena, SIZE_MAX);
        timeline_init(&replay.timeline);
        exit_status = replay_checked(&replay);
        story_free(replay.story);
        text_fini(&replay.lines);
        timeline_fini(&replay.timeline);
        arena_fini(&replay.arena);
        settings_close(&replay.settings);
    }
    zone_close(replay.zone);
    return exit_status;
}
