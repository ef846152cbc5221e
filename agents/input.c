#include "agents/input.h"

#include "agents/input_file.h"
#include "base/clock.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCAN_INTERVAL_NS 1000000000u
#define SETTLED_S        2 /* a packed file untouched for so long is whole */
/* Who rotates a file renames it first and tells its writer then: lines go on to come for a while under the old name. */
#define LEFT_MS 2000

/*   WAITING ──open──▶ OPEN ──no more──▶ DONE ──changed──▶ WAITING
 *      ▲                │ replaced, gone, and quiet since: what is left is read (CLOSING), then WAITING or forgotten
 *      └────────────────┘                 REFUSED ──changed──▶ WAITING                                  */
enum member_state {
    MEMBER_WAITING, /* to be opened */
    MEMBER_OPEN,
    MEMBER_CLOSING, /* its name is another's, or nobody's: what is left is read, then it ends */
    MEMBER_ENDING,  /* its end was said; closed at the next call */
    MEMBER_DONE,    /* read to its end */
    MEMBER_REFUSED, /* unreadable for now */
};

struct member {
    struct input_file file;
    struct input_place place; /* up to where its lines are dealt with */
    enum member_state state;
    bool present;            /* found by the last scan */
    bool said;               /* its refusal was said */
    bool unreadable;         /* the source is not whole without it */
    struct timespec changed; /* as the last scan saw it */
    off_t seen_size;
    bool settled;                 /* nobody writes to it, as far as can be seen */
    bool growing;                 /* packed, and put off until it has settled */
    bool closing;                 /* ended because its name is another's or nobody's */
    uint64_t left_ns, left_taken; /* since when its name is, and how far it was read then; 0: it is not */
    void *slot;
};

enum input_shape { SHAPE_ONE, SHAPE_GLOB, SHAPE_STREAM };

struct input {
    char *path;
    enum input_shape shape;
    bool follow;
    size_t slot_bytes;
    void (*slot_fini)(void *slot);
    struct source_memory memory; /* get NULL: none */
    bool tidy_due;               /* it may hold places of files that are gone */
    struct member **members;     /* each of its own, so that items may point into it */
    size_t count;
    size_t current;
    bool moved; /* this round of the members gave something */
    uint64_t scanned_ns;
    enum status missing; /* of the path as a whole: a folder vanished */
    bool missing_said;
    char reason[256];
    bool missing_to_say;
};

/* --- members --- */

static void slot_clear(struct input *input, struct member *member)
{
    if (input->slot_fini != NULL)
        input->slot_fini(member->slot);
    memset(member->slot, 0, input->slot_bytes);
}

static void member_free(struct input *input, struct member *member)
{
    slot_clear(input, member);
    free(member->slot);
    input_file_fini(&member->file);
    free(member);
}

/* Takes up its place from before the restart, if there is one. */
static void member_recall(struct input *input, struct member *member)
{
    if (input->memory.get == NULL || input->shape == SHAPE_STREAM)
        return;
    struct span value = input->memory.get(input->memory.self, span_of(member->file.path));
    if (value.size > 0 && input_place_read(value, &member->place) != STATUS_OK)
        member->place = (struct input_place){0};
}

/* From here on it is read from its first line. */
static void member_forget(struct member *member)
{
    member->place = (struct input_place){.moved = true};
}

static enum status member_add(struct input *input, const char *path)
{
    struct member **grown = realloc(input->members, (input->count + 1) * sizeof(struct member *));
    if (grown == NULL)
        return STATUS_NO_MEMORY;
    input->members = grown;
    struct member *member = calloc(1, sizeof(*member));
    if (member == NULL)
        return STATUS_NO_MEMORY;
    member->slot = calloc(1, input->slot_bytes > 0 ? input->slot_bytes : 1);
    if (member->slot == NULL || input_file_init(&member->file, path) != STATUS_OK) {
        free(member->slot);
        free(member);
        return STATUS_NO_MEMORY;
    }
    member->present = true;
    member_recall(input, member);
    input->members[input->count++] = member;
    return STATUS_OK;
}

static struct member *member_find(const struct input *input, const char *path)
{
    for (size_t i = 0; i < input->count; i++)
        if (strcmp(input->members[i]->file.path, path) == 0)
            return input->members[i];
    return NULL;
}

/* --- looking at the set --- */

/* The part of a pattern before its first wildcard, up to the last slash: a folder that must be there. */
static void fixed_folder(const char *pattern, char *ret_folder, size_t room)
{
    size_t wild = strcspn(pattern, "*?["), stop = wild;
    while (stop > 0 && pattern[stop - 1] != '/')
        stop--;
    if (stop == 0)
        snprintf(ret_folder, room, ".");
    else
        snprintf(ret_folder, room, "%.*s", (int)(stop > 1 ? stop - 1 : 1), pattern);
}

static void set_missing(struct input *input, enum status status, const char *what)
{
    input->missing = status;
    if (input->missing_said)
        return;
    snprintf(input->reason, sizeof(input->reason), "%.180s%s", what, input->follow ? "; it is waited for" : "");
    input->missing_said = input->missing_to_say = true;
}

static enum status scan_glob(struct input *input)
{
    char folder[4096];
    fixed_folder(input->path, folder, sizeof(folder));
    struct stat about;
    if (stat(folder, &about) != 0) {
        set_missing(input, STATUS_NOT_FOUND, "its folder is not there");
        return STATUS_OK;
    }
    glob_t found = {0};
    int answer = glob(input->path, GLOB_ERR, NULL, &found);
    enum status status = STATUS_OK;
    if (answer == GLOB_NOSPACE)
        status = STATUS_NO_MEMORY;
    else if (answer == GLOB_ABORTED)
        set_missing(input, STATUS_PERMISSION, "its folder cannot be read");
    for (size_t i = 0; status == STATUS_OK && answer == 0 && i < found.gl_pathc; i++) {
        struct member *member = member_find(input, found.gl_pathv[i]);
        if (member != NULL)
            member->present = true;
        else
            status = member_add(input, found.gl_pathv[i]);
    }
    globfree(&found);
    return status;
}

static void look(struct input *input, struct member *member)
{
    struct stat about;
    bool there = stat(member->file.path, &about) == 0;
    if (!there && input->shape == SHAPE_ONE)
        member->present = false;
    if (!there)
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

/* Drops what is gone and read; members keep their order. */
static void forget_gone(struct input *input)
{
    size_t kept = 0;
    for (size_t i = 0; i < input->count; i++) {
        struct member *member = input->members[i];
        bool idle = member->state == MEMBER_WAITING || member->state == MEMBER_DONE || member->state == MEMBER_REFUSED;
        if (!member->present && idle && input->shape == SHAPE_GLOB) {
            member_free(input, member);
            input->tidy_due = true;
        } else {
            input->members[kept++] = member;
        }
    }
    input->count = kept;
}

static enum status scan(struct input *input)
{
    input->scanned_ns = clock_monotonic_ns();
    input->missing = STATUS_OK;
    for (size_t i = 0; i < input->count; i++)
        input->members[i]->present = false;
    enum status status = input->shape == SHAPE_GLOB ? scan_glob(input) : STATUS_OK;
    for (size_t i = 0; i < input->count; i++)
        look(input, input->members[i]);
    if (input->shape == SHAPE_ONE && !input->members[0]->present)
        set_missing(input, STATUS_NOT_FOUND, "the file is not there");
    if (input->missing == STATUS_OK)
        input->missing_said = input->missing_to_say = false;
    forget_gone(input);
    input->current = 0;
    return status;
}

/* --- what is left of files that lost their names while nobody looked --- */

struct recalling {
    const struct input *input;
    struct text paths; /* one after the other, each with its NUL */
};

static void find_left(void *visitor, struct span key)
{
    struct recalling *recalling = visitor;
    struct source_memory memory = recalling->input->memory;
    struct input_place place;
    char left[4096], *path = strndup(key.data, key.size);
    if (path != NULL && member_find(recalling->input, path) == NULL &&
        input_place_read(memory.get(memory.self, key), &place) == STATUS_OK && input_place_left(&place, path, left))
        text_append(&recalling->paths, (struct span){path, key.size + 1});
    free(path);
}

static enum status recall_left(struct input *input)
{
    struct recalling recalling = {.input = input};
    enum status status = STATUS_OK;
    if (input->memory.each == NULL || input->shape != SHAPE_GLOB || !input->follow)
        return STATUS_OK;
    input->memory.each(input->memory.self, find_left, &recalling);
    for (size_t i = 0; i < recalling.paths.size && status == STATUS_OK; i += strlen(recalling.paths.data + i) + 1) {
        status = member_add(input, recalling.paths.data + i);
        if (status == STATUS_OK)
            input->members[input->count - 1]->present = false;
    }
    text_fini(&recalling.paths);
    return status;
}

/* --- opening the set --- */

static enum input_shape shape_of(const char *path)
{
    struct stat about;
    if (strcmp(path, "-") == 0)
        return SHAPE_STREAM;
    if (stat(path, &about) == 0) /* a name that holds a bracket is still a name */
        return SHAPE_ONE;
    return strpbrk(path, "*?[") != NULL ? SHAPE_GLOB : SHAPE_ONE;
}

/* A single file is tried at once, so that a wrong path ends the program and not the day. */
static enum status try_one(struct input *input, char ret_reason[256])
{
    struct stat about;
    if (stat(input->path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        return STATUS_OK; /* opening a pipe and closing it again would break it for its writer */
    struct input_file file;
    enum status status = input_file_init(&file, input->path);
    if (status == STATUS_OK)
        status = input_file_open(&file, ret_reason);
    input_file_fini(&file);
    bool later = (status == STATUS_NOT_FOUND && input->follow) ||
                 status == STATUS_CORRUPT; /* a damaged file is refused, not the source */
    return later ? STATUS_OK : status;
}

static enum status check(struct input *input, char ret_reason[256])
{
    if (input->shape == SHAPE_ONE)
        return try_one(input, ret_reason);
    if (input->shape == SHAPE_STREAM || input->follow)
        return STATUS_OK;
    if (input->missing != STATUS_OK)
        snprintf(ret_reason, 256, "%s", input->reason);
    else if (input->count == 0)
        snprintf(ret_reason, 256, "no file matches %.200s", input->path);
    return input->missing != STATUS_OK ? input->missing : input->count == 0 ? STATUS_NOT_FOUND : STATUS_OK;
}

enum status input_open(const struct input_options *options, struct input **ret_input, char ret_reason[256])
{
    struct input *input = calloc(1, sizeof(*input));
    if (input == NULL)
        return STATUS_NO_MEMORY;
    *input = (struct input){.path = strdup(options->path),
                            .shape = shape_of(options->path),
                            .follow = options->follow,
                            .slot_bytes = options->slot_bytes,
                            .slot_fini = options->slot_fini,
                            .tidy_due = true};
    if (options->memory != NULL)
        input->memory = *options->memory;
    enum status status = input->path != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    if (input->shape == SHAPE_STREAM)
        input->follow = false;
    if (status == STATUS_OK && input->shape != SHAPE_GLOB)
        status = member_add(input, input->path);
    if (status == STATUS_OK && input->shape != SHAPE_STREAM)
        status = scan(input);
    if (status == STATUS_OK)
        status = recall_left(input);
    if (status != STATUS_OK)
        snprintf(ret_reason, 256, "%s", status_text(status));
    else
        status = check(input, ret_reason);
    if (status != STATUS_OK) {
        input_close(input);
        return status;
    }
    *ret_input = input;
    return STATUS_OK;
}

void input_close(struct input *input)
{
    if (input == NULL)
        return;
    for (size_t i = 0; i < input->count; i++)
        member_free(input, input->members[i]);
    free(input->members);
    free(input->path);
    free(input);
}

/* --- reading the set --- */

static struct input_item item_of(struct member *member, enum input_item_kind kind)
{
    return (struct input_item){.kind = kind,
                               .file = member->file.path,
                               .line = member->file.line,
                               .slot = member->slot,
                               .place = &member->place,
                               .end = member->file.behind};
}

/* The file is given up until it changes; its reader is told its end after the refusal. */
static bool refuse(struct input *input, struct member *member, enum status status, struct input_item *ret_item)
{
    member->unreadable =
        status == STATUS_PERMISSION || status == STATUS_IO || status == STATUS_FULL || status == STATUS_NO_MEMORY;
    member->state = MEMBER_REFUSED;
    bool say = !member->said;
    member->said = true;
    *ret_item = item_of(member, INPUT_REFUSAL);
    ret_item->line = 0;
    ret_item->reason = input->reason;
    slot_clear(input, member);
    input_file_close(&member->file);
    return say;
}

static void member_restart(struct input *input, struct member *member)
{
    slot_clear(input, member);
    input_file_close(&member->file);
    member_forget(member);
    member->state = MEMBER_WAITING;
}

/* Nobody has written to it for a while since its name became another's or nobody's. */
static bool member_is_left(struct member *member)
{
    uint64_t now_ns = clock_monotonic_ns();
    if (member->left_ns == 0 || member->left_taken != member->file.taken) {
        member->left_ns = now_ns;
        member->left_taken = member->file.taken;
    }
    return now_ns - member->left_ns >= LEFT_MS * 1000000u;
}

/* An open followed file has nothing more: is it still the file of that name? */
static void member_follow(struct input *input, struct member *member)
{
    switch (input_file_change(&member->file)) {
    case INPUT_SAME:
        break;
    case INPUT_RESTARTED:
        member_restart(input, member);
        input->moved = true;
        break;
    case INPUT_REPLACED:
    case INPUT_GONE:
        if (!member_is_left(member))
            break;
        member->state = MEMBER_CLOSING;
        input->moved = true;
        break;
    }
}

static bool member_ended(struct member *member, struct input_item *ret_item)
{
    member->closing = member->state == MEMBER_CLOSING;
    member->state = MEMBER_ENDING;
    *ret_item = item_of(member, INPUT_FILE_END);
    return true;
}

/* Answers whether there is an item; *ret_more is false when the member has nothing now. */
static bool member_read(struct input *input, struct member *member, struct input_item *ret_item)
{
    bool grows = input->follow && member->state == MEMBER_OPEN;
    struct span line = {0};
    enum status status = input_file_line(&member->file, grows ? INPUT_GROWS : INPUT_ENDS, &line, input->reason);
    switch ((int)status) {
    case STATUS_OK:
        *ret_item = item_of(member, INPUT_LINE);
        ret_item->text = line;
        return true;
    case STATUS_TOO_LARGE:
        *ret_item = item_of(member, INPUT_REFUSAL);
        ret_item->reason = "the line is longer than 1 MiB, the greatest that is read";
        return true;
    case STATUS_FULL:
        *ret_item = item_of(member, INPUT_PAUSE);
        return true;
    case STATUS_AGAIN:
        if (grows)
            member_follow(input, member);
        return false;
    case STATUS_END:
        return member_ended(member, ret_item);
    default:
        return refuse(input, member, status, ret_item);
    }
}

/* Left before this program began: nobody was there to see since when. */
static bool file_is_quiet(const struct input_file *file)
{
    struct stat about;
    return fstat(file->fd, &about) == 0 && clock_wall_ms() - about.st_mtim.tv_sec * 1000 >= LEFT_MS + 1000;
}

/* Opens the file of that name; or the one that had it when it was last read, if that is only left now. */
static enum status member_open_file(struct input *input, struct member *member)
{
    char left[4096];
    member->closing = false;
    if (input->follow && input_place_left(&member->place, member->file.path, left) &&
        input_file_open_as(&member->file, left, input->reason) == STATUS_OK) {
        member->closing = file_is_quiet(&member->file);
        if (input_place_fits(&member->place, &member->file, INPUT_GROWS))
            return STATUS_OK;
        member->closing = false;
        input_file_close(&member->file);
    }
    if (input->follow && !member->present)
        return STATUS_NOT_FOUND;
    return input_file_open(&member->file, input->reason);
}

/* Whether there is anything to read in the file just opened: it may have been read to its end before. */
static bool member_go_on(struct input *input, struct member *member)
{
    struct input_place *place = &member->place;
    if (!input_place_fits(place, &member->file, input->follow ? INPUT_GROWS : INPUT_ENDS)) {
        member_forget(member);
        input_place_identify(place, &member->file);
        return true;
    }
    if (place->ended && (place->packed || !input->follow))
        return false;
    input_file_go_on(&member->file, place->head_lines, place->offset, place->line);
    return true;
}

static bool member_open(struct input *input, struct member *member, struct input_item *ret_item)
{
    member->growing = false;
    enum status status = member_open_file(input, member);
    if (status == STATUS_NOT_FOUND && input->follow)
        return false; /* gone since the scan */
    bool packed = status == STATUS_CORRUPT || (status == STATUS_OK && member->file.kind == INPUT_PACKED);
    if (input->follow && packed && !member->settled) {
        member->growing = true;
        input_file_close(&member->file); /* somebody may still be writing it: half a packed file is no file */
        return false;
    }
    if (status != STATUS_OK)
        return refuse(input, member, status, ret_item);
    member->said = member->unreadable = false;
    member->left_ns = 0;
    if (!member_go_on(input, member)) {
        input_file_close(&member->file);
        member->state = MEMBER_DONE;
        return false;
    }
    member->state = member->closing ? MEMBER_CLOSING : MEMBER_OPEN;
    return member_read(input, member, ret_item);
}

/* Its end was said, and taken note of by now. */
static void member_end(struct input *input, struct member *member)
{
    input_place_identify(&member->place, &member->file);
    if (!member->place.packed) /* what was appended since was not read */
        member->place.size = member->file.taken;
    member->place.ended = member->place.moved = true;
    if (member->closing)
        member_forget(member);
    slot_clear(input, member);
    input_file_close(&member->file);
    member->state = member->closing ? MEMBER_WAITING : MEMBER_DONE;
    input->moved = input->moved || member->closing; /* another file may have its name: look before resting */
    member->closing = false;
}

static bool member_next(struct input *input, struct member *member, struct input_item *ret_item)
{
    switch (member->state) {
    case MEMBER_WAITING:
        return member_open(input, member, ret_item);
    case MEMBER_OPEN:
    case MEMBER_CLOSING:
        return member_read(input, member, ret_item);
    case MEMBER_ENDING:
        member_end(input, member);
        return false;
    case MEMBER_DONE:
    case MEMBER_REFUSED:
        return false;
    }
    return false;
}

/* What the whole set answers when no member has anything: the worst of it. */
static enum status rest(const struct input *input)
{
    if (!input->follow) {
        for (size_t i = 0; i < input->count; i++)
            if (input->members[i]->state == MEMBER_OPEN)
                return STATUS_AGAIN; /* a stream that is silent now */
        return STATUS_END;
    }
    if (input->missing != STATUS_OK)
        return input->missing;
    for (size_t i = 0; i < input->count; i++) {
        if (input->members[i]->unreadable)
            return STATUS_PERMISSION;
        if (input->members[i]->state == MEMBER_WAITING && input->members[i]->growing)
            return STATUS_BUSY; /* somebody may still be writing it */
    }
    return STATUS_AGAIN;
}

enum status input_next(struct input *input, struct input_item *ret_item)
{
    for (;;) {
        if (input->missing_to_say) {
            input->missing_to_say = false;
            *ret_item = (struct input_item){.kind = INPUT_REFUSAL, .file = input->path, .reason = input->reason};
            return STATUS_OK;
        }
        for (; input->current < input->count; input->current++)
            if (member_next(input, input->members[input->current], ret_item)) {
                input->moved = true;
                return STATUS_OK;
            }
        bool moved = input->moved;
        input->moved = false;
        input->current = 0;
        if (input->follow && clock_monotonic_ns() - input->scanned_ns >= SCAN_INTERVAL_NS) {
            enum status status = scan(input);
            if (status != STATUS_OK)
                return status;
        } else if (!moved) {
            return rest(input);
        }
    }
}

/* --- remembering --- */

static void member_save(struct input *input, struct member *member, struct text *value)
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
        input->memory.set(input->memory.self, span_of(member->file.path), (struct span){value->data, value->size});
}

struct tidying {
    const struct input *input;
    struct text gone; /* keys, one after the other, each with its NUL */
};

static void find_gone(void *visitor, struct span key)
{
    struct tidying *tidying = visitor;
    char *path = strndup(key.data, key.size);
    if (path != NULL && member_find(tidying->input, path) == NULL)
        text_append(&tidying->gone, (struct span){path, key.size + 1});
    free(path);
}

/* Forgets the places of files that are gone; not while the folder itself is away. */
static void tidy(struct input *input)
{
    struct tidying tidying = {.input = input};
    input->tidy_due = false;
    input->memory.each(input->memory.self, find_gone, &tidying);
    for (size_t i = 0; i < tidying.gone.size; i += strlen(tidying.gone.data + i) + 1)
        input->memory.set(input->memory.self, span_of(tidying.gone.data + i), (struct span){0});
    text_fini(&tidying.gone);
}

void input_save(struct input *input)
{
    if (input->memory.set == NULL || input->shape == SHAPE_STREAM)
        return;
    struct text value = {0};
    for (size_t i = 0; i < input->count; i++)
        member_save(input, input->members[i], &value);
    text_fini(&value);
    if (input->tidy_due && input->missing == STATUS_OK)
        tidy(input);
}

void input_progress(const struct input *input, uint64_t *ret_done, uint64_t *ret_total)
{
    uint64_t done = 0, total = 0;
    for (size_t i = 0; i < input->count && input->shape != SHAPE_STREAM; i++) {
        const struct member *member = input->members[i];
        uint64_t size = member->file.size > 0 ? member->file.size : (uint64_t)member->seen_size;
        bool read = member->state == MEMBER_DONE || member->state == MEMBER_ENDING || member->state == MEMBER_REFUSED;
        done += read ? size : member->file.taken;
        total += size;
    }
    *ret_done = done;
    *ret_total = total;
}
