#include "correlator/journal/sealing.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

struct sealing {
    uv_work_t work;
    struct leaf *leaf;
    struct leaf copy; /* its stubs are the leaf's, its places its own */
    char folder[PATH_MAX], path[PATH_MAX];
    enum status status;
    sealing_done done;
    void *self;
};

static void seal(uv_work_t *work)
{
    struct sealing *sealing = work->data;
    struct leaf *copy = &sealing->copy;
    char reason[WAL_REASON_BYTES];
    sealing->status = leaf_read_places(copy, sealing->folder, copy->facts.next, reason);
    if (sealing->status == STATUS_OK)
        sealing->status = leaf_write(copy, sealing->path);
}

static void sealed(uv_work_t *work, int cancelled)
{
    (void)cancelled; /* nobody does */
    struct sealing *sealing = work->data;
    sealing->done(sealing->self, sealing->leaf, sealing->path, sealing->status);
    free(sealing->copy.places);
    free(sealing);
}

enum status sealing_begin(uv_loop_t *loop, const char *folder, struct leaf *leaf, const char *path, sealing_done done,
                          void *self)
{
    struct sealing *sealing = calloc(1, sizeof *sealing);
    if (sealing == NULL)
        return STATUS_NO_MEMORY;
    *sealing = (struct sealing){.leaf = leaf, .copy = *leaf, .done = done, .self = self};
    sealing->copy.places = NULL;
    sealing->copy.place_room = sealing->copy.facts.place_count = 0;
    sealing->work.data = sealing;
    (void)snprintf(sealing->folder, sizeof sealing->folder, "%s", folder);
    (void)snprintf(sealing->path, sizeof sealing->path, "%s", path);
    if (uv_queue_work(loop, &sealing->work, seal, sealed) == 0)
        return STATUS_OK;
    free(sealing);
    return STATUS_NO_MEMORY;
}
