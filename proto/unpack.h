/* Inside proto: protobuf-c, kept on a short lead.
 *
 * protobuf-c has no limits of its own: a few bytes of empty submessages become many of memory. So a message is unpacked
 * into the arena with a budget that follows from its size: what an honest message of that size needs at most, and no
 * more. Nothing is freed one by one; the arena's owner resets it. */
#pragma once

#include "base/arena.h"
#include "proto/reason.h"

#include <protobuf-c/protobuf-c.h>

/* Answers the message, which lives in the arena, or NULL with the reason and *ret_status: STATUS_INVALID, or
 * STATUS_NO_MEMORY where the arena's own limit is reached. what: "vedette.v1.Report". */
void *unpack_message(const ProtobufCMessageDescriptor *descriptor, struct span bytes, struct arena *arena,
                     const char *what, char reason[REASON_BYTES], enum status *ret_status);

/* A wire value of an enum back to the row it stands for. rows[i] is the wire value of row i; 0 (UNSPECIFIED) stands for
 * the row `fallback`, or is refused where that is NO_FALLBACK. */
#define NO_FALLBACK (-1)
enum status unpack_enum(const char *field, const int *rows, size_t count, int value, int fallback,
                        char reason[REASON_BYTES], unsigned *ret_row) MUST_CHECK;

static inline struct span span_of_bytes(ProtobufCBinaryData bytes)
{
    return (struct span){(const char *)bytes.data, bytes.len};
}

static inline ProtobufCBinaryData bytes_of_span(struct span span)
{
    return (ProtobufCBinaryData){.len = span.size,
                                 .data = (uint8_t *)span.data}; /* only read: packing changes nothing */
}
