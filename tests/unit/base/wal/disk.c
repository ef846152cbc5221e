#include "tests/unit/base/wal/disk.h"

#include "tests/unit/base/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define SECTOR     512u
#define NAMES_MAX  128u
#define INODES_MAX 4096u
#define FDS_MAX    64u
#define CHANGES    256u
#define PATH_BYTES 192u

struct bytes {
    char *data;
    size_t size;
};

struct inode {
    struct bytes now;
    struct bytes durable;
};

struct name {
    char path[PATH_BYTES];
    int inode;
};

struct names {
    struct name rows[NAMES_MAX];
    size_t count;
};

/* to[0] == 0: unlinked. from[0] == 0: made. */
struct change {
    char from[PATH_BYTES];
    char to[PATH_BYTES];
    int inode;
};

struct disk {
    struct wal_files files;
    uv_mutex_t mutex;
    struct names now;
    struct names durable;
    struct change changes[CHANGES];
    size_t change_count;
    struct inode inodes[INODES_MAX];
    int inode_count;
    int fds[FDS_MAX]; /* inode, or −1 */
    uint64_t calls[DISK_OPERATIONS];
    uint64_t fail_nth[DISK_OPERATIONS];
    uint64_t fail_times[DISK_OPERATIONS];
    int fail_error[DISK_OPERATIONS];
    bool has_failed;
    bool fitful;
    bool holds;
    bool is_held; /* somebody waits */
    uv_cond_t changed;
    bool dead;
    uint64_t lives; /* operations until it dies; UINT64_MAX: never */
    uint64_t dice;
};

static uint64_t roll(struct disk *disk)
{
    disk->dice ^= disk->dice << 13;
    disk->dice ^= disk->dice >> 7;
    disk->dice ^= disk->dice << 17;
    return disk->dice >> 20;
}

/* --- bytes and names --- */

static void bytes_resize(struct bytes *bytes, size_t size)
{
    if (size > bytes->size) {
        char *data = realloc(bytes->data, size);
        assert_non_null(data);
        memset(data + bytes->size, 0, size - bytes->size);
        bytes->data = data;
    }
    bytes->size = size;
}

static void bytes_copy(struct bytes *to, const struct bytes *from)
{
    bytes_resize(to, from->size);
    if (from->size > 0)
        memcpy(to->data, from->data, from->size);
}

static int names_find(const struct names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->rows[i].path, path) == 0)
            return (int)i;
    }
    return -1;
}

static void names_remove(struct names *names, const char *path)
{
    int at = names_find(names, path);
    if (at >= 0)
        names->rows[at] = names->rows[--names->count];
}

static void names_apply(struct names *names, const struct change *change)
{
    if (change->from[0] != '\0')
        names_remove(names, change->from);
    if (change->to[0] == '\0')
        return;
    names_remove(names, change->to);
    assert_true(names->count < NAMES_MAX);
    struct name *name = &names->rows[names->count++];
    (void)snprintf(name->path, sizeof name->path, "%s", change->to);
    name->inode = change->inode;
}

static void change_do(struct disk *disk, const char *from, const char *to, int inode)
{
    assert_true(disk->change_count < CHANGES);
    struct change *change = &disk->changes[disk->change_count++];
    (void)snprintf(change->from, sizeof change->from, "%s", from);
    (void)snprintf(change->to, sizeof change->to, "%s", to);
    change->inode = inode;
    names_apply(&disk->now, change);
}

static int inode_new(struct disk *disk)
{
    assert_true(disk->inode_count < (int)INODES_MAX);
    struct inode *inode = &disk->inodes[disk->inode_count];
    bytes_resize(&inode->now, 0);
    bytes_resize(&inode->durable, 0);
    return disk->inode_count++;
}

/* --- what may go wrong --- */

static bool may_be_interrupted(enum disk_operation operation)
{
    return operation == DISK_PREAD || operation == DISK_PWRITE || operation == DISK_FDATASYNC ||
           operation == DISK_FALLOCATE;
}

static bool changes(enum disk_operation operation, int flags)
{
    return operation == DISK_PWRITE || operation == DISK_FDATASYNC || operation == DISK_FALLOCATE ||
           operation == DISK_TRUNCATE || operation == DISK_RENAME || operation == DISK_UNLINK ||
           operation == DISK_MKDIR || operation == DISK_SYNC_FOLDER || (operation == DISK_OPEN && flags & O_CREAT);
}

/* Begins an operation, with the mutex held then: 0, or the error it answers. */
static int begin(struct disk *disk, enum disk_operation operation, int flags)
{
    uv_mutex_lock(&disk->mutex);
    while (operation == DISK_PWRITE && disk->holds) {
        disk->is_held = true;
        uv_cond_broadcast(&disk->changed);
        uv_cond_wait(&disk->changed, &disk->mutex);
    }
    if (disk->dead)
        return -EIO;
    if (disk->fitful && may_be_interrupted(operation) && roll(disk) % 3 == 0)
        return -EINTR;
    uint64_t call = ++disk->calls[operation];
    uint64_t nth = disk->fail_nth[operation];
    if (nth > 0 && call >= nth && call - nth < disk->fail_times[operation]) {
        disk->has_failed = true;
        return -disk->fail_error[operation];
    }
    if (disk->lives != UINT64_MAX && changes(operation, flags) && disk->lives-- == 0) {
        disk->dead = true;
        disk->lives = UINT64_MAX;
        return -EIO;
    }
    return 0;
}

static int64_t end(struct disk *disk, int64_t answer)
{
    uv_mutex_unlock(&disk->mutex);
    return answer;
}

static size_t fitful_size(struct disk *disk, size_t size)
{
    return disk->fitful && size > 1 ? 1 + roll(disk) % size : size;
}

/* --- the operations --- */

static bool is_fd(int fd)
{
    return fd >= 0 && fd < (int)FDS_MAX;
}

static struct inode *inode_of(struct disk *disk, int fd)
{
    if (!is_fd(fd) || disk->fds[fd] < 0)
        abort(); /* a file that is not open */
    return &disk->inodes[disk->fds[fd]];
}

static int fd_new(struct disk *disk, int inode)
{
    for (int fd = 0; is_fd(fd); fd++) {
        if (disk->fds[fd] < 0) {
            disk->fds[fd] = inode;
            return fd;
        }
    }
    return -EMFILE;
}

static int disk_open(void *self, const char *path, int flags)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_OPEN, flags);
    int at = names_find(&disk->now, path);
    if (error == 0 && at < 0 && !(flags & O_CREAT))
        error = -ENOENT;
    if (error == 0 && at >= 0 && flags & O_EXCL)
        error = -EEXIST;
    if (error != 0)
        return (int)end(disk, error);
    if (at < 0) {
        change_do(disk, "", path, inode_new(disk));
        at = names_find(&disk->now, path);
    }
    if (flags & O_TRUNC)
        bytes_resize(&disk->inodes[disk->now.rows[at].inode].now, 0);
    return (int)end(disk, fd_new(disk, disk->now.rows[at].inode));
}

static void disk_close(void *self, int fd)
{
    struct disk *disk = self;
    uv_mutex_lock(&disk->mutex);
    (void)inode_of(disk, fd);
    disk->fds[fd] = -1;
    uv_mutex_unlock(&disk->mutex);
}

static int64_t disk_pread(void *self, int fd, void *bytes, size_t size, uint64_t offset)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_PREAD, 0);
    if (error != 0)
        return end(disk, error);
    const struct bytes *now = &inode_of(disk, fd)->now;
    if (offset >= now->size)
        return end(disk, 0);
    size = fitful_size(disk, size < now->size - offset ? size : (size_t)(now->size - offset));
    memcpy(bytes, now->data + offset, size);
    return end(disk, (int64_t)size);
}

static int64_t disk_pwrite(void *self, int fd, const void *bytes, size_t size, uint64_t offset)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_PWRITE, 0);
    if (error != 0)
        return end(disk, error);
    struct bytes *now = &inode_of(disk, fd)->now;
    size = fitful_size(disk, size);
    if (offset + size > now->size)
        bytes_resize(now, (size_t)offset + size);
    memcpy(now->data + offset, bytes, size);
    return end(disk, (int64_t)size);
}

static int disk_fdatasync(void *self, int fd)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_FDATASYNC, 0);
    if (error == 0)
        bytes_copy(&inode_of(disk, fd)->durable, &inode_of(disk, fd)->now);
    return (int)end(disk, error);
}

static int disk_fallocate(void *self, int fd, uint64_t size)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_FALLOCATE, 0);
    if (error == 0 && inode_of(disk, fd)->now.size < size)
        bytes_resize(&inode_of(disk, fd)->now, (size_t)size);
    return (int)end(disk, error);
}

static int disk_truncate(void *self, int fd, uint64_t size)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_TRUNCATE, 0);
    if (error == 0)
        bytes_resize(&inode_of(disk, fd)->now, (size_t)size);
    return (int)end(disk, error);
}

static int64_t disk_size(void *self, int fd)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_SIZE, 0);
    return end(disk, error != 0 ? error : (int64_t)inode_of(disk, fd)->now.size);
}

static int disk_rename(void *self, const char *from, const char *to)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_RENAME, 0);
    int at = names_find(&disk->now, from);
    if (error == 0 && at < 0)
        error = -ENOENT;
    if (error == 0)
        change_do(disk, from, to, disk->now.rows[at].inode);
    return (int)end(disk, error);
}

static int disk_unlink(void *self, const char *path)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_UNLINK, 0);
    if (error == 0 && names_find(&disk->now, path) < 0)
        error = -ENOENT;
    if (error == 0)
        change_do(disk, path, "", -1);
    return (int)end(disk, error);
}

static int disk_mkdir(void *self, const char *path)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_MKDIR, 0);
    return (int)end(disk, error != 0 ? error : -EEXIST);
}

static int disk_sync_folder(void *self, const char *path)
{
    struct disk *disk = self;
    int error = begin(disk, DISK_SYNC_FOLDER, 0);
    if (error == 0) {
        disk->durable = disk->now;
        disk->change_count = 0;
    }
    return (int)end(disk, error);
}

static int disk_list(void *self, const char *path, void (*visit)(void *visitor, const char *name), void *visitor)
{
    struct disk *disk = self;
    size_t folder = strlen(path);
    int error = begin(disk, DISK_LIST, 0);
    for (size_t i = 0; error == 0 && i < disk->now.count; i++) {
        const char *file = disk->now.rows[i].path;
        if (strncmp(file, path, folder) == 0 && file[folder] == '/')
            visit(visitor, file + folder + 1);
    }
    return (int)end(disk, error);
}

static int disk_lock(void *self, int fd)
{
    struct disk *disk = self;
    return (int)end(disk, begin(disk, DISK_LOCK, 0));
}

static uint32_t disk_random(void *self)
{
    struct disk *disk = self;
    uv_mutex_lock(&disk->mutex);
    return (uint32_t)end(disk, (int64_t)(roll(disk) & 0xffffffff));
}

/* --- for the tests --- */

struct disk *disk_new(uint64_t seed)
{
    struct disk *disk = calloc(1, sizeof *disk);
    assert_non_null(disk);
    disk->dice = seed * 0x9E3779B97F4A7C15u + 88172645463325252u;
    disk->lives = UINT64_MAX;
    assert_int_equal(uv_mutex_init(&disk->mutex), 0);
    assert_int_equal(uv_cond_init(&disk->changed), 0);
    for (size_t i = 0; i < FDS_MAX; i++)
        disk->fds[i] = -1;
    disk->files = (struct wal_files){
        .open = disk_open,
        .close = disk_close,
        .pread = disk_pread,
        .pwrite = disk_pwrite,
        .fdatasync = disk_fdatasync,
        .fallocate = disk_fallocate,
        .truncate = disk_truncate,
        .size = disk_size,
        .rename = disk_rename,
        .unlink = disk_unlink,
        .mkdir = disk_mkdir,
        .sync_folder = disk_sync_folder,
        .list = disk_list,
        .lock = disk_lock,
        .random = disk_random,
        .self = disk,
    };
    return disk;
}

void disk_free(struct disk *disk)
{
    for (size_t i = 0; i < INODES_MAX; i++) {
        free(disk->inodes[i].now.data);
        free(disk->inodes[i].durable.data);
    }
    uv_cond_destroy(&disk->changed);
    uv_mutex_destroy(&disk->mutex);
    free(disk);
}

const struct wal_files *disk_files(struct disk *disk)
{
    return &disk->files;
}

void disk_fail(struct disk *disk, enum disk_operation operation, uint64_t nth, uint64_t times, int error)
{
    uv_mutex_lock(&disk->mutex);
    disk->calls[operation] = 0;
    disk->fail_nth[operation] = nth;
    disk->fail_times[operation] = times;
    disk->fail_error[operation] = error;
    disk->has_failed = false;
    uv_mutex_unlock(&disk->mutex);
}

uint64_t disk_calls(struct disk *disk, enum disk_operation operation)
{
    uv_mutex_lock(&disk->mutex);
    return (uint64_t)end(disk, (int64_t)disk->calls[operation]);
}

bool disk_has_failed(struct disk *disk)
{
    uv_mutex_lock(&disk->mutex);
    return end(disk, disk->has_failed) != 0;
}

void disk_be_fitful(struct disk *disk)
{
    disk->fitful = true;
}

void disk_hold(struct disk *disk)
{
    uv_mutex_lock(&disk->mutex);
    disk->holds = true;
    disk->is_held = false;
    uv_mutex_unlock(&disk->mutex);
}

void disk_await_held(struct disk *disk)
{
    uv_mutex_lock(&disk->mutex);
    while (!disk->is_held)
        uv_cond_wait(&disk->changed, &disk->mutex);
    uv_mutex_unlock(&disk->mutex);
}

void disk_release(struct disk *disk)
{
    uv_mutex_lock(&disk->mutex);
    disk->holds = false;
    uv_cond_broadcast(&disk->changed);
    uv_mutex_unlock(&disk->mutex);
}

void disk_die_after(struct disk *disk, uint64_t operations)
{
    uv_mutex_lock(&disk->mutex);
    disk->lives = operations;
    uv_mutex_unlock(&disk->mutex);
}

bool disk_is_dead(struct disk *disk)
{
    uv_mutex_lock(&disk->mutex);
    return end(disk, disk->dead) != 0;
}

static void inode_restart(struct disk *disk, struct inode *inode, enum disk_loss loss)
{
    struct bytes *now = &inode->now;
    const struct bytes *durable = &inode->durable;
    if (loss == DISK_LOSES_NOTHING)
        return;
    if (loss == DISK_LOSES_ALL || roll(disk) % 2 == 0)
        bytes_resize(now, durable->size);
    for (size_t at = 0; at < now->size; at += SECTOR) {
        size_t size = now->size - at < SECTOR ? now->size - at : SECTOR;
        if (loss == DISK_LOSES_SOME && roll(disk) % 2 == 0)
            continue;
        memset(now->data + at, 0, size);
        if (at < durable->size)
            memcpy(now->data + at, durable->data + at, size < durable->size - at ? size : durable->size - at);
    }
}

void disk_kill(struct disk *disk)
{
    for (size_t i = 0; i < FDS_MAX; i++)
        disk->fds[i] = -1;
    disk->dead = false;
    disk->lives = UINT64_MAX;
}

void disk_restart(struct disk *disk, enum disk_loss loss)
{
    size_t kept = loss == DISK_LOSES_ALL       ? 0
                  : loss == DISK_LOSES_NOTHING ? disk->change_count
                                               : roll(disk) % (disk->change_count + 1);
    for (size_t i = 0; i < kept; i++)
        names_apply(&disk->durable, &disk->changes[i]);
    disk->now = disk->durable;
    disk->change_count = 0;
    for (int i = 0; i < disk->inode_count; i++) {
        inode_restart(disk, &disk->inodes[i], loss);
        bytes_copy(&disk->inodes[i].durable, &disk->inodes[i].now);
    }
    disk_kill(disk);
}

void disk_clear(struct disk *disk)
{
    disk->now.count = disk->durable.count = disk->change_count = 0;
    disk->inode_count = 0;
}

struct span disk_get(struct disk *disk, const char *path)
{
    int at = names_find(&disk->now, path);
    if (at < 0)
        return (struct span){NULL, 0};
    const struct bytes *now = &disk->inodes[disk->now.rows[at].inode].now;
    return (struct span){now->data, now->size};
}

void disk_put(struct disk *disk, const char *path, struct span bytes)
{
    int at = names_find(&disk->now, path);
    if (at < 0) {
        change_do(disk, "", path, inode_new(disk));
        at = names_find(&disk->now, path);
    }
    struct inode *inode = &disk->inodes[disk->now.rows[at].inode];
    bytes_resize(&inode->now, 0);
    bytes_resize(&inode->now, bytes.size);
    if (bytes.size > 0)
        memcpy(inode->now.data, bytes.data, bytes.size);
    bytes_copy(&inode->durable, &inode->now);
    disk->durable = disk->now;
    disk->change_count = 0;
}
