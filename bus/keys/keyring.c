#include "bus/keys/keyring.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A file, and how it was when it was read. */
struct watched {
    char *path; /* NULL: none */
    struct stat seen;
};

struct keyring {
    struct watched own_file, server_file, allow_file;
    struct key_pair own;
    struct key servers[KEYRING_SERVERS_MAX];
    size_t server_count;
    struct allowed allowed; /* changed by the loop's thread alone, under the lock */
    pthread_mutex_t lock;
    uint64_t generation, own_generation;
    uint64_t looked_ms;
    void (*said)(void *self, enum log_level level, const char *id, const char *sentence);
    void *self;
};

/* --- files --- */

static void stat_of(const struct watched *file, struct stat *ret_stat)
{
    memset(ret_stat, 0, sizeof *ret_stat); /* one that is not there is seen too */
    (void)stat(file->path, ret_stat);
}

static bool has_changed(struct watched *file)
{
    struct stat now;
    if (file->path == NULL)
        return false;
    stat_of(file, &now);
    bool same = now.st_ino == file->seen.st_ino && now.st_dev == file->seen.st_dev &&
                now.st_size == file->seen.st_size && now.st_mode == file->seen.st_mode &&
                now.st_mtim.tv_sec == file->seen.st_mtim.tv_sec && now.st_mtim.tv_nsec == file->seen.st_mtim.tv_nsec;
    file->seen = now;
    return !same;
}

static enum status own_read(struct keyring *keyring, char ret_reason[256])
{
    struct key_pair pair;
    enum status status = key_secret_read(keyring->own_file.path, &pair, ret_reason);
    if (status == STATUS_OK && !key_equal(&pair.secret, &keyring->own.secret)) {
        keyring->own = pair;
        keyring->own_generation++;
    }
    key_pair_wipe(&pair);
    return status;
}

static enum status servers_read(struct keyring *keyring, char ret_reason[256])
{
    return key_public_read(keyring->server_file.path, keyring->servers, KEYRING_SERVERS_MAX, &keyring->server_count,
                           ret_reason);
}

static enum status allowed_take(struct keyring *keyring, char ret_reason[256])
{
    struct allowed allowed = {0};
    enum status status = allowed_read(keyring->allow_file.path, &allowed, ret_reason);
    if (status != STATUS_OK)
        return status;
    (void)pthread_mutex_lock(&keyring->lock);
    struct allowed before = keyring->allowed;
    keyring->allowed = allowed;
    (void)pthread_mutex_unlock(&keyring->lock);
    allowed_fini(&before);
    return STATUS_OK;
}

static const struct part {
    size_t offset; /* of its file */
    enum status (*read)(struct keyring *keyring, char ret_reason[256]);
    const char *id;
} parts[] = {
    {offsetof(struct keyring, own_file), own_read, "keys.own"},
    {offsetof(struct keyring, server_file), servers_read, "keys.server"},
    {offsetof(struct keyring, allow_file), allowed_take, "keys.allowed"},
};
#define PART_COUNT (sizeof parts / sizeof parts[0])

static struct watched *file_of(struct keyring *keyring, const struct part *part)
{
    return (struct watched *)(void *)((char *)keyring + part->offset);
}

static void said(const struct keyring *keyring, enum log_level level, const char *id, const char *sentence)
{
    if (keyring->said != NULL)
        keyring->said(keyring->self, level, id, sentence);
}

static void part_refresh(struct keyring *keyring, const struct part *part)
{
    char reason[256] = "", sentence[512];
    struct watched *file = file_of(keyring, part);
    if (!has_changed(file))
        return;
    if (part->read(keyring, reason) != STATUS_OK) {
        (void)snprintf(sentence, sizeof sentence, "%s; what was read before stays in force", reason);
        said(keyring, LOG_ERROR, part->id, sentence);
        return;
    }
    keyring->generation++;
    (void)snprintf(sentence, sizeof sentence, "%s was read anew", file->path);
    said(keyring, LOG_INFO, part->id, sentence);
}

void keyring_refresh(struct keyring *keyring, enum keyring_when when, uint64_t now_ms)
{
    if (when == KEYRING_IN_TIME && now_ms - keyring->looked_ms < KEYRING_LOOK_MS)
        return;
    keyring->looked_ms = now_ms;
    for (size_t i = 0; i < PART_COUNT; i++)
        part_refresh(keyring, &parts[i]);
}

/* --- opening and closing --- */

static bool path_copy(struct watched *file, const char *path)
{
    file->path = path != NULL ? strdup(path) : NULL;
    return path == NULL || file->path != NULL;
}

static enum status secret_take(struct keyring *keyring, const char *secret, char ret_reason[256])
{
    struct key key;
    if (!key_parse(span_of(secret), &key)) {
        (void)snprintf(ret_reason, 256, "the secret key in the environment: expected the 40 characters of one");
        return STATUS_INVALID;
    }
    key_pair_of(&key, &keyring->own);
    return STATUS_OK;
}

enum status keyring_open(const struct keyring_options *options, struct keyring **ret_keyring, char ret_reason[256])
{
    struct keyring *keyring = calloc(1, sizeof *keyring);
    (void)snprintf(ret_reason, 256, "%s", status_text(STATUS_NO_MEMORY));
    if (keyring == NULL)
        return STATUS_NO_MEMORY;
    (void)pthread_mutex_init(&keyring->lock, NULL);
    keyring->generation = keyring->own_generation = 1;
    bool copied = path_copy(&keyring->own_file, options->own) && path_copy(&keyring->server_file, options->server) &&
                  path_copy(&keyring->allow_file, options->allow);
    enum status status = copied ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK && options->own == NULL)
        status = secret_take(keyring, options->secret != NULL ? options->secret : "", ret_reason);
    for (size_t i = 0; i < PART_COUNT && status == STATUS_OK; i++)
        if (has_changed(file_of(keyring, &parts[i])) || file_of(keyring, &parts[i])->path != NULL)
            status = parts[i].read(keyring, ret_reason);
    if (status != STATUS_OK) {
        keyring_close(keyring);
        return status;
    }
    keyring->said = options->said; /* the first reading is answered for here */
    keyring->self = options->self;
    *ret_keyring = keyring;
    return STATUS_OK;
}

void keyring_close(struct keyring *keyring)
{
    if (keyring == NULL)
        return;
    for (size_t i = 0; i < PART_COUNT; i++)
        free(file_of(keyring, &parts[i])->path);
    allowed_fini(&keyring->allowed);
    key_pair_wipe(&keyring->own);
    (void)pthread_mutex_destroy(&keyring->lock);
    free(keyring);
}

/* --- asking --- */

uint64_t keyring_generation(const struct keyring *keyring)
{
    return keyring->generation;
}

uint64_t keyring_own_generation(const struct keyring *keyring)
{
    return keyring->own_generation;
}

const struct key_pair *keyring_own(const struct keyring *keyring)
{
    return &keyring->own;
}

const struct key *keyring_server(const struct keyring *keyring, uint64_t number)
{
    return keyring->server_count > 0 ? &keyring->servers[number % keyring->server_count] : NULL;
}

size_t keyring_server_count(const struct keyring *keyring)
{
    return keyring->server_count;
}

bool keyring_has_list(const struct keyring *keyring)
{
    return keyring->allow_file.path != NULL;
}

bool keyring_admits(struct keyring *keyring, enum key_role role, const struct key *public)
{
    (void)pthread_mutex_lock(&keyring->lock);
    const struct allowed_key *key = allowed_find(&keyring->allowed, public);
    bool admitted = key != NULL && key->role == role;
    (void)pthread_mutex_unlock(&keyring->lock);
    return admitted;
}

const struct allowed_key *keyring_find(const struct keyring *keyring, const char *public_text)
{
    struct key public;
    return key_parse(span_of(public_text), &public) ? allowed_find(&keyring->allowed, &public) : NULL;
}

bool keyring_owns(const struct keyring *keyring, const struct allowed_key *key, const char *name)
{
    return allowed_owns(&keyring->allowed, key, name);
}
