#include "correlator/coverage.h"

#include "base/log.h"
#include "base/time_text.h"
#include "proto/limits.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) (element)->unhashed = true
#include <uthash.h>

#define STRANGERS_MAX 4096u /* sources said to be unknown; more are one line */

struct stranger {
    UT_hash_handle hh;
    bool unhashed;
    size_t size;
    char name[LIMIT_SOURCE_BYTES];
};

struct coverage {
    const struct baseline *baseline;
    int64_t guarded_ms; /* what begins from here on is judged by others than itself; INT64_MIN: all is */
    struct stranger *strangers;
    char last[LIMIT_SOURCE_BYTES]; /* the source looked at last, of which all is said */
    size_t last_size;
    bool overlap_said;
};

static void strangers_clear(struct coverage *coverage)
{
    struct stranger *stranger, *next;
    HASH_ITER(hh, coverage->strangers, stranger, next)
    {
        HASH_DEL(coverage->strangers, stranger);
        free(stranger);
    }
}

void coverage_rebase(struct coverage *coverage, const struct baseline *baseline)
{
    strangers_clear(coverage);
    coverage->baseline = baseline;
    coverage->last_size = 0;
    coverage->overlap_said = false;
    coverage->guarded_ms = INT64_MIN;
    if (baseline != NULL) /* both within limits.h: no overflow */
        coverage->guarded_ms = baseline_facts(baseline)->until_ms + baseline_facts(baseline)->guard_ms;
}

enum status coverage_new(const struct baseline *baseline, struct coverage **ret_coverage)
{
    struct coverage *coverage = calloc(1, sizeof *coverage);
    if (coverage == NULL)
        return STATUS_NO_MEMORY;
    coverage_rebase(coverage, baseline);
    *ret_coverage = coverage;
    return STATUS_OK;
}

void coverage_free(struct coverage *coverage)
{
    if (coverage == NULL)
        return;
    strangers_clear(coverage);
    free(coverage);
}

void coverage_rules(const struct coverage *coverage, const struct rule *rules, size_t rule_count)
{
    for (size_t i = 0; i < rule_count && coverage->baseline != NULL; i++)
        if (rules[i].baseline == NULL)
            log_warn("baseline.rule_missing",
                     "the baseline %s has no rule %.*s: its episodes are not calibrated until vedette calibrate is run "
                     "anew",
                     baseline_hash(coverage->baseline), SPAN_ARG(rules[i].name));
}

/* Of many the first are named: a feed that makes up its sources is no flood. */
static void stranger_say(struct coverage *coverage, struct span source)
{
    struct stranger *stranger;
    HASH_FIND(hh, coverage->strangers, source.data, source.size, stranger);
    if (stranger != NULL || HASH_COUNT(coverage->strangers) >= STRANGERS_MAX || source.size > LIMIT_SOURCE_BYTES)
        return;
    stranger = calloc(1, sizeof *stranger);
    if (stranger == NULL)
        return; /* it is said another time */
    stranger->size = source.size;
    memcpy(stranger->name, source.data, source.size);
    HASH_ADD_KEYPTR(hh, coverage->strangers, stranger->name, stranger->size, stranger);
    if (stranger->unhashed) {
        free(stranger);
        return;
    }
    log_warn("baseline.source_unknown",
             "source %.*s is not in the baseline's history: what it brings looks like a surge until vedette calibrate "
             "has seen it%s",
             SPAN_ARG(source),
             HASH_COUNT(coverage->strangers) == STRANGERS_MAX ? "; further unknown sources are not named" : "");
}

static void source_look(struct coverage *coverage, struct span source)
{
    if (span_equal(source, (struct span){coverage->last, coverage->last_size}))
        return;
    if (!baseline_has_source(coverage->baseline, source))
        stranger_say(coverage, source);
    if (source.size <= sizeof coverage->last) {
        memcpy(coverage->last, source.data, source.size);
        coverage->last_size = source.size;
    }
}

bool coverage_report(struct coverage *coverage, const struct report *report)
{
    if (coverage->baseline == NULL)
        return false;
    source_look(coverage, report->source);
    int64_t start_ms = report->occurred.start_ms;
    if (start_ms == TIME_NONE || start_ms >= coverage->guarded_ms)
        return false;
    if (!coverage->overlap_said) {
        char until[TIME_TEXT_BYTES];
        time_format(coverage->guarded_ms, until);
        log_info("baseline.overlap",
                 "%.*s:%.*s begins before %s, where the baseline's history and its guard gap end: it and others like "
                 "it, which are counted, may be judged by a history that holds them",
                 SPAN_ARG(report->source), SPAN_ARG(report->source_id), until);
        coverage->overlap_said = true;
    }
    return true;
}
