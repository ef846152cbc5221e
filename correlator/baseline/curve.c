#include "correlator/baseline/curve.h"

#include <stdlib.h>

#define ALONE_MAX 1000u /* so many of the rarest are never thinned; beyond, steps are a thousandth apart */

static int compare_scores(const void *a, const void *b)
{
    const double *one = a;
    const double *other = b;
    return (*one > *other) - (*one < *other);
}

/* Is the step that more scores reach worth telling apart from the one before? */
static bool is_apart(uint64_t exceedances, uint64_t last)
{
    return exceedances <= ALONE_MAX || (exceedances - last) * ALONE_MAX >= last;
}

size_t curve_make(double *scores, size_t count, struct curve_step *ret_steps)
{
    qsort(scores, count, sizeof *scores, compare_scores);
    size_t made = 0;
    uint64_t last = 0;
    for (size_t i = count; i-- > 0;) { /* from the highest; i is the first of its score where the one before is less */
        if (i > 0 && !(scores[i - 1] < scores[i]))
            continue;
        uint64_t exceedances = count - i;
        if (i > 0 && !is_apart(exceedances, last))
            continue;
        ret_steps[made++] = (struct curve_step){scores[i], exceedances};
        last = exceedances;
    }
    for (size_t i = 0; i < made / 2; i++) {
        struct curve_step step = ret_steps[i];
        ret_steps[i] = ret_steps[made - 1 - i];
        ret_steps[made - 1 - i] = step;
    }
    return made;
}

uint64_t curve_exceedances(const struct curve *curve, double score)
{
    size_t low = 0;
    size_t high = curve->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (curve->steps[middle].score < score)
            low = middle + 1;
        else
            high = middle;
    }
    return low < curve->count ? curve->steps[low].exceedances : 0;
}

double curve_recurrence_days(const struct curve *curve, double score, bool *ret_at_least)
{
    uint64_t exceedances = curve_exceedances(curve, score);
    *ret_at_least = exceedances == 0;
    double days = (double)curve->years * DAYS_IN_YEAR;
    return exceedances == 0 ? days / 3.0 : days / (double)exceedances;
}
