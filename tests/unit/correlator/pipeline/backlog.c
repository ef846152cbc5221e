#include "correlator/backlog.h"

#include "tests/unit/base/unit.h"

#include <stdlib.h>

/* Items that say their own number and length, so that a wrong byte anywhere is seen. */
static struct span item_of(unsigned number, char *room)
{
    size_t size = 1 + number * 7919u % 3001u;
    for (size_t i = 0; i < size; i++)
        room[i] = (char)(number + i * 31u);
    return (struct span){room, size};
}

static void push(struct backlog *backlog, unsigned number)
{
    static char room[4096];
    assert_int_equal(backlog_push(backlog, item_of(number, room)), STATUS_OK);
}

static void pop(struct backlog *backlog, unsigned number)
{
    static char room[4096];
    struct span expected = item_of(number, room), item;
    assert_true(backlog_first(backlog, &item));
    assert_int_equal(item.size, expected.size);
    assert_memory_equal(item.data, expected.data, item.size);
    backlog_pop(backlog);
}

static void an_empty_one_has_no_first(void **state)
{
    struct backlog backlog = {0};
    struct span item;
    assert_false(backlog_first(&backlog, &item));
    assert_int_equal(backlog.bytes, 0);
    backlog_fini(&backlog);
}

static void items_come_out_as_they_went_in(void **state)
{
    struct backlog backlog = {0};
    for (unsigned i = 0; i < 2000; i++) /* some 3 MB: it grows several times */
        push(&backlog, i);
    for (unsigned i = 0; i < 2000; i++)
        pop(&backlog, i);
    assert_int_equal(backlog.bytes, 0);
    backlog_fini(&backlog);
}

static void an_item_larger_than_all_its_room_fits(void **state)
{
    struct backlog backlog = {0};
    size_t size = 1000000;
    char *large = malloc(size);
    assert_non_null(large);
    memset(large, 'v', size);
    push(&backlog, 1);
    assert_int_equal(backlog_push(&backlog, (struct span){large, size}), STATUS_OK);
    push(&backlog, 2);
    pop(&backlog, 1);
    struct span item;
    assert_true(backlog_first(&backlog, &item));
    assert_int_equal(item.size, size);
    assert_memory_equal(item.data, large, size);
    backlog_pop(&backlog);
    pop(&backlog, 2);
    free(large);
    backlog_fini(&backlog);
}

static void an_empty_item_is_an_item(void **state)
{
    struct backlog backlog = {0};
    struct span item;
    assert_int_equal(backlog_push(&backlog, (struct span){NULL, 0}), STATUS_OK);
    assert_true(backlog_first(&backlog, &item));
    assert_int_equal(item.size, 0);
    backlog_pop(&backlog);
    assert_false(backlog_first(&backlog, &item));
    backlog_fini(&backlog);
}

/* As a slow sink leaves it: never empty, for long. */
static void its_room_stays_bounded_where_as_much_leaves_as_comes(void **state)
{
    struct backlog backlog = {0};
    unsigned in = 0, out = 0;
    while (in < 30)
        push(&backlog, in++);
    for (int i = 0; i < 100000; i++) {
        push(&backlog, in++);
        pop(&backlog, out++);
    }
    assert_true(backlog.room <= 262144); /* some 45 KB wait at a time */
    while (out < in)
        pop(&backlog, out++);
    assert_int_equal(backlog.bytes, 0);
    backlog_fini(&backlog);
}

static void bursts_of_any_length_keep_the_order(void **state)
{
    struct backlog backlog = {0};
    unsigned in = 0, out = 0, seed = 7;
    for (int i = 0; i < 2000; i++) {
        seed = seed * 1103515245u + 12345u;
        for (unsigned n = (seed >> 16) % 40; n > 0; n--)
            push(&backlog, in++);
        for (unsigned n = (seed >> 8) % 40; n > 0 && out < in; n--)
            pop(&backlog, out++);
    }
    while (out < in)
        pop(&backlog, out++);
    assert_int_equal(backlog.bytes, 0);
    backlog_fini(&backlog);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_has_no_first),
        cmocka_unit_test(items_come_out_as_they_went_in),
        cmocka_unit_test(an_item_larger_than_all_its_room_fits),
        cmocka_unit_test(an_empty_item_is_an_item),
        cmocka_unit_test(its_room_stays_bounded_where_as_much_leaves_as_comes),
        cmocka_unit_test(bursts_of_any_length_keep_the_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
