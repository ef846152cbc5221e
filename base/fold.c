#include "base/fold.h"

#include <glib.h>

size_t text_fold(struct span text, char *ret_text, size_t room)
{
    size_t used = 0;
    bool is_blank = false;
    for (size_t at = 0; at < text.size;) {
        gunichar letter = g_utf8_get_char_validated(text.data + at, (gssize)(text.size - at));
        bool is_letter = letter != (gunichar)-1 && letter != (gunichar)-2;
        size_t size = is_letter ? (size_t)(g_utf8_next_char(text.data + at) - (text.data + at)) : 1;
        if (is_letter && g_unichar_isspace(letter)) {
            is_blank = used > 0;
            at += size;
            continue;
        }
        char lowered[6] = {text.data[at]};
        size_t lowered_size = is_letter ? (size_t)g_unichar_to_utf8(g_unichar_tolower(letter), lowered) : 1;
        if (used + is_blank + lowered_size > room)
            break;
        if (is_blank)
            ret_text[used++] = ' ';
        memcpy(ret_text + used, lowered, lowered_size);
        used += lowered_size;
        is_blank = false;
        at += size;
    }
    return used;
}
