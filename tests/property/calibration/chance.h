/* One seed of the README's table: a year of noise, judged with a constant and with a history, with and without a
 * campaign. */
#pragma once

#include "tests/property/calibration/judge.h"

#define CHANCE_INCIDENTS    20000u
#define CHANCE_UNCALIBRATED 5u
#define CHANCE_ALPHA        1e-4
#define CHANCE_FOUND        7u /* incidents of the campaign in one episode */

struct chance {
    size_t uncalibrated; /* episodes of the year of noise */
    size_t calibrated;
    double emptiest_km;                         /* from the campaign's line to the nearest town */
    size_t found[CAMPAIGN_ORDERS];              /* incidents of the campaign in one episode, at most */
    size_t found_uncalibrated[CAMPAIGN_ORDERS]; /* the same with the constant */
};

struct chance chance_of(uint64_t seed);

/* Over many seeds. Starts as {0}. */
struct chance_range {
    size_t sum;
    size_t least;
    size_t most;
};
struct chance_sum {
    size_t seeds;
    struct chance_range uncalibrated;
    struct chance_range calibrated;
    size_t found[CAMPAIGN_ORDERS]; /* seeds in which one episode holds CHANCE_FOUND of the campaign */
    size_t found_uncalibrated[CAMPAIGN_ORDERS];
};
void chance_add(struct chance_sum *sum, const struct chance *chance);
/* The table of the README, in Markdown. */
#define CHANCE_TABLE_BYTES 1024
void chance_table(const struct chance_sum *sum, char ret_table[CHANCE_TABLE_BYTES]);
