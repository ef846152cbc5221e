#include "sink/secret.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum status secret_parse(const char *text, struct secret *ret_secret)
{
    static const char prefix[] = "whsec_";
    if (strncmp(text, prefix, sizeof prefix - 1) != 0)
        return STATUS_INVALID;
    text += sizeof prefix - 1;
    static const int variants[] = {sodium_base64_VARIANT_ORIGINAL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING};
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        struct secret secret = {0};
        if (sodium_base642bin(secret.key, sizeof secret.key, text, strlen(text), NULL, &secret.size, NULL,
                              variants[i]) == 0 &&
            secret.size > 0) {
            *ret_secret = secret;
            return STATUS_OK;
        }
    }
    return STATUS_INVALID;
}

void secret_sign(const struct secret *secret, struct span id, int64_t timestamp_s, struct span body,
                 char ret_signature[SIGNATURE_BYTES])
{
    char timestamp[32];
    int size = snprintf(timestamp, sizeof timestamp, ".%" PRId64 ".", timestamp_s);
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    (void)crypto_auth_hmacsha256_init(&state, secret->key, secret->size);
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)id.data, id.size);
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)timestamp, (unsigned long long)size);
    (void)crypto_auth_hmacsha256_update(&state, (const unsigned char *)body.data, body.size);
    (void)crypto_auth_hmacsha256_final(&state, mac);
    memcpy(ret_signature, "v1,", 3);
    (void)sodium_bin2base64(ret_signature + 3, SIGNATURE_BYTES - 3, mac, sizeof mac, sodium_base64_VARIANT_ORIGINAL);
}
