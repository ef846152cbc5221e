/* Inside proto: a report as protobuf-c's structs, for report_codec.c and publication_codec.c. */
#pragma once

#include "base/arena.h"
#include "proto/codec.h"
#include "proto/limits.h"
#include "vedette/v1/report.pb-c.h"

/* A report's message and all it points to, on the caller's stack. Borrows the report. */
struct report_message {
    Vedette__V1__Report message;
    Vedette__V1__Occurred occurred;
    Vedette__V1__Place place;
    Vedette__V1__Country countries[LIMIT_COUNTRIES];
    Vedette__V1__Country *country_pointers[LIMIT_COUNTRIES];
    char codes[LIMIT_COUNTRIES][3];
    Vedette__V1__Attribute attributes[LIMIT_ATTRIBUTES];
    Vedette__V1__Attribute *attribute_pointers[LIMIT_ATTRIBUTES];
};

/* STATUS_TOO_LARGE: more countries or attributes than the limits allow. */
enum status report_message_fill(struct report_message *to, const struct report *report) MUST_CHECK;
/* The report borrows from the message and the arena, and is validated. */
enum status report_message_read(const Vedette__V1__Report *message, struct arena *arena, struct report *ret_report,
                                char reason[REASON_BYTES]) MUST_CHECK;
