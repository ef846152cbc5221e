#include "agents/input_member.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

#define SETTLED_S 2 /* a packed file untouched for so long is whole */
/* Who rotates a file renames it first and tells its writer then: lines go on to come for a while under the old name. */
#define LEFT_MS 2000

static void slot_clear(struct input_member *member, const struct input_options *options)
{
    if (options->slot_fini != NULL)
        options->slot_fini(member->slot);
    memset(member->slot, 0, options->slot_bytes);
}

static void place_recall(struct input_member *member, const struct source_memory *memory)
{
    struct span value = memory->get(memory->self, span_of(member->file.path));
    if (value.size > 0 && input_place_read(value, &member->place) != STATUS_OK)
        member->place = (struct input_place){0};
}

enum status input_member_new(const struct input_options *options, const char *path, struct input_member **ret_member)
{
    struct input_member *member = calloc(1, sizeof(*member));
    if (member == NULL)
        return STATUS_NO_MEMORY;
    member->slot = calloc(1, options->slot_bytes > 0 ? options->slot_bytes : 1);
    if (member->slot == NULL || input_file_init(&member->file, path) != STATUS_OK) {
        free(member->slot);
        free(member);
        return STATUS_NO_MEMORY;
    }
    member->present = true;
    if (options->memory != NULL)
        place_recall(member, options->memory);
    *ret_member = member;
    return STATUS_OK;
}

void input_member_free(struct input_member *member, const struct input_options *options)
{
    slot_clear(member, options);
    free(member->slot);
    input_file_fini(&member->file);
    free(member);
}

void input_member_look(struct input_member *member)
{
    struct stat about;
    if (stat(member->file.path, &about) != 0)
        return;
    member->present = true;
    bool same = about.st_mtim.tv_sec == member->changed.tv_sec && about.st_mtim.tv_nsec == member->changed.tv_nsec &&
                about.st_size == member->seen_size;
    member->settled = same || clock_wall_ms() / 1000 - about.st_mtim.tv_sec > SETTLED_S;
    bool again = member->state == MEMBER_DONE || (member->state == MEMBER_REFUSED && !member->unreadable);
    bool replaced = about.st_dev != member->file.device || about.st_ino != member->file.inode;
    if (again && (!same || (member->state == MEMBER_DONE && replaced)))
        member->state = MEMBER_WAITING;
    if (member->state == MEMBER_REFUSED && member->unreadable)
        member->state = MEMBER_WAITING; /* its rights may have changed without a trace in it */
    member->changed = about.st_mtim;
    member->seen_size = about.st_size;
}

bool input_member_is_idle(const struct input_member *member)
{
    return member->state == MEMBER_WAITING || member->state == MEMBER_DONE || member->state == MEMBER_REFUSED;
}

/* --- reading --- */

static struct input_item item_of(struct input_member *member, enum input_item_kind kind)
{
    return (struct input_item){.kind = kind,
                               .file = member->file.path,
                               .line = member->file.line,
                               .slot = member->slot,
                               .place = &member->place,
                               .end = member->file.behind};
}

/* From here on it is read from its first line. */
static void forget(struct input_member *member)
{
    member->place = (struct input_place){.moved = true};
}

/* The file is given up until it changes; its reader is told its end after the refusal. */
static enum member_answer refuse(struct input_member *member, const struct input_options *options, enum status status,
                                 struct input_item *ret_item, const char *reason)
{
    member->unreadable =
        status == STATUS_PERMISSION || status == STATUS_IO || status == STATUS_FULL || status == STATUS_NO_MEMORY;
    member->state = MEMBER_REFUSED;
    bool say = !member->said;
    member->said = true;
    *ret_item = item_of(member, INPUT_REFUSAL);
    ret_item->line = 0;
    ret_item->reason = reason;
    slot_clear(member, options);
    input_file_close(&member->file);
    return say ? MEMBER_ITEM : MEMBER_NOTHING;
}

static void restart(struct input_member *member, const struct input_options *options)
{
    slot_clear(member, options);
    input_file_close(&member->file);
    forget(member);
    member->state = MEMBER_WAITING;
}

/* Nobody has written to it for a while since its name became another's or nobody's. */
static bool is_left(struct input_member *member)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (member->left_ns == 0 || member->left_taken != member->file.taken) {
        member->left_ns = now_ns;
        member->left_taken = member->file.taken;
    }
    return now_ns - member->left_ns >= LEFT_MS * 1000000u;
}

/* An open followed file has nothing more: is it still the file of that name? */
static enum member_answer follow(struct input_member *member, const struct input_options *options)
{
    switch (input_file_change(&member->file)) {
    case INPUT_SAME:
        return MEMBER_NOTHING;
    case INPUT_RESTARTED:
        restart(member, options);
        return MEMBER_MOVED;
    case INPUT_REPLACED:
    case INPUT_GONE:
        if (!is_left(member))
            return MEMBER_NOTHING;
        member->state = MEMBER_CLOSING;
        return MEMBER_MOVED;
    }
    return MEMBER_NOTHING;
}

static enum member_answer end_say(struct input_member *member, struct input_item *ret_item)
{
    member->closing = member->state == MEMBER_CLOSING;
    member->state = MEMBER_ENDING;
    *ret_item = item_of(member, INPUT_FILE_END);
    return MEMBER_ITEM;
}

static enum member_answer line_read(struct input_member *member, const struct input_options *options,
                                    struct input_item *ret_item, char reason[256])
{
    bool grows = options->follow && member->state == MEMBER_OPEN;
    struct span line = {0};
    enum status status = input_file_line(&member->file, grows ? INPUT_GROWS : INPUT_ENDS, &line, reason);
    switch ((int)status) {
    case STATUS_OK:
        *ret_item = item_of(member, INPUT_LINE);
        ret_item->text = line;
        return MEMBER_ITEM;
    case STATUS_TOO_LARGE:
        *ret_item = item_of(member, INPUT_REFUSAL);
        ret_item->reason = "the line is longer than 1 MiB, the greatest that is read";
        return MEMBER_ITEM;
    case STATUS_FULL:
        *ret_item = item_of(member, INPUT_PAUSE);
        return MEMBER_ITEM;
    case STATUS_AGAIN:
        return grows ? follow(member, options) : MEMBER_NOTHING;
    case STATUS_END:
        return end_say(member, ret_item);
    default:
        return refuse(member, options, status, ret_item, reason);
    }
}

/* --- opening and ending --- */

/* Left before this program began: nobody was there to see since when. */
static bool file_is_quiet(const struct input_file *file)
{
    struct stat about;
    return fstat(file->fd, &about) == 0 && clock_wall_ms() - about.st_mtim.tv_sec * 1000 >= LEFT_MS + 1000;
}

/* Opens the file of that name; or the one that had it when it was last read, if that is only left now. */
static enum status file_open(struct input_member *member, const struct input_options *options, char reason[256])
{
    char left[4096];
    member->closing = false;
    if (options->follow && input_place_left(&member->place, member->file.path, left) &&
        input_file_open_as(&member->file, left, reason) == STATUS_OK) {
        member->closing = file_is_quiet(&member->file);
        if (input_place_fits(&member->place, &member->file, INPUT_GROWS))
            return STATUS_OK;
        member->closing = false;
        input_file_close(&member->file);
    }
    if (options->follow && !member->present)
        return STATUS_NOT_FOUND;
    return input_file_open(&member->file, reason);
}

/* Whether there is anything to read in the file just opened: it may have been read to its end before. */
static bool go_on(struct input_member *member, const struct input_options *options)
{
    struct input_place *place = &member->place;
    if (!input_place_fits(place, &member->file, options->follow ? INPUT_GROWS : INPUT_ENDS)) {
        forget(member);
        input_place_identify(place, &member->file);
        return true;
    }
    if (place->ended && (place->packed || !options->follow))
        return false;
    input_file_go_on(&member->file, place->head_lines, place->offset, place->line);
    return true;
}

static enum member_answer begin(struct input_member *member, const struct input_options *options,
                                struct input_item *ret_item, char reason[256])
{
    member->growing = false;
    enum status status = file_open(member, options, reason);
    if (status == STATUS_NOT_FOUND && options->follow)
        return MEMBER_NOTHING; /* gone since the scan */
    bool packed = status == STATUS_CORRUPT || (status == STATUS_OK && member->file.kind == INPUT_PACKED);
    if (options->follow && packed && !member->settled) {
        member->growing = true;
        input_file_close(&member->file); /* somebody may still be writing it: half a packed file is no file */
        return MEMBER_NOTHING;
    }
    if (status != STATUS_OK)
        return refuse(member, options, status, ret_item, reason);
    member->said = member->unreadable = false;
    member->left_ns = 0;
    if (!go_on(member, options)) {
        input_file_close(&member->file);
        member->state = MEMBER_DONE;
        return MEMBER_NOTHING;
    }
    member->state = member->closing ? MEMBER_CLOSING : MEMBER_OPEN;
    return line_read(member, options, ret_item, reason);
}

/* Its end was said, and taken note of by now. */
static enum member_answer end(struct input_member *member, const struct input_options *options)
{
    bool closing = member->closing;
    input_place_identify(&member->place, &member->file);
    if (!member->place.packed) /* what was appended since was not read */
        member->place.size = member->file.taken;
    member->place.ended = member->place.moved = true;
    if (closing)
        forget(member);
    slot_clear(member, options);
    input_file_close(&member->file);
    member->state = closing ? MEMBER_WAITING : MEMBER_DONE;
    member->closing = false;
    return closing ? MEMBER_MOVED : MEMBER_NOTHING; /* another file may have its name: look before resting */
}

enum member_answer input_member_next(struct input_member *member, const struct input_options *options,
                                     struct input_item *ret_item, char reason[256])
{
    switch (member->state) {
    case MEMBER_WAITING:
        return begin(member, options, ret_item, reason);
    case MEMBER_OPEN:
    case MEMBER_CLOSING:
        return line_read(member, options, ret_item, reason);
    case MEMBER_ENDING:
        return end(member, options);
    case MEMBER_DONE:
    case MEMBER_REFUSED:
        return MEMBER_NOTHING;
    }
    return MEMBER_NOTHING;
}

/* --- looking at it --- */

void input_member_save(struct input_member *member, const struct source_memory *memory, struct text *value)
{
    if (!member->place.moved)
        return;
    member->place.moved = false;
    if (member->file.fd >= 0)
        input_place_identify(&member->place, &member->file);
    text_clear(value);
    if (member->place.known)
        input_place_write(&member->place, value);
    if (value->failed) /* without memory it stays as it was: what was read since is read again */
        member->place.moved = true;
    else
        memory->set(memory->self, span_of(member->file.path), (struct span){value->data, value->size});
}

void input_member_progress(const struct input_member *member, uint64_t *ret_done, uint64_t *ret_total)
{
    uint64_t size = member->file.size > 0 ? member->file.size : (uint64_t)member->seen_size;
    bool read = member->state == MEMBER_DONE || member->state == MEMBER_ENDING || member->state == MEMBER_REFUSED;
    *ret_done = read ? size : member->file.taken;
    *ret_total = size;
}
