/* Prints the table of the README: what chance makes of a year of noise, with a constant and with a baseline. Arguments:
 * the first seed and the last (1 50). */
#include "tests/property/calibration/chance.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    uint64_t last = argc > 2 ? strtoull(argv[2], NULL, 10) : 50;
    struct chance_sum sum = {0};
    for (uint64_t seed = first; seed <= last; seed++) {
        struct chance chance = chance_of(seed);
        chance_add(&sum, &chance);
        (void)fprintf(stderr, "seed %llu: %zu episodes, calibrated %zu; of the campaign %zu, %zu\n",
                      (unsigned long long)seed, chance.uncalibrated, chance.calibrated, chance.found[CAMPAIGN_MOVES],
                      chance.found[CAMPAIGN_MIXED]);
    }
    char table[CHANCE_TABLE_BYTES];
    chance_table(&sum, table);
    (void)fputs(table, stdout);
    return 0;
}
