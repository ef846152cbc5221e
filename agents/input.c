#include "agents/input.h"

#include "agents/input_member.h"
#include "base/clock.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCAN_INTERVAL_NS 1000000000u

enum input_shape { SHAPE_ONE, SHAPE_GLOB, SHAPE_STREAM };

struct input {
    struct input_options options; /* its own path and memory; of standard input neither followed nor remembered */
    struct source_memory memory;
    enum input_shape shape;
    bool tidy_due;                 /* the memory may hold places of files that are gone */
    struct input_member **members; /* each of its own, so that items may point into it */
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

static enum status member_add(struct input *input, const char *path)
{
    struct input_member **grown = realloc(input->members, (input->count + 1) * sizeof(struct input_member *));
    if (grown == NULL)
        return STATUS_NO_MEMORY;
    input->members = grown;
    enum status status = input_member_new(&input->options, path, &grown[input->count]);
    input->count += status == STATUS_OK;
    return status;
}

static struct input_member *member_find(const struct input *input, const char *path)
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
    snprintf(input->reason, sizeof(input->reason), "%.180s%s", what, input->options.follow ? "; it is waited for" : "");
    input->missing_said = input->missing_to_say = true;
}

static enum status scan_glob(struct input *input)
{
    char folder[4096];
    fixed_folder(input->options.path, folder, sizeof(folder));
    struct stat about;
    if (stat(folder, &about) != 0) {
        set_missing(input, STATUS_NOT_FOUND, "its folder is not there");
        return STATUS_OK;
    }
    glob_t found = {0};
    int answer = glob(input->options.path, GLOB_ERR, NULL, &found);
    enum status status = STATUS_OK;
    if (answer == GLOB_NOSPACE)
        status = STATUS_NO_MEMORY;
    else if (answer == GLOB_ABORTED)
        set_missing(input, STATUS_PERMISSION, "its folder cannot be read");
    for (size_t i = 0; status == STATUS_OK && answer == 0 && i < found.gl_pathc; i++) {
        struct input_member *member = member_find(input, found.gl_pathv[i]);
        if (member != NULL)
            member->present = true;
        else
            status = member_add(input, found.gl_pathv[i]);
    }
    globfree(&found);
    return status;
}

/* Drops what is gone and read; members keep their order. */
static void forget_gone(struct input *input)
{
    size_t kept = 0;
    for (size_t i = 0; i < input->count; i++) {
        struct input_member *member = input->members[i];
        if (!member->present && input_member_is_idle(member) && input->shape == SHAPE_GLOB) {
            input_member_free(member, &input->options);
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
        input_member_look(input->members[i]);
    if (input->shape == SHAPE_ONE && !input->members[0]->present)
        set_missing(input, STATUS_NOT_FOUND, "the file is not there");
    if (input->missing == STATUS_OK)
        input->missing_said = input->missing_to_say = false;
    forget_gone(input);
    input->current = 0;
    return status;
}

/* --- what the memory has of files that are not in the set --- */

struct strangers {
    const struct input *input;
    struct text paths; /* one after the other, each with its NUL */
};

static void stranger_find(void *visitor, struct span key)
{
    struct strangers *strangers = visitor;
    char *path = strndup(key.data, key.size);
    if (path != NULL && member_find(strangers->input, path) == NULL)
        text_append(&strangers->paths, (struct span){path, key.size + 1});
    free(path);
}

/* The caller frees the paths. */
static struct text strangers_of(const struct input *input)
{
    struct strangers strangers = {.input = input};
    input->memory.each(input->memory.self, stranger_find, &strangers);
    return strangers.paths;
}

/* It lost its name while nobody looked, and is there under another. */
static bool is_left(const struct input *input, const char *path)
{
    struct input_place place;
    char left[4096];
    return input_place_read(input->memory.get(input->memory.self, span_of(path)), &place) == STATUS_OK &&
           input_place_left(&place, path, left);
}

static enum status recall_left(struct input *input)
{
    enum status status = STATUS_OK;
    if (input->options.memory == NULL || input->shape != SHAPE_GLOB || !input->options.follow)
        return STATUS_OK;
    struct text paths = strangers_of(input);
    for (size_t i = 0; i < paths.size && status == STATUS_OK; i += strlen(paths.data + i) + 1) {
        if (!is_left(input, paths.data + i))
            continue;
        status = member_add(input, paths.data + i);
        if (status == STATUS_OK)
            input->members[input->count - 1]->present = false;
    }
    text_fini(&paths);
    return status;
}

/* Forgets their places; not while the folder itself is away. */
static void tidy(struct input *input)
{
    input->tidy_due = false;
    struct text paths = strangers_of(input);
    for (size_t i = 0; i < paths.size; i += strlen(paths.data + i) + 1)
        input->memory.set(input->memory.self, span_of(paths.data + i), (struct span){0});
    text_fini(&paths);
}

void input_save(struct input *input)
{
    if (input->options.memory == NULL)
        return;
    struct text value = {0};
    for (size_t i = 0; i < input->count; i++)
        input_member_save(input->members[i], &input->memory, &value);
    text_fini(&value);
    if (input->tidy_due && input->missing == STATUS_OK)
        tidy(input);
}

/* --- opening the set --- */

bool input_is_pattern(const char *path)
{
    struct stat about;
    return strpbrk(path, "*?[") != NULL && stat(path, &about) != 0; /* a name that holds a bracket is still a name */
}

static enum input_shape shape_of(const char *path)
{
    if (strcmp(path, "-") == 0)
        return SHAPE_STREAM;
    return input_is_pattern(path) ? SHAPE_GLOB : SHAPE_ONE;
}

/* A single file is tried at once, so that a wrong path ends the program and not the day. */
static enum status try_one(struct input *input, char ret_reason[256])
{
    struct stat about;
    if (stat(input->options.path, &about) == 0 && !S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode))
        return STATUS_OK; /* opening a pipe and closing it again would break it for its writer */
    struct input_file file;
    enum status status = input_file_init(&file, input->options.path);
    if (status == STATUS_OK)
        status = input_file_open(&file, ret_reason);
    input_file_fini(&file);
    bool later = (status == STATUS_NOT_FOUND && input->options.follow) ||
                 status == STATUS_CORRUPT; /* a damaged file is refused, not the source */
    return later ? STATUS_OK : status;
}

static enum status check(struct input *input, char ret_reason[256])
{
    if (input->shape == SHAPE_ONE)
        return try_one(input, ret_reason);
    if (input->shape == SHAPE_STREAM || input->options.follow)
        return STATUS_OK;
    if (input->missing != STATUS_OK)
        snprintf(ret_reason, 256, "%s", input->reason);
    else if (input->count == 0)
        snprintf(ret_reason, 256, "no file matches %.200s", input->options.path);
    return input->missing != STATUS_OK ? input->missing : input->count == 0 ? STATUS_NOT_FOUND : STATUS_OK;
}

enum status input_open(const struct input_options *options, struct input **ret_input, char ret_reason[256])
{
    struct input *input = calloc(1, sizeof(*input));
    if (input == NULL)
        return STATUS_NO_MEMORY;
    *input = (struct input){.options = *options, .shape = shape_of(options->path), .tidy_due = true};
    input->options.path = strdup(options->path);
    if (input->shape == SHAPE_STREAM) {
        input->options.follow = false;
        input->options.memory = NULL;
    }
    if (input->options.memory != NULL) {
        input->memory = *options->memory;
        input->options.memory = &input->memory;
    }
    enum status status = input->options.path != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK && input->shape != SHAPE_GLOB)
        status = member_add(input, input->options.path);
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
        input_member_free(input->members[i], &input->options);
    free(input->members);
    free((char *)input->options.path);
    free(input);
}

/* --- reading the set --- */

/* What the whole set answers when no member has anything: the worst of it. */
static enum status rest(const struct input *input)
{
    if (!input->options.follow) {
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
            *ret_item =
                (struct input_item){.kind = INPUT_REFUSAL, .file = input->options.path, .reason = input->reason};
            return STATUS_OK;
        }
        for (; input->current < input->count; input->current++)
            switch (input_member_next(input->members[input->current], &input->options, ret_item, input->reason)) {
            case MEMBER_ITEM:
                input->moved = true;
                return STATUS_OK;
            case MEMBER_MOVED:
                input->moved = true;
                break;
            case MEMBER_NOTHING:
                break;
            }
        bool moved = input->moved;
        input->moved = false;
        input->current = 0;
        if (input->options.follow && clock_monotonic_ns() - input->scanned_ns >= SCAN_INTERVAL_NS) {
            enum status status = scan(input);
            if (status != STATUS_OK)
                return status;
        } else if (!moved) {
            return rest(input);
        }
    }
}

void input_progress(const struct input *input, uint64_t *ret_done, uint64_t *ret_total)
{
    uint64_t done = 0, total = 0;
    for (size_t i = 0; i < input->count && input->shape != SHAPE_STREAM; i++) {
        uint64_t member_done, member_total;
        input_member_progress(input->members[i], &member_done, &member_total);
        done += member_done;
        total += member_total;
    }
    *ret_done = done;
    *ret_total = total;
}
