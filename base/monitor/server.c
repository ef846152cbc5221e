#include "base/monitor/server.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CONNECTIONS_MAX  16u
#define TIMEOUT_S        10u
#define CONNECTION_BYTES ((size_t)16 * 1024) /* of a request's head */

struct server {
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    int closing;
    enum server_reach reach;
    unsigned (*answer)(void *self, struct server_request *request);
    void *self;
};

/* A page in a browser may send requests to the loopback under a name of its own choice: it is told nothing. */
static bool host_is_local(const char *host)
{
    static const char *const hosts[] = {"localhost", "127.", "[::1]"};
    for (size_t i = 0; host != NULL && i < sizeof hosts / sizeof hosts[0]; i++) {
        size_t size = strlen(hosts[i]);
        if (strncasecmp(host, hosts[i], size) == 0 &&
            (i == 1 ? strspn(host, "0123456789.:") == strlen(host) : strchr(":", host[size]) != NULL))
            return true;
    }
    return host == NULL;
}

static bool has_body(struct MHD_Connection *connection)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return (length != NULL && strcmp(length, "0") != 0) ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

static unsigned decide(struct server *server, struct MHD_Connection *connection, const char *method,
                       struct server_request *request)
{
    const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        fputs("GET and HEAD are understood here\n", request->out);
        return MHD_HTTP_METHOD_NOT_ALLOWED;
    }
    if (has_body(connection)) {
        fputs("a request has no body here\n", request->out);
        return MHD_HTTP_CONTENT_TOO_LARGE;
    }
    if (server->reach == SERVER_MACHINE && !host_is_local(host)) {
        fputs("this address is the loopback's: Host says another\n", request->out);
        return MHD_HTTP_FORBIDDEN;
    }
    return server->answer(server->self, request);
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **seen)
{
    struct server *server = self;
    char *body = NULL;
    size_t size = 0;
    (void)version, (void)upload, (void)upload_size, (void)seen;
    FILE *out = open_memstream(&body, &size);
    if (out == NULL)
        return MHD_NO;
    struct server_request request = {.path = path, .out = out, .content = "text/plain; charset=utf-8"};
    unsigned code = decide(server, connection, method, &request);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(body);
        return MHD_NO; /* out of memory: the connection is dropped */
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(body);
        return MHD_NO;
    }
    /* Answered at the first call, before any body is read: what remains of the connection is closed. */
    enum MHD_Result result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, request.content);
    if (result == MHD_YES)
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    if (result == MHD_YES)
        result = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return result;
}

/* --- on the loop --- */

static void run(struct server *server);

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    run(poll->data);
}

static void run(struct server *server)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    (void)MHD_run(server->daemon);
    if (MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES)
        (void)uv_timer_start(&server->timer, on_timer, wait_ms, 0);
    else
        (void)uv_timer_stop(&server->timer);
}

enum status server_open(uv_loop_t *loop, int fd, enum server_reach reach,
                        unsigned (*answer)(void *self, struct server_request *request), void *self,
                        struct server **ret_server)
{
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return STATUS_NO_MEMORY;
    *server = (struct server){.reach = reach, .answer = answer, .self = self};
    server->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, fd,
                                      MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                                      TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_END);
    if (server->daemon == NULL) {
        free(server);
        return STATUS_IO;
    }
    int epoll = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    (void)uv_timer_init(loop, &server->timer);
    if (uv_poll_init(loop, &server->poll, epoll) != 0) /* only where the descriptor is none */
        abort();
    server->poll.data = server->timer.data = server;
    (void)uv_poll_start(&server->poll, UV_READABLE, on_poll);
    *ret_server = server;
    return STATUS_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct server *server = handle->data;
    if (--server->closing > 0)
        return;
    MHD_stop_daemon(server->daemon); /* closes the descriptor too */
    free(server);
}

void server_close(struct server *server)
{
    if (server == NULL)
        return;
    assert(server->closing == 0);
    server->closing = 2;
    uv_close((uv_handle_t *)&server->poll, on_closed);
    uv_close((uv_handle_t *)&server->timer, on_closed);
}
