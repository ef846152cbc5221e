/* Rules: read from the configuration, written as JSON into what is published, read back from it to explain an episode.
 */
#pragma once

#include "base/arena.h"
#include "base/config.h"
#include "base/status.h"
#include "correlator/engine/rule.h"
#include "proto/json.h"

#include <stdbool.h>

/* Reads the block `rules` with the contract's defaults and checks: names unique, categories known ("did you mean"),
 * numbers in their ranges. The rules and what they point to live in the arena. false where there was any complaint. */
bool rules_read(struct config *config, struct arena *arena, struct rule **ret_rules, size_t *ret_count);

/* Appends the rule as JSON, every option with its value, in a fixed order: equal rules, equal text. */
void rule_to_json(const struct rule *rule, struct text *text);
/* Reads what rule_to_json wrote. The rule lives in the arena. */
enum status rule_from_json(struct span json, struct arena *arena, struct rule *ret_rule) MUST_CHECK;

/* The first option, in the order of publication, in which two rules differ, its name aside: appends "reach_km is 900 in
 * the baseline, 1000 in the configuration", where the words are those given. false: they say the same. */
struct rule_said {
    const struct rule *rule;
    const char *where;
};
bool rule_difference(struct rule_said one, struct rule_said other, struct text *text);

#define RULE_HASH_BYTES 17 /* 16 hexadecimal digits and a NUL */
/* The beginning of the SHA-256 of rule_to_json's text. */
void rule_hash(const struct rule *rule, char ret_hash[RULE_HASH_BYTES]);
