/* Dice: the same seed gives the same rolls on every machine. The state is the caller's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};
uint64_t dice_roll(struct dice *dice);
/* 0 … sides − 1 */
uint32_t dice_below(struct dice *dice, uint32_t sides);
/* 0 ≤ … < 1 */
double dice_real(struct dice *dice);
/* In place. */
void dice_shuffle(struct dice *dice, uint32_t *items, uint32_t count);

/* One of an array of numbers. */
#define DICE_PICK(dice, items) ((items)[dice_below((dice), (uint32_t)(sizeof(items) / sizeof((items)[0])))])
