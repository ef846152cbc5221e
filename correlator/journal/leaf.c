#include "correlator/journal/leaf.h"

#include "base/wal/crc32c.h"
#include "proto/report.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define VERSION    2u
#define ORDER_MARK 0x01020304u
static const char MAGIC[8] = {'v', 'd', 't', 'i', 'n', 'd', 'e', 'x'};

struct head {
    char magic[8];
    uint32_t order;
    uint32_t version;
    uint32_t crc;
    uint32_t zero;
    struct leaf_facts facts;
};

void leaf_init(struct leaf *leaf, uint64_t first)
{
    *leaf = (struct leaf){.facts = {.first = first, .least_ms = INT64_MAX, .last_ms = INT64_MIN}, .is_checked = true};
}

void leaf_fini(struct leaf *leaf)
{
    if (leaf->mapped != NULL) {
        (void)munmap(leaf->mapped, leaf->mapped_size);
    } else {
        free(leaf->stubs);
        free(leaf->by_id);
        free(leaf->chains);
        free(leaf->places);
    }
    *leaf = (struct leaf){0};
}

/* --- in memory --- */

static bool room_make(void **items, size_t *room, size_t count, size_t size)
{
    if (count < *room)
        return true;
    size_t wanted = *room == 0 ? 1024 : *room * 2;
    void *grown = realloc(*items, wanted * size);
    if (grown == NULL)
        return false;
    *items = grown;
    *room = wanted;
    return true;
}

static void chain_add(struct leaf *leaf, uint32_t index)
{
    uint32_t *head = &leaf->by_id[leaf->stubs[index].id_hash & leaf->bucket_mask];
    leaf->chains[index] = *head;
    *head = index + 1;
}

/* As many buckets as there is room for stubs. */
static bool buckets_grow(struct leaf *leaf)
{
    uint32_t *chains = realloc(leaf->chains, leaf->stub_room * sizeof *chains);
    if (chains == NULL)
        return false;
    leaf->chains = chains;
    uint32_t *heads = calloc(leaf->stub_room, sizeof *heads);
    if (heads == NULL)
        return false;
    free(leaf->by_id);
    leaf->by_id = heads;
    leaf->bucket_mask = (uint32_t)leaf->stub_room - 1; /* rooms are powers of two */
    for (uint32_t i = 0; i < leaf->facts.stub_count; i++)
        chain_add(leaf, i);
    return true;
}

enum status leaf_add_stub(struct leaf *leaf, const struct leaf_stub *stub)
{
    struct leaf_facts *facts = &leaf->facts;
    void *stubs = leaf->stubs;
    size_t room = leaf->stub_room;
    if (facts->stub_count >= UINT32_MAX - 1 ||
        !room_make(&stubs, &leaf->stub_room, facts->stub_count, sizeof *leaf->stubs))
        return STATUS_NO_MEMORY;
    leaf->stubs = stubs;
    if (room != leaf->stub_room && !buckets_grow(leaf)) {
        leaf->stub_room = room;
        return STATUS_NO_MEMORY;
    }
    leaf->stubs[facts->stub_count] = *stub;
    chain_add(leaf, (uint32_t)facts->stub_count++);
    if (stub->start_ms != TIME_NONE && stub->start_ms < facts->least_ms)
        facts->least_ms = stub->start_ms;
    if (stub->start_ms != TIME_NONE && stub->end_ms > facts->last_ms)
        facts->last_ms = stub->end_ms;
    return STATUS_OK;
}

enum status leaf_add_place(struct leaf *leaf, const struct leaf_place *place)
{
    void *places = leaf->places;
    if (!room_make(&places, &leaf->place_room, leaf->facts.place_count, sizeof *leaf->places))
        return STATUS_NO_MEMORY;
    leaf->places = places;
    leaf->places[leaf->facts.place_count++] = *place;
    return STATUS_OK;
}

enum status leaf_split(struct leaf *leaf, uint64_t number, struct leaf *rest)
{
    struct leaf all = *leaf;
    enum status status = STATUS_OK;
    leaf_init(leaf, all.facts.first);
    for (size_t i = 0; i < all.facts.stub_count && status == STATUS_OK; i++)
        status = leaf_add_stub(all.stubs[i].number < number ? leaf : rest, &all.stubs[i]);
    leaf->facts.next = number;
    leaf_fini(&all);
    return status;
}

/* --- asking --- */

static struct archive_stub stub_view(const struct leaf_stub *stub)
{
    return (struct archive_stub){.number = stub->number,
                                 .id_hash = stub->id_hash,
                                 .start_ms = stub->start_ms,
                                 .end_ms = stub->end_ms,
                                 .point = {stub->x, stub->y, stub->z},
                                 .category = (enum category)stub->category,
                                 .role = (enum role)stub->role};
}

enum status leaf_within(const struct leaf *leaf, int64_t from_ms, int64_t to_ms, uint64_t until,
                        archive_stub_visitor visitor, void *self)
{
    if (leaf->facts.least_ms > to_ms || leaf->facts.last_ms < from_ms)
        return STATUS_OK;
    for (size_t i = 0; i < leaf->facts.stub_count && leaf->stubs[i].number <= until; i++) {
        const struct leaf_stub *stub = &leaf->stubs[i];
        if (stub->id_hash == 0 || stub->start_ms == TIME_NONE || stub->start_ms > to_ms || stub->end_ms < from_ms)
            continue;
        const struct archive_stub view = stub_view(stub);
        enum status status = visitor(self, &view);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status tell(const struct leaf_stub *stub, archive_stub_visitor visitor, void *self)
{
    const struct archive_stub view = stub_view(stub);
    return visitor(self, &view);
}

/* A chain goes backwards: the latest first. */
static enum status chain_tell(const struct leaf *leaf, uint32_t at, uint64_t id_hash, uint64_t until,
                              archive_stub_visitor visitor, void *self)
{
    uint32_t found[64];
    size_t count = 0;
    enum status status = STATUS_OK;
    for (; at != 0 && count < 64; at = leaf->chains[at - 1])
        if (leaf->stubs[at - 1].id_hash == id_hash && leaf->stubs[at - 1].number <= until)
            found[count++] = at - 1;
    if (at != 0) /* more than fit here: those before first */
        status = chain_tell(leaf, at, id_hash, until, visitor, self);
    while (count > 0 && status == STATUS_OK)
        status = tell(&leaf->stubs[found[--count]], visitor, self);
    return status;
}

enum status leaf_versions(const struct leaf *leaf, uint64_t id_hash, uint64_t until, archive_stub_visitor visitor,
                          void *self)
{
    size_t low = 0, high = leaf->facts.stub_count;
    if (high == 0 || (leaf->mapped != NULL && !filter_has(leaf->filter, high, id_hash)))
        return STATUS_OK;
    if (leaf->mapped == NULL)
        return chain_tell(leaf, leaf->by_id[id_hash & leaf->bucket_mask], id_hash, until, visitor, self);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (leaf->stubs[leaf->by_id[middle]].id_hash < id_hash)
            low = middle + 1;
        else
            high = middle;
    }
    enum status status = STATUS_OK;
    for (; low < leaf->facts.stub_count && status == STATUS_OK; low++) {
        const struct leaf_stub *stub = &leaf->stubs[leaf->by_id[low]];
        if (stub->id_hash != id_hash || stub->number > until)
            break;
        status = tell(stub, visitor, self);
    }
    return status;
}

const struct leaf_place *leaf_place_of(const struct leaf *leaf, uint64_t number)
{
    size_t low = 0, high = leaf->facts.place_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (leaf->places[middle].lsn <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &leaf->places[low - 1] : NULL;
}

/* --- the file --- */

static int by_id_order(const void *a, const void *b, void *stubs)
{
    const struct leaf_stub *x = (const struct leaf_stub *)stubs + *(const uint32_t *)a;
    const struct leaf_stub *y = (const struct leaf_stub *)stubs + *(const uint32_t *)b;
    if (x->id_hash != y->id_hash)
        return x->id_hash < y->id_hash ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static size_t by_id_size(const struct leaf_facts *facts)
{
    return (facts->stub_count * sizeof(uint32_t) + 7) / 8 * 8;
}

/* Where the filter begins. */
static size_t filter_offset(const struct leaf_facts *facts)
{
    size_t end = sizeof(struct head) + facts->stub_count * sizeof(struct leaf_stub) + by_id_size(facts) +
                 facts->place_count * sizeof(struct leaf_place);
    return (end + FILTER_BLOCK_BYTES - 1) / FILTER_BLOCK_BYTES * FILTER_BLOCK_BYTES;
}

/* NULL: no memory. */
static struct filter_block *filter_make(const struct leaf *leaf)
{
    struct filter_block *filter = calloc(1, filter_size(leaf->facts.stub_count));
    for (uint64_t i = 0; filter != NULL && i < leaf->facts.stub_count; i++)
        filter_add(filter, leaf->facts.stub_count, leaf->stubs[i].id_hash);
    return filter;
}

static bool put(FILE *file, uint32_t *crc, const void *bytes, size_t size)
{
    *crc = crc32c(*crc, bytes, size);
    return size == 0 || fwrite(bytes, 1, size, file) == size;
}

static bool file_fill(const struct leaf *leaf, const uint32_t *by_id, const struct filter_block *filter, FILE *file)
{
    static const char zeros[FILTER_BLOCK_BYTES];
    size_t gap = filter_offset(&leaf->facts) - sizeof(struct head) - leaf->facts.stub_count * sizeof *leaf->stubs -
                 by_id_size(&leaf->facts) - leaf->facts.place_count * sizeof *leaf->places;
    struct head head = {.order = ORDER_MARK, .version = VERSION, .facts = leaf->facts};
    memcpy(head.magic, MAGIC, sizeof MAGIC);
    uint32_t crc = 0;
    bool right = fwrite(&head, 1, offsetof(struct head, facts), file) == offsetof(struct head, facts) &&
                 put(file, &crc, &leaf->facts, sizeof leaf->facts) &&
                 put(file, &crc, leaf->stubs, leaf->facts.stub_count * sizeof *leaf->stubs) &&
                 put(file, &crc, by_id, by_id_size(&leaf->facts)) &&
                 put(file, &crc, leaf->places, leaf->facts.place_count * sizeof *leaf->places) &&
                 put(file, &crc, zeros, gap) && put(file, &crc, filter, filter_size(leaf->facts.stub_count));
    head.crc = crc;
    return right && fseek(file, 0, SEEK_SET) == 0 &&
           fwrite(&head, 1, offsetof(struct head, facts), file) == offsetof(struct head, facts);
}

enum status leaf_write(const struct leaf *leaf, const char *path)
{
    char temporary[PATH_MAX];
    uint32_t *by_id = calloc(1, by_id_size(&leaf->facts) + 8);
    struct filter_block *filter = filter_make(leaf);
    if (by_id == NULL || filter == NULL) {
        free(by_id);
        free(filter);
        return STATUS_NO_MEMORY;
    }
    for (uint32_t i = 0; i < leaf->facts.stub_count; i++)
        by_id[i] = i;
    qsort_r(by_id, leaf->facts.stub_count, sizeof *by_id, by_id_order, leaf->stubs);
    (void)snprintf(temporary, sizeof temporary, "%s.tmp", path);
    FILE *file = fopen(temporary, "wbe");
    bool written = file != NULL && file_fill(leaf, by_id, filter, file);
    int error = errno;
    if (file != NULL && fclose(file) != 0)
        written = false;
    written = written && rename(temporary, path) == 0;
    free(by_id);
    free(filter);
    if (written)
        return STATUS_OK;
    (void)unlink(temporary);
    return error != 0 ? status_from_errno(error) : STATUS_IO;
}

/* Counts that fit the file; all else says the checksum. */
static bool head_is_right(const struct head *head, size_t size)
{
    const struct leaf_facts *facts = &head->facts;
    if (memcmp(head->magic, MAGIC, sizeof MAGIC) != 0 || head->order != ORDER_MARK || head->version != VERSION ||
        facts->stub_count > size / sizeof(struct leaf_stub) || facts->place_count > size / sizeof(struct leaf_place))
        return false;
    return size == filter_offset(facts) + filter_size(facts->stub_count);
}

enum status leaf_map(struct leaf *leaf, const char *path)
{
    struct stat stat;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : status_from_errno(errno);
    bool fits = fstat(file, &stat) == 0 && (size_t)stat.st_size >= sizeof(struct head);
    size_t size = fits ? (size_t)stat.st_size : 0;
    void *mapped = fits ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
    (void)close(file);
    if (mapped == MAP_FAILED)
        return STATUS_CORRUPT;
    const struct head *head = mapped;
    if (!head_is_right(head, size)) {
        (void)munmap(mapped, size);
        return STATUS_CORRUPT;
    }
    char *at = (char *)mapped + sizeof *head;
    *leaf = (struct leaf){.facts = head->facts, .mapped = mapped, .mapped_size = size};
    leaf->stubs = (struct leaf_stub *)(void *)at;
    at += leaf->facts.stub_count * sizeof *leaf->stubs;
    leaf->by_id = (uint32_t *)(void *)at;
    at += by_id_size(&leaf->facts);
    leaf->places = (struct leaf_place *)(void *)at;
    leaf->filter = (const struct filter_block *)(const void *)((const char *)mapped + filter_offset(&leaf->facts));
    return STATUS_OK;
}

bool leaf_is_whole(struct leaf *leaf)
{
    if (leaf->mapped == NULL || leaf->is_checked)
        return true;
    const struct head *head = leaf->mapped;
    size_t from = offsetof(struct head, facts);
    leaf->is_checked = crc32c(0, (const char *)leaf->mapped + from, leaf->mapped_size - from) == head->crc;
    for (size_t i = 0; leaf->is_checked && i < leaf->facts.stub_count; i++)
        leaf->is_checked = leaf->by_id[i] < leaf->facts.stub_count && leaf->stubs[i].category < CATEGORY_COUNT &&
                           leaf->stubs[i].role < ROLE_COUNT;
    return leaf->is_checked;
}
