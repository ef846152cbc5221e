/* Prose on a terminal: a label, then words that hang beside it and wrap before the 96th column. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#define PAGE_COLUMNS 96

/* "label   words words" with the words from column `indent` on. A word that is too long stands alone. Columns are those
 * of characters, not of bytes. */
void page_write(FILE *stream, const char *label, size_t indent, const char *words);
void page_print(FILE *stream, const char *label, size_t indent, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
