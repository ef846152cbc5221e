/* The upper tail of the negative binomial, as the core test needs it (method §3): how improbable k neighbours are where
 * the history has h.
 *
 *   h events in L ──▶ rate ~ Gamma(h + 1, L) ──▶ count in e ~ NB(size h + 1, prob 1/(1 + r)), r = e / L
 *
 * One continued fraction, exact to a few units in the 15th digit; pure functions, nothing allocated. */
#pragma once

#include <stdint.h>

#define TAIL_COUNT_MAX (1u << 30) /* of h and of k */

/* P( NB(size = h + 1, prob = 1/(1 + r)) ≥ k ), r > 0: to 1e-12 of its value, down to 1e-300. Rises with h and with r,
 * falls with k; 1 at k = 0. */
double tail_probability(uint32_t history, double ratio, uint32_t neighbours);
/* K: the least k ≥ floor with that probability ≤ alpha. TAIL_COUNT_MAX where there is none below. */
uint32_t tail_threshold(uint32_t history, double ratio, uint32_t floor, double alpha);
/* The greatest h whose K is at most `threshold`: the inversion that tables are made with. −1: none. hint: a guess, the
 * nearer the faster. At most history_max is answered. */
int64_t tail_history_last(uint32_t threshold, double ratio, uint32_t floor, double alpha, int64_t hint,
                          uint32_t history_max);
