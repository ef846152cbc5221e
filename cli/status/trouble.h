/* What is not as it should be, a sentence each. */
#pragma once

#include <jansson.h>

/* programs: as in survey.h. Appends strings. */
void troubles_find(const json_t *programs, json_t *troubles);

/* A program's table ("source", or the program's own by its name), NULL where it is down or has none. */
const json_t *status_table(const json_t *program, const char *name);
/* "" where there is none. */
const char *status_text_of(const json_t *object, const char *key);
/* "agent desk", "correlator". */
void status_title(const json_t *program, char ret_title[300]);
