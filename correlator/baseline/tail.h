/* The upper tail of the negative binomial, as the core test needs it (method §3): how improbable k neighbours are where
 * the history has h.
 *
 *   h events in L ──▶ rate ~ Gamma(h + 1, L) ──▶ count in e ~ NB(size h + 1, prob 1/(1 + r)), r = e / L
 *
 * P(NB ≥ k) = I_q(k, h + 1), the regularised incomplete beta function at q = r/(1 + r). Source: NIST DLMF 8.17; the
 * weight before the fraction after C. Loader, Fast and Accurate Computation of Binomial Probabilities (2000). Pure
 * functions; the computation is in long double, so that nothing is lost where h and k are in the millions. */
#pragma once

#include <stdint.h>

#define TAIL_COUNT_MAX (1u << 30) /* of h and of k */

/* P( NB(size = h + 1, prob = 1/(1 + r)) ≥ k ), r > 0: to 1e-12 of its value, down to 1e-300. Rises with h and with r,
 * falls with k; 1 at k = 0. O(√(h + k)) at worst, some 200 ns where they are small. */
double tail_probability(uint32_t history, double ratio, uint32_t neighbours);
/* P( NB = k ). */
long double tail_mass(uint32_t history, double ratio, uint32_t neighbours);
/* K: the least k ≥ floor with P ≤ alpha; TAIL_COUNT_MAX where there is none below. O(log K) probabilities. */
uint32_t tail_threshold(uint32_t history, double ratio, uint32_t floor, double alpha);
