/* Text from strangers. */
#pragma once

#include "base/span.h"

#include <stdbool.h>

/* Bytes of the well-formed character the text begins with: 1 to 4, or 0 where there is none (empty, or not UTF-8). */
size_t utf8_character(struct span text);
/* Well-formed UTF-8 (no overlong forms, no surrogates), no NUL and no other control characters (C0, DEL, C1). */
bool utf8_is_plain(struct span text);
/* As utf8_is_plain, but tab and line feed may occur. */
bool utf8_is_text(struct span text);
/* Writes the text so that it can be shown on a terminal and read back in one line: control characters and bytes that
 * are not UTF-8 as \xNN, cut with "…" where it is longer than room (NUL included) allows. Answers the bytes written
 * without the NUL. */
size_t utf8_printable(struct span text, char *ret_text, size_t room);
