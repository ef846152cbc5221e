/* Files around the database: who may write, what stands in the way, putting a new one in the place of an old one. */
#pragma once

#include "base/status.h"

#include <stdbool.h>

/* A lock that other programs see, held as long as it is open. Not on the database itself: closing any descriptor of
 * that file would drop SQLite's own locks of this process. */
struct file_lock {
    int fd; /* −1: none */
    char *path;
};

/* Takes PATH-lock, never waits. STATUS_BUSY: another holds it. Reasons are without the file's name. */
enum status file_lock_take(const char *path, struct file_lock *ret_lock, char ret_reason[256]) MUST_CHECK;
/* Removes the lock's file. */
void file_lock_release(struct file_lock *lock);

enum file_kind { FILE_MISSING, FILE_EMPTY, FILE_FULL };
/* STATUS_INVALID: a directory or no regular file. STATUS_PERMISSION: may not be read. Opens nothing. */
enum status file_inspect(const char *path, enum file_kind *ret_kind, char ret_reason[256]) MUST_CHECK;

/* path + suffix on the heap, or NULL. */
char *file_beside(const char *path, const char *suffix);
/* Both files' contents safe, `from` renamed to `to`, the folder safe. */
enum status file_put_in_place(const char *from, const char *to, char ret_reason[256]) MUST_CHECK;
/* The database and what SQLite keeps beside it. */
void file_remove_database(const char *path);
/* Whatever PATH.tmp-… was left behind. Only who holds the lock of the path may. */
void file_remove_stale(const char *path);
/* "file:…?immutable=1" with what has a meaning in it escaped, on the heap, or NULL. */
char *file_immutable_url(const char *path);
