#include "correlator/journal/catalogue.h"

#include "base/log.h"
#include "base/wal/wal.h"
#include "correlator/journal/journal.h"
#include "correlator/journal/kept.h"
#include "correlator/journal/leaf.h"
#include "proto/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_ARENA_BYTES (16u * 1024u * 1024u)
#define REPORT_ARENA_BYTES (1024u * 1024u)

/* Where records begin that no index has, as far as it was asked: found by reading on. */
struct tail_place {
    uint64_t lsn, next, segment, offset;
};
struct tail {
    struct wal_reader *reader;
    struct tail_place *places;
    size_t count;
    size_t room;
};

struct catalogue {
    struct archive archive; /* first: it is one */
    uv_loop_t *loop;
    char *folder;
    struct leaf **leaves; /* ascending; the last one grows */
    size_t count;
    size_t room;
    uint64_t noted;      /* all before it are known */
    size_t sealed_count; /* of the journal's segments, when last looked at */
    struct tail tail;
    struct wal_reader *reader; /* reads records by their place */
    struct kept_records kept;
    struct arena record_arena, report_arena;
    struct sealing *sealing; /* under way; NULL: none */
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

static enum status reader_open(const struct catalogue *catalogue, uint64_t number, struct wal_reader **ret_reader,
                               char ret_reason[WAL_REASON_BYTES])
{
    const struct journal_options options = {.folder = catalogue->folder};
    struct wal_options wal;
    journal_wal_options(&options, &wal);
    return wal_reader_open(&wal, number, ret_reader, ret_reason);
}

/* --- the tail --- */

static void tail_fini(struct tail *tail)
{
    if (tail->reader != NULL)
        wal_reader_close(tail->reader);
    free(tail->places);
    *tail = (struct tail){0};
}

static enum status tail_add(struct tail *tail, const struct wal_record *record)
{
    if (tail->count == tail->room) {
        size_t room = tail->room == 0 ? 256 : tail->room * 2;
        struct tail_place *places = realloc(tail->places, room * sizeof *places);
        if (places == NULL)
            return STATUS_NO_MEMORY;
        tail->places = places;
        tail->room = room;
    }
    tail->places[tail->count++] =
        (struct tail_place){record->lsn, record->lsn + record->count, record->segment, record->offset};
    return STATUS_OK;
}

/* Reads on until the record of the number was met. */
static enum status tail_reach(struct catalogue *catalogue, uint64_t first, uint64_t number,
                              char reason[WAL_REASON_BYTES])
{
    struct tail *tail = &catalogue->tail;
    struct wal_record record;
    enum status status = STATUS_OK;
    if (tail->reader == NULL)
        status = reader_open(catalogue, first, &tail->reader, reason);
    while (status == STATUS_OK && (tail->count == 0 || tail->places[tail->count - 1].next <= number) &&
           (status = wal_reader_next(tail->reader, &record, reason)) == STATUS_OK)
        if (record.type == journal_type(JOURNAL_BATCH))
            status = tail_add(tail, &record);
    return status == STATUS_END ? STATUS_NOT_FOUND : status;
}

static const struct tail_place *tail_find(const struct tail *tail, uint64_t number)
{
    size_t low = 0, high = tail->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tail->places[middle].lsn <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 ? &tail->places[low - 1] : NULL;
}

/* What an index has now. */
static void tail_drop(struct tail *tail, uint64_t next)
{
    size_t gone = 0;
    while (gone < tail->count && tail->places[gone].lsn < next)
        gone++;
    if (gone > 0)
        memmove(tail->places, tail->places + gone, (tail->count - gone) * sizeof *tail->places);
    tail->count -= gone;
}

/* --- reading reports --- */

static struct leaf_stub stub_of(uint64_t number, const struct report *report)
{
    char id[LIMIT_INCIDENT_ID_BYTES + 1];
    struct leaf_stub stub = {.number = number, .start_ms = TIME_NONE, .end_ms = TIME_NONE};
    if (report == NULL)
        return stub;
    stub.id_hash = archive_id_hash((struct span){id, report_incident_id(report, id, sizeof id)});
    stub.category = (uint16_t)report->category;
    stub.role = (uint16_t)report->role;
    if (report->has_place && report->occurred.start_ms != TIME_NONE) {
        struct point point = point_from_degrees(report->place.lat, report->place.lon);
        stub.start_ms = report->occurred.start_ms;
        stub.end_ms = report->occurred.end_ms;
        stub.x = point.x;
        stub.y = point.y;
        stub.z = point.z;
    }
    return stub;
}

static enum status packed_note(struct catalogue *catalogue, struct leaf *leaf, uint64_t number, struct span packed)
{
    struct report report;
    char reason[REASON_BYTES];
    arena_reset(&catalogue->report_arena);
    bool right = report_unpack(packed, &catalogue->report_arena, &report, reason) == STATUS_OK;
    const struct leaf_stub stub = stub_of(number, right ? &report : NULL);
    return leaf_add_stub(leaf, &stub);
}

static enum status batch_read(struct catalogue *catalogue, const struct wal_record *record,
                              struct journal_record *ret_batch)
{
    char reason[REASON_BYTES];
    arena_reset(&catalogue->record_arena);
    return journal_unpack(record->type, record->lsn, record->count, record->payload, &catalogue->record_arena,
                          ret_batch, reason);
}

/* Where it begins, and what it holds that is not known. */
static enum status record_note(struct catalogue *catalogue, struct leaf *leaf, const struct wal_record *record)
{
    struct journal_record batch;
    if (record->type != journal_type(JOURNAL_BATCH))
        return STATUS_OK;
    const struct leaf_place place = {record->lsn, record->offset};
    enum status status = leaf_add_place(leaf, &place);
    if (status != STATUS_OK || record->lsn + record->count <= catalogue->noted)
        return status;
    status = batch_read(catalogue, record, &batch);
    for (size_t i = 0; status == STATUS_OK && i < batch.item_count; i++) {
        uint64_t number = batch.number + i;
        if (number < catalogue->noted)
            continue;
        status = packed_note(catalogue, leaf, number, batch.items[i]);
        if (status == STATUS_OK)
            catalogue->noted = number + 1;
    }
    return status;
}

enum status catalogue_note(struct catalogue *catalogue, uint64_t number, const struct report *report)
{
    if (number < catalogue->noted)
        return STATUS_OK;
    const struct leaf_stub stub = stub_of(number, report);
    enum status status = leaf_add_stub(last_leaf(catalogue), &stub);
    if (status == STATUS_OK)
        catalogue->noted = number + 1;
    return status;
}

/* --- sealing: a leaf becomes a file, in a thread of the pool --- */

struct sealing {
    uv_work_t work;
    struct catalogue *catalogue;
    struct leaf *leaf; /* nobody changes it meanwhile */
    struct leaf copy;  /* its stubs are the leaf's, its places its own */
    char path[PATH_MAX];
    enum status status;
};

static void seal(uv_work_t *work)
{
    struct sealing *sealing = work->data;
    struct leaf *copy = &sealing->copy;
    struct wal_reader *reader = NULL;
    struct wal_record record;
    char reason[WAL_REASON_BYTES];
    sealing->status = reader_open(sealing->catalogue, copy->facts.first, &reader, reason);
    while (sealing->status == STATUS_OK && (sealing->status = wal_reader_next(reader, &record, reason)) == STATUS_OK &&
           record.lsn < copy->facts.next) {
        const struct leaf_place place = {record.lsn, record.offset};
        if (record.type == journal_type(JOURNAL_BATCH))
            sealing->status = leaf_add_place(copy, &place);
    }
    if (reader != NULL)
        wal_reader_close(reader);
    if (sealing->status == STATUS_OK)
        sealing->status = leaf_write(copy, sealing->path);
}

static void catalogue_free(struct catalogue *catalogue)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        leaf_fini(catalogue->leaves[i]);
        free(catalogue->leaves[i]);
    }
    tail_fini(&catalogue->tail);
    if (catalogue->reader != NULL)
        wal_reader_close(catalogue->reader);
    arena_fini(&catalogue->record_arena);
    arena_fini(&catalogue->report_arena);
    kept_fini(&catalogue->kept);
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

static void sealed(uv_work_t *work, int cancelled)
{
    struct sealing *sealing = work->data;
    struct catalogue *catalogue = sealing->catalogue;
    struct leaf mapped;
    catalogue->sealing = NULL;
    free(sealing->copy.places);
    if (cancelled == 0 && sealing->status == STATUS_OK && !catalogue->is_closing &&
        leaf_map(&mapped, sealing->path) == STATUS_OK) {
        mapped.is_checked = true; /* written just now */
        leaf_fini(sealing->leaf);
        *sealing->leaf = mapped;
        tail_drop(&catalogue->tail, mapped.facts.next);
    } else if (sealing->status != STATUS_OK) {
        log_warn("journal.index", "%s cannot be made: %s; it stays in memory until the next start", sealing->path,
                 status_text(sealing->status));
    }
    free(sealing);
    if (catalogue->is_closing)
        closed_tell(catalogue);
}

static void seal_begin(struct catalogue *catalogue, struct leaf *leaf)
{
    struct sealing *sealing = calloc(1, sizeof *sealing);
    if (sealing == NULL)
        return; /* another time */
    sealing->catalogue = catalogue;
    sealing->leaf = leaf;
    sealing->copy = *leaf;
    sealing->copy.places = NULL;
    sealing->copy.place_room = sealing->copy.facts.place_count = 0;
    sealing->work.data = sealing;
    index_path(catalogue, leaf->facts.first, sealing->path);
    if (uv_queue_work(catalogue->loop, &sealing->work, seal, sealed) != 0)
        free(sealing);
    else
        catalogue->sealing = sealing;
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
    if (catalogue->sealing != NULL)
        return;
    for (size_t i = 0; i < catalogue->count; i++) {
        struct leaf *leaf = catalogue->leaves[i];
        if (leaf->mapped == NULL && leaf->facts.next != 0) {
            seal_begin(catalogue, leaf);
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

/* When the segment was written to last. */
static bool is_older(const struct catalogue *catalogue, uint64_t first, int64_t since_ms)
{
    char path[PATH_MAX];
    struct stat stat_of;
    (void)snprintf(path, sizeof path, "%s/%020" PRIu64 ".wal", catalogue->folder, first);
    return stat(path, &stat_of) == 0 && (int64_t)stat_of.st_mtim.tv_sec * 1000 < since_ms;
}

uint64_t catalogue_trim(struct catalogue *catalogue, uint64_t number, int64_t since_ms)
{
    size_t gone = 0;
    uint64_t last = 0;
    while (gone + 1 < catalogue->count && catalogue->leaves[gone]->mapped != NULL &&
           catalogue->leaves[gone]->facts.next <= number + 1 &&
           is_older(catalogue, catalogue->leaves[gone]->facts.first, since_ms)) {
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

/* All records of a segment. */
static enum status segment_read(struct catalogue *catalogue, struct leaf *leaf, uint64_t next,
                                char reason[WAL_REASON_BYTES])
{
    struct wal_reader *reader;
    struct wal_record record;
    if (leaf->facts.first >= next)
        return STATUS_OK;
    enum status status = reader_open(catalogue, leaf->facts.first, &reader, reason);
    if (status != STATUS_OK)
        return status;
    while ((status = wal_reader_next(reader, &record, reason)) == STATUS_OK && record.lsn < next &&
           (status = record_note(catalogue, leaf, &record)) == STATUS_OK)
        ;
    wal_reader_close(reader);
    return status == STATUS_END ? STATUS_OK : status;
}

/* A damaged index is made anew, in memory. */
static enum status leaf_mend(struct catalogue *catalogue, struct leaf *leaf)
{
    struct leaf anew;
    char reason[WAL_REASON_BYTES] = "";
    uint64_t noted = catalogue->noted;
    log_warn("journal.index", "%s/%020" PRIu64 ".idx is damaged: it is made anew", catalogue->folder,
             leaf->facts.first);
    leaf_init(&anew, leaf->facts.first);
    anew.facts.next = leaf->facts.next;
    catalogue->noted = anew.facts.first;
    enum status status = segment_read(catalogue, &anew, anew.facts.next, reason);
    catalogue->noted = noted;
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

/* Where the record begins that holds the number. */
static enum status place_find(struct catalogue *catalogue, const struct leaf *leaf, uint64_t number,
                              uint64_t *ret_segment, uint64_t *ret_offset, char reason[WAL_REASON_BYTES])
{
    if (leaf->facts.place_count > 0) {
        const struct leaf_place *place = leaf_place_of(leaf, number);
        *ret_segment = leaf->facts.first;
        *ret_offset = place != NULL ? place->offset : 0;
        return place != NULL ? STATUS_OK : STATUS_NOT_FOUND;
    }
    enum status status = tail_reach(catalogue, leaf->facts.first, number, reason);
    const struct tail_place *place = status == STATUS_OK ? tail_find(&catalogue->tail, number) : NULL;
    if (place == NULL)
        return status == STATUS_OK ? STATUS_NOT_FOUND : status;
    *ret_segment = place->segment;
    *ret_offset = place->offset;
    return STATUS_OK;
}

static enum status record_at(struct catalogue *catalogue, uint64_t number, struct journal_record *ret_batch)
{
    struct leaf *leaf = leaf_of(catalogue, number);
    struct wal_record record;
    char reason[WAL_REASON_BYTES] = "";
    uint64_t segment = 0, offset = 0;
    enum status status = leaf != NULL ? leaf_ready(catalogue, leaf) : STATUS_NOT_FOUND;
    if (status == STATUS_OK)
        status = place_find(catalogue, leaf, number, &segment, &offset, reason);
    if (status == STATUS_OK && catalogue->reader == NULL)
        status = reader_open(catalogue, 0, &catalogue->reader, reason);
    if (status == STATUS_OK)
        status = wal_reader_at(catalogue->reader, segment, offset, &record, reason);
    if (status == STATUS_OK)
        status = batch_read(catalogue, &record, ret_batch);
    if (status == STATUS_OK &&
        (ret_batch->kind != JOURNAL_BATCH || number - ret_batch->number >= ret_batch->item_count))
        status = STATUS_NOT_FOUND;
    if (status != STATUS_OK)
        log_error("journal.unread", "report %" PRIu64 " cannot be read from %s: %s", number, catalogue->folder,
                  reason[0] != '\0' ? reason : status_text(status));
    return status;
}

static enum status read_one(struct catalogue *catalogue, uint64_t number, archive_report_visitor visitor, void *self)
{
    const struct kept_record *kept = kept_find(&catalogue->kept, number);
    struct journal_record batch;
    if (kept == NULL) {
        enum status status = record_at(catalogue, number, &batch);
        if (status != STATUS_OK)
            return status;
        kept = kept_put(&catalogue->kept, &batch);
    }
    return kept != NULL ? visitor(self, number, kept->items[number - kept->number], kept->at_ms)
                        : visitor(self, number, batch.items[number - batch.number], batch.at_ms);
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
        leaf->facts.next == segment->next) {
        catalogue->noted = segment->next;
        return STATUS_OK;
    }
    leaf_fini(leaf);
    leaf_init(leaf, segment->first);
    enum status status = segment_read(catalogue, leaf, segment->sealed ? segment->next : next, reason);
    if (status != STATUS_OK || !segment->sealed) {
        places_forget(leaf);
        return status;
    }
    log_info("journal.index", "%s is made: %" PRIu64 " reports", path, leaf->facts.stub_count);
    leaf->facts.next = segment->next;
    catalogue->noted = segment->next;
    if (leaf_write(leaf, path) != STATUS_OK)
        log_warn("journal.index", "%s cannot be written: it stays in memory", path);
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
    catalogue->noted = count > 0 ? segments[0].first : 1;
    for (size_t i = 0; i < found && i < count && status == STATUS_OK; i++)
        status = segment_open(catalogue, &segments[i], next, reason);
    if (status == STATUS_OK && catalogue->count == 0)
        status = leaf_push(catalogue, 1) != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    if (catalogue->noted < next)
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
        arena_init(&catalogue->record_arena, RECORD_ARENA_BYTES);
        arena_init(&catalogue->report_arena, REPORT_ARENA_BYTES);
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
    if (catalogue->sealing == NULL)
        closed_tell(catalogue);
}
