/* The key a webhook is signed with, and the signature (Standard Webhooks, https://www.standardwebhooks.com). */
#pragma once

#include "base/span.h"
#include "base/status.h"

#include <stdint.h>

#define SECRET_KEY_BYTES_MAX 256

struct secret {
    unsigned char key[SECRET_KEY_BYTES_MAX];
    size_t size;
};

/* "whsec_" and base64 (padded or not). STATUS_INVALID otherwise. */
enum status secret_parse(const char *text, struct secret *ret_secret) MUST_CHECK;

#define SIGNATURE_BYTES 64 /* room for "v1," and base64 of 32 bytes, and its NUL */
/* HMAC-SHA256 over id.timestamp.body. */
void secret_sign(const struct secret *secret, struct span id, int64_t timestamp_s, struct span body,
                 char ret_signature[SIGNATURE_BYTES]);
