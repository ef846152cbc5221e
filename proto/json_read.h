/* Inside proto: one JSON object read by a table of rows, each field by its own reader. */
#pragma once

#include "base/arena.h"
#include "proto/reason.h"

#include <jansson.h>

/* What readers share: where to put, where to say why not. */
struct json_reader {
    struct arena *arena;
    char *reason; /* REASON_BYTES */
};

/* Reads one value, which is never null, into target. path names it in reasons: "occurred.start". */
typedef enum status json_read(struct json_reader *reader, const char *path, const json_t *value, void *target);

struct json_row {
    const char *key;
    const char *path;
    json_read *read;
    size_t offset; /* of the target in the struct */
};

/* Reads the object's fields that have a row (ended by key NULL); null is as if absent. Others are handed to `other`, or
 * ignored where it is NULL. */
enum status json_read_object(struct json_reader *reader, const char *path, const json_t *value,
                             const struct json_row *rows, void *target, json_read *other) MUST_CHECK;

/* "a number" … for reasons. */
const char *json_kind(const json_t *value);
/* What was found, fit to be shown: the text of a string, the number, or the kind. */
struct shown json_shown(const json_t *value);

/* Readers. Texts are copied to the arena. */
json_read json_read_text;   /* struct span */
json_read json_read_time;   /* int64_t, milliseconds */
json_read json_read_double; /* double */
json_read json_read_uint32; /* uint32_t */
