/* The baseline's file: written once by `vedette calibrate`, never changed, read whole at start (format: README.md).
 *
 *   head │ facts │ rule: facts, points, K rows, curves │ rule … │ SHA-256 of all before
 *
 * Little endian, versioned. The checksum is its identity: baseline_hash of an episode begins it. A file that is cut,
 * changed or of another version is refused in a sentence; nothing of it is used. */
#pragma once

#include "base/span.h"
#include "base/status.h"
#include "correlator/baseline/history.h"
#include "proto/json.h"

#include <stdbool.h>

#define BASELINE_HASH_BYTES   17 /* 16 hexadecimal digits and a NUL */
#define BASELINE_REASON_BYTES 512
#define BASELINE_RULES_MAX    1024u
#define BASELINE_SOURCES_MAX  65536u
#define BASELINE_FORMAT       1u
#define BASELINE_BYTES_MAX    ((size_t)1 << 33)

/* What is said of the whole. */
struct baseline_facts {
    int64_t from_ms;            /* the history: incidents that start from here */
    int64_t until_ms;           /* to before here; what starts from here on is never in it */
    int64_t guard_ms;           /* the gap between the history and what it judges */
    uint64_t seed;              /* of the null years */
    const struct span *sources; /* that the history has incidents of; ascending */
    size_t source_count;
};

/* What is said of a rule beside its history. */
struct baseline_rule_facts {
    struct span name;
    struct span hash; /* of the JSON, hexadecimal */
    struct span json; /* rule_to_json's (correlator/rule_config.h), opaque here */
};

struct baseline_draft {
    struct baseline_facts facts;
    size_t rule_count;
    const struct baseline_rule_facts *rule_facts;
    const struct baseline_rule *const *rules; /* with thresholds and curves */
};

/* The bytes of the file, in `ret_bytes`, which may hold others before. STATUS_NO_MEMORY; STATUS_INVALID: something of
 * the draft the reader would refuse (a name too long, no rule, a time out of limits.h). */
enum status baseline_pack(const struct baseline_draft *draft, struct text *ret_bytes) MUST_CHECK;
/* Writes beside the path and renames: the file is there whole, or as it was. Mode 0644. Borrows all. The sentence names
 * the file. */
enum status baseline_write(const char *path, const struct baseline_draft *draft,
                           char ret_reason[BASELINE_REASON_BYTES]) MUST_CHECK;

struct baseline;

/* STATUS_NOT_FOUND, STATUS_PERMISSION, STATUS_IO; STATUS_CORRUPT: cut or changed; STATUS_UNSUPPORTED: not a baseline,
 * or of another version; STATUS_NO_MEMORY. The sentence begins with the path. */
enum status baseline_open(const char *path, struct baseline **ret_baseline,
                          char ret_reason[BASELINE_REASON_BYTES]) MUST_CHECK;
/* The same of bytes in memory; name stands for the path. Copies what it keeps. */
enum status baseline_parse(struct span bytes, const char *name, struct baseline **ret_baseline,
                           char ret_reason[BASELINE_REASON_BYTES]) MUST_CHECK;
void baseline_close(struct baseline *baseline);

/* All borrowed from the baseline. */
const char *baseline_hash(const struct baseline *baseline);
const struct baseline_facts *baseline_facts(const struct baseline *baseline);
bool baseline_has_source(const struct baseline *baseline, struct span source);
size_t baseline_rule_count(const struct baseline *baseline);
const struct baseline_rule *baseline_rule_at(const struct baseline *baseline, size_t index);
const struct baseline_rule_facts *baseline_rule_facts_at(const struct baseline *baseline, size_t index);
/* By the rule's name; NULL: it has no such rule. */
const struct baseline_rule *baseline_rule_find(const struct baseline *baseline, struct span name);
