/* ZeroMQ's context: one a process, however many buses are open in it. Any thread may call. */
#pragma once

#include <stdint.h>

/* The context, made for the first who asks; NULL: out of memory. Each take is given back once. */
void *zmq_context_take(void);
/* Ends the context with the last who gives it back: waits for what lingers in its sockets. */
void zmq_context_give(void);
/* Another one each time: for names inside the process. */
uint64_t zmq_context_number(void);
