#include "correlator/journal/lists.h"

#include "proto/limits.h"

/* --- writing --- */

void lists_put_texts(struct text *bytes, const struct span *texts, size_t count)
{
    octets_put_number(bytes, count);
    for (size_t i = 0; i < count; i++)
        octets_put_bytes(bytes, texts[i]);
}

void lists_put_marks(struct text *bytes, const struct source_mark *marks, size_t count)
{
    octets_put_number(bytes, count);
    for (size_t i = 0; i < count; i++) {
        octets_put_bytes(bytes, marks[i].source);
        octets_put_time(bytes, marks[i].watermark_ms);
        octets_put_number(bytes, (uint64_t)marks[i].state);
    }
}

void lists_put_numbers(struct text *bytes, const uint64_t *numbers, size_t count)
{
    uint64_t before = 0;
    octets_put_number(bytes, count);
    for (size_t i = 0; i < count; i++) {
        octets_put_number(bytes, numbers[i] - before);
        before = numbers[i];
    }
}

/* --- reading --- */

enum status lists_texts(struct octets *octets, struct arena *arena, size_t bytes_max, const struct span **ret_texts,
                        size_t *ret_count)
{
    size_t count = octets_count(octets, 1);
    struct span *texts = arena_take(arena, count * sizeof *texts);
    if (texts == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        texts[i] = octets_bytes(octets, bytes_max);
    *ret_texts = texts;
    *ret_count = count;
    return STATUS_OK;
}

enum status lists_marks(struct octets *octets, struct arena *arena, const struct source_mark **ret_marks,
                        size_t *ret_count)
{
    size_t count = octets_count(octets, 3);
    struct source_mark *marks = arena_take(arena, count * sizeof *marks);
    if (marks == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        marks[i].source = octets_bytes(octets, LIMIT_NAME_BYTES);
        marks[i].watermark_ms = octets_time(octets);
        marks[i].state = (enum source_state)octets_number_to(octets, SOURCE_STATE_COUNT - 1);
    }
    *ret_marks = marks;
    *ret_count = count;
    return STATUS_OK;
}

enum status lists_numbers(struct octets *octets, struct arena *arena, uint64_t until, const uint64_t **ret_numbers,
                          size_t *ret_count)
{
    size_t count = octets_count(octets, 1);
    uint64_t *numbers = arena_take(arena, count * sizeof *numbers);
    uint64_t number = 0;
    if (numbers == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        uint64_t more = octets_number_to(octets, until - number);
        if (more == 0)
            return STATUS_INVALID;
        numbers[i] = number += more;
    }
    *ret_numbers = numbers;
    *ret_count = count;
    return STATUS_OK;
}
