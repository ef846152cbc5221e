#include "base/arena.h"

#include "base/allocator.h"
#include "tests/unit/base/unit.h"

#include <string.h>

static void pieces_are_aligned_apart_and_writable(void **state)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    char *last = NULL;
    size_t last_size = 0;
    for (size_t size = 0; size < 300; size++) {
        char *piece = arena_take(&arena, size);
        assert_non_null(piece);
        assert_int_equal((uintptr_t)piece % 16, 0);
        memset(piece, (int)size & 0x7F, size);
        for (size_t i = 0; i < last_size; i++)
            assert_int_equal(last[i], (int)last_size & 0x7F);
        last = piece;
        last_size = size;
    }
    arena_fini(&arena);
}

static void the_limit_is_never_passed(void **state)
{
    struct arena arena;
    arena_init(&arena, 100000);
    assert_null(arena_take(&arena, 100001));
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_null(arena_take(&arena, SIZE_MAX - 40));
    size_t taken = 0;
    while (arena_take(&arena, 1000) != NULL)
        taken += 1000;
    assert_true(taken >= 80000 && taken <= 100000);
    assert_true(arena.taken <= arena.limit);
    assert_null(arena_copy(&arena, (struct span){"x", 1000}).data);
    assert_null(arena_print(&arena, "%2000d", 1).data);
    arena_fini(&arena);
}

/* Linked in the place of malloc (--wrap). */
static bool memory_is_gone;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return memory_is_gone ? NULL : __real_malloc(size);
}

static void no_memory_is_told_from_the_limit(void **state)
{
    struct arena arena;
    arena_init(&arena, 100000);
    assert_null(arena_take(&arena, 100001));
    assert_false(arena.starved);
    memory_is_gone = true;
    void *piece = arena_take(&arena, 100);
    memory_is_gone = false;
    assert_null(piece);
    assert_true(arena.starved);
    assert_non_null(arena_take(&arena, 100));
    assert_true(arena.starved); /* whoever asks later hears of it, too */
    arena_reset(&arena);
    assert_false(arena.starved);
    arena_fini(&arena);
}

static void after_a_reset_the_same_work_takes_no_more_memory(void **state)
{
    struct arena arena;
    size_t taken = 0;
    arena_init(&arena, 1 << 24);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 200; i++)
            memset(arena_take(&arena, (size_t)(i * 37 % 3000)), 1, (size_t)(i * 37 % 3000));
        memset(arena_take(&arena, 50000), 1, 50000); /* a block of its own */
        if (round == 0)
            taken = arena.taken;
        assert_int_equal(arena.taken, taken);
        arena_reset(&arena);
    }
    const char *zeroed = arena_zero(&arena, 100); /* in memory used before */
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeroed[i], 0);
    arena_fini(&arena);
}

static void what_grows_from_reset_to_reset_is_bounded_by_the_limit_alone(void **state)
{
    struct arena arena;
    arena_init(&arena, 1u << 20);
    for (size_t size = 64; size <= 1u << 20; size += 4096) {
        arena_reset(&arena);
        unsigned char *small = arena_take(&arena, 16);
        assert_non_null(small);
        memset(small, 1, 16);
        unsigned char *piece = arena_take(&arena, size);
        if (size + 2 * 16384 < 1u << 20)
            assert_non_null(piece);
        if (piece != NULL)
            memset(piece, 2, size);
        assert_int_equal(small[0], 1);
        assert_true(arena.taken <= arena.limit);
    }
    arena_fini(&arena);
}

static void copies_and_prints_end_with_a_nul(void **state)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    struct span copy = arena_copy(&arena, (struct span){"abc\0def", 7});
    assert_int_equal(copy.size, 7);
    assert_memory_equal(copy.data, "abc\0def", 8);
    copy = arena_copy(&arena, (struct span){NULL, 0});
    assert_int_equal(copy.size, 0);
    assert_string_equal(copy.data, "");
    struct span text = arena_print(&arena, "%d %s", 19, "drones");
    assert_int_equal(text.size, 9);
    assert_string_equal(text.data, "19 drones");
    arena_fini(&arena);
}

static void the_heap_grows_and_frees(void **state)
{
    char *text = allocator_resize(&allocator_heap, NULL, 0, 4);
    memcpy(text, "abc", 4);
    text = allocator_resize(&allocator_heap, text, 4, 4000);
    assert_string_equal(text, "abc");
    allocator_free(&allocator_heap, text, 4000);
    allocator_free(&allocator_heap, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_apart_and_writable),
        cmocka_unit_test(the_limit_is_never_passed),
        cmocka_unit_test(no_memory_is_told_from_the_limit),
        cmocka_unit_test(after_a_reset_the_same_work_takes_no_more_memory),
        cmocka_unit_test(what_grows_from_reset_to_reset_is_bounded_by_the_limit_alone),
        cmocka_unit_test(copies_and_prints_end_with_a_nul),
        cmocka_unit_test(the_heap_grows_and_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
