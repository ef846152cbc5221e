/* Where a program lets itself be looked at: a socket in its state folder, and an address of the loopback. */
#pragma once

#include "base/status.h"

#include <sys/socket.h>
#include <sys/un.h>

struct loopback {
    struct sockaddr_storage address;
    socklen_t size;
};

/* "127.0.0.1:9101" or "[::1]:9101". STATUS_INVALID with a sentence: no address, or not the loopback's. */
enum status loopback_parse(const char *text, struct loopback *ret_loopback, char ret_reason[256]) MUST_CHECK;
/* Listens, non-blocking. STATUS_BUSY and so on with a sentence. */
enum status loopback_listen(const struct loopback *loopback, const char *text, int *ret_fd,
                            char ret_reason[256]) MUST_CHECK;

/* The address of folder/name. A path longer than a socket's may be (107 bytes) is reached through a descriptor of its
 * folder: ret_folder_fd is it, or -1, and is closed by the caller once the address was used. STATUS_TOO_LARGE: the name
 * alone is too long. */
enum status unix_address(const char *folder, const char *name, struct sockaddr_un *ret_address, int *ret_folder_fd,
                         char ret_reason[256]) MUST_CHECK;
/* Listens on folder/name, which its owner alone can open (0600), non-blocking. What a program that was killed left
 * there is replaced. STATUS_BUSY: another program listens there. */
enum status unix_listen(const char *folder, const char *name, int *ret_fd, char ret_reason[256]) MUST_CHECK;
