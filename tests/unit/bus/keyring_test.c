/* ZeroMQ's questions are answered on a thread of their own while the list changes under them. */
#include "bus/keys/keyring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
// cmocka wants those before it
#include <unistd.h>

#include <cmocka.h>

#define CHANGES 200

struct asker {
    struct keyring *keyring;
    struct key desk, other;
    atomic_bool stop;
    atomic_uint asked, wrong;
};

static void *ask(void *self)
{
    struct asker *asker = self;
    while (!atomic_load(&asker->stop)) {
        if (!keyring_admits(asker->keyring, KEY_AGENT, &asker->desk) ||
            keyring_admits(asker->keyring, KEY_SINK, &asker->desk))
            atomic_fetch_add(&asker->wrong, 1);
        (void)keyring_admits(asker->keyring, KEY_AGENT, &asker->other); /* comes and goes */
        atomic_fetch_add(&asker->asked, 1);
    }
    return NULL;
}

static struct allowed_key key_named(const char *name, struct key *ret_public)
{
    struct allowed_key key = {.role = KEY_AGENT, .sources = "*", .since = "now"};
    struct key_pair pair;
    key_pair_make(&pair);
    (void)snprintf(key.name, sizeof key.name, "%s", name);
    *ret_public = key.public = pair.public;
    return key;
}

static void who_stays_on_the_list_is_always_admitted(void **state)
{
    (void)state;
    char list[] = "/tmp/vedette-keyring-XXXXXX", reason[256] = "";
    char secret[KEY_TEXT_BYTES];
    struct asker asker = {0};
    struct key_pair own;
    pthread_t thread;
    int fd = mkstemp(list);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    key_pair_make(&own);
    key_print(&own.secret, secret);
    struct allowed_key desk = key_named("desk", &asker.desk), other = key_named("other", &asker.other);
    assert_int_equal(allowed_put(list, &desk, reason), STATUS_OK);
    assert_int_equal(keyring_open(&(struct keyring_options){.secret = secret, .allow = list}, &asker.keyring, reason),
                     STATUS_OK);
    assert_int_equal(pthread_create(&thread, NULL, ask, &asker), 0);
    for (int i = 0; i < CHANGES || atomic_load(&asker.asked) < CHANGES; i++) {
        uint64_t generation = keyring_generation(asker.keyring);
        assert_int_equal(i % 2 == 0 ? allowed_put(list, &other, reason) : allowed_remove(list, "other", reason),
                         STATUS_OK);
        keyring_refresh(asker.keyring, KEYRING_NOW, 0);
        assert_int_equal(keyring_generation(asker.keyring), generation + 1);
        assert_true(keyring_admits(asker.keyring, KEY_AGENT, &asker.other) == (i % 2 == 0));
    }
    atomic_store(&asker.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(atomic_load(&asker.wrong), 0);
    keyring_close(asker.keyring);
    assert_int_equal(unlink(list), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_stays_on_the_list_is_always_admitted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
