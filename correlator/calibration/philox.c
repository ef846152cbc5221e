#include "correlator/calibration/philox.h"

#define ROUNDS       10
#define MULTIPLIER_0 UINT32_C(0xD2511F53)
#define MULTIPLIER_1 UINT32_C(0xCD9E8D57)
#define WEYL_0       UINT32_C(0x9E3779B9) /* what the key's halves are raised by, round by round */
#define WEYL_1       UINT32_C(0xBB67AE85)

struct philox philox_at(uint64_t key, struct philox counter)
{
    uint32_t low = (uint32_t)key;
    uint32_t high = (uint32_t)(key >> 32);
    uint32_t *word = counter.words;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t one = (uint64_t)MULTIPLIER_0 * word[0];
        uint64_t other = (uint64_t)MULTIPLIER_1 * word[2];
        word[0] = (uint32_t)(other >> 32) ^ word[1] ^ low;
        word[1] = (uint32_t)other;
        word[2] = (uint32_t)(one >> 32) ^ word[3] ^ high;
        word[3] = (uint32_t)one;
        low += WEYL_0;
        high += WEYL_1;
    }
    return counter;
}
