#include "base/monitor/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG 16

static enum status refuse(char ret_reason[256], const char *what, const char *name, int error)
{
    (void)snprintf(ret_reason, 256, "%.190s: %s: %.40s", name, what, strerror(error));
    return error == EADDRINUSE ? STATUS_BUSY : status_from_errno(error);
}

/* --- the loopback --- */

static bool port_parse(const char *text, in_port_t *ret_port)
{
    char *end;
    unsigned long port = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || port == 0 || port > 65535)
        return false;
    *ret_port = htons((in_port_t)port);
    return true;
}

static bool host_parse(const char *host, in_port_t port, struct loopback *ret_loopback, bool *ret_is_local)
{
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = port};
    *ret_loopback = (struct loopback){0};
    if (inet_pton(AF_INET, host, &four.sin_addr) == 1) {
        *ret_is_local = (ntohl(four.sin_addr.s_addr) >> 24) == 127;
        memcpy(&ret_loopback->address, &four, sizeof four);
        ret_loopback->size = sizeof four;
        return true;
    }
    size_t size = strlen(host);
    char inside[INET6_ADDRSTRLEN + 1];
    if (size < 3 || size > sizeof inside || host[0] != '[' || host[size - 1] != ']')
        return false;
    (void)snprintf(inside, sizeof inside, "%.*s", (int)size - 2, host + 1);
    if (inet_pton(AF_INET6, inside, &six.sin6_addr) != 1)
        return false;
    *ret_is_local = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
    memcpy(&ret_loopback->address, &six, sizeof six);
    ret_loopback->size = sizeof six;
    return true;
}

enum status loopback_parse(const char *text, struct loopback *ret_loopback, char ret_reason[256])
{
    const char *colon = strrchr(text, ':');
    char host[64] = "";
    struct loopback loopback;
    in_port_t port;
    bool is_local = false;
    if (colon != NULL && (size_t)(colon - text) < sizeof host)
        (void)snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
    if (colon == NULL || !port_parse(colon + 1, &port) || !host_parse(host, port, &loopback, &is_local)) {
        (void)snprintf(ret_reason, 256, "\"%.100s\" is no address, expected one such as 127.0.0.1:9101", text);
        return STATUS_INVALID;
    }
    if (!is_local) {
        (void)snprintf(ret_reason, 256,
                       "%.60s can be reached from other hosts, and this page knows no keys: expected 127.0.0.1:PORT or "
                       "[::1]:PORT, and a proxy of yours before it",
                       text);
        return STATUS_INVALID;
    }
    *ret_loopback = loopback;
    return STATUS_OK;
}

enum status loopback_listen(const struct loopback *loopback, const char *text, int *ret_fd, char ret_reason[256])
{
    int fd = socket(loopback->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int yes = 1;
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes); /* without it a restart waits a minute */
    if (fd < 0 || bind(fd, (const struct sockaddr *)&loopback->address, loopback->size) != 0 ||
        listen(fd, BACKLOG) != 0) {
        int error = errno;
        if (fd >= 0)
            (void)close(fd);
        return refuse(ret_reason, "cannot be listened on", text, error);
    }
    *ret_fd = fd;
    return STATUS_OK;
}

/* --- sockets in a folder --- */

enum status unix_address(const char *folder, const char *name, struct sockaddr_un *ret_address, int *ret_folder_fd,
                         char ret_reason[256])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int folder_fd = -1;
    int size = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, name);
    if (size < 0 || (size_t)size >= sizeof address.sun_path) {
        folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder_fd < 0)
            return refuse(ret_reason, "cannot be opened", folder, errno);
        size = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder_fd, name);
    }
    if (size < 0 || (size_t)size >= sizeof address.sun_path) {
        (void)close(folder_fd);
        (void)snprintf(ret_reason, 256, "%.120s: a socket's name cannot be that long", name);
        return STATUS_TOO_LARGE;
    }
    *ret_address = address;
    *ret_folder_fd = folder_fd;
    return STATUS_OK;
}

/* Is it a socket that answers nobody, as a killed program leaves it behind? */
static bool is_left_behind(const struct sockaddr_un *address)
{
    struct stat found;
    if (lstat(address->sun_path, &found) != 0 || !S_ISSOCK(found.st_mode))
        return false;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool answered = fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 || errno == EAGAIN);
    if (fd >= 0)
        (void)close(fd);
    return !answered;
}

static int bind_fresh(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* Before bind: the file is never there with another mode. */
    if (fchmod(fd, 0600) == 0 && bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
        listen(fd, BACKLOG) == 0)
        return fd;
    int error = errno;
    (void)close(fd);
    errno = error;
    return -1;
}

enum status unix_listen(const char *folder, const char *name, int *ret_fd, char ret_reason[256])
{
    struct sockaddr_un address;
    int folder_fd = -1;
    enum status status = unix_address(folder, name, &address, &folder_fd, ret_reason);
    if (status != STATUS_OK)
        return status;
    int fd = bind_fresh(&address), error = errno;
    if (fd < 0 && error == EADDRINUSE && is_left_behind(&address)) {
        (void)unlink(address.sun_path);
        fd = bind_fresh(&address);
        error = errno;
    }
    if (folder_fd >= 0)
        (void)close(folder_fd);
    if (fd < 0)
        return refuse(ret_reason, "cannot be listened on", name, error);
    *ret_fd = fd;
    return STATUS_OK;
}
