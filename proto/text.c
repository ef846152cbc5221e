/* A growing text, and the two values of JSON that need care: strings and numbers. */
#include "proto/json.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void text_fini(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

void text_clear(struct text *text)
{
    text->size = 0;
    text->failed = false;
    if (text->data != NULL)
        text->data[0] = '\0';
}

char *text_extend(struct text *text, size_t size)
{
    if (text->failed || size > SIZE_MAX / 4 || text->size > SIZE_MAX / 4) {
        text->failed = true;
        return NULL;
    }
    size_t needed = text->size + size + 1;
    if (needed > text->room) {
        size_t room = text->room < 128 ? 256 : text->room * 2;
        if (room < needed)
            room = needed;
        char *data = realloc(text->data, room);
        if (data == NULL) {
            text->failed = true;
            return NULL;
        }
        text->data = data;
        text->room = room;
    }
    char *piece = text->data + text->size;
    text->size += size;
    text->data[text->size] = '\0';
    return piece;
}

void text_cut(struct text *text, size_t size)
{
    assert(size <= text->size);
    text->size -= size;
    text->data[text->size] = '\0';
}

void text_append(struct text *text, struct span bytes)
{
    char *piece = text_extend(text, bytes.size);
    if (piece != NULL && bytes.size > 0)
        memcpy(piece, bytes.data, bytes.size);
}

void text_print(struct text *text, const char *format, ...)
{
    char few[256];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(few, sizeof few, format, arguments);
    va_end(arguments);
    if (size < 0) {
        text->failed = true;
        return;
    }
    if ((size_t)size < sizeof few) {
        text_append(text, (struct span){few, (size_t)size});
        return;
    }
    char *piece = text_extend(text, (size_t)size);
    if (piece == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(piece, (size_t)size + 1, format, arguments);
    va_end(arguments);
}

static void append_escape(struct text *text, unsigned char byte)
{
    static const char letters[0x20] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    char letter = byte < 0x20 ? letters[byte] : (char)byte;
    if (letter != 0)
        text_append(text, (struct span){(char[]){'\\', letter}, 2});
    else
        text_print(text, "\\u%04x", byte);
}

void text_json_string(struct text *text, struct span value)
{
    text_append(text, SPAN("\""));
    size_t plain = 0; /* where the bytes not yet written begin */
    for (size_t i = 0; i < value.size; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\')
            continue;
        text_append(text, (struct span){value.data + plain, i - plain});
        append_escape(text, byte);
        plain = i + 1;
    }
    if (plain < value.size)
        text_append(text, (struct span){value.data + plain, value.size - plain});
    text_append(text, SPAN("\""));
}

/* 0 < |value|: significant digits without trailing zeros and the exponent of the first, so that the decimal reads back
 * as the value. The locale's decimal point, whatever bytes it has, is what stands between the first digit and the
 * second. */
static size_t shortest_digits(double value, char ret_digits[24], int *ret_exponent)
{
    char written[48];
    /* Fifteen digits hold every shorter decimal as it is, zeros behind it; but for the subnormal, which have fewer
     * bits. */
    for (int precision = fabs(value) < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
        (void)snprintf(written, sizeof written, "%.*e", precision, value);
        if (strtod(written, NULL) == value)
            break;
    }
    size_t count = 0;
    const char *at = written;
    for (; *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9')
            ret_digits[count++] = *at;
    }
    *ret_exponent = atoi(at + 1);
    while (count > 1 && ret_digits[count - 1] == '0')
        count--;
    return count;
}

static void append_zeros(struct text *text, int count)
{
    for (int i = 0; i < count; i++)
        text_append(text, SPAN("0"));
}

static void append_decimal(struct text *text, const char *digits, size_t count, int exponent)
{
    if (exponent < -6 || exponent >= 21) {
        text_append(text, (struct span){digits, 1});
        if (count > 1) {
            text_append(text, SPAN("."));
            text_append(text, (struct span){digits + 1, count - 1});
        }
        text_print(text, "e%d", exponent);
    } else if (exponent < 0) {
        text_append(text, SPAN("0."));
        append_zeros(text, -exponent - 1);
        text_append(text, (struct span){digits, count});
    } else if (count <= (size_t)exponent + 1) {
        text_append(text, (struct span){digits, count});
        append_zeros(text, exponent + 1 - (int)count);
    } else {
        text_append(text, (struct span){digits, (size_t)exponent + 1});
        text_append(text, SPAN("."));
        text_append(text, (struct span){digits + exponent + 1, count - (size_t)exponent - 1});
    }
}

/* Values of at most six decimals, as most coordinates are: an integer over 10^6, which IEEE division reads back
 * exactly. */
static bool append_millionths(struct text *text, double value)
{
    if (!(fabs(value) < 1e9))
        return false;
    long long millionths = llround(value * 1e6);
    if ((double)millionths / 1e6 != value)
        return false;
    unsigned long long magnitude =
        millionths < 0 ? 0ULL - (unsigned long long)millionths : (unsigned long long)millionths;
    char written[32];
    int size = snprintf(written, sizeof written, "%s%llu.%06llu", millionths < 0 ? "-" : "", magnitude / 1000000,
                        magnitude % 1000000);
    while (written[size - 1] == '0')
        size--;
    if (written[size - 1] == '.')
        size--;
    text_append(text, (struct span){written, (size_t)size});
    return true;
}

void text_json_number(struct text *text, double value)
{
    if (!isfinite(value)) {
        text_append(text, SPAN("null"));
        return;
    }
    if (value == 0) {
        text_append(text, signbit(value) ? SPAN("-0.0") : SPAN("0"));
        return;
    }
    if (append_millionths(text, value))
        return;
    char digits[24];
    int exponent;
    size_t count = shortest_digits(value, digits, &exponent);
    if (value < 0)
        text_append(text, SPAN("-"));
    append_decimal(text, digits, count, exponent);
}
