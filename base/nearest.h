/* "Did you mean …?" for words people mistype. */
#pragma once

#include "base/span.h"

#include <stddef.h>

/* How many bytes must be inserted, deleted, changed or swapped with their neighbour to make b of a (the restricted
 * Damerau–Levenshtein distance). Cost: the product of the sizes; words of more than 64 bytes are not compared and
 * answer the larger size. */
size_t edit_distance(struct span a, struct span b);
/* The name least far from what was written, the first of equals; NULL where none is near (a third of the written bytes
 * and at least one may differ). names ends with NULL. */
const char *nearest_name(struct span name, const char *const *names);
