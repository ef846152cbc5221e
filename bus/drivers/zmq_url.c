#include "bus/drivers/zmq_url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define TCP             "tcp://"
#define IPC             "ipc://"
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

static bool host_is_loopback(const char *host)
{
    struct in_addr four;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return strcmp(host, "[::1]") == 0;
}

static bool port_is_valid(const char *port)
{
    size_t digits = strspn(port, "0123456789");
    if (digits == 0 || digits > 5 || port[digits] != '\0')
        return false;
    long number = strtol(port, NULL, 10);
    return number >= 1 && number <= 65535;
}

/* An address or a name; what it is good for is seen when it is used. */
static bool host_is_one(const char *host)
{
    struct in6_addr six;
    char inner[64];
    size_t size = strlen(host);
    if (host[0] != '[')
        return size > 0 && host[0] != '-' && strspn(host, HOST_CHARACTERS) == size;
    if (size < 3 || host[size - 1] != ']')
        return false;
    memcpy(inner, host + 1, size - 2);
    inner[size - 2] = '\0';
    return inet_pton(AF_INET6, inner, &six) == 1;
}

static enum status check_tcp(const char *url, enum bus_reach reach, char ret_reason[256])
{
    char host[64];
    const char *rest = url + strlen(TCP);
    const char *colon = strrchr(rest, ':');
    size_t host_size = colon != NULL ? (size_t)(colon - rest) : sizeof host;
    if (host_size >= sizeof host || !port_is_valid(colon + 1)) {
        (void)snprintf(ret_reason, 256, "\"%.100s\": expected tcp://ADDRESS:PORT, the port from 1 to 65535", url);
        return STATUS_INVALID;
    }
    memcpy(host, rest, host_size);
    host[host_size] = '\0';
    if (host_is_loopback(host) || (reach == BUS_ANYWHERE && host_is_one(host)))
        return STATUS_OK;
    if (reach == BUS_ANYWHERE) {
        (void)snprintf(ret_reason, 256, "\"%.100s\": expected an address or a name before the port", url);
        return STATUS_INVALID;
    }
    (void)snprintf(
        ret_reason, 256,
        "\"%.100s\": expected a loopback address, 127.0.0.1 or [::1]; others are not carried without keys (bus.keys)",
        url);
    return STATUS_INVALID;
}

static enum status check_ipc(const char *url, char ret_reason[256])
{
    const char *path = url + strlen(IPC);
    size_t size = strlen(path);
    struct sockaddr_un address;
    if (size > 0 && size < sizeof address.sun_path && path[0] != '@' && path[0] != '*')
        return STATUS_OK;
    (void)snprintf(ret_reason, 256, "\"%.100s\": expected ipc:// and the path of a socket, at most %zu bytes", url,
                   sizeof address.sun_path - 1);
    return STATUS_INVALID;
}

enum status zmq_url_check(const char *url, enum bus_reach reach, char ret_reason[256])
{
    return strncmp(url, TCP, strlen(TCP)) == 0 ? check_tcp(url, reach, ret_reason) : check_ipc(url, ret_reason);
}

/* Does somebody accept there? */
static bool socket_is_alive(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    bool alive = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 || errno == EAGAIN;
    (void)close(fd);
    return alive;
}

enum status zmq_url_is_free(const char *url, char ret_reason[256])
{
    struct stat found;
    const char *path = url + strlen(IPC);
    if (strncmp(url, IPC, strlen(IPC)) != 0 || lstat(path, &found) != 0)
        return STATUS_OK; /* bind says the rest */
    if (!S_ISSOCK(found.st_mode)) {
        (void)snprintf(ret_reason, 256, "%.200s is there already and is not a socket", path);
        return STATUS_INVALID;
    }
    if (socket_is_alive(path)) {
        (void)snprintf(ret_reason, 256, "%.200s is listened on by another program", path);
        return STATUS_BUSY;
    }
    return STATUS_OK;
}
