/* The law of restarts (correlator/journal/README.md): what the sink has heard is the beginning of what is told after
 * any restart, nothing acknowledged is gone, and in the end it knows what it would without any.
 *
 *   world ─▶ life (a process: agent ══ correlator, journal ══ sink) ─▶ killed at whatever moment ─▶ life … ─▶ the last
 *     │                        └─▶ what the sink heard, beyond all lives ─┐
 *     └────▶ one life, undisturbed ─▶ what its sink heard ────────────────┴─ equal?
 *
 * A life is a child process and ends by SIGKILL, from within at a chosen moment or from without at any, or by a clean
 * stop, or when all is fed. What the sink heard and what the agent had acknowledged is in memory that outlives it.
 *
 * In one world of three no checkpoint is written; in the others a start puts memory together, and applies again what
 * came after. The law holds to the byte in all of them.
 *
 *   --worlds N, VEDETTE_WORLDS=N   so many worlds (50)
 *   --seed S                       the first one's; each after has the next
 *   --show all                     of a world that failed: what was fed, and what was heard
 *
 * Lives depend on the clock as well: a seed that failed may need more than one go. */
#include "base/clock.h"
#include "base/log.h"
#include "bus/receiver.h"
#include "bus/sender.h"
#include "correlator/correlator_inside.h"
#include "correlator/reopen/reopen_inside.h"
#include "proto/codec.h"
#include "proto/config_blocks.h"
#include "proto/limits.h"
#include "tests/property/correlator/restart_world.h"
#include "tests/unit/base/unit.h"
#include "tests/unit/correlator/pipeline/reports.h"

#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define INCIDENTS_URL "inproc://restart-incidents"
#define EPISODES_URL  "inproc://restart-episodes"
#define EPOCH         1757453400000u
#define PATIENCE_NS   60000000000u
#define LIVES_MAX     8u
#define NARROW        6u                  /* incidents */
#define HEARD_MAX     ((size_t)256 << 20) /* address space; what is heard is little */

/* ---- what outlives a life ---- */

struct beyond {
    _Atomic uint64_t acked;    /* by the correlator */
    _Atomic size_t fed;        /* steps */
    _Atomic size_t size;       /* of what was heard */
    _Atomic bool over;         /* all was fed, and a clean stop */
    _Atomic uint64_t restored; /* lives that began with a checkpoint */
    _Atomic uint64_t knew;     /* lives before which reports were late */
    char mistake[320];
    char heard[]; /* struct line, bytes, to a multiple of eight */
};

struct line {
    uint32_t life;
    uint32_t size;
};

static struct beyond *beyond_new(void)
{
    void *memory = mmap(NULL, HEARD_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory != MAP_FAILED);
    return memory;
}

static void mistake(struct beyond *beyond, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void mistake(struct beyond *beyond, const char *format, ...)
{
    if (beyond->mistake[0] != '\0')
        return;
    va_list rest;
    va_start(rest, format);
    (void)vsnprintf(beyond->mistake, sizeof beyond->mistake, format, rest);
    va_end(rest);
}

/* ---- a life ---- */

enum end { END_TURNS, END_HEARD, END_OUTSIDE, END_CLEAN, END_ALL, END_COUNT };

struct life {
    const struct world *world;
    struct beyond *beyond;
    uint32_t number;
    enum end end;
    uint32_t after; /* turns, or publications */
    struct dice dice;
    uv_loop_t loop;
    uv_timer_t tick;
    struct bus *bus;
    struct config *config;
    struct correlator_config correlator_config;
    struct correlator *correlator;
    struct sender *agent;
    struct receiver *sink;
    uint32_t heard;
    bool done;
    int open;
};

static void die(void)
{
    (void)kill(getpid(), SIGKILL);
    _exit(1);
}

static void fall(struct life *life, const char *reason)
{
    mistake(life->beyond, "life %u: %s", life->number, reason);
    die();
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
}

/* What was acknowledged is fed as nonsense: whoever asks for it again finds it out. */
static void on_rejected(void *self, const char *agent, const char *reason)
{
    char sentence[256];
    (void)snprintf(sentence, sizeof sentence, "what was acknowledged is asked for again of %s: %s", agent, reason);
    fall(self, sentence);
}

static void on_failed(void *self, const char *reason)
{
    fall(self, reason);
}

static void keep(struct beyond *beyond, uint32_t life, struct span item)
{
    struct line line = {life, (uint32_t)item.size};
    size_t used = atomic_load(&beyond->size);
    size_t more = sizeof line + (item.size + 7) / 8 * 8;
    assert(sizeof *beyond + used + more < HEARD_MAX);
    memcpy(beyond->heard + used, &line, sizeof line);
    memcpy(beyond->heard + used + sizeof line, item.data, item.size);
    atomic_store(&beyond->size, used + more);
}

static void on_publications(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    struct life *life = self;
    for (size_t i = 0; i < count; i++) {
        keep(life->beyond, life->number, items[i]);
        if (life->end == END_HEARD && ++life->heard > life->after)
            die();
    }
    if (dice_below(&life->dice, 4) > 0 || life->end == END_CLEAN || life->end == END_ALL)
        receiver_ack(life->sink, peer->name, peer->epoch, first + count - 1);
}

/* In one of four hardly anything may be reopened: late reports are applied in parts, or refused. Which are, depends on
 * when the engine is asked, so there what stands in the end is not compared. */
static bool is_narrow(const struct world *world)
{
    return world->seed % 4 == 1;
}

static void correlator_begin(struct life *life, const char *folder)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    char reason[256] = "";
    if (config_parse(span_of(life->world->yaml), "restart.yaml", blocks, stderr, &life->config) != STATUS_OK ||
        !correlator_config_read(life->config, &life->correlator_config))
        fall(life, "the rules are none");
    life->correlator_config.checkpoint_ms = life->world->seed % 3 == 0 ? 0 : 3600000;
    const struct correlator_options options = {.config = &life->correlator_config,
                                               .incidents_url = INCIDENTS_URL,
                                               .episodes_url = EPISODES_URL,
                                               .epoch = EPOCH + life->number,
                                               .journal_folder = folder,
                                               .version = "test",
                                               .journal_sync = WAL_WRITTEN}; /* outlives the process: enough */
    const struct correlator_events events = {.rejected = on_rejected, .failed = on_failed, .self = life};
    if (correlator_open(&life->loop, life->bus, &options, &events, &life->correlator, reason) != STATUS_OK)
        fall(life, reason);
    const struct keeping *keeping = &life->correlator->keeping;
    atomic_fetch_add(&life->beyond->restored, keeping->begin > 1);
    atomic_fetch_add(&life->beyond->knew, keeping->verdicts.known.late.count > 0);
    if (is_narrow(life->world))
        life->correlator->reopen->options.incidents_max = NARROW;
}

static void promise_again(struct life *life, int64_t watermark_ms)
{
    const struct source_mark mark = {SPAN("desk"), watermark_ms, SOURCE_LIVE};
    if (watermark_ms != TIME_NONE && sender_marks(life->agent, &mark, 1) != STATUS_OK)
        fall(life, "the promise is not taken");
}

static void submit(struct life *life, struct span item)
{
    uint64_t position;
    if (sender_submit(life->agent, item, &position) != STATUS_OK)
        fall(life, "the report is not taken");
}

/* The agent has what it was not acknowledged, and says again what it promised last. */
static void agent_begin(struct life *life)
{
    const struct sender_options agent = {.url = INCIDENTS_URL, .end = BUS_DIAL, .name = "desk", .epoch = EPOCH};
    const struct sender_events none = {.self = life};
    char reason[256] = "";
    int64_t promised_ms = TIME_NONE;
    if (sender_open(life->bus, &agent, &none, &life->agent, reason) != STATUS_OK)
        fall(life, reason);
    for (size_t i = 0; i < atomic_load(&life->beyond->fed); i++) {
        const struct step *step = &life->world->steps[i];
        if (step->report.size == 0)
            promised_ms = step->watermark_ms;
        else
            submit(life, step->position <= atomic_load(&life->beyond->acked) ? SPAN("\xFF\xFFwas here") : step->report);
    }
    promise_again(life, promised_ms);
}

static void life_begin(struct life *life, const char *folder)
{
    const struct receiver_options sink = {
        .url = EPISODES_URL, .end = BUS_DIAL, .name = "store", .item_bytes_max = LIMIT_EPISODE_BYTES};
    const struct receiver_events events = {.batch = on_publications, .self = life};
    char reason[256] = "";
    log_set_level(LOG_ERROR);
    if (uv_loop_init(&life->loop) != 0 || bus_open(&life->loop, &life->bus) != STATUS_OK)
        fall(life, "no loop");
    (void)uv_timer_init(&life->loop, &life->tick);
    (void)uv_timer_start(&life->tick, on_timer, 1, 1);
    correlator_begin(life, folder);
    agent_begin(life);
    if (receiver_open(life->bus, &sink, &events, &life->sink, reason) != STATUS_OK)
        fall(life, reason);
    life->open = 3;
}

static void feed(struct life *life)
{
    const struct world *world = life->world;
    size_t fed = atomic_load(&life->beyond->fed);
    for (uint32_t count = dice_below(&life->dice, 6); count > 0 && fed < world->step_count; count--) {
        const struct step *step = &world->steps[fed];
        atomic_store(&life->beyond->fed, ++fed);
        if (step->report.size == 0)
            promise_again(life, step->watermark_ms);
        else
            submit(life, step->report);
    }
}

static void turn(struct life *life)
{
    (void)uv_run(&life->loop, UV_RUN_ONCE);
    if (sender_acked(life->agent) > atomic_load(&life->beyond->acked))
        atomic_store(&life->beyond->acked, sender_acked(life->agent));
}

static bool is_all_there(const struct life *life)
{
    return atomic_load(&life->beyond->fed) == life->world->step_count &&
           sender_acked(life->agent) == life->world->position && life->correlator->watermark_ms >= life->world->last_ms;
}

static void on_done(void *self)
{
    struct life *life = self;
    life->done = true;
}

static void part_closed(void *self)
{
    struct life *life = self;
    life->open--;
}

static void patience(struct life *life, uint64_t began_ns, const char *what)
{
    if (clock_monotonic_ns() - began_ns > PATIENCE_NS)
        fall(life, what);
}

static void stop(struct life *life)
{
    uint64_t began_ns = clock_monotonic_ns();
    correlator_finish(life->correlator, on_done, life);
    while (!life->done) {
        turn(life);
        patience(life, began_ns, "a clean stop does not come to its end");
    }
    correlator_close(life->correlator, part_closed, life);
    sender_close(life->agent, part_closed, life);
    receiver_close(life->sink, part_closed, life);
    while (life->open > 0) {
        (void)uv_run(&life->loop, UV_RUN_ONCE);
        patience(life, began_ns, "closing does not come to its end");
    }
    if (life->end == END_ALL)
        atomic_store(&life->beyond->over, true);
    _exit(0);
}

static void live(struct life *life, const char *folder)
{
    uint64_t began_ns = clock_monotonic_ns();
    life_begin(life, folder);
    for (uint32_t turns = 0;; turns++) {
        turn(life);
        if (life->end == END_ALL ? is_all_there(life) : life->end == END_CLEAN && turns > life->after)
            stop(life);
        if (life->end != END_ALL && life->end != END_CLEAN && turns > (life->end == END_TURNS ? life->after : 150))
            die();
        if (dice_below(&life->dice, 3) == 0)
            feed(life);
        if (dice_below(&life->dice, 8) == 0)
            keeping_tick(life->correlator, clock_wall_ms()); /* a second passes */
        patience(life, began_ns, "not all that was fed is acknowledged");
    }
}

static void life_play(const struct world *world, struct beyond *beyond, const char *folder, uint32_t number,
                      enum end end)
{
    struct life *life = calloc(1, sizeof *life);
    assert_non_null(life);
    *life = (struct life){.world = world, .beyond = beyond, .number = number, .end = end};
    life->dice.state = world->seed * 0x9e3779b97f4a7c15u + number;
    life->after = dice_below(&life->dice, 60);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        live(life, folder);
    if (end == END_OUTSIDE) {
        (void)usleep(1000 * dice_below(&life->dice, 40) + dice_below(&life->dice, 1000));
        (void)kill(child, SIGKILL);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    bool as_meant = end == END_CLEAN || end == END_ALL ? WIFEXITED(status) && WEXITSTATUS(status) == 0
                                                       : WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!as_meant)
        mistake(beyond, "life %u crashed: status %d", number, status);
    free(life);
}

/* ---- what was heard ---- */

struct telling {
    struct publication publication;
    struct span bytes;
    struct stream_position position;
};

struct tellings {
    struct telling *items; /* as one life without end would have told */
    size_t count;
    size_t lines;
    uint64_t again; /* heard more than once */
    struct arena arena;
};

static bool telling_read(struct tellings *tellings, struct span bytes, struct telling *ret)
{
    char reason[REASON_BYTES];
    ret->bytes = bytes;
    assert_int_equal(publication_unpack(bytes, &tellings->arena, &ret->publication, reason), STATUS_OK);
    switch (ret->publication.kind) {
    case PUBLICATION_EPISODE:
        ret->position = ret->publication.episode.position;
        return true;
    case PUBLICATION_INCIDENT:
    case PUBLICATION_RETRACTED:
        ret->position = ret->publication.incident.position;
        return true;
    case PUBLICATION_RULE:
    case PUBLICATION_NOTICE: /* go by the clock */
        return false;
    }
    return false;
}

static struct span telling_id(const struct telling *telling)
{
    return telling->publication.kind == PUBLICATION_EPISODE ? telling->publication.episode.id
                                                            : telling->publication.incident.id;
}

/* Where a life begins to tell again: nowhere, where nothing of it was told. */
static size_t place_of(const struct tellings *tellings, const struct telling *telling, struct beyond *beyond,
                       uint32_t life)
{
    for (size_t i = 0; i < tellings->count; i++)
        if (span_equal(tellings->items[i].bytes, telling->bytes))
            return i;
    if (tellings->count > 0 && telling->position.number <= tellings->items[tellings->count - 1].position.number)
        mistake(beyond, "life %u begins with %.*s at %" PRIu64 ", told by none before, which had come to %" PRIu64,
                life, SPAN_ARG(telling_id(telling)), telling->position.number,
                tellings->items[tellings->count - 1].position.number);
    return tellings->count;
}

static void one_more(struct tellings *tellings, const struct telling *telling, struct beyond *beyond)
{
    const struct telling *last = tellings->count > 0 ? &tellings->items[tellings->count - 1] : NULL;
    if (last != NULL &&
        (telling->position.epoch != last->position.epoch || telling->position.number < last->position.number))
        mistake(beyond, "%.*s at %" PRIu64 " after %" PRIu64, SPAN_ARG(telling_id(telling)), telling->position.number,
                last->position.number);
    tellings->items[tellings->count++] = *telling;
}

/* Each life tells what was told, from some place on, and then more. */
static struct tellings tellings_of(struct beyond *beyond)
{
    size_t size = atomic_load(&beyond->size), at = 0;
    struct tellings tellings = {.items = calloc(size / sizeof(struct line) + 1, sizeof *tellings.items)};
    assert_non_null(tellings.items);
    arena_init(&tellings.arena, 256u << 20);
    for (uint32_t life = UINT32_MAX; at < size;) {
        struct line line;
        struct telling telling;
        memcpy(&line, beyond->heard + at, sizeof line);
        struct span bytes = {beyond->heard + at + sizeof line, line.size};
        at += sizeof line + (line.size + 7) / 8 * 8;
        if (!telling_read(&tellings, bytes, &telling))
            continue;
        size_t place = life == line.life ? tellings.lines : place_of(&tellings, &telling, beyond, line.life);
        life = line.life;
        tellings.lines = place + 1;
        if (place == tellings.count)
            one_more(&tellings, &telling, beyond);
        else if (!span_equal(tellings.items[place].bytes, bytes))
            mistake(beyond, "life %u tells %.*s at %" PRIu64 " where %.*s at %" PRIu64 " was told before, otherwise",
                    life, SPAN_ARG(telling_id(&telling)), telling.position.number,
                    SPAN_ARG(telling_id(&tellings.items[place])), tellings.items[place].position.number);
        else
            tellings.again++;
    }
    return tellings;
}

static void tellings_fini(struct tellings *tellings)
{
    arena_fini(&tellings->arena);
    free(tellings->items);
}

/* ---- what a sink knows in the end ---- */

static const struct episode *episode_of(const struct tellings *tellings, struct span id)
{
    for (size_t i = tellings->count; i-- > 0;)
        if (tellings->items[i].publication.kind == PUBLICATION_EPISODE &&
            span_equal(tellings->items[i].publication.episode.id, id))
            return &tellings->items[i].publication.episode;
    return NULL;
}

/* The last that was said of a report, and the incident it was said in. */
static const struct report *report_of(const struct tellings *tellings, const struct report *report,
                                      const struct incident **ret_incident)
{
    for (size_t i = tellings->count; i-- > 0;) {
        const struct publication *publication = &tellings->items[i].publication;
        if (publication->kind == PUBLICATION_EPISODE)
            continue;
        *ret_incident = &publication->incident;
        for (size_t j = 0; j < publication->incident.report_count; j++) {
            const struct report *other = &publication->incident.reports[j];
            if (span_equal(other->source, report->source) && span_equal(other->source_id, report->source_id))
                return other;
        }
    }
    return NULL;
}

static void episode_compare(const struct tellings *other, const struct episode *episode, struct beyond *beyond,
                            const char *which)
{
    const struct episode *same = episode_of(other, episode->id);
    bool stands = episode->state != EPISODE_WITHDRAWN;
    if (same == NULL || same->state == EPISODE_WITHDRAWN) {
        if (stands)
            mistake(beyond, "%.*s stands %s only", SPAN_ARG(episode->id), which);
    } else if (stands &&
               (memcmp(episode->digest, same->digest, sizeof same->digest) != 0 || episode->final != same->final)) {
        mistake(beyond, "%.*s is another: %zu members, final %d; %s %zu, %d", SPAN_ARG(episode->id), same->member_count,
                same->final, which, episode->member_count, episode->final);
    }
}

static void report_compare(const struct tellings *other, const struct telling *telling, const struct report *report,
                           struct beyond *beyond, const char *which)
{
    const struct incident *incident = NULL;
    const struct report *same = report_of(other, report, &incident);
    unsigned char digests[2][32];
    report_digest(report, digests[0]);
    if (same != NULL)
        report_digest(same, digests[1]);
    bool is_gone = report->status == REPORT_RETRACTED; /* perhaps bare: what was known before stays known */
    if (same == NULL || same->revision != report->revision || same->status != report->status ||
        (!is_gone && memcmp(digests[0], digests[1], 32) != 0) ||
        !span_equal(telling->publication.incident.id, incident->id))
        mistake(beyond, "report %.*s:%.*s, revision %u %s, is %s", SPAN_ARG(report->source),
                SPAN_ARG(report->source_id), report->revision, which, same == NULL ? "missing" : "another");
}

/* All that one knows in the end the other knows too. */
static void compare(const struct tellings *tellings, const struct tellings *other, struct beyond *beyond,
                    const char *which)
{
    for (size_t i = 0; i < tellings->count; i++) {
        const struct telling *telling = &tellings->items[i];
        if (telling->publication.kind == PUBLICATION_EPISODE) {
            if (episode_of(tellings, telling->publication.episode.id) == &telling->publication.episode)
                episode_compare(other, &telling->publication.episode, beyond, which);
            continue;
        }
        const struct incident *incident = NULL;
        for (size_t j = 0; j < telling->publication.incident.report_count; j++)
            if (report_of(tellings, &telling->publication.incident.reports[j], &incident) ==
                &telling->publication.incident.reports[j])
                report_compare(other, telling, &telling->publication.incident.reports[j], beyond, which);
    }
}

/* ---- shown ---- */

static void show_steps(const struct world *world)
{
    char reason[REASON_BYTES];
    struct arena arena;
    arena_init(&arena, 64u << 20);
    for (size_t i = 0; i < world->step_count; i++) {
        const struct step *step = &world->steps[i];
        struct report report;
        if (step->report.size == 0)
            (void)fprintf(stderr, "  promise %+lld h\n", (step->watermark_ms - START_MS) / HOUR_MS);
        else if (report_unpack(step->report, &arena, &report, reason) == STATUS_OK)
            (void)fprintf(stderr,
                          "  %" PRIu64 ": %.*s:%.*s revision %u, status %d, category %d, %+lld h to %+lld h, %.2f\n",
                          step->position, SPAN_ARG(report.source), SPAN_ARG(report.source_id), report.revision,
                          (int)report.status, (int)report.category, (report.occurred.start_ms - START_MS) / HOUR_MS,
                          (report.occurred.end_ms - START_MS) / HOUR_MS, report.place.lat);
    }
    arena_fini(&arena);
}

static void show_episode(const struct episode *episode)
{
    (void)fprintf(stderr, "episode %.*s revision %u, state %d%s,", SPAN_ARG(episode->id), episode->revision,
                  (int)episode->state, episode->final ? ", final" : "");
    for (size_t i = 0; i < episode->member_count; i++)
        (void)fprintf(stderr, " %.*s(%d)", SPAN_ARG(episode->members[i].incident_id),
                      (int)episode->members[i].membership);
    (void)fprintf(stderr, ": %.*s\n", SPAN_ARG(episode->cause));
}

static void show_one(uint32_t life, const struct telling *telling)
{
    (void)fprintf(stderr, "  life %u at %" PRIu64 ": ", life, telling->position.number);
    if (telling->publication.kind == PUBLICATION_EPISODE)
        show_episode(&telling->publication.episode);
    else
        (void)fprintf(stderr, "incident %.*s, %zu reports, revision %u, status %d\n", SPAN_ARG(telling_id(telling)),
                      telling->publication.incident.report_count, telling->publication.incident.reports[0].revision,
                      (int)telling->publication.incident.reports[0].status);
}

static void show(struct beyond *beyond, const char *which)
{
    struct tellings tellings = {0};
    size_t size = atomic_load(&beyond->size);
    (void)fprintf(stderr, "%s\n", which);
    arena_init(&tellings.arena, 256u << 20);
    for (size_t at = 0; at < size;) {
        struct line line;
        struct telling telling;
        memcpy(&line, beyond->heard + at, sizeof line);
        if (telling_read(&tellings, (struct span){beyond->heard + at + sizeof line, line.size}, &telling))
            show_one(line.life, &telling);
        at += sizeof line + (line.size + 7) / 8 * 8;
    }
    arena_fini(&tellings.arena);
}

static bool shows;

/* ---- worlds ---- */

struct seen {
    uint64_t worlds, lives, restored, knew, told, again, mistakes;
};

static void folder_make(char folder[64])
{
    (void)snprintf(folder, 64, "/tmp/vedette-restart-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

static void folder_remove(const char *folder)
{
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (struct dirent *entry = readdir(files); entry != NULL; entry = readdir(files))
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2)
            (void)unlinkat(dirfd(files), entry->d_name, 0);
    (void)closedir(files);
    (void)rmdir(folder);
}

static void world_play(uint64_t seed, struct seen *seen)
{
    struct world *world = restart_world_make(seed);
    struct beyond *beyond = beyond_new(), *undisturbed = beyond_new();
    struct dice dice = {seed ^ 0xdead};
    bool by_checkpoints = seed % 3 < 2;
    char folders[2][64];
    folder_make(folders[0]);
    folder_make(folders[1]);
    life_play(world, undisturbed, folders[0], 0, END_ALL);
    uint32_t lives = 1 + dice_below(&dice, LIVES_MAX - 1);
    for (uint32_t i = 0; i <= lives && beyond->mistake[0] == '\0'; i++)
        life_play(world, beyond, folders[1], i,
                  i == lives ? END_ALL : (enum end)dice_below(&dice, by_checkpoints ? END_ALL : END_CLEAN));
    struct tellings one = tellings_of(undisturbed), other = tellings_of(beyond);
    if (beyond->mistake[0] == '\0' && undisturbed->mistake[0] == '\0' && !is_narrow(world)) {
        compare(&one, &other, beyond, "undisturbed");
        compare(&other, &one, beyond, "after restarts");
    }
    seen->worlds++;
    seen->lives += lives + 1;
    seen->restored += atomic_load(&beyond->restored);
    seen->knew += atomic_load(&beyond->knew);
    seen->told += other.count;
    seen->again += other.again;
    if (beyond->mistake[0] != '\0' || undisturbed->mistake[0] != '\0') {
        seen->mistakes++;
        (void)fprintf(stderr, "seed %" PRIu64 ", %zu steps, %u lives: %s%s\n%s", seed, world->step_count, lives + 1,
                      undisturbed->mistake, beyond->mistake, world->yaml);
        if (shows) {
            show_steps(world);
            show(undisturbed, "undisturbed");
            show(beyond, "beyond all lives");
        }
    }
    tellings_fini(&one);
    tellings_fini(&other);
    folder_remove(folders[0]);
    folder_remove(folders[1]);
    (void)munmap(beyond, HEARD_MAX);
    (void)munmap(undisturbed, HEARD_MAX);
    restart_world_free(world);
}

static uint64_t worlds = 50, first_seed = 1;

static void what_was_told_is_the_beginning_of_what_is_told_after_any_restart(void **state)
{
    (void)state;
    struct seen seen = {0};
    for (uint64_t i = 0; i < worlds; i++)
        world_play(first_seed + i, &seen);
    print_message("seeds %" PRIu64 " to %" PRIu64 ": %" PRIu64 " lives, %" PRIu64 " from a checkpoint, %" PRIu64
                  " after late reports, %" PRIu64 " tellings, %" PRIu64 " of them again\n",
                  first_seed, first_seed + worlds - 1, seen.lives, seen.restored, seen.knew, seen.told, seen.again);
    assert_int_equal(seen.mistakes, 0);
    assert_true(worlds < 20 || (seen.again > 0 && seen.restored > 0 && seen.knew > 0));
}

int main(int argc, char **argv)
{
    const char *asked = getenv("VEDETTE_WORLDS");
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--worlds") == 0)
            asked = argv[i + 1];
        else if (strcmp(argv[i], "--seed") == 0)
            first_seed = strtoull(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--show") == 0)
            shows = strcmp(argv[i + 1], "all") == 0;
    }
    if (asked != NULL)
        worlds = strtoull(asked, NULL, 10);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_told_is_the_beginning_of_what_is_told_after_any_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
