#include "sink/store_thread.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_MAX    4096 /* publications of waiting batches that become one piece; a larger batch is one by itself */
#define PAUSE_MS_MIN 200
#define PAUSE_MS_MAX 30000
#define BATCH_EXTRA  4096

enum job_kind { JOB_APPLY, JOB_READ, JOB_TROUBLE };

struct job {
    struct job *next;
    enum job_kind kind;
    struct store_batch *batch;
    struct store_reading reading;
    enum delivery delivery;
    char text[256]; /* an episode's id, or what the trouble is */
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
    struct publication *piece;
    enum store_effect *effects;
    uint32_t *revisions;
    size_t piece_room;
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

static enum delivery apply_piece(struct store_thread *thread, size_t count, struct stream_position link)
{
    char reason[256], last[256] = "";
    if (thread->has_failed)
        return REJECTED;
    uint64_t pause_ms = PAUSE_MS_MIN;
    for (;;) {
        enum delivery delivery =
            store_apply(thread->store, thread->piece, count, link, thread->effects, thread->revisions, reason);
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

static bool piece_reserve(struct store_thread *thread, size_t count)
{
    if (count <= thread->piece_room)
        return true;
    size_t room = count > PIECE_MAX ? count : PIECE_MAX;
    struct publication *piece = realloc(thread->piece, room * sizeof *piece);
    thread->piece = piece != NULL ? piece : thread->piece;
    enum store_effect *effects = realloc(thread->effects, room * sizeof *effects);
    thread->effects = effects != NULL ? effects : thread->effects;
    uint32_t *revisions = realloc(thread->revisions, room * sizeof *revisions);
    thread->revisions = revisions != NULL ? revisions : thread->revisions;
    bool is_there = piece != NULL && effects != NULL && revisions != NULL;
    thread->piece_room = is_there ? room : 0;
    return is_there;
}

static void batch_finish(struct store_thread *thread, struct store_batch *batch, size_t at, enum delivery delivery)
{
    batch->delivery = delivery;
    if (delivery != DELIVERED)
        return;
    for (size_t i = 0; i < batch->count; i++) {
        batch->effects[i] = thread->effects[at + i];
        struct publication *publication = &batch->publications[i];
        if (publication->kind != PUBLICATION_EPISODE)
            continue;
        publication->episode.revision = thread->revisions[at + i];
        if (batch->effects[i] == STORE_APPLIED)
            batch->notes[batch->note_count++] =
                (struct episode_note){.index = i, .fingerprint = fingerprint_of(&publication->episode)};
    }
}

/* Applies the batches of these jobs, in their order, as one piece. */
static void run_applies(struct store_thread *thread, struct job *jobs, size_t count)
{
    enum delivery delivery = DELIVERED;
    struct stream_position link = {0};
    size_t at = 0;
    while (count > 0 && !piece_reserve(thread, count)) {
        if (!pause_for(thread, PAUSE_MS_MAX)) {
            delivery = RETRY_LATER;
            break;
        }
    }
    if (delivery == DELIVERED) {
        for (struct job *job = jobs; job != NULL; job = job->next) {
            memcpy(thread->piece + at, job->batch->publications, job->batch->count * sizeof *thread->piece);
            at += job->batch->count;
            link = (struct stream_position){job->batch->epoch, job->batch->last};
        }
        delivery = at > 0 ? apply_piece(thread, at, link) : DELIVERED;
    }
    at = 0;
    while (jobs != NULL) {
        struct job *job = jobs;
        jobs = job->next;
        size_t batch_count = job->batch->count;
        batch_finish(thread, job->batch, at, delivery);
        at += batch_count;
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

static void run_read(struct store_thread *thread, struct job *job)
{
    const struct store_filter filter = {.id = span_of(job->text), .with_candidates = true, .with_withdrawn = true};
    enum status status = store_episodes(thread->store, &filter, keep_story, &job->reading);
    job->reading.is_found = job->reading.is_found && status == STATUS_END && !job->reading.json.failed;
    give_back(thread, job);
}

/* The first job, and the applies behind it that fit into one piece; NULL: stop. */
static struct job *next_jobs(struct store_thread *thread, size_t *ret_count)
{
    uv_mutex_lock(&thread->mutex);
    while (thread->queue.first == NULL && !thread->stops)
        uv_cond_wait(&thread->wake, &thread->mutex);
    struct job *first = list_take(&thread->queue);
    size_t count = first != NULL && first->kind == JOB_APPLY ? first->batch->count : 0;
    struct job *last = first;
    if (first != NULL)
        first->next = NULL;
    while (first != NULL && first->kind == JOB_APPLY && thread->queue.first != NULL &&
           thread->queue.first->kind == JOB_APPLY && count + thread->queue.first->batch->count <= PIECE_MAX) {
        last->next = list_take(&thread->queue);
        last = last->next;
        last->next = NULL;
        count += last->batch->count;
    }
    uv_mutex_unlock(&thread->mutex);
    *ret_count = count;
    return first;
}

static void run(void *self)
{
    struct store_thread *thread = self;
    size_t count;
    for (struct job *jobs = next_jobs(thread, &count); jobs != NULL; jobs = next_jobs(thread, &count)) {
        if (jobs->kind == JOB_APPLY)
            run_applies(thread, jobs, count);
        else
            run_read(thread, jobs);
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
        break;
    case JOB_TROUBLE:
        thread->events.trouble(thread->events.self, job->delivery, job->text);
        break;
    }
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

enum status store_thread_read(struct store_thread *thread, struct span episode_id, void *ticket)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL || episode_id.size >= sizeof job->text) {
        free(job);
        return STATUS_NO_MEMORY;
    }
    job->kind = JOB_READ;
    job->reading.ticket = ticket;
    memcpy(job->text, episode_id.data, episode_id.size);
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
    free(thread->piece);
    free(thread->effects);
    free(thread->revisions);
    thread->closed = closed;
    thread->closed_self = self;
    uv_close((uv_handle_t *)&thread->async, on_closed);
}
