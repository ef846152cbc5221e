#include "base/monitor/monitor.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/monitor/server.h"
#include "base/state_folder.h"
#include "base/time_text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CODE_OK = 200, CODE_NOT_FOUND = 404, CODE_NOT_READY = 503 };

struct monitor {
    struct monitor_options options;
    char *name, *version;
    int64_t started_ms;
    int folder;            /* of the socket, so that it can be removed; -1: there is none */
    char socket_name[256]; /* "" without a socket */
    struct server *servers[2];
};

/* --- pages --- */

static uint64_t resident_bytes(void)
{
    unsigned long long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    int read = fscanf(file, "%llu %llu", &all, &resident);
    (void)fclose(file);
    return read == 2 ? resident * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static bool is_ready(const struct monitor *monitor, char ret_reason[256])
{
    ret_reason[0] = '\0';
    return monitor->options.ready(monitor->options.self, ret_reason);
}

static void show_gauge(FILE *out, const char *name, const char *help, uint64_t value)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name, (unsigned long long)value);
}

static unsigned show_metrics(struct monitor *monitor, struct server_request *request)
{
    char reason[256];
    FILE *out = request->out;
    request->content = "text/plain; version=0.0.4; charset=utf-8";
    show_gauge(out, "process_start_time_seconds", "when the program started", (uint64_t)monitor->started_ms / 1000);
    show_gauge(out, "process_resident_memory_bytes", "memory in use", resident_bytes());
    show_gauge(out, "vedette_ready", "1: it can do its work", is_ready(monitor, reason));
    metrics_expose(&monitor->options.book, out);
    return CODE_OK;
}

static unsigned show_status(struct monitor *monitor, struct server_request *request)
{
    FILE *out = request->out;
    char reason[256], started[TIME_TEXT_BYTES];
    bool ready = is_ready(monitor, reason);
    request->content = "application/json";
    time_format(monitor->started_ms, started);
    fprintf(out, "{\"program\":\"%s\",\"name\":", monitor->options.book.program);
    metric_json_string(monitor->name, out);
    fputs(",\"version\":", out);
    metric_json_string(monitor->version, out);
    fprintf(out, ",\"pid\":%d,\"started\":\"%s\",\"resident_bytes\":%llu,\"ready\":%s,\"reason\":", (int)getpid(),
            started, (unsigned long long)resident_bytes(), ready ? "true" : "false");
    metric_json_string(reason, out);
    fputc(',', out);
    metrics_json(&monitor->options.book, out);
    fputs("}\n", out);
    return CODE_OK;
}

static unsigned show_health(struct monitor *monitor, struct server_request *request)
{
    (void)monitor;
    fputs("ok\n", request->out);
    return CODE_OK;
}

static unsigned show_ready(struct monitor *monitor, struct server_request *request)
{
    char reason[256];
    bool ready = is_ready(monitor, reason);
    fprintf(request->out, "%s\n", ready ? "ready" : reason);
    return ready ? CODE_OK : CODE_NOT_READY;
}

static const struct page {
    const char *path;
    unsigned (*show)(struct monitor *monitor, struct server_request *request);
} pages[] = {{"/metrics", show_metrics}, {"/status", show_status}, {"/healthz", show_health}, {"/readyz", show_ready}};

static unsigned on_request(void *self, struct server_request *request)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (strcmp(request->path, pages[i].path) == 0)
            return pages[i].show(self, request);
    fputs("there are /metrics, /status, /healthz and /readyz\n", request->out);
    return CODE_NOT_FOUND;
}

/* --- life --- */

void monitor_socket_name(const char *program, const char *name, char ret_name[256])
{
    (void)snprintf(ret_name, 256, "%.40s%s%.180s.sock", program, name != NULL ? "-" : "", name != NULL ? name : "");
}

static enum status socket_open(struct monitor *monitor, uv_loop_t *loop, char ret_reason[256])
{
    char folder[PATH_MAX], name[256];
    int fd;
    monitor_socket_name(monitor->options.book.program, monitor->options.name, name);
    enum status status = state_folder_make(monitor->options.state, "run", folder, ret_reason);
    if (status == STATUS_OK)
        status = unix_listen(folder, name, &fd, ret_reason);
    if (status != STATUS_OK)
        return status;
    monitor->folder = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    memcpy(monitor->socket_name, name, sizeof name);
    status = server_open(loop, fd, SERVER_OWNER, on_request, monitor, &monitor->servers[0]);
    if (status != STATUS_OK) {
        (void)close(fd);
        (void)snprintf(ret_reason, 256, "%s", status_text(status));
    }
    return status;
}

static enum status address_open(struct monitor *monitor, uv_loop_t *loop, char ret_reason[256])
{
    const char *address = monitor->options.address;
    struct loopback loopback;
    int fd;
    enum status status = loopback_parse(address, &loopback, ret_reason);
    if (status == STATUS_OK)
        status = loopback_listen(&loopback, address, &fd, ret_reason);
    if (status != STATUS_OK)
        return status;
    status = server_open(loop, fd, SERVER_MACHINE, on_request, monitor, &monitor->servers[1]);
    if (status != STATUS_OK) {
        (void)close(fd);
        (void)snprintf(ret_reason, 256, "%s", status_text(status));
    }
    return status;
}

enum status monitor_open(uv_loop_t *loop, const struct monitor_options *options, struct monitor **ret_monitor)
{
    char reason[256];
    struct monitor *monitor = calloc(1, sizeof *monitor);
    if (monitor == NULL)
        return STATUS_NO_MEMORY;
    monitor->options = *options;
    monitor->folder = -1;
    monitor->started_ms = clock_wall_ms();
    monitor->name = strdup(options->name != NULL ? options->name : "");
    monitor->version = strdup(options->version != NULL ? options->version : "");
    if (monitor->name == NULL || monitor->version == NULL) {
        monitor_close(monitor);
        return STATUS_NO_MEMORY;
    }
    if (options->address != NULL && address_open(monitor, loop, reason) != STATUS_OK)
        log_warn("monitor.address", "/metrics is not served there: %s", reason);
    if (socket_open(monitor, loop, reason) != STATUS_OK)
        log_warn("monitor.off", "no socket to look through, `vedette status` will not see this program: %s", reason);
    *ret_monitor = monitor;
    return STATUS_OK;
}

void monitor_close(struct monitor *monitor)
{
    if (monitor == NULL)
        return;
    for (size_t i = 0; i < 2; i++)
        server_close(monitor->servers[i]);
    if (monitor->folder >= 0) {
        (void)unlinkat(monitor->folder, monitor->socket_name, 0);
        (void)close(monitor->folder);
    }
    free(monitor->name);
    free(monitor->version);
    free(monitor);
}
