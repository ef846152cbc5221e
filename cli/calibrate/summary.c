#include "cli/calibrate/summary.h"

#include "cli/table.h"

#include <stdlib.h>

#define PLACES_MAX 20000u /* of the history, that are asked what is normal there: all of a small one */
#define CELL_BYTES 64

static int compare_counts(const void *a, const void *b)
{
    const uint32_t *one = a;
    const uint32_t *other = b;
    return (*one > *other) - (*one < *other);
}

/* h where half of the history's incidents have less, and where one has most. */
static enum status typical_places(const struct baseline_rule *history, uint32_t *ret_median, uint32_t *ret_most)
{
    size_t count = history_count(history);
    size_t step = count / PLACES_MAX + 1;
    uint32_t *counts = malloc((count / step + 1) * sizeof *counts);
    if (counts == NULL)
        return STATUS_NO_MEMORY;
    size_t asked = 0;
    for (size_t i = 0; i < count; i += step)
        counts[asked++] = baseline_history(history, baseline_cell_of(history, history_points(history)[i]));
    qsort(counts, asked, sizeof *counts, compare_counts);
    *ret_median = asked > 0 ? counts[asked / 2] : 0;
    *ret_most = asked > 0 ? counts[asked - 1] : 0;
    free(counts);
    return STATUS_OK;
}

static enum status add_rule(struct table *table, const struct summary_rule *rule)
{
    uint32_t median, most;
    enum status status = typical_places(rule->history, &median, &most);
    if (status != STATUS_OK)
        return status;
    char name[CELL_BYTES], incidents[CELL_BYTES], nowhere[CELL_BYTES], typical[CELL_BYTES], busiest[CELL_BYTES];
    char years[CELL_BYTES], flagged[CELL_BYTES], any[CELL_BYTES];
    (void)snprintf(name, sizeof name, "%.*s", SPAN_ARG(rule->name));
    (void)snprintf(incidents, sizeof incidents, "%zu", rule->pool->counting);
    (void)snprintf(nowhere, sizeof nowhere, "%u", baseline_threshold(rule->history, 0, 0));
    (void)snprintf(typical, sizeof typical, "%u (%u)", baseline_threshold(rule->history, median, 0), median);
    (void)snprintf(busiest, sizeof busiest, "%u (%u)", baseline_threshold(rule->history, most, 0), most);
    (void)snprintf(years, sizeof years, "%llu",
                   (unsigned long long)rule->calibration->curves[BASELINE_CURVE_ANY].years);
    (void)snprintf(flagged, sizeof flagged, "%.2f", calibration_rate(rule->calibration, BASELINE_CURVE_FLAGGED));
    (void)snprintf(any, sizeof any, "%.2f", calibration_rate(rule->calibration, BASELINE_CURVE_ANY));
    const char *const cells[] = {name, incidents, nowhere, typical, busiest, years, flagged, any};
    return table_add(table, cells);
}

enum status summary_print(const struct summary_rule *rules, size_t count, FILE *stream)
{
    static const struct table_column columns[] = {
        {"RULE", COLUMN_TEXT},
        {"HISTORY", COLUMN_NUMBER},
        {"K (h 0)", COLUMN_NUMBER},
        {"K (TYPICAL h)", COLUMN_NUMBER},
        {"K (GREATEST h)", COLUMN_NUMBER},
        {"NULL YEARS", COLUMN_NUMBER},
        {"FALSE FLAGGED/YEAR", COLUMN_NUMBER},
        {"FALSE ANY/YEAR", COLUMN_NUMBER},
    };
    struct table *table;
    enum status status = table_open(stream, columns, sizeof columns / sizeof columns[0], &table);
    if (status != STATUS_OK)
        return status;
    double flagged = 0.0, any = 0.0;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = add_rule(table, &rules[i]);
        flagged += calibration_rate(rules[i].calibration, BASELINE_CURVE_FLAGGED);
        any += calibration_rate(rules[i].calibration, BASELINE_CURVE_ANY);
    }
    enum status closed = table_close(table);
    if (status == STATUS_OK)
        status = closed;
    if (status == STATUS_OK)
        fprintf(stream, "the background alone: %.2f flagged episodes a year over all rules, %.2f with candidates\n",
                flagged, any);
    return status;
}
