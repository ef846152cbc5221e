/* The rules as the journal keeps them. */
#pragma once

#include "correlator/correlator.h"
#include "correlator/journal/record.h"
#include "correlator/rule_config.h"

/* Owns what the record points to. Starts as zero. */
struct rules_written {
    struct text texts; /* the rules' JSON, end to end, then how reports are put together */
    struct journal_rule *rules;
    char (*hashes)[RULE_HASH_BYTES];
};

/* The record of kind JOURNAL_RULES that says what the configuration judges by. */
enum status rules_record(const struct correlator_config *config, struct rules_written *written,
                         struct journal_record *ret_record) MUST_CHECK;
void rules_written_fini(struct rules_written *written);
