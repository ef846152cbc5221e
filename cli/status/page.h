/* The survey as tables for people. */
#pragma once

#include "base/status.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum status status_page(const json_t *document, int64_t now_ms, FILE *out) MUST_CHECK;
