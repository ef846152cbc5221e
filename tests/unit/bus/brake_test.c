/* Whose handshakes are put off, and whose are not. */
#include "bus/drivers/zmq_zap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
// cmocka wants those before it
#include <cmocka.h>

static struct address at(const char *text)
{
    struct address address;
    assert_true(address_parse(span_of(text), &address));
    return address;
}

static void who_knocks_too_often_is_held_and_let_through_at_the_rate(void **state)
{
    struct brake brake = {.refusals_per_s = 10};
    struct address stranger = at("192.0.2.1"), honest = at("192.0.2.2");
    uint64_t now_ms = 5000;
    unsigned refused = 0, through = 0;
    for (; !brake_holds(&brake, &stranger, now_ms); refused++)
        brake_refused(&brake, &stranger, now_ms);
    assert_int_equal(refused, 10);
    for (uint64_t end_ms = now_ms + 10000; now_ms < end_ms; now_ms++) /* a knock each millisecond */
        if (!brake_holds(&brake, &stranger, now_ms)) {
            through++;
            brake_refused(&brake, &stranger, now_ms);
        }
    assert_in_range(through, 99, 101);
    assert_false(brake_holds(&brake, &honest, now_ms));
    assert_false(brake_holds(&brake, &stranger, now_ms + 200)); /* once it stops */
}

static void many_refusals_at_once_hold_no_longer_than_one_step_more(void **state)
{
    struct brake brake = {.refusals_per_s = 10};
    struct address stranger = at("2001:db8::1");
    for (int i = 0; i < 100000; i++)
        brake_refused(&brake, &stranger, 7000);
    assert_true(brake_holds(&brake, &stranger, 7000));
    assert_false(brake_holds(&brake, &stranger, 7101));
}

static void an_address_of_ipv6_is_its_network_and_of_ipv4_itself(void **state)
{
    static const char *const none[] = {"", "localhost", "1.2.3", ":1000:1000:77", "%eth0"};
    struct brake brake = {.refusals_per_s = 1};
    struct address address = at("2001:db8:0:1::1"), v4 = at("::ffff:192.0.2.1");
    brake_refused(&brake, &address, 1000);
    brake_refused(&brake, &v4, 1000);
    address = at("2001:db8:0:1:ffff::2");
    assert_true(brake_holds(&brake, &address, 1000));
    address = at("2001:db8:0:2::1");
    assert_false(brake_holds(&brake, &address, 1000));
    address = at("192.0.2.1");
    assert_true(brake_holds(&brake, &address, 1000));
    address = at("192.0.2.2");
    assert_false(brake_holds(&brake, &address, 1000));
    (void)at("fe80::1%eth0");
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_false(address_parse(span_of(none[i]), &address));
}

/* The salts are the same in each run. */
static void keys_share_a_slot_by_chance_and_not_by_what_they_are(void **state)
{
    struct key one = {0}, other = {0};
    unsigned shared = 0, most = 2048;
    other.bytes[KEY_BYTES - 1] = 1; /* all but one bit */
    for (unsigned i = 1; i <= most; i++) {
        uint64_t salt[ZAP_SALT_WORDS];
        for (size_t k = 0; k < ZAP_SALT_WORDS; k++)
            salt[k] = (i * ZAP_SALT_WORDS + k) * 0x9e3779b97f4a7c15u;
        other.bytes[0] = (unsigned char)i;
        assert_true(zap_slot(salt, &one) < 1024 && zap_slot(salt, &other) < 1024);
        shared += zap_slot(salt, &one) == zap_slot(salt, &other);
    }
    assert_true(shared < 16); /* 2 are to be expected */
}

static void a_new_address_takes_the_place_of_the_one_that_is_let_through_first(void **state)
{
    struct brake brake = {.refusals_per_s = 1};
    struct address first = at("10.0.0.0"), address;
    for (unsigned i = 0; i <= BRAKE_ADDRESSES; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "10.0.0.%u", i);
        address = at(text);
        brake_refused(&brake, &address, 1000 + i);
    }
    assert_true(brake_holds(&brake, &address, 1000 + BRAKE_ADDRESSES));
    assert_false(brake_holds(&brake, &first, 1000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_knocks_too_often_is_held_and_let_through_at_the_rate),
        cmocka_unit_test(many_refusals_at_once_hold_no_longer_than_one_step_more),
        cmocka_unit_test(an_address_of_ipv6_is_its_network_and_of_ipv4_itself),
        cmocka_unit_test(keys_share_a_slot_by_chance_and_not_by_what_they_are),
        cmocka_unit_test(a_new_address_takes_the_place_of_the_one_that_is_let_through_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
