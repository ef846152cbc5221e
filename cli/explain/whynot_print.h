/* Why not, written: for people, or as one JSON object (fields: README.md). */
#pragma once

#include "base/zone.h"
#include "cli/explain/whynot.h"

#include <stdio.h>

enum status whynot_print_text(const struct whynot *whynot, struct zone *zone, FILE *stream) MUST_CHECK;
enum status whynot_print_json(const struct whynot *whynot, FILE *stream) MUST_CHECK;
