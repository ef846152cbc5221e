/* One line of CSV (RFC 4180): fields between commas, quoted where they must be, ended by CR LF. */
#pragma once

#include "proto/json.h"

/* Appends. */
void csv_line_text(struct text *line, struct span value);
void csv_line_number(struct text *line, double value); /* NaN: an empty field */
void csv_line_time(struct text *line, int64_t ms);     /* RFC 3339 in UTC; TIME_NONE: an empty field */
void csv_line_end(struct text *line);
