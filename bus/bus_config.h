/* The block `bus` of the configuration: where the links meet, and who may.
 *
 *     bus:
 *       incidents: tcp://192.0.2.10:5591
 *       episodes: tcp://192.0.2.10:5592
 *       keys:
 *         correlator: ./state/keys/correlator.key   # a secret key each; only the program it is of reads it
 *         agent: ./state/keys/desk.key
 *         sink: ./state/keys/store.key
 *         server: ./state/keys/correlator.pub       # agents, sinks: the correlator's public key, or several
 *         allow: ./state/keys/allowed               # correlator: who may connect
 *
 * A secret key may be given as ${NAME}, its 40 characters in the environment. */
#pragma once

#include "base/config.h"
#include "bus/bus.h"
#include "bus/keys/keyring.h"

#include <stdbool.h>

/* Who reads the keys. */
enum bus_part { BUS_OF_CORRELATOR, BUS_OF_AGENT, BUS_OF_SINK };

struct bus_key_config {
    const char *path;               /* of the secret key, absolute; or NULL, then: */
    const struct config_node *node; /* ${NAME}; NULL: none is given */
};

struct bus_config {
    const char *incidents; /* agents to correlator; default tcp://127.0.0.1:5591 */
    const char *episodes;  /* correlator to sinks; default tcp://127.0.0.1:5592 */
    bool keyed;            /* the block keys is there */
    struct bus_key_config own[BUS_OF_SINK + 1];
    struct bus_limits limits;
    const char *server; /* absolute, or NULL */
    const char *allow;
};

/* Complains of urls no driver carries, or that are not allowed. Strings live as long as the config. Opens no key. */
bool bus_config_read(struct config *config, struct bus_config *ret_config);
/* The keyring of one program; NULL without the block keys. What is missing or wrong is complained about; what is read
 * anew later goes to the log. */
bool bus_config_keys(struct config *config, const struct bus_config *bus, enum bus_part part,
                     struct keyring **ret_keyring);
