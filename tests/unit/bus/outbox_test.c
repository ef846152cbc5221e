/* The outbox in memory against a plain model of it. */
#include "bus/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
// cmocka wants those before it
#include <cmocka.h>

static struct outbox *outbox_of(size_t bytes_max)
{
    struct outbox *outbox = NULL;
    assert_int_equal(outbox_memory_open(bytes_max, &outbox), STATUS_OK);
    return outbox;
}

static enum status append(struct outbox *outbox, size_t size)
{
    char *bytes = malloc(size + 8);
    assert_non_null(bytes);
    memset(bytes, (int)(outbox->last % 251), size);
    enum status status = outbox->driver->append(outbox, (struct span){bytes, size});
    free(bytes);
    return status;
}

static void an_empty_outbox_holds_nothing(void **state)
{
    struct outbox *outbox = outbox_of(1000);
    struct span items[4];
    assert_int_equal(outbox->first, 1);
    assert_int_equal(outbox->last, 0);
    assert_int_equal(outbox->bytes, 0);
    assert_int_equal(outbox->driver->read(outbox, 1, 4, 1000, 0, items), 0);
    outbox->driver->trim(outbox, 100); /* nothing there */
    assert_int_equal(outbox->first, 1);
    outbox->driver->close(outbox, NULL, NULL);
}

static void it_is_full_at_its_limit_and_has_room_after_a_trim(void **state)
{
    struct outbox *outbox = outbox_of(10 * (100 + OUTBOX_ITEM_COST));
    for (int i = 0; i < 10; i++)
        assert_int_equal(append(outbox, 100), STATUS_OK);
    assert_int_equal(append(outbox, 0), STATUS_AGAIN);
    assert_int_equal(append(outbox, 2000), STATUS_TOO_LARGE); /* not even into an empty one */
    outbox->driver->trim(outbox, 1);
    assert_int_equal(append(outbox, 101), STATUS_AGAIN);
    assert_int_equal(append(outbox, 100), STATUS_OK);
    assert_int_equal(outbox->first, 2);
    assert_int_equal(outbox->last, 11);
    outbox->driver->close(outbox, NULL, NULL);
}

static void a_read_stops_at_either_limit_but_gives_one_item_at_least(void **state)
{
    struct outbox *outbox = outbox_of(1u << 20);
    struct span items[16];
    for (int i = 0; i < 10; i++)
        assert_int_equal(append(outbox, 100), STATUS_OK);
    assert_int_equal(outbox->driver->read(outbox, 1, 3, 100000, 8, items), 3);
    assert_int_equal(outbox->driver->read(outbox, 1, 16, 100000, 8, items), 10);
    assert_int_equal(outbox->driver->read(outbox, 1, 16, 108 * 4, 8, items), 4);
    assert_int_equal(outbox->driver->read(outbox, 1, 16, 108 * 4 + 107, 8, items), 4);
    assert_int_equal(outbox->driver->read(outbox, 4, 16, 1, 8, items), 1);
    assert_int_equal(items[0].data[0], 3);
    assert_int_equal(outbox->driver->read(outbox, 11, 16, 100000, 8, items), 0);
    outbox->driver->close(outbox, NULL, NULL);
}

/* Random appends, reads and trims; sizes from nothing to beyond a segment. */
static void it_answers_like_a_plain_list(void **state)
{
    enum { STEPS = 60000 };
    static size_t sizes[STEPS + 1];
    struct outbox *outbox = outbox_of(3u << 20);
    uint64_t first = 1;
    uint64_t last = 0;
    size_t bytes = 0;
    uint32_t seed = 19;
    for (int step = 0; step < STEPS; step++) {
        seed = seed * 1664525u + 1013904223u;
        uint32_t dice = seed >> 8;
        if (dice % 8 < 5) {
            size_t size = dice % 997 == 0 ? 300000 : dice / 8 % 2000;
            bool fits = bytes + size + OUTBOX_ITEM_COST <= outbox->bytes_max;
            assert_int_equal(append(outbox, size), fits ? STATUS_OK : STATUS_AGAIN);
            if (fits) {
                sizes[++last] = size;
                bytes += size + OUTBOX_ITEM_COST;
            }
        } else if (dice % 8 == 5) {
            uint64_t upto = first - 1 + dice / 8 % 12;
            for (; first <= upto && first <= last; first++)
                bytes -= sizes[first] + OUTBOX_ITEM_COST;
            outbox->driver->trim(outbox, upto);
        } else if (first <= last) {
            struct span items[40];
            uint64_t from = first + dice / 8 % (last - first + 1);
            size_t count = outbox->driver->read(outbox, from, 40, SIZE_MAX, 8, items);
            assert_int_equal(count, last - from + 1 < 40 ? last - from + 1 : 40);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(items[i].size, sizes[from + i]);
                if (items[i].size > 0)
                    assert_int_equal((unsigned char)items[i].data[items[i].size - 1], (from + i - 1) % 251);
            }
        }
        assert_int_equal(outbox->first, first);
        assert_int_equal(outbox->last, last);
        assert_int_equal(outbox->bytes, bytes);
    }
    outbox->driver->close(outbox, NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_outbox_holds_nothing),
        cmocka_unit_test(it_is_full_at_its_limit_and_has_room_after_a_trim),
        cmocka_unit_test(a_read_stops_at_either_limit_but_gives_one_item_at_least),
        cmocka_unit_test(it_answers_like_a_plain_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
