/* Texts compared as people read them: "  Reuters" and "REUTERS" are one. */
#pragma once

#include "base/span.h"

#include <stddef.h>

/* Trims, makes any run of white space one blank, and lowers every letter (Unicode's simple mapping, the same in every
 * locale). What is not UTF-8 is kept byte by byte. Cut off where the room ends. Answers the size. */
size_t text_fold(struct span text, char *ret_text, size_t room);
