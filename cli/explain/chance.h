/* What is said of chance: the baseline's hash, what was observed and expected, the score and its recurrence. */
#pragma once

#include "cli/explain/account.h"

#include <stdio.h>

void chance_print(const struct account *account, FILE *stream, size_t indent);
/* "about every 40 years", "at least every 100 years (95 %)"; of 2 days … 1e9 years. */
void recurrence_words(double days, bool at_least, char ret_text[96]);
