#include "tests/support/dice.h"

uint64_t dice_roll(struct dice *dice)
{
    /* splitmix64 */
    uint64_t z = dice->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t dice_below(struct dice *dice, uint32_t sides)
{
    return (uint32_t)(dice_roll(dice) % sides);
}

double dice_real(struct dice *dice)
{
    return (double)(dice_roll(dice) >> 11) * 0x1p-53;
}

void dice_shuffle(struct dice *dice, uint32_t *items, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = dice_below(dice, i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[j];
        items[j] = item;
    }
}
