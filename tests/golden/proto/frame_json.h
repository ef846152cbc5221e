/* A frame as JSON, so that a golden frame can be read by a person. */
#pragma once

#include "proto/codec.h"

void frame_to_json(const struct frame *frame, struct text *text);
