#include "cli/explain/chance.h"

#include "base/time_text.h"
#include "cli/explain/facts.h"
#include "cli/explain/page.h"
#include "correlator/baseline/surprise.h"

#include <math.h>
#include <stdlib.h>

/* --- from the baseline's file --- */

enum status chance_baseline(const struct baseline *baseline, const struct episode *episode,
                            const struct baseline_rule **ret_rule, char ret_reason[256])
{
    *ret_rule = NULL;
    if (baseline == NULL || !episode->calibrated)
        return STATUS_OK;
    if (!span_equal(episode->baseline_hash, span_of(baseline_hash(baseline)))) {
        (void)snprintf(ret_reason, 256, "this baseline is %s, the episode was judged by %.*s", baseline_hash(baseline),
                       SPAN_ARG(episode->baseline_hash));
        return STATUS_INVALID;
    }
    *ret_rule = baseline_rule_find(baseline, episode->rule);
    if (*ret_rule != NULL)
        return STATUS_OK;
    (void)snprintf(ret_reason, 256, "this baseline has no rule \"%.*s\"", SPAN_ARG(episode->rule));
    return STATUS_INVALID;
}

static int compare_cells(const void *a, const void *b)
{
    const struct baseline_cell *one = a, *other = b;
    if (one->x != other->x)
        return one->x < other->x ? -1 : 1;
    if (one->y != other->y)
        return one->y < other->y ? -1 : 1;
    return (one->z > other->z) - (one->z < other->z);
}

static enum status count_cubes(const struct baseline_rule *rule, const struct point *members, size_t count,
                               size_t *ret_cubes)
{
    struct baseline_cell *cells = calloc(count + 1, sizeof *cells);
    size_t cubes = 0;
    if (cells == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        cells[i] = baseline_footprint_of(rule, members[i]);
    qsort(cells, count, sizeof *cells, compare_cells);
    for (size_t i = 0; i < count; i++)
        cubes += i == 0 || compare_cells(&cells[i - 1], &cells[i]) != 0;
    free(cells);
    *ret_cubes = cubes;
    return STATUS_OK;
}

enum status chance_measure(const struct baseline_rule *rule, const struct episode *episode, const struct point *members,
                           size_t count, struct chance *ret_chance)
{
    struct surprise surprise;
    struct chance chance = {
        .has_file = true,
        .exposure_ms =
            episode->last_ms - episode->first_ms + 2 * baseline_window_ms(rule) + baseline_mean_length_ms(rule),
        .mean_length_ms = baseline_mean_length_ms(rule),
        .history_ms = baseline_history_ms(rule),
    };
    enum status status =
        surprise_of(rule, members, count, episode->first_ms, episode->last_ms, episode->state, &surprise);
    if (status == STATUS_OK)
        status = count_cubes(rule, members, count, &chance.cubes);
    if (status != STATUS_OK)
        return status;
    const struct curve *curve =
        baseline_curve(rule, episode->state == EPISODE_FLAGGED ? BASELINE_CURVE_FLAGGED : BASELINE_CURVE_ANY);
    chance.history = surprise.history;
    chance.years = curve->years;
    chance.exceedances = curve->years > 0 ? curve_exceedances(curve, episode->score) : 0;
    *ret_chance = chance;
    return STATUS_OK;
}

/* --- in words --- */

void recurrence_words(double days, bool at_least, char ret_text[96])
{
    double years = days / DAYS_IN_YEAR;
    char every[48];
    if (years >= 9.5)
        (void)snprintf(every, sizeof every, "%.0f years", years);
    else if (years >= 1.5)
        (void)snprintf(every, sizeof every, "%.2g years", years);
    else if (days >= 9.5)
        (void)snprintf(every, sizeof every, "%.0f days", days);
    else
        (void)snprintf(every, sizeof every, "%.2g days", days);
    (void)snprintf(ret_text, 96, at_least ? "at least every %s, 95 %%" : "about every %s", every);
}

/* Of a bound the years are known without the file: it is a third of them. */
static void print_recurrence(const struct episode *episode, const struct chance *chance, FILE *stream, size_t indent)
{
    char words[96];
    bool at_least = episode->recurrence_at_least;
    if (!isfinite(episode->recurrence_days)) {
        page_write(stream, "", indent, "no null years were simulated: how often chance makes one like it is not known");
        return;
    }
    recurrence_words(episode->recurrence_days, at_least, words);
    if (at_least)
        page_print(stream, "", indent, "chance alone made none like it in %.0f simulated years: %s",
                   3 * episode->recurrence_days / DAYS_IN_YEAR, words);
    else if (chance->has_file)
        page_print(stream, "", indent, "chance alone would make one like it %s: %llu in %llu simulated years", words,
                   (unsigned long long)chance->exceedances, (unsigned long long)chance->years);
    else
        page_print(stream, "", indent, "chance alone would make one like it %s", words);
}

void chance_print(const struct episode *episode, const struct chance *chance, FILE *stream, size_t indent)
{
    if (!episode->calibrated) {
        page_write(stream, "chance", indent, "not calibrated: no baseline says how many incidents are normal here");
        return;
    }
    page_print(stream, "chance", indent, "%llu observed, %.4g expected: score %.6g (baseline %.*s)",
               (unsigned long long)episode->observed, episode->expected, episode->score,
               SPAN_ARG(episode->baseline_hash));
    print_recurrence(episode, chance, stream, indent);
    if (!chance->has_file)
        return;
    char exposure[DURATION_TEXT_BYTES], length[DURATION_TEXT_BYTES], cubes[32];
    duration_words(chance->exposure_ms, exposure);
    duration_words(chance->history_ms, length);
    (void)snprintf(cubes, sizeof cubes, "%zu cube%s", chance->cubes, chance->cubes == 1 ? "" : "s");
    page_print(stream, "", indent, "expected: (%llu + 1) x %s / %s; the history has %llu in its %s",
               (unsigned long long)chance->history, exposure, length, (unsigned long long)chance->history, cubes);
}

/* --- as JSON --- */

static void add_number(struct text *text, const char *key, double value)
{
    text_print(text, ",\"%s\":", key);
    text_json_number(text, value);
}

void chance_json(const struct episode *episode, const struct chance *chance, struct text *text)
{
    text_append(text, SPAN(",\"chance\":"));
    if (!episode->calibrated) {
        text_append(text, SPAN("null"));
        return;
    }
    text_append(text, SPAN("{"));
    json_id(text, "baseline_hash", episode->baseline_hash);
    text_print(text, ",\"observed\":%llu", (unsigned long long)episode->observed);
    add_number(text, "expected", episode->expected);
    add_number(text, "score", episode->score);
    add_number(text, "recurrence_days", episode->recurrence_days);
    text_print(text, ",\"recurrence_at_least\":%s,\"footprint\":", episode->recurrence_at_least ? "true" : "false");
    if (chance->has_file)
        text_print(text,
                   "{\"cubes\":%zu,\"history\":%llu,\"exposure_ms\":%lld,\"mean_length_ms\":%lld,\"history_ms\":%lld},"
                   "\"years\":%llu,\"exceedances\":%llu}",
                   chance->cubes, (unsigned long long)chance->history, (long long)chance->exposure_ms,
                   (long long)chance->mean_length_ms, (long long)chance->history_ms, (unsigned long long)chance->years,
                   (unsigned long long)chance->exceedances);
    else
        text_append(text, SPAN("null,\"years\":null,\"exceedances\":null}"));
}
