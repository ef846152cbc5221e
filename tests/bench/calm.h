/* The calm year before a stream, and the baseline made of it: of the same kind and country, other incidents. */
#pragma once

#include "correlator/baseline/baseline.h"
#include "tests/bench/streams.h"

struct calm;

enum status calm_new(const struct stream_kind *kind, struct calm **ret_calm) MUST_CHECK;
void calm_free(struct calm *calm);
const struct baseline_rule *calm_rule(const struct calm *calm);
size_t calm_incidents(const struct calm *calm);
