/* What the bus's contract is tried with: a loop, takers (receivers that check and count), givers (senders), and raw
 * peers that speak to a url through a driver alone and say whatever they like. */
#pragma once

#include "bus/driver.h"
#include "bus/receiver.h"
#include "bus/sender.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants those before it
#include <cmocka.h>

#define HEARTBEAT_MS 100u

struct world {
    uv_loop_t loop;
    struct bus *bus;
    char url[96];
    int open; /* takers, givers and raw peers */
};

/* The driver under test: makes a url nobody uses. */
struct bus_contract {
    const char *name;
    void (*url)(char ret_url[96]);
};
extern const struct bus_contract *contract;
int contract_run(const struct bus_contract *with);
int contract_run_hostile(const struct bus_contract *with);
int contract_run_receivers(const struct bus_contract *with);
int contract_run_spool(const struct bus_contract *with);
int contract_run_keys(const struct bus_contract *with); /* of a driver that has them */

int world_setup(void **state);
int world_teardown(void **state);
void world_turn(struct world *world); /* one turn that does not sleep long */
void world_rest(struct world *world, uint64_t ms);
/* Says at once what failed: an abandoned world may bring down what would be said later. */
void world_failed(const char *file, int line, const char *condition);
/* Turns until the condition holds; fails the test after twenty seconds. */
#define world_until(world, condition)                                                                                  \
    do {                                                                                                               \
        uint64_t deadline_ = uv_hrtime() + 20u * 1000000000ull;                                                        \
        while (!(condition)) {                                                                                         \
            if (uv_hrtime() > deadline_)                                                                               \
                world_failed(__FILE__, __LINE__, #condition);                                                          \
            world_turn(world);                                                                                         \
        }                                                                                                              \
    } while (0)

/* --- takers --- */

enum acking { ACKS_AT_ONCE, ACKS_NEVER, ACKS_EVERY_SEVENTH };

struct taker {
    struct world *world;
    struct receiver *receiver;
    enum acking acking;
    uint64_t count; /* items */
    uint64_t empty; /* of them */
    uint64_t batches;
    size_t batch_most; /* items in one batch */
    uint64_t last;     /* position last seen */
    uint64_t epoch;    /* of the items last seen */
    uint64_t first;    /* first position of that epoch */
    char name[65];
    int ups, downs, refusals;
    int midway; /* streams that were new and did not begin with 1 */
    uint64_t midway_first;
    char reason[256];
    uint64_t marks, marks_seen_at; /* times told; position at the last */
    int64_t watermark_ms;
    uint64_t close_at; /* closes itself within the callback for this position */
    int closed;
    uint64_t counts_of[8]; /* by the last digit of the peer's name */
};

void taker_open(struct taker *taker, struct world *world, const struct receiver_options *options);
void taker_close(struct taker *taker);

/* --- givers --- */

struct giver {
    struct world *world;
    struct sender *sender;
    uint64_t acked;
    uint64_t rooms;
    int ups, downs, refusals, replaced;
    char reason[256];
    int closed;
    int close_when_up, close_when_acked;
    bool passes_over; /* what the receiver does not admit */
    uint64_t passed;
};

void giver_open(struct giver *giver, struct world *world, const struct sender_options *options);
/* Submits items number position+1 …; each says its own position, so that a taker can check it. Answers how many found
 * room. */
uint64_t giver_give(struct giver *giver, uint64_t count);
/* Goes on giving until all are submitted, as there is room. */
void giver_give_all(struct giver *giver, uint64_t count);
void giver_close(struct giver *giver);
/* size of the item at a position: 12 … 251 bytes */
size_t item_size(uint64_t position);

/* --- raw peers --- */

struct raw {
    struct world *world;
    const struct bus_driver *driver;
    struct port *port;
    uint64_t line;
    int ups, downs, frames, refusals, welcomes, batches, turned_away;
    struct keyring *keys; /* NULL: none */
    bool full;            /* the line takes no more for now */
    uint64_t credit;
    uint64_t item_count;
    uint64_t resume_position;
    char reason[256];
    int closed;
    bool says_hello; /* as soon as it is up */
    struct frame hello;
};

void raw_open(struct raw *raw, struct world *world, enum bus_end end);
void raw_say(struct raw *raw, const struct frame *frame);
void raw_say_bytes(struct raw *raw, struct span bytes);
void raw_close(struct raw *raw);
struct frame hello_of(const char *name, enum link_role role, uint64_t epoch);
