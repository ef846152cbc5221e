/* Inside proto: fields of objects written in a fixed order. Each writer puts the comma before itself where one is due.
 */
#pragma once

#include "proto/json.h"

#include <stdint.h>

void json_key(struct text *text, const char *key);
void json_string_field(struct text *text, const char *key, struct span value);
/* The same, null where it is empty. */
void json_nullable_field(struct text *text, const char *key, struct span value);
void json_integer_field(struct text *text, const char *key, uint64_t value);
void json_number_field(struct text *text, const char *key, double value);
void json_bool_field(struct text *text, const char *key, bool value);
/* null where it is TIME_NONE. */
void json_time_field(struct text *text, const char *key, int64_t time_ms);
/* {"start", "end", "precision", "basis"}; null where there is none. */
void json_occurred_field(struct text *text, const struct occurred *occurred);
/* [{"code", "role"}] */
void json_countries_field(struct text *text, const char *key, const struct report *report);
/* A list's comma. */
void json_separate(struct text *text, size_t index);
