/* The only place that reads a clock. Everything else is given its time. */
#pragma once

#include <stdint.h>

/* Milliseconds since 1970-01-01T00:00:00Z by the wall clock, which may jump. */
int64_t clock_wall_ms(void);
/* Nanoseconds since some start; never goes back. For durations. */
uint64_t clock_monotonic_ns(void);
