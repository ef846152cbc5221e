#include "sink/store_thread.h"

#include "base/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_MAX    4096 /* publications of waiting batches that become one piece; a larger batch is one by itself */
#define PAUSE_MS_MIN 200
#define PAUSE_MS_MAX 30000
#define BATCH_EXTRA  4096

enum job_kind { JOB_APPLY, JOB_WRITE, JOB_READ, JOB_TROUBLE };

struct job {
    struct job *next;
    enum job_kind kind;
    struct store_batch *batch;
    struct store_reading reading;
    struct alert_write write; /* also of a reading: its endpoint and subject */
    void *ticket;             /* of the write */
    struct text bytes;        /* what those borrow from */
    enum delivery delivery;
    char text[256]; /* what the trouble is */
};

/* A batch brings its job along, so that handing it over cannot fail. */
struct batch_with_job {
    struct store_batch batch;
    struct job job;
};

struct job_list {
    struct job *first, **end;
};

struct store_thread {
    uv_thread_t thread;
    uv_async_t async;
    struct store *store;
    struct store_thread_events events;
    size_t waiting; /* the loop's */
    void (*closed)(void *self);
    void *closed_self;

    uv_mutex_t mutex; /* what follows is shared */
    uv_cond_t wake;
    struct job_list queue, done;
    bool hurries, stops;

    bool has_failed; /* the thread's own */
    char failure[256];
    struct publication *publications; /* of a piece */
    enum store_effect *effects;
    uint32_t *revisions;
    size_t room;
    struct alert_write *writes;
    size_t write_room;
};

static void list_add(struct job_list *list, struct job *job)
{
    job->next = NULL;
    *list->end = job;
    list->end = &job->next;
}

static struct job *list_take(struct job_list *list)
{
    struct job *job = list->first;
    if (job == NULL)
        return NULL;
    list->first = job->next;
    if (list->first == NULL)
        list->end = &list->first;
    return job;
}

struct store_batch *store_batch_new(size_t arena_limit, size_t room)
{
    struct batch_with_job *whole = calloc(1, sizeof *whole);
    if (whole == NULL)
        return NULL;
    struct store_batch *batch = &whole->batch;
    arena_init(&batch->arena, arena_limit +
                                  room * (sizeof *batch->publications + sizeof *batch->effects + sizeof *batch->notes) +
                                  BATCH_EXTRA);
    batch->publications = arena_take(&batch->arena, room * sizeof *batch->publications);
    batch->effects = arena_take(&batch->arena, room * sizeof *batch->effects);
    batch->notes = arena_take(&batch->arena, room * sizeof *batch->notes);
    if (batch->publications == NULL || batch->effects == NULL || batch->notes == NULL) {
        store_batch_free(batch);
        return NULL;
    }
    return batch;
}

void store_batch_free(struct store_batch *batch)
{
    if (batch == NULL)
        return;
    arena_fini(&batch->arena);
    free(batch); /* the first member of what was taken */
}

/* --- the thread --- */

static void give_back(struct store_thread *thread, struct job *job)
{
    uv_mutex_lock(&thread->mutex);
    list_add(&thread->done, job);
    uv_mutex_unlock(&thread->mutex);
    (void)uv_async_send(&thread->async);
}

static void tell_trouble(struct store_thread *thread, enum delivery delivery, const char *reason)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return; /* a word less in the log */
    job->kind = JOB_TROUBLE;
    job->delivery = delivery;
    snprintf(job->text, sizeof job->text, "%s", reason);
    give_back(thread, job);
}

/* Waits, unless told to hurry: then answers false. */
static bool pause_for(struct store_thread *thread, uint64_t pause_ms)
{
    uint64_t end_ns = uv_hrtime() + pause_ms * 1000000;
    uv_mutex_lock(&thread->mutex);
    for (uint64_t now_ns = uv_hrtime(); !thread->hurries && now_ns < end_ns; now_ns = uv_hrtime())
        (void)uv_cond_timedwait(&thread->wake, &thread->mutex, end_ns - now_ns);
    bool goes_on = !thread->hurries;
    uv_mutex_unlock(&thread->mutex);
    return goes_on;
}

static enum delivery apply_piece(struct store_thread *thread, const struct store_piece *piece)
{
    char reason[256], last[256] = "";
    if (thread->has_failed)
        return REJECTED;
    uint64_t pause_ms = PAUSE_MS_MIN;
    for (;;) {
        enum delivery delivery = store_apply(thread->store, piece, thread->effects, thread->revisions, reason);
        if (delivery == DELIVERED && last[0] != '\0')
            tell_trouble(thread, DELIVERED, "");
        if (delivery == DELIVERED)
            return delivery;
        if (delivery == REJECTED) {
            thread->has_failed = true;
            tell_trouble(thread, REJECTED, reason);
            return delivery;
        }
        if (strcmp(reason, last) != 0)
            tell_trouble(thread, RETRY_LATER, reason);
        memcpy(last, reason, sizeof last);
        if (!pause_for(thread, pause_ms))
            return RETRY_LATER;
        pause_ms = 2 * pause_ms < PAUSE_MS_MAX ? 2 * pause_ms : PAUSE_MS_MAX;
    }
}

static bool publications_reserve(struct store_thread *thread, size_t count)
{
    if (count <= thread->room)
        return true;
    size_t room = count > PIECE_MAX ? count : PIECE_MAX;
    struct publication *publications = realloc(thread->publications, room * sizeof *publications);
    thread->publications = publications != NULL ? publications : thread->publications;
    enum store_effect *effects = realloc(thread->effects, room * sizeof *effects);
    thread->effects = effects != NULL ? effects : thread->effects;
    uint32_t *revisions = realloc(thread->revisions, room * sizeof *revisions);
    thread->revisions = revisions != NULL ? revisions : thread->revisions;
    bool is_there = publications != NULL && effects != NULL && revisions != NULL;
    thread->room = is_there ? room : 0;
    return is_there;
}

static bool writes_reserve(struct store_thread *thread, size_t count)
{
    if (count <= thread->write_room)
        return true;
    struct alert_write *writes = realloc(thread->writes, PIECE_MAX * sizeof *writes);
    if (writes == NULL || count > PIECE_MAX)
        return false;
    thread->writes = writes;
    thread->write_room = PIECE_MAX;
    return true;
}

static void batch_finish(struct store_thread *thread, struct store_batch *batch, size_t at, enum delivery delivery)
{
    batch->delivery = delivery;
    if (delivery != DELIVERED)
        return;
    for (size_t i = 0; i < batch->count; i++) {
        batch->effects[i] = thread->effects[at + i];
        struct publication *publication = &batch->publications[i];
        bool is_episode = publication->kind == PUBLICATION_EPISODE, is_notice = publication->kind == PUBLICATION_NOTICE;
        if (is_episode)
            publication->episode.revision = thread->revisions[at + i];
        if ((is_episode || is_notice) && batch->effects[i] == STORE_APPLIED)
            batch->notes[batch->note_count++] =
                (struct subject_note){.index = i,
                                      .fingerprint = is_episode ? fingerprint_of(&publication->episode)
                                                                : fingerprint_of_notice(&publication->notice)};
    }
}

/* How much is in a list of jobs. */
struct extent {
    size_t publications, writes;
};

/* What these jobs bring, as one piece. */
static struct store_piece piece_of(struct store_thread *thread, const struct job *jobs)
{
    struct store_piece piece = {
        .publications = thread->publications, .writes = thread->writes, .now_ms = clock_wall_ms()};
    for (const struct job *job = jobs; job != NULL; job = job->next) {
        if (job->kind == JOB_WRITE) {
            thread->writes[piece.write_count++] = job->write;
            continue;
        }
        memcpy(thread->publications + piece.count, job->batch->publications,
               job->batch->count * sizeof *thread->publications);
        piece.count += job->batch->count;
        piece.link = (struct stream_position){job->batch->epoch, job->batch->last};
    }
    return piece;
}

/* Applies the batches and writes of these jobs, in their order, as one piece. */
static void run_piece(struct store_thread *thread, struct job *jobs, struct extent extent)
{
    enum delivery delivery = DELIVERED;
    while (!publications_reserve(thread, extent.publications) || !writes_reserve(thread, extent.writes)) {
        if (!pause_for(thread, PAUSE_MS_MAX)) {
            delivery = RETRY_LATER;
            break;
        }
    }
    if (delivery == DELIVERED) {
        const struct store_piece piece = piece_of(thread, jobs);
        delivery = piece.count + piece.write_count > 0 ? apply_piece(thread, &piece) : DELIVERED;
    }
    size_t at = 0;
    while (jobs != NULL) {
        struct job *job = jobs;
        jobs = job->next;
        job->delivery = delivery;
        if (job->kind == JOB_APPLY) {
            size_t count = job->batch->count;
            batch_finish(thread, job->batch, at, delivery);
            at += count;
        }
        give_back(thread, job);
    }
}

static enum status keep_story(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    struct store_reading *reading = self;
    reading->is_found = true;
    reading->revision = episode->revision;
    reading->fingerprint = fingerprint_of(episode);
    episode_to_json(episode, incidents, &reading->json);
    return STATUS_END;
}

static enum status keep_notice(void *self, const struct notice *notice)
{
    struct store_reading *reading = self; /* the last one stays */
    reading->is_found = true;
    reading->revision = (uint64_t)notice->since_ms;
    reading->fingerprint = fingerprint_of_notice(notice);
    text_clear(&reading->json);
    notice_to_json(notice, &reading->json);
    return STATUS_OK;
}

static void run_read(struct store_thread *thread, struct job *job)
{
    struct store_reading *reading = &job->reading;
    struct span subject = job->write.row.subject, source = subject_source(subject);
    const struct store_filter filter = {.id = subject, .with_candidates = true, .with_withdrawn = true};
    enum status status = source.size > 0 ? store_notices(thread->store, source, keep_notice, reading)
                                         : store_episodes(thread->store, &filter, keep_story, reading);
    reading->is_found = reading->is_found && (status == STATUS_END || status == STATUS_OK) && !reading->json.failed;
    reading->has_draft = store_keeps_alerts(thread->store) && store_alert_draft(thread->store, job->write.row.endpoint,
                                                                                subject, &reading->draft) == STATUS_OK;
    give_back(thread, job);
}

static bool joins(const struct job *job, struct extent extent)
{
    return (job->kind == JOB_APPLY && extent.publications + job->batch->count <= PIECE_MAX) ||
           (job->kind == JOB_WRITE && extent.writes < PIECE_MAX);
}

static void extent_add(struct extent *extent, const struct job *job)
{
    extent->publications += job->kind == JOB_APPLY ? job->batch->count : 0;
    extent->writes += job->kind == JOB_WRITE;
}

/* The first job, and what is behind it that fits into one piece with it; NULL: stop. */
static struct job *next_jobs(struct store_thread *thread, struct extent *ret_extent)
{
    struct extent extent = {0};
    uv_mutex_lock(&thread->mutex);
    while (thread->queue.first == NULL && !thread->stops)
        uv_cond_wait(&thread->wake, &thread->mutex);
    struct job *first = list_take(&thread->queue), *last = first;
    if (first != NULL) {
        first->next = NULL;
        extent_add(&extent, first);
    }
    while (first != NULL && first->kind != JOB_READ && thread->queue.first != NULL &&
           joins(thread->queue.first, extent)) {
        last->next = list_take(&thread->queue);
        last = last->next;
        last->next = NULL;
        extent_add(&extent, last);
    }
    uv_mutex_unlock(&thread->mutex);
    *ret_extent = extent;
    return first;
}

static void run(void *self)
{
    struct store_thread *thread = self;
    struct extent extent;
    for (struct job *jobs = next_jobs(thread, &extent); jobs != NULL; jobs = next_jobs(thread, &extent)) {
        if (jobs->kind == JOB_READ)
            run_read(thread, jobs);
        else
            run_piece(thread, jobs, extent);
    }
}

/* --- the loop --- */

static void job_done(struct store_thread *thread, struct job *job)
{
    switch (job->kind) {
    case JOB_APPLY:
        thread->waiting--;
        thread->events.applied(thread->events.self, job->batch);
        return; /* the job went with its batch */
    case JOB_READ:
        thread->events.read_done(thread->events.self, &job->reading);
        text_fini(&job->reading.json);
        text_fini(&job->reading.draft);
        break;
    case JOB_WRITE:
        if (job->ticket != NULL)
            thread->events.written(thread->events.self, job->ticket, job->delivery);
        break;
    case JOB_TROUBLE:
        thread->events.trouble(thread->events.self, job->delivery, job->text);
        break;
    }
    text_fini(&job->bytes);
    free(job);
}

static void on_done(uv_async_t *async)
{
    struct store_thread *thread = async->data;
    for (;;) {
        uv_mutex_lock(&thread->mutex);
        struct job *job = list_take(&thread->done);
        uv_mutex_unlock(&thread->mutex);
        if (job == NULL)
            return;
        job_done(thread, job);
    }
}

static void submit(struct store_thread *thread, struct job *job)
{
    uv_mutex_lock(&thread->mutex);
    list_add(&thread->queue, job);
    uv_cond_signal(&thread->wake);
    uv_mutex_unlock(&thread->mutex);
}

static void on_closed(uv_handle_t *handle)
{
    struct store_thread *thread = handle->data;
    void (*closed)(void *) = thread->closed;
    void *self = thread->closed_self;
    free(thread);
    if (closed != NULL)
        closed(self);
}

enum status store_thread_open(uv_loop_t *loop, struct store *store, const struct store_thread_events *events,
                              struct store_thread **ret_thread)
{
    struct store_thread *thread = calloc(1, sizeof *thread);
    if (thread == NULL)
        return STATUS_NO_MEMORY;
    thread->store = store;
    thread->events = *events;
    thread->queue.end = &thread->queue.first;
    thread->done.end = &thread->done.first;
    if (uv_mutex_init(&thread->mutex) != 0)
        goto fail_mutex;
    if (uv_cond_init(&thread->wake) != 0)
        goto fail_cond;
    if (uv_async_init(loop, &thread->async, on_done) != 0)
        goto fail_async;
    thread->async.data = thread;
    if (uv_thread_create(&thread->thread, run, thread) != 0)
        goto fail_thread;
    *ret_thread = thread;
    return STATUS_OK;

fail_thread: /* the handle is freed by the loop */
    uv_cond_destroy(&thread->wake);
    uv_mutex_destroy(&thread->mutex);
    uv_close((uv_handle_t *)&thread->async, on_closed);
    return STATUS_NO_MEMORY;
fail_async:
    uv_cond_destroy(&thread->wake);
fail_cond:
    uv_mutex_destroy(&thread->mutex);
fail_mutex:
    free(thread);
    return STATUS_NO_MEMORY;
}

void store_thread_apply(struct store_thread *thread, struct store_batch *batch)
{
    struct job *job = &((struct batch_with_job *)batch)->job;
    *job = (struct job){.kind = JOB_APPLY, .batch = batch};
    thread->waiting++;
    submit(thread, job);
}

size_t store_thread_waiting(const struct store_thread *thread)
{
    return thread->waiting;
}

/* A job with copies of what the write borrows. NULL: out of memory. */
static struct job *job_new(enum job_kind kind, const struct alert_write *write)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return NULL;
    job->kind = kind;
    job->write = *write;
    struct span *const spans[] = {&job->write.row.endpoint, &job->write.row.subject, &job->write.row.detail,
                                  &job->write.json};
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++)
        text_append(&job->bytes, *spans[i]);
    if (job->bytes.failed) {
        text_fini(&job->bytes);
        free(job);
        return NULL;
    }
    size_t at = 0;
    for (size_t i = 0; i < sizeof spans / sizeof *spans; i++) {
        if (spans[i]->size > 0)
            spans[i]->data = job->bytes.data + at;
        at += spans[i]->size;
    }
    return job;
}

enum status store_thread_read(struct store_thread *thread, struct span endpoint, struct span subject, void *ticket)
{
    struct job *job = job_new(JOB_READ, &(struct alert_write){.row = {.endpoint = endpoint, .subject = subject}});
    if (job == NULL)
        return STATUS_NO_MEMORY;
    job->reading.ticket = ticket;
    submit(thread, job);
    return STATUS_OK;
}

enum status store_thread_write(struct store_thread *thread, const struct alert_write *write, void *ticket)
{
    struct job *job = job_new(JOB_WRITE, write);
    if (job == NULL)
        return STATUS_NO_MEMORY;
    job->ticket = ticket;
    submit(thread, job);
    return STATUS_OK;
}

void store_thread_hurry(struct store_thread *thread)
{
    uv_mutex_lock(&thread->mutex);
    thread->hurries = true;
    uv_cond_broadcast(&thread->wake);
    uv_mutex_unlock(&thread->mutex);
}

void store_thread_close(struct store_thread *thread, void (*closed)(void *self), void *self)
{
    assert(thread->waiting == 0);
    uv_mutex_lock(&thread->mutex);
    thread->stops = thread->hurries = true;
    uv_cond_broadcast(&thread->wake);
    uv_mutex_unlock(&thread->mutex);
    (void)uv_thread_join(&thread->thread);
    on_done(&thread->async);
    uv_cond_destroy(&thread->wake);
    uv_mutex_destroy(&thread->mutex);
    free(thread->publications);
    free(thread->writes);
    free(thread->effects);
    free(thread->revisions);
    thread->closed = closed;
    thread->closed_self = self;
    uv_close((uv_handle_t *)&thread->async, on_closed);
}
