#include "proto/digest.h"

#include <math.h>

void digest_start(struct digest *digest)
{
    (void)crypto_generichash_init(&digest->state, NULL, 0, DIGEST_BYTES);
    digest->waiting_size = 0;
}

static void hand_on(struct digest *digest)
{
    (void)crypto_generichash_update(&digest->state, digest->waiting, digest->waiting_size);
    digest->waiting_size = 0;
}

static void add(struct digest *digest, const void *bytes, size_t size)
{
    if (size > sizeof digest->waiting - digest->waiting_size)
        hand_on(digest);
    if (size > sizeof digest->waiting) {
        (void)crypto_generichash_update(&digest->state, bytes, size);
    } else if (size > 0) {
        memcpy(digest->waiting + digest->waiting_size, bytes, size);
        digest->waiting_size += size;
    }
}

void digest_integer(struct digest *digest, uint64_t value)
{
    unsigned char bytes[8];
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(value >> (56 - 8 * i));
    add(digest, bytes, sizeof bytes);
}

void digest_real(struct digest *digest, double value)
{
    uint64_t bits;
    _Static_assert(sizeof bits == sizeof value, "doubles are IEEE 754 binary64");
    memcpy(&bits, &value, sizeof bits);
    digest_integer(digest, isnan(value) ? 0x7ff8000000000000u : bits);
}

void digest_text(struct digest *digest, struct span value)
{
    digest_integer(digest, value.size);
    add(digest, value.data, value.size);
}

void digest_finish(struct digest *digest, unsigned char ret_digest[DIGEST_BYTES])
{
    hand_on(digest);
    (void)crypto_generichash_final(&digest->state, ret_digest, DIGEST_BYTES);
}
