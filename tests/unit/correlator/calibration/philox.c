#include "correlator/calibration/philox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Known answers of Philox 4×32, 10 rounds, as its authors publish them (Random123, kat_vectors). */
static void published_vectors_are_met(void **state)
{
    (void)state;
    static const struct {
        struct philox counter;
        uint64_t key;
        struct philox answer;
    } vectors[] = {
        {{{0, 0, 0, 0}}, 0, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
        {{{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}},
         UINT64_MAX,
         {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
        {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
         UINT64_C(0x299f31d0a4093822),
         {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct philox answer = philox_at(vectors[i].key, vectors[i].counter);
        for (int word = 0; word < 4; word++)
            assert_int_equal(answer.words[word], vectors[i].answer.words[word]);
    }
}

static void every_part_of_the_place_changes_the_number(void **state)
{
    (void)state;
    const struct philox counter = {{1, 2, 3, 4}};
    struct philox at = philox_at(5, counter);
    assert_int_not_equal(at.words[0], philox_at(6, counter).words[0]);
    for (int word = 0; word < 4; word++) {
        struct philox other = counter;
        other.words[word]++;
        assert_int_not_equal(at.words[0], philox_at(5, other).words[0]);
    }
}

static void numbers_below_a_bound_are_uniform(void **state)
{
    (void)state;
    uint32_t counts[7] = {0};
    for (uint32_t i = 0; i < 70000; i++) {
        uint64_t number = philox_below(philox_at(9, (struct philox){{i, 0, 0, 0}}), 7);
        assert_true(number < 7);
        counts[number]++;
    }
    double chi2 = 0.0;
    for (int i = 0; i < 7; i++)
        chi2 += ((double)counts[i] - 10000.0) * ((double)counts[i] - 10000.0) / 10000.0;
    assert_true(chi2 < 22.5); /* six degrees of freedom: 99.9 % */
    assert_int_equal(philox_below(philox_at(9, (struct philox){{0, 0, 0, 0}}), 1), 0);
    const struct philox most = {{UINT32_MAX, UINT32_MAX, 0, 0}};
    assert_true(philox_below(most, UINT64_MAX) == UINT64_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_are_met),
        cmocka_unit_test(every_part_of_the_place_changes_the_number),
        cmocka_unit_test(numbers_below_a_bound_are_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
