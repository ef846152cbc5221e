#include "bus/drivers/zmq_zap.h"

#include "bus/drivers/zap.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>
#include <zmq.h>

#define ENDPOINT "inproc://zeromq.zap.01"

#define KEY_SLOT_BITS 10u
#define KEY_SLOTS     (1u << KEY_SLOT_BITS)

struct zap_seat {
    char domain[24];
    struct zap_options options;
    struct brake brake;
    uint64_t salt[ZAP_SALT_WORDS];    /* of the slots */
    uint16_t newcomers[2][KEY_SLOTS]; /* since all was heard the last time, and before */
    uint64_t crowded;
    char crowd[KEY_TEXT_BYTES]; /* the key that was refused last for it */
    struct zap_seat *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the seats */
static struct zap_seat *seats;
static uint64_t seats_ever;
static pthread_t thread;
static void *thread_context, *thread_socket;
static atomic_bool ending;

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

size_t zap_slot(const uint64_t salt[ZAP_SALT_WORDS], const struct key *public)
{
    uint64_t sum = 0, word;
    for (size_t i = 0; i < ZAP_SALT_WORDS; i++) {
        memcpy(&word, public->bytes + i * sizeof word, sizeof word);
        sum += (salt[i] | 1) * word;
    }
    return (size_t)(sum >> (64 - KEY_SLOT_BITS));
}

/* Its key is on the list: is there room for one more that has not spoken? */
static bool newcomer_fits(struct zap_seat *seat, const struct key *public)
{
    size_t slot = zap_slot(seat->salt, public);
    if ((uint32_t)seat->newcomers[0][slot] + seat->newcomers[1][slot] < seat->options.newcomers_max) {
        seat->newcomers[0][slot]++;
        return true;
    }
    seat->crowded++;
    key_print(public, seat->crowd);
    return false;
}

static bool seat_admits(struct zap_seat *seat, struct span address, const struct key *public)
{
    struct address at;
    if (keyring_admits(seat->options.keyring, seat->options.role, public))
        return newcomer_fits(seat, public);
    if (address_parse(address, &at))
        brake_refused(&seat->brake, &at, now_ms());
    return false;
}

static bool admits(void *self, struct span domain, struct span address, const struct key *public)
{
    (void)self;
    bool admitted = false;
    (void)pthread_mutex_lock(&lock);
    for (struct zap_seat *seat = seats; seat != NULL; seat = seat->next)
        if (span_equal(span_of(seat->domain), domain))
            admitted = seat_admits(seat, address, public);
    (void)pthread_mutex_unlock(&lock);
    return admitted;
}

/* --- the thread --- */

/* One frame more than a question has tells one that is none. */
static size_t frames_receive(void *socket, zmq_msg_t messages[ZAP_FRAMES + 1])
{
    size_t count = 0;
    for (bool more = true; more;) {
        zmq_msg_t *message = &messages[count];
        (void)zmq_msg_init(message);
        if (zmq_msg_recv(message, socket, 0) < 0) {
            (void)zmq_msg_close(message);
            return count;
        }
        more = zmq_msg_more(message) != 0;
        if (count < ZAP_FRAMES)
            count++;
        else if (more)
            (void)zmq_msg_close(message);
        else
            return count + 1;
    }
    return count;
}

static void answer_send(void *socket, const struct zap_answer *answer)
{
    const struct span frames[] = {SPAN("1.0"),           answer->request_id,    span_of(answer->status),
                                  span_of(answer->text), span_of(answer->user), {0}};
    const size_t count = sizeof frames / sizeof frames[0];
    for (size_t i = 0; i < count; i++)
        (void)zmq_send(socket, frames[i].data, frames[i].size, i + 1 < count ? ZMQ_SNDMORE : 0);
}

static void question_take(void *socket)
{
    zmq_msg_t messages[ZAP_FRAMES + 1];
    struct span frames[ZAP_FRAMES + 1];
    struct zap_answer answer;
    size_t count = frames_receive(socket, messages);
    const struct zap_judge judge = {.admits = admits};
    for (size_t i = 0; i < count; i++)
        frames[i] = (struct span){zmq_msg_data(&messages[i]), zmq_msg_size(&messages[i])};
    if (count > 0) {
        zap_answer(frames, count, &judge, &answer);
        answer_send(socket, &answer);
    }
    for (size_t i = 0; i < count; i++)
        (void)zmq_msg_close(&messages[i]);
}

static void *thread_run(void *socket)
{
    while (!atomic_load(&ending))
        question_take(socket);
    (void)zmq_close(socket);
    return NULL;
}

/* --- seats --- */

static bool thread_start(void *context)
{
    sigset_t all, before;
    const int no_linger = 0;
    thread_context = context;
    thread_socket = zmq_socket(context, ZMQ_REP);
    if (thread_socket == NULL || zmq_setsockopt(thread_socket, ZMQ_LINGER, &no_linger, sizeof no_linger) != 0 ||
        zmq_bind(thread_socket, ENDPOINT) != 0)
        goto fail_socket;
    atomic_store(&ending, false);
    (void)sigfillset(&all); /* signals are for the loop */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&thread, NULL, thread_run, thread_socket);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        return true;
    errno = error;
fail_socket:
    if (thread_socket != NULL)
        (void)zmq_close(thread_socket);
    return false;
}

/* A question that is none wakes it. */
static void thread_stop(void)
{
    const int no_linger = 0;
    void *poke = zmq_socket(thread_context, ZMQ_REQ);
    atomic_store(&ending, true);
    if (poke == NULL || zmq_setsockopt(poke, ZMQ_LINGER, &no_linger, sizeof no_linger) != 0 ||
        zmq_connect(poke, ENDPOINT) != 0 || zmq_send(poke, "", 0, 0) != 0)
        abort(); /* nothing could end without it */
    (void)pthread_join(thread, NULL);
    (void)zmq_close(poke);
}

enum status zap_open(void *context, const struct zap_options *options, struct zap_seat **ret_seat, char ret_reason[256])
{
    struct zap_seat *seat = calloc(1, sizeof *seat);
    if (seat == NULL) {
        (void)snprintf(ret_reason, 256, "%s", status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    if (uv_random(NULL, NULL, seat->salt, sizeof seat->salt, 0, NULL) != 0) {
        (void)snprintf(ret_reason, 256, "the system gives no random numbers");
        free(seat);
        return STATUS_IO;
    }
    seat->options = *options;
    seat->brake.refusals_per_s = options->refusals_per_s;
    (void)pthread_mutex_lock(&lock);
    bool running = seats != NULL || thread_start(context);
    int error = errno;
    if (running) {
        (void)snprintf(seat->domain, sizeof seat->domain, "%llu", (unsigned long long)++seats_ever);
        seat->next = seats;
        seats = seat;
    }
    (void)pthread_mutex_unlock(&lock);
    if (!running) {
        (void)snprintf(ret_reason, 256, "who may connect cannot be judged: %s", zmq_strerror(error));
        free(seat);
        return STATUS_IO;
    }
    *ret_seat = seat;
    return STATUS_OK;
}

const char *zap_domain(const struct zap_seat *seat)
{
    return seat->domain;
}

bool zap_brakes(const struct zap_seat *seat, const struct address *address)
{
    (void)pthread_mutex_lock(&lock);
    bool holds = brake_holds(&seat->brake, address, now_ms());
    (void)pthread_mutex_unlock(&lock);
    return holds;
}

void zap_heard(struct zap_seat *seat, const char *user)
{
    struct key public;
    if (!key_parse(span_of(user), &public))
        return;
    size_t slot = zap_slot(seat->salt, &public);
    (void)pthread_mutex_lock(&lock);
    uint16_t *count = &seat->newcomers[seat->newcomers[1][slot] > 0][slot];
    if (*count > 0)
        --*count;
    (void)pthread_mutex_unlock(&lock);
}

void zap_all_heard(struct zap_seat *seat)
{
    (void)pthread_mutex_lock(&lock);
    memcpy(seat->newcomers[1], seat->newcomers[0], sizeof seat->newcomers[0]);
    memset(seat->newcomers[0], 0, sizeof seat->newcomers[0]);
    (void)pthread_mutex_unlock(&lock);
}

uint64_t zap_crowded(struct zap_seat *seat, char ret_user[KEY_TEXT_BYTES])
{
    (void)pthread_mutex_lock(&lock);
    uint64_t crowded = seat->crowded;
    seat->crowded = 0;
    memcpy(ret_user, seat->crowd, KEY_TEXT_BYTES);
    (void)pthread_mutex_unlock(&lock);
    return crowded;
}

void zap_close(struct zap_seat *seat)
{
    if (seat == NULL)
        return;
    (void)pthread_mutex_lock(&lock);
    struct zap_seat **place = &seats;
    while (*place != seat)
        place = &(*place)->next;
    *place = seat->next;
    bool last = seats == NULL;
    (void)pthread_mutex_unlock(&lock);
    if (last)
        thread_stop();
    free(seat);
}
