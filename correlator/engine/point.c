/* Degrees to integers.
 *
 *   degrees ──exact reduction──▶ r in [−45, 45], quadrant ──▶ sin r, cos r ──▶ products ──× 2^28──▶ nearest integer
 *
 * First in doubles, whose error is below 2^-23 of a unit. Where that leaves the rounding open (one place in some 10^5),
 * once more in pairs of doubles (hi + lo, about 100 bits), so the integer is the nearest one and not only nearly
 * always. Nothing but IEEE + − × / and comparisons: every machine computes the same. About 60 ns a place. */
#include "correlator/engine/point.h"

#include <math.h>
#include <stdbool.h>

/* ---- pairs of doubles: an unevaluated sum, |lo| ≤ half a unit in the last place of hi ---- */
struct pair {
    double hi, lo;
};

#define PI_OVER_180_HI 0x1.1df46a2529d39p-6
#define PI_OVER_180_LO 0x1.5c1d8becdd291p-62

static struct pair pair_sum(double a, double b)
{
    double sum = a + b;
    double shown = sum - a;
    return (struct pair){sum, (a - (sum - shown)) + (b - shown)};
}

/* Of two numbers of which the first is the greater. */
static struct pair pair_carry(double a, double b)
{
    double sum = a + b;
    return (struct pair){sum, b - (sum - a)};
}

/* Halves of 26 bits, so that their products are exact. */
static struct pair pair_split(double a)
{
    double spread = a * 134217729.0; /* 2^27 + 1 */
    double hi = spread - (spread - a);
    return (struct pair){hi, a - hi};
}

static struct pair pair_product(double a, double b)
{
    double product = a * b;
    struct pair x = pair_split(a);
    struct pair y = pair_split(b);
    return (struct pair){product, ((x.hi * y.hi - product) + x.hi * y.lo + x.lo * y.hi) + x.lo * y.lo};
}

static struct pair pair_add(struct pair a, struct pair b)
{
    struct pair hi = pair_sum(a.hi, b.hi);
    struct pair lo = pair_sum(a.lo, b.lo);
    struct pair sum = pair_carry(hi.hi, hi.lo + lo.hi);
    return pair_carry(sum.hi, sum.lo + lo.lo);
}

static struct pair pair_multiply(struct pair a, struct pair b)
{
    struct pair product = pair_product(a.hi, b.hi);
    return pair_carry(product.hi, product.lo + (a.hi * b.lo + a.lo * b.hi));
}

static struct pair pair_divide(struct pair a, double b)
{
    double quotient = a.hi / b;
    struct pair back = pair_product(quotient, b);
    return pair_carry(quotient, ((a.hi - back.hi) - back.lo + a.lo) / b);
}

/* Σ (−1)^k t^(first + 2k) / (first + 2k)!, where first is 0 for the cosine and 1 for the sine; |t| ≤ π/2. */
static struct pair pair_series(struct pair t, int first)
{
    struct pair square = pair_multiply(t, t);
    struct pair term = first == 0 ? (struct pair){1.0, 0.0} : t;
    struct pair sum = term;
    for (int n = first + 1; n < 40; n += 2) {
        term = pair_divide(pair_multiply(term, square), -(double)(n * (n + 1)));
        sum = pair_add(sum, term);
    }
    return sum;
}

/* ---- sine and cosine of degrees ---- */
struct direction {
    double sine, cosine;
};
struct direction_pair {
    struct pair sine, cosine;
};

/* x = 90·quadrant + rest, rest in [−45, 45] exactly: both subtractions are between numbers within a factor of two. */
static double degrees_reduce(double x, int *ret_quadrant)
{
    int quadrant = 0;
    if (x > 135.0)
        quadrant = 2;
    else if (x > 45.0)
        quadrant = 1;
    else if (x < -135.0)
        quadrant = -2;
    else if (x < -45.0)
        quadrant = -1;
    *ret_quadrant = quadrant & 3;
    return x - 90.0 * quadrant;
}

static struct direction direction_turn(double sine, double cosine, int quadrant)
{
    const struct direction turned[4] = {{sine, cosine}, {cosine, -sine}, {-sine, -cosine}, {-cosine, sine}};
    return turned[quadrant];
}

static struct direction direction_of(double degrees)
{
    int quadrant;
    double rest = degrees_reduce(degrees, &quadrant);
    double t = rest * PI_OVER_180_HI;
    double s = t * t;
    /* Taylor: beyond the last terms less than 2^-60 is left at 45°. */
    double sine = 1.0 / 355687428096000.0;
    sine = sine * s - 1.0 / 1307674368000.0;
    sine = sine * s + 1.0 / 6227020800.0;
    sine = sine * s - 1.0 / 39916800.0;
    sine = sine * s + 1.0 / 362880.0;
    sine = sine * s - 1.0 / 5040.0;
    sine = sine * s + 1.0 / 120.0;
    sine = sine * s - 1.0 / 6.0;
    sine = t + t * (sine * s);
    double cosine = -1.0 / 6402373705728000.0;
    cosine = cosine * s + 1.0 / 20922789888000.0;
    cosine = cosine * s - 1.0 / 87178291200.0;
    cosine = cosine * s + 1.0 / 479001600.0;
    cosine = cosine * s - 1.0 / 3628800.0;
    cosine = cosine * s + 1.0 / 40320.0;
    cosine = cosine * s - 1.0 / 720.0;
    cosine = cosine * s + 1.0 / 24.0;
    cosine = 1.0 - (0.5 * s - cosine * (s * s));
    return direction_turn(sine, cosine, quadrant);
}

static struct pair pair_negate(struct pair a)
{
    return (struct pair){-a.hi, -a.lo};
}

static struct direction_pair direction_pair_of(double degrees)
{
    int quadrant;
    double rest = degrees_reduce(degrees, &quadrant);
    struct pair t = pair_multiply((struct pair){rest, 0.0}, (struct pair){PI_OVER_180_HI, PI_OVER_180_LO});
    struct pair sine = pair_series(t, 1);
    struct pair cosine = pair_series(t, 0);
    const struct direction_pair turned[4] = {{sine, cosine},
                                             {cosine, pair_negate(sine)},
                                             {pair_negate(sine), pair_negate(cosine)},
                                             {pair_negate(cosine), sine}};
    return turned[quadrant];
}

/* ---- to the nearest integer ---- */
#define ROUNDING_DOUBT 0x1p-20 /* in units; the error of the doubles is below 2^-23 */

/* False where the nearest integer is in doubt. */
static bool nearest(double value, int32_t *ret_integer)
{
    double scaled = value * POINT_SCALE;
    int32_t below = (int32_t)scaled; /* toward zero; |scaled| ≤ 2^28 and a little */
    double rest = scaled - below;    /* exact */
    double half = (rest < 0.0 ? -rest : rest) - 0.5;
    *ret_integer = half < 0.0 ? below : below + (rest < 0.0 ? -1 : 1);
    return half < -ROUNDING_DOUBT || half > ROUNDING_DOUBT;
}

/* A true half goes away from zero. */
static int32_t pair_nearest(struct pair value)
{
    double hi = value.hi * POINT_SCALE;
    double lo = value.lo * POINT_SCALE;
    int32_t below = (int32_t)hi;
    double rest = (hi - below) + lo;
    if (rest >= 0.5)
        return below + 1;
    return rest <= -0.5 ? below - 1 : below;
}

struct point point_from_degrees(double lat, double lon)
{
    struct direction north = direction_of(lat);
    struct direction east = direction_of(lon);
    struct point point;
    bool sure = nearest(north.cosine * east.cosine, &point.x);
    sure = nearest(north.cosine * east.sine, &point.y) && sure;
    sure = nearest(north.sine, &point.z) && sure;
    if (sure)
        return point;
    struct direction_pair north_pair = direction_pair_of(lat);
    struct direction_pair east_pair = direction_pair_of(lon);
    point.x = pair_nearest(pair_multiply(north_pair.cosine, east_pair.cosine));
    point.y = pair_nearest(pair_multiply(north_pair.cosine, east_pair.sine));
    point.z = pair_nearest(north_pair.sine);
    return point;
}

/* Above every squared chord, and above the diagonal of every box of points (3 · 2^58). */
#define CHORD2_ALL ((int64_t)1 << 60)

int64_t chord2_from_km(double reach_km)
{
    if (!(reach_km > 0.0))
        return 0;
    if (reach_km >= 20015.1)
        return CHORD2_ALL;
    struct pair half_angle = pair_divide((struct pair){reach_km, 0.0}, 2.0 * EARTH_RADIUS_KM);
    struct pair chord = pair_series(half_angle, 1);
    chord.hi *= 2.0 * POINT_SCALE;
    chord.lo *= 2.0 * POINT_SCALE;
    struct pair square = pair_multiply(chord, chord);
    int64_t floor = (int64_t)square.hi; /* not negative: toward zero is down */
    double rest = (square.hi - (double)floor) + square.lo;
    while (rest < 0.0) {
        floor--;
        rest += 1.0;
    }
    return floor + (int64_t)rest;
}

double chord2_to_km(int64_t chord2)
{
    double half = sqrt((double)chord2) / (2.0 * POINT_SCALE);
    return 2.0 * EARTH_RADIUS_KM * asin(half < 1.0 ? half : 1.0);
}
