/* What every daemon does beside its work: lets itself be looked at (base/monitor), and tells its supervisor how it is.
 *
 *     service_open ─ the window opens, READY=1 ── service_stopping ─ STOPPING=1 ── service_close
 */
#pragma once

#include "base/monitor/monitor.h"

struct service;

/* Call when the work has begun. Fails with a sentence where monitor_open does. */
enum status service_open(uv_loop_t *loop, const struct monitor_options *options, struct service **ret_service,
                         char ret_reason[256]) MUST_CHECK;
/* The window closes and the handles too, on the loop; what it looks at must live until then. NULL is fine. */
void service_close(struct service *service);
