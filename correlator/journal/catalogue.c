#include "correlator/journal/catalogue.h"

#include "base/log.h"
#include "correlator/journal/batches.h"
#include "correlator/journal/sealing.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct catalogue {
    struct archive archive; /* first: it is one */
    uv_loop_t *loop;
    char *folder;
    struct leaf **leaves; /* ascending; the last one grows */
    size_t count;
    size_t room;
    uint64_t noted;      /* all before it are known */
    size_t sealed_count; /* of the journal's segments, when last looked at */
    struct batches batches;
    bool is_sealing; /* one of the leaves */
    bool is_closing;
    void (*closed)(void *self);
    void *closed_self;
};

/* --- leaves --- */

static struct leaf *leaf_push(struct catalogue *catalogue, uint64_t first)
{
    if (catalogue->count == catalogue->room) {
        size_t room = catalogue->room == 0 ? 16 : catalogue->room * 2;
        struct leaf **leaves = realloc((void *)catalogue->leaves, room * sizeof(struct leaf *));
        if (leaves == NULL)
            return NULL;
        catalogue->leaves = leaves;
        catalogue->room = room;
    }
    struct leaf *leaf = malloc(sizeof *leaf);
    if (leaf == NULL)
        return NULL;
    leaf_init(leaf, first);
    catalogue->leaves[catalogue->count++] = leaf;
    return leaf;
}

static struct leaf *last_leaf(const struct catalogue *catalogue)
{
    return catalogue->leaves[catalogue->count - 1];
}

static void index_path(const struct catalogue *catalogue, uint64_t first, char path[PATH_MAX])
{
    (void)snprintf(path, PATH_MAX, "%s/%020" PRIu64 ".idx", catalogue->folder, first);
}

/* --- noting --- */

enum status catalogue_note(struct catalogue *catalogue, uint64_t number, const struct report *report)
{
    if (number < catalogue->noted)
        return STATUS_OK;
    const struct leaf_stub stub = leaf_stub_of(number, report);
    enum status status = leaf_add_stub(last_leaf(catalogue), &stub);
    if (status == STATUS_OK)
        catalogue->noted = number + 1;
    return status;
}

/* --- sealing: a leaf becomes a file --- */

static void catalogue_free(struct catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        leaf_fini(catalogue->leaves[i]);
        free(catalogue->leaves[i]);
    }
    batches_fini(&catalogue->batches);
    free((void *)catalogue->leaves);
    free(catalogue->folder);
    free(catalogue);
}

static void closed_tell(struct catalogue *catalogue)
{
    void (*closed)(void *) = catalogue->closed;
    void *closed_self = catalogue->closed_self;
    catalogue_free(catalogue);
    if (closed != NULL)
        closed(closed_self);
}

/* Its file was written just now: it needs no memory any more. false: it cannot be mapped, and stays. */
static bool leaf_settle(struct leaf *leaf, const char *path)
{
    struct leaf mapped;
    if (leaf_map(&mapped, path) != STATUS_OK)
        return false;
    mapped.is_checked = true;
    leaf_fini(leaf);
    *leaf = mapped;
    return true;
}

static void on_sealed(void *self, struct leaf *leaf, const char *path, enum status status)
{
    struct catalogue *catalogue = self;
    catalogue->is_sealing = false;
    if (status != STATUS_OK) {
        log_warn("journal.index", "%s cannot be made: %s; it stays in memory until the next start", path,
                 status_text(status));
    } else if (!catalogue->is_closing && leaf_settle(leaf, path)) {
        batches_indexed(&catalogue->batches, leaf->facts.next);
    }
    if (catalogue->is_closing)
        closed_tell(catalogue);
}

static void seal(struct catalogue *catalogue, struct leaf *leaf)
{
    char path[PATH_MAX];
    index_path(catalogue, leaf->facts.first, path);
    /* where it cannot begin: another time */
    catalogue->is_sealing =
        sealing_begin(catalogue->loop, catalogue->folder, leaf, path, on_sealed, catalogue) == STATUS_OK;
}

/* The first of the journal's segments that end within the last leaf. */
static void split(struct catalogue *catalogue, uint64_t next)
{
    struct leaf *leaf = last_leaf(catalogue);
    struct leaf *rest = leaf_push(catalogue, next);
    if (rest == NULL || leaf_split(leaf, next, rest) != STATUS_OK)
        log_warn("journal.index", "%s: no memory to index a segment", catalogue->folder);
}

void catalogue_tick(struct catalogue *catalogue, uint64_t journaled)
{
    if (catalogue->is_sealing)
        return;
    for (size_t i = 0; i < catalogue->count; i++) {
        struct leaf *leaf = catalogue->leaves[i];
        if (leaf->mapped == NULL && leaf->facts.next != 0) {
            seal(catalogue, leaf);
            return;
        }
    }
    size_t count = wal_segments(catalogue->folder, NULL, 0);
    count -= count > 0; /* the last one is not sealed, and is not to be read through */
    if (count == catalogue->sealed_count)
        return;
    struct wal_segment *segments = calloc(count + 1, sizeof *segments);
    if (segments == NULL)
        return;
    catalogue->sealed_count = count;
    size_t found = wal_segments(catalogue->folder, segments, count);
    for (size_t i = 0; i < found && i < count; i++)
        if (segments[i].first >= last_leaf(catalogue)->facts.first && segments[i].next <= journaled)
            split(catalogue, segments[i].next);
        else if (segments[i].next > journaled)
            catalogue->sealed_count = 0; /* look again */
    free(segments);
}

/* When the segment was written to last, and its bytes on disk. INT64_MAX, 0: it is not there. */
static int64_t written_ms(const struct catalogue *catalogue, uint64_t first, uint64_t *ret_bytes)
{
    char path[PATH_MAX];
    struct stat stat_of;
    (void)snprintf(path, sizeof path, "%s/%020" PRIu64 ".wal", catalogue->folder, first);
    bool is_there = stat(path, &stat_of) == 0;
    *ret_bytes = is_there ? (uint64_t)stat_of.st_size : 0;
    return is_there ? (int64_t)stat_of.st_mtim.tv_sec * 1000 : INT64_MAX;
}

bool catalogue_is_older(const struct catalogue *catalogue, int64_t since_ms)
{
    uint64_t bytes;
    return catalogue->count > 1 && written_ms(catalogue, catalogue->leaves[0]->facts.first, &bytes) < since_ms;
}

/* freed: the bytes of those before it; and with it, where it is. */
static bool is_past(const struct catalogue *catalogue, const struct leaf *leaf, const struct catalogue_past *past,
                    uint64_t *freed)
{
    uint64_t bytes;
    int64_t at_ms = written_ms(catalogue, leaf->facts.first, &bytes);
    /* a retraction without a time counts as of when it was heard */
    bool is_needed = leaf->mapped == NULL || leaf->facts.next > past->number + 1 ||
                     leaf->facts.last_ms >= past->needed_ms || at_ms >= past->needed_ms;
    if (is_needed || (at_ms >= past->since_ms && *freed >= past->excess_bytes))
        return false;
    *freed += bytes;
    return true;
}

uint64_t catalogue_trim(struct catalogue *catalogue, const struct catalogue_past *past)
{
    size_t gone = 0;
    uint64_t last = 0, freed = 0;
    while (gone + 1 < catalogue->count && is_past(catalogue, catalogue->leaves[gone], past, &freed)) {
        char path[PATH_MAX];
        struct leaf *leaf = catalogue->leaves[gone++];
        index_path(catalogue, leaf->facts.first, path);
        (void)unlink(path);
        last = leaf->facts.next - 1;
        leaf_fini(leaf);
        free(leaf);
    }
    memmove((void *)catalogue->leaves, (void *)(catalogue->leaves + gone),
            (catalogue->count - gone) * sizeof(struct leaf *));
    catalogue->count -= gone;
    return last;
}

/* --- the driver --- */

static struct catalogue *catalogue_of(struct archive *archive)
{
    return (struct catalogue *)archive;
}

/* A damaged index is made anew, in memory. */
static enum status leaf_mend(struct catalogue *catalogue, struct leaf *leaf)
{
    struct leaf anew;
    char reason[WAL_REASON_BYTES] = "";
    log_warn("journal.index", "%s/%020" PRIu64 ".idx is damaged: it is made anew", catalogue->folder,
             leaf->facts.first);
    leaf_init(&anew, leaf->facts.first);
    anew.facts.next = leaf->facts.next;
    enum status status = leaf_read(&anew, catalogue->folder, anew.facts.next, reason);
    if (status != STATUS_OK) {
        log_error("journal.index", "it cannot be made: %s", reason);
        leaf_fini(&anew);
        return status;
    }
    leaf_fini(leaf);
    *leaf = anew;
    return STATUS_OK;
}

static enum status leaf_ready(struct catalogue *catalogue, struct leaf *leaf)
{
    return leaf_is_whole(leaf) ? STATUS_OK : leaf_mend(catalogue, leaf);
}

static enum status within(struct archive *archive, int64_t from_ms, int64_t to_ms, uint64_t until,
                          archive_stub_visitor visitor, void *self)
{
    struct catalogue *catalogue = catalogue_of(archive);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < catalogue->count && status == STATUS_OK; i++) {
        struct leaf *leaf = catalogue->leaves[i];
        if (leaf->facts.first > until)
            break;
        if (leaf->facts.least_ms > to_ms || leaf->facts.last_ms < from_ms)
            continue; /* an index nobody asks is not read */
        status = leaf_ready(catalogue, leaf);
        if (status == STATUS_OK)
            status = leaf_within(leaf, from_ms, to_ms, until, visitor, self);
    }
    return status;
}

static enum status versions(struct archive *archive, uint64_t id_hash, uint64_t until, archive_stub_visitor visitor,
                            void *self)
{
    struct catalogue *catalogue = catalogue_of(archive);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < catalogue->count && status == STATUS_OK; i++) {
        struct leaf *leaf = catalogue->leaves[i];
        if (leaf->facts.first > until)
            break;
        status = leaf_ready(catalogue, leaf);
        if (status == STATUS_OK)
            status = leaf_versions(leaf, id_hash, until, visitor, self);
    }
    return status;
}

static struct leaf *leaf_of(const struct catalogue *catalogue, uint64_t number)
{
    size_t low = 0, high = catalogue->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (catalogue->leaves[middle]->facts.first <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? catalogue->leaves[low - 1] : NULL;
}

static enum status read_one(struct catalogue *catalogue, uint64_t number, archive_report_visitor visitor, void *self)
{
    struct leaf *leaf = leaf_of(catalogue, number);
    struct span report;
    int64_t heard_ms;
    char reason[WAL_REASON_BYTES] = "";
    enum status status = leaf != NULL ? leaf_ready(catalogue, leaf) : STATUS_OK;
    if (status == STATUS_OK)
        status = batches_find(&catalogue->batches, leaf, number, &report, &heard_ms, reason);
    if (status == STATUS_OK)
        return visitor(self, number, report, heard_ms);
    log_error("journal.unread", "report %" PRIu64 " cannot be read from %s: %s", number, catalogue->folder,
              reason[0] != '\0' ? reason : status_text(status));
    return status;
}

static enum status read_numbers(struct archive *archive, const uint64_t *numbers, size_t count,
                                archive_report_visitor visitor, void *self)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        assert(i == 0 || numbers[i - 1] < numbers[i]);
        status = read_one(catalogue_of(archive), numbers[i], visitor, self);
    }
    return status;
}

static void let_be(struct archive *archive)
{
    (void)archive;
}

static const struct archive_driver archive_catalogue = {
    .within = within, .versions = versions, .read = read_numbers, .close = let_be};

struct archive *catalogue_archive(struct catalogue *catalogue)
{
    return &catalogue->archive;
}

/* --- life --- */

static void places_forget(struct leaf *leaf)
{
    free(leaf->places);
    leaf->places = NULL;
    leaf->place_room = leaf->facts.place_count = 0;
}

static enum status segment_open(struct catalogue *catalogue, const struct wal_segment *segment, uint64_t next,
                                char reason[WAL_REASON_BYTES])
{
    char path[PATH_MAX];
    struct leaf *leaf = leaf_push(catalogue, segment->first);
    if (leaf == NULL)
        return STATUS_NO_MEMORY;
    index_path(catalogue, segment->first, path);
    if (segment->sealed && leaf_map(leaf, path) == STATUS_OK && leaf->facts.first == segment->first &&
        leaf->facts.next == segment->next)
        return STATUS_OK;
    leaf_fini(leaf);
    leaf_init(leaf, segment->first);
    enum status status = leaf_read(leaf, catalogue->folder, segment->sealed ? segment->next : next, reason);
    if (status != STATUS_OK || !segment->sealed) {
        places_forget(leaf);
        return status;
    }
    log_info("journal.index", "%s is made: %" PRIu64 " reports", path, leaf->facts.stub_count);
    leaf->facts.next = segment->next;
    if (leaf_write(leaf, path) != STATUS_OK)
        log_warn("journal.index", "%s cannot be written: it stays in memory", path);
    else
        (void)leaf_settle(leaf, path);
    return STATUS_OK;
}

static enum status segments_open(struct catalogue *catalogue, uint64_t next, char reason[WAL_REASON_BYTES])
{
    size_t count = wal_segments(catalogue->folder, NULL, 0);
    struct wal_segment *segments = calloc(count + 1, sizeof *segments);
    if (segments == NULL)
        return STATUS_NO_MEMORY;
    size_t found = wal_segments(catalogue->folder, segments, count);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < found && i < count && status == STATUS_OK; i++)
        status = segment_open(catalogue, &segments[i], next, reason);
    if (status == STATUS_OK && catalogue->count == 0)
        status = leaf_push(catalogue, 1) != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    catalogue->noted = next;
    free(segments);
    return status;
}

enum status catalogue_open(uv_loop_t *loop, const char *folder, uint64_t next, struct catalogue **ret_catalogue,
                           char ret_reason[CATALOGUE_REASON_BYTES])
{
    struct catalogue *catalogue = calloc(1, sizeof *catalogue);
    char *own = strdup(folder);
    enum status status = catalogue != NULL && own != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    ret_reason[0] = '\0';
    if (status != STATUS_OK) {
        free(catalogue);
        free(own);
    } else {
        catalogue->archive.driver = &archive_catalogue;
        catalogue->loop = loop;
        catalogue->folder = own;
        batches_init(&catalogue->batches, own);
        status = segments_open(catalogue, next, ret_reason);
        if (status == STATUS_OK)
            *ret_catalogue = catalogue;
        else
            catalogue_free(catalogue);
    }
    if (status != STATUS_OK && ret_reason[0] == '\0')
        (void)snprintf(ret_reason, CATALOGUE_REASON_BYTES, "the journal's index: %s", status_text(status));
    return status;
}

void catalogue_close(struct catalogue *catalogue, void (*closed)(void *self), void *self)
{
    catalogue->is_closing = true;
    catalogue->closed = closed;
    catalogue->closed_self = self;
    if (!catalogue->is_sealing)
        closed_tell(catalogue);
}
