#include "bus/keys/key.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX 16384

/* --- Z85: five characters for four bytes, as ZeroMQ writes keys (rfc.zeromq.org/spec/32) --- */

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

bool key_parse(struct span text, struct key *ret_key)
{
    struct key key;
    if (text.size != KEY_TEXT_BYTES - 1)
        return false;
    for (size_t i = 0; i < KEY_BYTES / 4; i++) {
        uint64_t value = 0;
        for (size_t j = 0; j < 5; j++) {
            char character = text.data[i * 5 + j];
            const char *digit = character != '\0' ? strchr(digits, character) : NULL;
            if (digit == NULL)
                return false;
            value = value * 85 + (uint64_t)(digit - digits);
        }
        if (value > UINT32_MAX)
            return false;
        for (size_t j = 0; j < 4; j++)
            key.bytes[i * 4 + j] = (unsigned char)(value >> (24 - 8 * j));
    }
    *ret_key = key;
    return true;
}

void key_print(const struct key *key, char ret_text[KEY_TEXT_BYTES])
{
    for (size_t i = 0; i < KEY_BYTES / 4; i++) {
        uint32_t value = 0;
        for (size_t j = 0; j < 4; j++)
            value = value << 8 | key->bytes[i * 4 + j];
        for (size_t j = 5; j-- > 0; value /= 85)
            ret_text[i * 5 + j] = digits[value % 85];
    }
    ret_text[KEY_TEXT_BYTES - 1] = '\0';
}

/* --- pairs --- */

bool key_equal(const struct key *a, const struct key *b)
{
    return sodium_memcmp(a->bytes, b->bytes, KEY_BYTES) == 0;
}

void key_pair_make(struct key_pair *ret_pair)
{
    if (sodium_init() < 0 || crypto_box_keypair(ret_pair->public.bytes, ret_pair->secret.bytes) != 0)
        abort(); /* no randomness: no key is better than a weak one */
}

void key_pair_of(const struct key *secret, struct key_pair *ret_pair)
{
    ret_pair->secret = *secret;
    (void)crypto_scalarmult_base(ret_pair->public.bytes, secret->bytes);
}

void key_pair_wipe(struct key_pair *pair)
{
    sodium_memzero(pair, sizeof *pair);
}

/* --- files --- */

static enum status failed(const char *path, char ret_reason[256])
{
    int error = errno;
    (void)snprintf(ret_reason, 256, "%.180s: %s", path, strerror(error));
    return status_from_errno(error);
}

static enum status file_write(const char *path, mode_t mode, struct span text, char ret_reason[256])
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return failed(path, ret_reason);
    bool whole = fchmod(fd, mode) == 0 && write(fd, text.data, text.size) == (ssize_t)text.size && fsync(fd) == 0;
    enum status status = whole ? STATUS_OK : failed(path, ret_reason);
    if (close(fd) != 0 && status == STATUS_OK)
        status = failed(path, ret_reason);
    if (status != STATUS_OK)
        (void)unlink(path);
    return status;
}

enum status key_secret_write(const char *path, const char *name, const struct key_pair *pair, char ret_reason[256])
{
    char secret[KEY_TEXT_BYTES], public[KEY_TEXT_BYTES], text[512];
    key_print(&pair->secret, secret);
    key_print(&pair->public, public);
    int size = snprintf(text, sizeof text,
                        "# The secret key of %.64s. Who can read it can speak as %.64s: keep it where it is.\n"
                        "metadata\n    name = \"%.64s\"\ncurve\n    public-key = \"%s\"\n    secret-key = \"%s\"\n",
                        name, name, name, public, secret);
    enum status status = file_write(path, 0600, (struct span){text, (size_t)size}, ret_reason);
    sodium_memzero(text, sizeof text);
    sodium_memzero(secret, sizeof secret);
    return status;
}

enum status key_public_write(const char *path, const char *name, const struct key *public, char ret_reason[256])
{
    char text[256], public_text[KEY_TEXT_BYTES];
    key_print(public, public_text);
    int size = snprintf(text, sizeof text,
                        "# The public key of %.64s.\nmetadata\n    name = \"%.64s\"\ncurve\n    public-key = \"%s\"\n",
                        name, name, public_text);
    return file_write(path, 0644, (struct span){text, (size_t)size}, ret_reason);
}

enum privacy { ANYONES, OWNERS };

static enum status file_read(const char *path, enum privacy privacy, char ret_text[FILE_BYTES_MAX],
                             char ret_reason[256])
{
    struct stat found;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return failed(path, ret_reason);
    enum status status = STATUS_OK;
    ssize_t size = 0;
    if (fstat(fd, &found) != 0) {
        status = failed(path, ret_reason);
    } else if (!S_ISREG(found.st_mode)) {
        (void)snprintf(ret_reason, 256, "%.200s is not a file", path);
        status = STATUS_INVALID;
    } else if (privacy == OWNERS && (found.st_mode & 077) != 0) {
        (void)snprintf(ret_reason, 256,
                       "%.90s is a secret key that others may read (mode %03o): chmod 600 it, and make a new one if "
                       "somebody may have",
                       path, (unsigned)found.st_mode & 0777);
        status = STATUS_PERMISSION;
    } else if ((size = read(fd, ret_text, FILE_BYTES_MAX - 1)) < 0) {
        status = failed(path, ret_reason);
    }
    (void)close(fd);
    ret_text[size > 0 ? size : 0] = '\0';
    return status;
}

/* The next value of a name, between its quotes; *place moves behind it. */
static bool value_next(const char **place, const char *name, struct span *ret_value)
{
    size_t name_size = strlen(name);
    for (const char *line = *place; *line != '\0';) {
        const char *end = line + strcspn(line, "\n");
        const char *word = line + strspn(line, " \t");
        const char *open = word + name_size;
        line = *end == '\n' ? end + 1 : end;
        if (strncmp(word, name, name_size) != 0)
            continue;
        open += strspn(open, " \t");
        open += *open == '=';
        open += strspn(open, " \t");
        open += *open == '"'; /* and no further: a key may begin with any of these but the quote */
        const char *close = open;
        while (close < end && *close != '"' && *close != '\r')
            close++;
        *ret_value = (struct span){open, (size_t)(close - open)};
        *place = line;
        return open <= end;
    }
    return false;
}

enum status key_secret_read(const char *path, struct key_pair *ret_pair, char ret_reason[256])
{
    char text[FILE_BYTES_MAX];
    struct span value;
    struct key secret;
    enum status status = file_read(path, OWNERS, text, ret_reason);
    const char *place = text;
    if (status == STATUS_OK && (!value_next(&place, "secret-key", &value) || !key_parse(value, &secret))) {
        (void)snprintf(ret_reason, 256, "%.180s holds no secret key: expected a line secret-key = \"…\"", path);
        status = STATUS_INVALID;
    }
    if (status == STATUS_OK)
        key_pair_of(&secret, ret_pair);
    sodium_memzero(text, sizeof text);
    sodium_memzero(&secret, sizeof secret);
    return status;
}

enum status key_public_read(const char *path, struct key *ret_keys, size_t room, size_t *ret_count,
                            char ret_reason[256])
{
    char text[FILE_BYTES_MAX];
    struct span value;
    struct key keys[8];
    size_t count = 0;
    enum status status = file_read(path, ANYONES, text, ret_reason);
    if (status != STATUS_OK)
        return status;
    bool right = true;
    for (const char *place = text; right && value_next(&place, "public-key", &value); count++)
        right = count < room && count < sizeof keys / sizeof keys[0] && key_parse(value, &keys[count]);
    sodium_memzero(text, sizeof text);
    if (!right || count == 0) {
        (void)snprintf(ret_reason, 256, "%.150s: expected 1 to %zu lines public-key = \"…\", each with a key", path,
                       room);
        return STATUS_INVALID;
    }
    memcpy(ret_keys, keys, count * sizeof keys[0]);
    *ret_count = count;
    return STATUS_OK;
}
