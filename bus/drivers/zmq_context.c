#include "bus/drivers/zmq_context.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <zmq.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *context;
static unsigned users;
static uint64_t numbers;

void *zmq_context_take(void)
{
    (void)pthread_mutex_lock(&lock);
    if (context == NULL)
        context = zmq_ctx_new();
    void *taken = context;
    if (taken != NULL)
        users++;
    (void)pthread_mutex_unlock(&lock);
    return taken;
}

void zmq_context_give(void)
{
    (void)pthread_mutex_lock(&lock);
    if (--users == 0) {
        while (zmq_ctx_term(context) != 0 && errno == EINTR)
            ;
        context = NULL;
    }
    (void)pthread_mutex_unlock(&lock);
}

uint64_t zmq_context_number(void)
{
    (void)pthread_mutex_lock(&lock);
    uint64_t number = ++numbers;
    (void)pthread_mutex_unlock(&lock);
    return number;
}
