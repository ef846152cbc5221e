#include "base/service/service.h"

#include <stdlib.h>

struct service {
    struct monitor *monitor;
};

enum status service_open(uv_loop_t *loop, const struct monitor_options *options, struct service **ret_service,
                         char ret_reason[256])
{
    struct service *service = calloc(1, sizeof *service);
    if (service == NULL)
        return STATUS_NO_MEMORY;
    enum status status = monitor_open(loop, options, &service->monitor, ret_reason);
    if (status == STATUS_OK)
        *ret_service = service;
    else
        free(service);
    return status;
}

void service_close(struct service *service)
{
    if (service == NULL)
        return;
    monitor_close(service->monitor);
    free(service);
}
