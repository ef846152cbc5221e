/* What the loop's thread (wal.c) and the log's own (wal_sync.c) share.
 *
 *     loop:  append ─▶ filling ┐                        ┌▶ active segment ─▶ fdatasync ─▶ synced, uv_async
 *                              └── swapped, a group ──▶ writing
 *     room:  [ active ······| place.end ] [ spare: made ahead, taken when the active one is full ]
 *
 * Frames are encoded as they are appended, for the segment they will lie in: so a record is taken only where there is
 * room on disk for it, and writing a group is one pwrite. A group goes on into the spare at most once (`split`); the
 * next spare is made when the active segment is half full. The mutex guards what is marked so; the loop's thread holds
 * it to copy one record, the log's thread to swap buffers. */
#pragma once

#include "base/wal/segment.h"

struct wal_buffer {
    char *bytes;
    size_t used;
    size_t room;
    size_t split;         /* bytes before it are the active segment's, the others the spare's */
    bool rolls;           /* goes on into the spare */
    uint64_t split_lsn;   /* first of the spare */
    uint64_t group_first; /* of those since: the first number, in the segment it goes on in */
    uint64_t next;        /* behind the last number */
};

struct wal {
    /* set when it is opened */
    const struct wal_files *files;
    char *folder;
    struct segment_head head; /* of new segments, but for first and salt */
    size_t segment_bytes;
    size_t pending_bytes;
    uint64_t bytes_max;
    enum wal_sync sync;
    uint64_t retry_after_ns;
    struct wal_events events;
    int lock_fd;
    uv_thread_t thread;
    uv_async_t async;
    uv_mutex_t mutex;
    uv_cond_t wake;

    /* the loop's */
    uint64_t told_synced;
    bool told_failed;
    void (*closed)(void *self);
    void *closed_self;

    /* under the mutex */
    struct wal_buffer buffers[2];
    struct wal_buffer *filling;
    struct wal_buffer *writing;
    struct { /* where the next record goes */
        uint32_t salt;
        uint64_t end;
        uint64_t capacity;
    } place;
    struct {
        bool ready;
        bool taken; /* by the loop; the sync thread has not come to it yet */
        uint32_t salt;
        uint64_t capacity;
    } spare;
    struct wal_segment *segments; /* ascending; the last is the active one, its `next` is not kept */
    size_t segment_count;
    size_t segment_room;
    uint64_t bytes; /* of segments and spare */
    uint64_t next;
    uint64_t synced;
    uint64_t trimmed;       /* all up to it may go */
    uint64_t wanted_bytes;  /* of the next spare; 0: none is wanted yet */
    uint64_t refused_bytes; /* of the frame append refused last; 0: nobody waits */
    enum status refused;    /* what it answered */
    uint64_t retry_ns;      /* no space: looked at again then; 0: there is some */
    bool asleep;
    bool closing;
    bool done; /* the thread touches nothing any more */
    enum status failed;
    char reason[WAL_REASON_BYTES];

    /* the log's thread's */
    int fd; /* of the active segment */
    uint64_t offset;
    uint64_t capacity;
    uint64_t filled; /* zeros are written up to here */
    int spare_fd;
};

/* Of one segment: everything in it may go. */
bool wal_is_trimmed(const struct wal *wal, size_t segment);
/* Whether bytes_max lets a new segment of so many bytes come; hold the mutex. */
bool wal_may_grow(const struct wal *wal, uint64_t bytes);
enum status wal_segment_add(struct wal *wal, uint64_t first, uint64_t bytes) MUST_CHECK;

/* wal.c: on the loop, when the thread has news. */
void wal_on_async(uv_async_t *async);
/* wal_open.c: memory and locks, no files. */
void wal_free(struct wal *wal);

/* wal_spare.c: new segments, under the name of FOLDER_SPARE until they hold something. Sync thread, or before it runs.
 */
enum status wal_spare_make(struct wal *wal, uint64_t bytes, int *ret_fd) MUST_CHECK;
/* Writes the head and the frames that go with it, and gives it its name; durable then. */
enum status wal_spare_name(struct wal *wal, int fd, uint32_t salt, uint64_t first, struct span frames) MUST_CHECK;
void wal_spare_drop(struct wal *wal, int fd);

/* wal_sync.c: the thread, until closing and everything is written, or failed and closing. */
void wal_sync_main(void *wal);
