#include "sink/alert_row.h"

#include "proto/limits.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

static const char *const kind_names[ALERT_KIND_COUNT] = {
#define X(name, text) [ALERT_##name] = text,
    ALERT_KIND_LIST(X)
#undef X
};

const char *alert_kind_name(enum alert_kind kind)
{
    return kind_names[kind];
}

enum status alert_kind_find(struct span name, enum alert_kind *ret_kind)
{
    for (enum alert_kind kind = 0; kind < ALERT_KIND_COUNT; kind++)
        if (span_equal(name, span_of(kind_names[kind]))) {
            *ret_kind = kind;
            return STATUS_OK;
        }
    return STATUS_NOT_FOUND;
}

/* A sum of hashes: members in any order give the same. */
struct fingerprint fingerprint_of(const struct episode *episode)
{
    unsigned char sum[16] = {0}, hash[16];
    for (size_t i = 0; i < episode->member_count; i++) {
        const struct episode_member *member = &episode->members[i];
        if (member->membership != MEMBERSHIP_CORE && member->membership != MEMBERSHIP_ATTACHED)
            continue;
        (void)crypto_generichash(hash, sizeof hash, (const unsigned char *)member->incident_id.data,
                                 member->incident_id.size, NULL, 0);
        sodium_add(sum, hash, sizeof sum);
    }
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof hash);
    const unsigned char letter = (unsigned char)episode->state;
    (void)crypto_generichash_update(&state, &letter, 1);
    (void)crypto_generichash_update(&state, sum, sizeof sum);
    for (size_t i = 0; i < episode->country_count; i++) {
        const unsigned char code[2] = {(unsigned char)(episode->countries[i] >> 8),
                                       (unsigned char)(episode->countries[i] & 0xff)};
        (void)crypto_generichash_update(&state, code, 2);
    }
    struct fingerprint fingerprint = {.is_flagged = episode->state == EPISODE_FLAGGED};
    (void)crypto_generichash_final(&state, fingerprint.bytes, sizeof fingerprint.bytes);
    return fingerprint;
}

struct fingerprint fingerprint_of_notice(const struct notice *notice)
{
    struct fingerprint fingerprint = {.is_flagged = notice->kind == NOTICE_SILENT};
    for (unsigned i = 0; i < 8; i++)
        fingerprint.bytes[i] = (unsigned char)((uint64_t)notice->since_ms >> (8 * i) & 0xff);
    fingerprint.bytes[8] = (unsigned char)notice->kind;
    return fingerprint;
}

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
    return a->is_flagged == b->is_flagged && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

struct span subject_source(struct span subject)
{
    const size_t size = sizeof SUBJECT_OF_SOURCE - 1;
    if (subject.size <= size || memcmp(subject.data, SUBJECT_OF_SOURCE, size) != 0)
        return (struct span){0};
    return (struct span){subject.data + size, subject.size - size};
}

struct span subject_of_source(struct span name, char bytes[SUBJECT_BYTES])
{
    _Static_assert(SUBJECT_BYTES > sizeof SUBJECT_OF_SOURCE + LIMIT_NAME_BYTES - 1, "any name fits");
    const size_t size = sizeof SUBJECT_OF_SOURCE - 1;
    assert(name.size <= LIMIT_NAME_BYTES);
    memcpy(bytes, SUBJECT_OF_SOURCE, size);
    memcpy(bytes + size, name.data, name.size);
    return (struct span){bytes, size + name.size};
}

bool alert_row_is_news(const struct alert_row *row)
{
    if (row->has_draft && !row->is_refused)
        return true;
    return row->told.is_known && row->told.fingerprint.is_flagged
               ? !fingerprint_equal(&row->now, &row->told.fingerprint)
               : row->now.is_flagged;
}
