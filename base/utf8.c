#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>

/* Well-formed sequences (Unicode 15, table 3-7). The second byte's bounds keep out overlong forms (E0, F0), surrogates
 * (ED) and what lies above U+10FFFF (F4); further bytes are 80 … BF. */
static const struct {
    uint8_t first_least, first_most;
    uint8_t second_least, second_most;
    uint8_t size;
} forms[] = {
    {0x00, 0x7F, 0x00, 0x00, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
    {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
    {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
};

size_t utf8_character(struct span text)
{
    if (text.size == 0)
        return 0;
    const uint8_t *bytes = (const uint8_t *)text.data;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (bytes[0] < forms[i].first_least || bytes[0] > forms[i].first_most)
            continue;
        if (text.size < forms[i].size)
            return 0;
        if (forms[i].size > 1 && (bytes[1] < forms[i].second_least || bytes[1] > forms[i].second_most))
            return 0;
        for (size_t next = 2; next < forms[i].size; next++)
            if ((bytes[next] & 0xC0) != 0x80)
                return 0;
        return forms[i].size;
    }
    return 0;
}

/* C0, DEL and C1 (U+0080 … U+009F, that is C2 80 … C2 9F). */
static bool is_control(const char *character, size_t size)
{
    uint8_t first = (uint8_t)character[0];
    return size == 1 ? first < 0x20 || first == 0x7F : first == 0xC2 && (uint8_t)character[1] < 0xA0;
}

static bool is_clean(struct span text, const char *allowed)
{
    for (size_t at = 0, size; at < text.size; at += size) {
        size = utf8_character((struct span){text.data + at, text.size - at});
        if (size == 0)
            return false;
        if (is_control(text.data + at, size) && (text.data[at] == '\0' || strchr(allowed, text.data[at]) == NULL))
            return false;
    }
    return true;
}

bool utf8_is_plain(struct span text)
{
    return is_clean(text, "");
}

bool utf8_is_text(struct span text)
{
    return is_clean(text, "\t\n");
}

size_t utf8_printable(struct span text, char *ret_text, size_t room)
{
    static const char ellipsis[] = "…";
    const size_t ellipsis_size = sizeof ellipsis - 1;
    if (room == 0)
        return 0;
    size_t used = 0;
    size_t used_before_cut = 0; /* the most that leaves room for the ellipsis */
    for (size_t at = 0; at < text.size;) {
        size_t size = utf8_character((struct span){text.data + at, text.size - at});
        bool escaped = size == 0 || is_control(text.data + at, size);
        size_t taken = escaped ? 1 : size; /* byte by byte: an invalid sequence may hide the start of a valid one */
        size_t given = escaped ? 4 : size;
        if (size > 1 && escaped) {
            taken = size;
            given = 4 * size;
        }
        if (used + given + 1 > room) {
            if (room > ellipsis_size) {
                memcpy(ret_text + used_before_cut, ellipsis, ellipsis_size);
                used = used_before_cut + ellipsis_size;
            }
            break;
        }
        for (size_t i = 0; i < taken; i++) {
            if (escaped)
                (void)snprintf(ret_text + used + 4 * i, 5, "\\x%02x", (unsigned)(uint8_t)text.data[at + i]);
            else
                ret_text[used + i] = text.data[at + i];
        }
        used += given;
        at += taken;
        if (used + ellipsis_size + 1 <= room)
            used_before_cut = used;
    }
    ret_text[used] = '\0';
    return used;
}
