/* I_q(a, b), a = k, b = h + 1, on the side where the fraction converges; on the other it is 1 − I_p(b, a), where the
 * value is no small one and nothing is lost.
 *
 *   I_q(a, b) = weight / a · 1/(1 + d1/(1 + d2/(1 + …)))        weight = q^a p^b / B(a, b)
 *
 * The weight as a binomial mass: powers of q and p and the gamma functions are never formed, only what is left of them
 * when the great parts have cancelled (deviances and Stirling's remainders). */
#include "correlator/baseline/tail.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

#define STEPS_MAX 2000000

/* ln n! − Stirling's √(2πn)(n/e)^n, n ≥ 1. */
static long double stirling_rest(long double n)
{
    if (n < 16.0L) /* exact enough by subtraction: ln 16! is 31 */
        return lgammal(n + 1.0L) - ((n + 0.5L) * logl(n) - n + 0.918938533204672741780329736406L);
    long double s = 1.0L / (n * n);
    long double sum = 1.0L / 156.0L; /* Bernoulli numbers B(2j) / 2j(2j − 1), signs alternating, from j = 7 down */
    sum = 691.0L / 360360.0L - s * sum;
    sum = 1.0L / 1188.0L - s * sum;
    sum = 1.0L / 1680.0L - s * sum;
    sum = 1.0L / 1260.0L - s * sum;
    sum = 1.0L / 360.0L - s * sum;
    sum = 1.0L / 12.0L - s * sum;
    return sum / n;
}

/* x ln(x/m) + m − x ≥ 0, where x − m is given, for m may be close to x. */
static long double deviance(long double x, long double m, long double difference)
{
    long double v = difference / (x + m);
    if (fabsl(v) > 0.1L)
        return x * logl(x / m) - difference;
    long double sum = difference * v;
    long double power = 2.0L * x * v;
    for (int j = 3; j < 100; j += 2) {
        power *= v * v;
        long double next = sum + power / j;
        if (next == sum)
            break;
        sum = next;
    }
    return sum;
}

/* q^a p^b / B(a, b). */
static long double weight(long double a, long double b, long double ratio)
{
    long double n = a + b;
    long double difference = (a - b * ratio) / (1.0L + ratio); /* a − n q = n p − b */
    long double exponent = stirling_rest(n) - stirling_rest(a) - stirling_rest(b) -
                           deviance(a, n * ratio / (1.0L + ratio), difference) -
                           deviance(b, n / (1.0L + ratio), -difference);
    return sqrtl(a * b / (6.283185307179586476925286766559L * n)) * expl(exponent);
}

/* The fraction of I_x(a, b), by Lentz's method; converges fast where x < (a + 1)/(a + b + 2). */
static long double fraction(long double a, long double b, long double x)
{
    const long double tiny = 1e-4000L > 0.0L ? 1e-4000L : 1e-290L;
    long double c = 1.0L;
    long double d = 1.0L - (a + b) * x / (a + 1.0L);
    d = 1.0L / (fabsl(d) < tiny ? tiny : d);
    long double value = d;
    for (int step = 1; step < STEPS_MAX; step++) {
        long double m = step;
        long double even = m * (b - m) * x / ((a + 2.0L * m - 1.0L) * (a + 2.0L * m));
        d = 1.0L + even * d;
        c = 1.0L + even / c;
        d = 1.0L / (fabsl(d) < tiny ? tiny : d);
        c = fabsl(c) < tiny ? tiny : c;
        value *= d * c;
        long double odd = -(a + m) * (a + b + m) * x / ((a + 2.0L * m) * (a + 2.0L * m + 1.0L));
        d = 1.0L + odd * d;
        c = 1.0L + odd / c;
        d = 1.0L / (fabsl(d) < tiny ? tiny : d);
        c = fabsl(c) < tiny ? tiny : c;
        value *= d * c;
        if (fabsl(d * c - 1.0L) < 4.0L * LDBL_EPSILON)
            break;
    }
    return value;
}

double tail_probability(uint32_t history, double ratio, uint32_t neighbours)
{
    assert(ratio > 0.0 && history <= TAIL_COUNT_MAX && neighbours <= TAIL_COUNT_MAX);
    if (neighbours == 0)
        return 1.0;
    long double a = neighbours, b = (long double)history + 1.0L;
    long double q = (long double)ratio / (1.0L + ratio), p = 1.0L / (1.0L + ratio);
    long double factor = weight(a, b, ratio);
    if (factor == 0.0L) /* out of what numbers can say: far beyond the mean, or far below it */
        return a > b * ratio ? 0.0 : 1.0;
    if (q < (a + 1.0L) / (a + b + 2.0L))
        return (double)(factor * fraction(a, b, q) / a);
    return (double)(1.0L - factor * fraction(b, a, p) / b);
}

long double tail_mass(uint32_t history, double ratio, uint32_t neighbours)
{
    long double b = (long double)history + 1.0L;
    if (neighbours == 0)
        return expl(-b * log1pl(ratio));
    return weight(neighbours, b, ratio) / neighbours;
}

uint32_t tail_threshold(uint32_t history, double ratio, uint32_t floor, double alpha)
{
    if (tail_probability(history, ratio, floor) <= alpha)
        return floor;
    /* At `low` it is above alpha, at `high` no more. */
    uint32_t low = floor, step = 1, high = floor;
    while (high < TAIL_COUNT_MAX && tail_probability(history, ratio, high) > alpha) {
        low = high;
        high = step < TAIL_COUNT_MAX - high ? high + step : TAIL_COUNT_MAX;
        step *= step < TAIL_COUNT_MAX / 2 ? 2 : 1;
    }
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (tail_probability(history, ratio, middle) > alpha)
            low = middle;
        else
            high = middle;
    }
    return high;
}
