#include "correlator/archive.h"

#include <sodium.h>
#include <string.h>

uint64_t archive_id_hash(struct span id)
{
    unsigned char bytes[crypto_generichash_BYTES_MIN];
    (void)crypto_generichash(bytes, sizeof bytes, (const unsigned char *)id.data, id.size, NULL, 0);
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof hash; i++) /* the same, however the machine orders bytes */
        hash |= (uint64_t)bytes[i] << 8 * i;
    return hash;
}
