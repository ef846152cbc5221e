#include "cli/csv_line.h"

#include "base/time_text.h"
#include "proto/report.h"

#include <math.h>

static bool must_be_quoted(struct span value)
{
    for (size_t i = 0; i < value.size; i++) {
        if (strchr(",\"\r\n", value.data[i]) != NULL)
            return true;
    }
    return false;
}

/* A comma stands before every field but the first of its line. */
static void begin_field(struct text *line)
{
    if (line->size > 0 && line->data[line->size - 1] != '\n')
        text_append(line, SPAN(","));
}

void csv_line_text(struct text *line, struct span value)
{
    begin_field(line);
    if (!must_be_quoted(value)) {
        /* An empty first field would leave nothing to see that there was one. */
        bool is_first = line->size == 0 || line->data[line->size - 1] == '\n';
        text_append(line, value.size == 0 && is_first ? SPAN("\"\"") : value);
        return;
    }
    text_append(line, SPAN("\""));
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == '"')
            text_append(line, SPAN("\""));
        text_append(line, (struct span){value.data + i, 1});
    }
    text_append(line, SPAN("\""));
}

void csv_line_number(struct text *line, double value)
{
    begin_field(line);
    if (!isnan(value))
        text_json_number(line, value);
}

void csv_line_time(struct text *line, int64_t ms)
{
    char time[TIME_TEXT_BYTES] = "";
    if (ms != TIME_NONE)
        time_format(ms, time);
    csv_line_text(line, span_of(time));
}

void csv_line_end(struct text *line)
{
    text_append(line, SPAN("\r\n"));
}
