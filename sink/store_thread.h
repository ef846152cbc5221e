/* The thread a store lives on: the loop never waits for a disk.
 *
 *     loop:   apply, read ─▶ ┌ queue ┐ ─▶ thread: store_apply, store_episodes ─▶ ┌ done ┐ ─ uv_async ─▶ loop: applied,
 * read_done
 *
 * First in, first out. Applies and writes that wait together become one piece of the store. */
#pragma once

#include "base/arena.h"
#include "proto/json.h"
#include "sink/pacer.h"
#include "sink/store_alerts.h"

#include <uv.h>

struct store_thread;

struct subject_note { /* what alerts need of an applied episode or notice */
    size_t index;     /* of its publication */
    struct fingerprint fingerprint;
};

/* Publications that travel together; the loop's, then the thread's, then the loop's again. */
struct store_batch {
    struct arena arena; /* everything of it */
    struct publication *publications;
    enum store_effect *effects; /* filled by the thread, like all below; revisions are put into the publications */
    size_t count;
    size_t bytes;
    char *peer_name;
    uint64_t epoch, last; /* what is acknowledged once it is done */
    struct subject_note *notes;
    size_t note_count;
    enum delivery delivery; /* RETRY_LATER: given up because the thread was stopped */
};

struct store_reading {
    void *ticket;
    bool is_found;
    struct fingerprint fingerprint;
    uint64_t revision;
    struct text json;
    bool has_draft; /* the endpoint's: */
    struct text draft;
};

struct store_thread_events {                                /* on the loop */
    void (*applied)(void *self, struct store_batch *batch); /* the batch is the callee's again */
    void (*read_done)(void *self, const struct store_reading *reading);
    /* Of a write that has a ticket. */
    void (*written)(void *self, void *ticket, enum delivery delivery);
    /* RETRY_LATER: it is tried again after a pause; DELIVERED: it goes on; REJECTED: it failed for good. */
    void (*trouble)(void *self, enum delivery delivery, const char *reason);
    void *self;
};

enum status store_thread_open(uv_loop_t *loop, struct store *store, const struct store_thread_events *events,
                              struct store_thread **ret_thread) MUST_CHECK;
/* Takes the batch. */
void store_thread_apply(struct store_thread *thread, struct store_batch *batch);
/* How the subject stands, and what was begun to be told of it to the endpoint, where the store keeps that.
 * STATUS_NO_MEMORY: read_done will not be called. */
enum status store_thread_read(struct store_thread *thread, struct span endpoint, struct span subject,
                              void *ticket) MUST_CHECK;
/* Copies. ticket may be NULL. STATUS_NO_MEMORY: nothing will be written. */
enum status store_thread_write(struct store_thread *thread, const struct alert_write *write, void *ticket) MUST_CHECK;
/* From here on an apply that fails is not tried again but given back. */
void store_thread_hurry(struct store_thread *thread);
/* Batches not yet given back. */
size_t store_thread_waiting(const struct store_thread *thread);
/* Nothing may be under way. */
void store_thread_close(struct store_thread *thread, void (*closed)(void *self), void *self);

struct store_batch *store_batch_new(size_t arena_limit, size_t room); /* NULL: out of memory */
void store_batch_free(struct store_batch *batch);
