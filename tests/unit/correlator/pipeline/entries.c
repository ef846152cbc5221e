/* cmocka's own order of includes. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "correlator/entries.h"

#include "correlator/registry_inside.h"
#include "tests/support/dice.h"

#include <stdio.h>
#include <stdlib.h>

#define IDS 3000u

struct shelf {
    struct entries entries;
    struct entry *made; /* one for each id */
    bool in[IDS];
    size_t count;
};

static int shelf_open(void **state)
{
    struct shelf *shelf = calloc(1, sizeof *shelf);
    shelf->made = calloc(IDS, sizeof *shelf->made);
    for (unsigned i = 0; i < IDS; i++) {
        struct entry *entry = &shelf->made[i];
        entry->id = entry->inline_id;
        entry->id_size = (size_t)snprintf(entry->inline_id, sizeof entry->inline_id, "desk:%u", i);
    }
    *state = shelf;
    return 0;
}

static int shelf_close(void **state)
{
    struct shelf *shelf = *state;
    entries_fini(&shelf->entries);
    free(shelf->made);
    free(shelf);
    return 0;
}

static struct span id_of(const struct shelf *shelf, unsigned i)
{
    return (struct span){shelf->made[i].id, shelf->made[i].id_size};
}

static void put(struct shelf *shelf, unsigned i)
{
    assert_int_equal(entries_add(&shelf->entries, &shelf->made[i]), STATUS_OK);
    shelf->in[i] = true;
    shelf->count++;
}

static void assert_is_as_said(const struct shelf *shelf)
{
    assert_int_equal(shelf->entries.count, shelf->count);
    for (unsigned i = 0; i < IDS; i++)
        assert_ptr_equal(entries_find(&shelf->entries, id_of(shelf, i)), shelf->in[i] ? &shelf->made[i] : NULL);
}

static void who_is_put_in_is_found_until_taken_out(void **state)
{
    struct shelf *shelf = *state;
    struct dice dice = {1};
    assert_is_as_said(shelf);
    for (unsigned step = 0; step < 60000; step++) {
        unsigned i = dice_below(&dice, step < 30000 ? IDS : IDS / 4);
        if (!shelf->in[i]) {
            put(shelf, i);
        } else {
            entries_remove(&shelf->entries, &shelf->made[i]);
            shelf->in[i] = false;
            shelf->count--;
        }
        if (step % 6000 == 0)
            assert_is_as_said(shelf);
    }
    assert_is_as_said(shelf);
}

static void everyone_is_met_though_some_leave_meanwhile(void **state)
{
    struct shelf *shelf = *state;
    static bool met[IDS];
    for (unsigned i = 0; i < IDS; i++)
        put(shelf, i);
    struct entry *entry;
    for (size_t at = 0; (entry = entries_next(&shelf->entries, &at)) != NULL;) {
        size_t i = (size_t)(entry - shelf->made);
        met[i] = true;
        if (i % 3 == 0) {
            at++;
            continue;
        }
        entries_remove(&shelf->entries, entry);
        shelf->in[i] = false;
        shelf->count--;
    }
    for (unsigned i = 0; i < IDS; i++)
        assert_true(met[i] && shelf->in[i] == (i % 3 == 0));
    assert_is_as_said(shelf);
}

static void few_need_few_slots(void **state)
{
    struct shelf *shelf = *state;
    for (unsigned i = 0; i < IDS; i++)
        put(shelf, i);
    size_t most = shelf->entries.slot_count;
    entries_fit(&shelf->entries);
    assert_int_equal(shelf->entries.slot_count, most);
    for (unsigned i = 0; i < IDS - 5; i++) {
        entries_remove(&shelf->entries, &shelf->made[i]);
        shelf->in[i] = false;
        shelf->count--;
    }
    entries_fit(&shelf->entries);
    assert_true(shelf->entries.slot_count < most);
    assert_is_as_said(shelf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_is_put_in_is_found_until_taken_out, shelf_open, shelf_close),
        cmocka_unit_test_setup_teardown(everyone_is_met_though_some_leave_meanwhile, shelf_open, shelf_close),
        cmocka_unit_test_setup_teardown(few_need_few_slots, shelf_open, shelf_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
