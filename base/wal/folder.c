#include "base/wal/folder.h"

#include "base/wal/segment.h"

#include <stdlib.h>

static void name_visit(void *self, const char *name)
{
    struct folder_list *list = self;
    uint64_t first = segment_name_first(name);
    if (first == 0 || list->status != STATUS_OK)
        return;
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 64 : list->room * 2;
        uint64_t *firsts = realloc(list->firsts, room * sizeof *firsts);
        if (firsts == NULL) {
            list->status = STATUS_NO_MEMORY;
            return;
        }
        list->firsts = firsts;
        list->room = room;
    }
    list->firsts[list->count++] = first;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

enum status folder_list(const struct wal_files *files, const char *folder, struct folder_list *ret_list)
{
    *ret_list = (struct folder_list){.status = STATUS_OK};
    int result = files->list(files->self, folder, name_visit, ret_list);
    if (result < 0)
        return status_from_errno(-result);
    if (ret_list->count > 1)
        qsort(ret_list->firsts, ret_list->count, sizeof *ret_list->firsts, by_number);
    return ret_list->status;
}

void folder_list_free(struct folder_list *list)
{
    free(list->firsts);
    *list = (struct folder_list){.firsts = NULL};
}

/* To where the frames of the segment can be read; its size in bytes. */
static uint64_t next_find(const char *folder, uint64_t first, uint64_t *ret_bytes, bool scan)
{
    char reason[WAL_REASON_BYTES];
    struct wal_options options = {.folder = folder, .version = UINT32_MAX};
    struct segment segment;
    struct wal_record record;
    if (segment_open(&segment, &wal_files_system, &options, first, reason) != STATUS_OK)
        return first;
    while (scan && segment_next(&segment, &record) == STATUS_OK)
        continue;
    *ret_bytes = segment.size;
    segment_close(&segment);
    return segment.lsn;
}

size_t wal_segments(const char *folder, struct wal_segment *segments, size_t room)
{
    struct folder_list list;
    if (folder_list(&wal_files_system, folder, &list) != STATUS_OK)
        list.count = 0;
    for (size_t i = 0; i < list.count && i < room; i++) {
        bool is_sealed = i + 1 < list.count;
        segments[i] = (struct wal_segment){.first = list.firsts[i], .sealed = is_sealed};
        uint64_t next = next_find(folder, list.firsts[i], &segments[i].bytes, !is_sealed);
        segments[i].next = is_sealed ? list.firsts[i + 1] : next;
    }
    size_t count = list.count;
    folder_list_free(&list);
    return count;
}
