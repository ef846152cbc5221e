/* Inside an input: one file of the set, from its first opening to the end of its name.
 *
 *   WAITING ──open──▶ OPEN ──no more──▶ DONE ──changed──▶ WAITING
 *      ▲                │ replaced, gone, and quiet since: what is left is read (CLOSING), then WAITING or forgotten
 *      └────────────────┘                 REFUSED ──changed──▶ WAITING                                  */
#pragma once

#include "agents/input.h"
#include "agents/input_file.h"

#include <sys/stat.h>

enum member_state {
    MEMBER_WAITING, /* to be opened */
    MEMBER_OPEN,
    MEMBER_CLOSING, /* its name is another's, or nobody's: what is left is read, then it ends */
    MEMBER_ENDING,  /* its end was said; closed at the next call */
    MEMBER_DONE,    /* read to its end */
    MEMBER_REFUSED, /* unreadable for now */
};

struct input_member {
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

/* Of the set's options: path is not looked at. Takes up its place from before the restart, if there is one. Present.
 * STATUS_NO_MEMORY. */
enum status input_member_new(const struct input_options *options, const char *path,
                             struct input_member **ret_member) MUST_CHECK;
void input_member_free(struct input_member *member, const struct input_options *options);
/* At its name, as part of a scan: present if something has it. */
void input_member_look(struct input_member *member);
/* Nothing is open: it may be forgotten. */
bool input_member_is_idle(const struct input_member *member);

enum member_answer {
    MEMBER_ITEM,
    MEMBER_NOTHING, /* now */
    MEMBER_MOVED,   /* no item, but ask once more before resting */
};
/* The item borrows the member, and reason, until the next call. */
enum member_answer input_member_next(struct input_member *member, const struct input_options *options,
                                     struct input_item *ret_item, char reason[256]);
/* Sets its place in the memory, if it has changed. value: room to write it down. */
void input_member_save(struct input_member *member, const struct source_memory *memory, struct text *value);
/* Bytes of the file taken, and in all. */
void input_member_progress(const struct input_member *member, uint64_t *ret_done, uint64_t *ret_total);
