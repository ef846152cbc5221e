#include "proto/json_read.h"

#include "base/time_text.h"

#include <math.h>
#include <stdio.h>

const char *json_kind(const json_t *value)
{
    static const char *const kinds[] = {
        [JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list", [JSON_STRING] = "a string", [JSON_INTEGER] = "a number",
        [JSON_REAL] = "a number",    [JSON_TRUE] = "true",    [JSON_FALSE] = "false",     [JSON_NULL] = "null",
    };
    return kinds[json_typeof(value)];
}

static struct span text_of(const json_t *value)
{
    return (struct span){json_string_value(value), json_string_length(value)};
}

struct shown json_shown(const json_t *value)
{
    struct shown result;
    if (json_is_string(value)) {
        struct shown inner = shown(text_of(value));
        (void)snprintf(result.text, sizeof result.text, "\"%.63s\"", inner.text);
    } else if (json_is_integer(value)) {
        (void)snprintf(result.text, sizeof result.text, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        (void)snprintf(result.text, sizeof result.text, "%.15g", json_real_value(value));
    } else {
        (void)snprintf(result.text, sizeof result.text, "%s", json_kind(value));
    }
    return result;
}

enum status json_read_text(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    if (!json_is_string(value))
        return refuse(reader->reason, "%s: %s, expected a string", path, json_shown(value).text);
    struct span copy = arena_copy(reader->arena, text_of(value));
    if (copy.data == NULL)
        return STATUS_NO_MEMORY;
    *(struct span *)target = copy;
    return STATUS_OK;
}

enum status json_read_time(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    if (!json_is_string(value) || time_parse(text_of(value), target) != STATUS_OK)
        return refuse(reader->reason, "%s: %s is not a time, expected RFC 3339 with an offset", path,
                      json_shown(value).text);
    return STATUS_OK;
}

enum status json_read_double(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    if (!json_is_number(value))
        return refuse(reader->reason, "%s: %s, expected a number", path, json_shown(value).text);
    *(double *)target = json_number_value(value);
    return STATUS_OK;
}

enum status json_read_uint32(struct json_reader *reader, const char *path, const json_t *value, void *target)
{
    double number = json_is_number(value) ? json_number_value(value) : -1;
    if (!(number >= 0 && number <= UINT32_MAX && trunc(number) == number))
        return refuse(reader->reason, "%s: %s, expected a whole number of 0 to %u", path, json_shown(value).text,
                      UINT32_MAX);
    *(uint32_t *)target = (uint32_t)number;
    return STATUS_OK;
}

static const struct json_row *find_row(const struct json_row *rows, const char *key)
{
    for (; rows->key != NULL; rows++) {
        if (rows->key[0] == key[0] && strcmp(rows->key, key) == 0)
            return rows;
    }
    return NULL;
}

enum status json_read_object(struct json_reader *reader, const char *path, const json_t *value,
                             const struct json_row *rows, void *target, json_read *other)
{
    if (!json_is_object(value))
        return refuse(reader->reason, "%s: %s, expected an object", path, json_shown(value).text);
    json_t *object = (json_t *)value; /* jansson's iterators want it so; nothing is changed */
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const json_t *field = json_object_iter_value(at);
        const char *key = json_object_iter_key(at);
        const struct json_row *row = find_row(rows, key);
        enum status status = STATUS_OK;
        if (json_is_null(field))
            continue;
        if (row != NULL)
            status = row->read(reader, row->path, field, (char *)target + row->offset);
        else if (other != NULL)
            status = other(reader, key, field, target);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}
