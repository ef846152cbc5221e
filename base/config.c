/* Opening, complaining, and looking at the tree. */
#include "base/config.h"

#include "base/config_tree.h"
#include "base/nearest.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#define COMPLAINTS_SHOWN 100 /* a hostile file must not fill a disk with its faults */
#define SENTENCE_BYTES   1024
#define FOUND_BYTES      80

/* ---- complaints ---- */

static void complain(struct config *config, size_t line, size_t column, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

static void complain(struct config *config, size_t line, size_t column, const char *format, va_list arguments)
{
    config->complaint_count++;
    char name[PATH_MAX];
    utf8_printable(config->name, name, sizeof name);
    if (config->complaint_count > COMPLAINTS_SHOWN) {
        if (config->complaint_count == COMPLAINTS_SHOWN + 1)
            (void)fprintf(config->complaints, "%s: more faults follow, not shown\n", name);
        return;
    }
    char sentence[SENTENCE_BYTES], shown[SENTENCE_BYTES];
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    utf8_printable(span_of(sentence), shown, sizeof shown);
    (void)fprintf(config->complaints, "%s:%zu:%zu: %s\n", name, line, column, shown);
}

void config_complain(struct config *config, const struct config_node *node, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(config, node != NULL ? node->line : 1, node != NULL ? node->column : 1, format, arguments);
    va_end(arguments);
}

void config_complain_at(struct config *config, size_t line, size_t column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(config, line, column, format, arguments);
    va_end(arguments);
}

void config_complain_memory(struct config *config)
{
    config_complain(config, NULL, "out of memory for this configuration, expected a smaller one");
}

const char *config_found(struct config *config, const struct config_node *node)
{
    switch (node->kind) {
    case CONFIG_NULL:
        return "nothing";
    case CONFIG_LIST:
        return "a list";
    case CONFIG_MAP:
        return "a map";
    case CONFIG_SCALAR:
        break;
    }
    char shown[FOUND_BYTES];
    utf8_printable(node->text, shown, sizeof shown);
    struct span found = arena_print(&config->arena, "\"%s\"", shown);
    return found.data != NULL ? found.data : "a text";
}

void config_complain_unknown(struct config *config, const struct config_node *key, const char *what,
                             const char *const *names)
{
    char expected[SENTENCE_BYTES / 2] = "";
    size_t used = 0;
    for (size_t i = 0; names[i] != NULL && used < sizeof expected; i++)
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%s", i > 0 ? ", " : "", names[i]);
    const char *nearest = nearest_name(key->text, names);
    char where[FOUND_BYTES] = "";
    if (key->holder.size > 0) {
        char holder[FOUND_BYTES - 4];
        utf8_printable(key->holder, holder, sizeof holder);
        (void)snprintf(where, sizeof where, " in %s", holder);
    }
    config_complain(config, key, "unknown %s %s%s, expected one of %s%s%s%s", what, config_found(config, key), where,
                    expected, nearest != NULL ? " (did you mean \"" : "", nearest != NULL ? nearest : "",
                    nearest != NULL ? "\"?)" : "");
}

size_t config_complaints(const struct config *config)
{
    return config->complaint_count;
}

/* ---- opening ---- */

static void top_check(struct config *config, const char *const *blocks)
{
    const struct config_node *root = config->root;
    for (size_t i = 0; root != NULL && i < root->count; i++) {
        const struct config_node *key = config_key_node(root, i);
        size_t known = 0;
        while (blocks[known] != NULL && !span_equal(key->text, span_of(blocks[known])))
            known++;
        if (blocks[known] == NULL)
            config_complain_unknown(config, key, "block", blocks);
    }
}

/* The folder of the file, absolute; of no file, the working directory. */
static struct span folder_find(struct arena *arena, const char *path)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    if (slash == path && slash != NULL)
        return arena_copy(arena, SPAN(""));
    int size = slash != NULL ? (int)(slash - path) : 0;
    if (path != NULL && path[0] == '/')
        return arena_print(arena, "%.*s", size, path);
    char *here = getcwd(NULL, 0);
    if (here == NULL)
        return arena_print(arena, "%.*s", slash != NULL ? size : 1, slash != NULL ? path : ".");
    const char *start = strcmp(here, "/") == 0 ? "" : here;
    struct span folder = arena_print(arena, "%s%s%.*s", start, size > 0 ? "/" : "", size, size > 0 ? path : "");
    free(here);
    return folder;
}

/* path: NULL where the text comes from memory. */
static enum status config_make(struct span text, const char *path, const char *name, const char *const *blocks,
                               FILE *complaints, struct config **ret_config)
{
    struct config *config = malloc(sizeof *config);
    if (config == NULL) {
        (void)fprintf(complaints, "%s: %s\n", name, status_text(STATUS_NO_MEMORY));
        return STATUS_NO_MEMORY;
    }
    *config = (struct config){.complaints = complaints, .name = span_of(name)};
    arena_init(&config->arena, CONFIG_ARENA_MAX);
    config->name = arena_copy(&config->arena, config->name);
    config->folder = folder_find(&config->arena, path);
    enum status status = STATUS_OK;
    if (config->name.data == NULL || config->folder.data == NULL) {
        config->name = span_of(name);
        config_complain_memory(config);
        status = STATUS_NO_MEMORY;
    } else if (text.size > CONFIG_TEXT_MAX) {
        config_complain(config, NULL, "more than 1 MiB of text, expected a configuration of 1 MiB at most");
        status = STATUS_INVALID;
    } else {
        status = config_grow(config, text);
    }
    if (status != STATUS_OK) {
        config_close(config);
        return status;
    }
    top_check(config, blocks);
    *ret_config = config;
    return STATUS_OK;
}

enum status config_parse(struct span text, const char *name, const char *const *blocks, FILE *complaints,
                         struct config **ret_config)
{
    return config_make(text, NULL, name, blocks, complaints, ret_config);
}

static enum status file_failed(const char *path, int error, FILE *complaints)
{
    char shown[PATH_MAX];
    utf8_printable(span_of(path), shown, sizeof shown);
    const char *reason = strerrordesc_np(error);
    (void)fprintf(complaints, "%s: %s\n", shown, reason != NULL ? reason : "unknown error");
    return status_from_errno(error);
}

/* One byte more than the limit, so that a file (or a pipe, or /dev/zero) over it is known for that. */
static enum status file_read(int file, char *buffer, size_t *ret_size)
{
    size_t size = 0;
    while (size <= CONFIG_TEXT_MAX) {
        ssize_t got = read(file, buffer + size, CONFIG_TEXT_MAX + 1 - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return status_from_errno(errno);
        if (got == 0)
            break;
        size += (size_t)got;
    }
    *ret_size = size;
    return STATUS_OK;
}

enum status config_open(const char *path, const char *const *blocks, FILE *complaints, struct config **ret_config)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return file_failed(path, errno, complaints);
    char *buffer = malloc(CONFIG_TEXT_MAX + 1);
    size_t size = 0;
    enum status status;
    if (buffer == NULL)
        status = file_failed(path, ENOMEM, complaints);
    else if (file_read(file, buffer, &size) != STATUS_OK)
        status = file_failed(path, errno, complaints);
    else
        status = config_make((struct span){buffer, size}, path, path, blocks, complaints, ret_config);
    free(buffer);
    close(file);
    return status;
}

void config_close(struct config *config)
{
    if (config == NULL)
        return;
    arena_fini(&config->arena);
    free(config);
}

/* ---- looking ---- */

enum config_kind config_kind(const struct config_node *node)
{
    return node->kind;
}

struct span config_text(const struct config_node *node)
{
    return node->kind == CONFIG_SCALAR ? node->text : SPAN("");
}

size_t config_count(const struct config_node *node)
{
    return node->count;
}

const struct config_node *config_item(const struct config_node *node, size_t index)
{
    assert(index < node->count);
    return node->kind == CONFIG_MAP ? node->items[2 * index + 1] : node->items[index];
}

const struct config_node *config_key_node(const struct config_node *node, size_t index)
{
    assert(node->kind == CONFIG_MAP && index < node->count);
    return node->items[2 * index];
}

struct span config_key(const struct config_node *node, size_t index)
{
    return config_key_node(node, index)->text;
}

const struct config_node *config_find(const struct config_node *map, const char *key)
{
    for (size_t i = 0; map->kind == CONFIG_MAP && i < map->count; i++)
        if (span_equal(config_key(map, i), span_of(key)))
            return config_item(map, i)->kind != CONFIG_NULL ? config_item(map, i) : NULL;
    return NULL;
}

bool config_same(const struct config_node *a, const struct config_node *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    if (a->kind != b->kind || a->count != b->count || a->quoted != b->quoted ||
        (a->kind == CONFIG_SCALAR && !span_equal(a->text, b->text)))
        return false;
    size_t items = a->kind == CONFIG_MAP ? 2 * a->count : a->count;
    for (size_t i = 0; i < items; i++) /* no deeper than CONFIG_DEPTH_MAX */
        if (!config_same(a->items[i], b->items[i]))
            return false;
    return true;
}

const struct config_node *config_block(const struct config *config, const char *name)
{
    return config->root != NULL ? config_find(config->root, name) : NULL;
}

void *config_take(struct config *config, size_t size)
{
    void *taken = arena_zero(&config->arena, size);
    if (taken == NULL)
        config_complain_memory(config);
    return taken;
}
