/* A baseline in memory, as its reader makes it (file.c) and its owner asks it (file_facts.c). */
#pragma once

#include "base/arena.h"
#include "correlator/baseline/file.h"

struct baseline_entry {
    struct baseline_rule_facts facts;
    struct thresholds *thresholds;
    struct baseline_rule *rule;
};

struct baseline {
    struct arena arena; /* names, sources, JSON, curves */
    struct baseline_facts facts;
    struct baseline_entry *rules;
    size_t rule_count;
    char hash[BASELINE_HASH_BYTES];
};
