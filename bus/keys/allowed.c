#include "bus/keys/allowed.h"

#include "proto/json.h"
#include "proto/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (4u << 20)

static const char *const role_names[] = {[KEY_AGENT] = "agent", [KEY_SINK] = "sink"};
#define ROLE_COUNT (sizeof role_names / sizeof role_names[0])

const char *key_role_name(enum key_role role)
{
    return role_names[role];
}

/* --- reading --- */

bool allowed_sources_are_valid(const char *sources)
{
    if (strcmp(sources, "*") == 0 || strcmp(sources, "-") == 0)
        return true;
    for (const char *name = sources;; name++) {
        size_t size = strcspn(name, ",");
        if (!name_is_valid((struct span){name, size}))
            return false;
        name += size;
        if (*name == '\0')
            return true;
    }
}

enum { NAME, ROLE, PUBLIC, SOURCES, SINCE, FIELDS };

/* What is wrong with it; NULL: nothing. */
static const char *line_parse(char *line, struct allowed_key *ret_key)
{
    char *fields[FIELDS], *place = NULL;
    size_t count = 0, role = 0;
    for (char *word = strtok_r(line, " \t\r", &place); word != NULL; word = strtok_r(NULL, " \t\r", &place)) {
        if (count == FIELDS)
            return "more than five words, expected NAME ROLE PUBLIC-KEY SOURCES SINCE";
        fields[count++] = word;
    }
    if (count < FIELDS)
        return "less than five words, expected NAME ROLE PUBLIC-KEY SOURCES SINCE";
    while (role < ROLE_COUNT && strcmp(fields[ROLE], role_names[role]) != 0)
        role++;
    if (!name_is_valid(span_of(fields[NAME])))
        return "the name: expected 1 to 64 of letters, digits, \".\", \"_\" and \"-\"";
    if (role == ROLE_COUNT)
        return "the role: expected agent or sink";
    if (!key_parse(span_of(fields[PUBLIC]), &ret_key->public))
        return "the key: expected the 40 characters of a public key";
    if (!allowed_sources_are_valid(fields[SOURCES]))
        return "the sources: expected names with commas between, * (all) or - (none)";
    (void)snprintf(ret_key->name, sizeof ret_key->name, "%s", fields[NAME]);
    (void)snprintf(ret_key->since, sizeof ret_key->since, "%.31s", fields[SINCE]);
    ret_key->role = (enum key_role)role;
    ret_key->sources = fields[SOURCES];
    return NULL;
}

static const char *allowed_add(struct allowed *allowed, const struct allowed_key *key)
{
    if (allowed_find_name(allowed, key->name) != NULL)
        return "the name is there already";
    if (allowed_find(allowed, &key->public) != NULL)
        return "the key is there already";
    if (allowed->count == ALLOWED_MAX)
        return "more keys than can be kept";
    if (allowed->count == allowed->room) {
        size_t room = allowed->room == 0 ? 16 : allowed->room * 2;
        struct allowed_key *keys = realloc(allowed->keys, room * sizeof *keys);
        if (keys == NULL)
            return "out of memory";
        allowed->keys = keys;
        allowed->room = room;
    }
    allowed->keys[allowed->count++] = *key;
    return NULL;
}

enum status allowed_parse(char *text, const char *name, struct allowed *ret_allowed, char ret_reason[256])
{
    struct allowed allowed = {.text = text};
    char *rest = text;
    unsigned number = 0;
    for (char *line; rest != NULL && (line = strsep(&rest, "\n")) != NULL;) {
        struct allowed_key key;
        number++;
        if (line[0] == '#' || line[strspn(line, " \t\r")] == '\0')
            continue;
        const char *wrong = line_parse(line, &key);
        if (wrong == NULL)
            wrong = allowed_add(&allowed, &key);
        if (wrong == NULL)
            continue;
        (void)snprintf(ret_reason, 256, "%.120s:%u: %.120s", name, number, wrong);
        allowed_fini(&allowed);
        return STATUS_INVALID;
    }
    *ret_allowed = allowed;
    return STATUS_OK;
}

static enum status failed(const char *path, char ret_reason[256])
{
    int error = errno;
    (void)snprintf(ret_reason, 256, "%.180s: %s", path, strerror(error));
    return status_from_errno(error);
}

/* Who may write it lets in whom he likes. */
static enum status owners_alone(FILE *file, const char *path, char ret_reason[256])
{
    struct stat found;
    if (fstat(fileno(file), &found) != 0)
        return failed(path, ret_reason);
    if ((found.st_mode & 022) == 0)
        return STATUS_OK;
    (void)snprintf(ret_reason, 256,
                   "%.90s says who may connect, and others than its owner may write it (mode %03o): chmod go-w it, and "
                   "look through it",
                   path, (unsigned)found.st_mode & 0777);
    return STATUS_PERMISSION;
}

/* The whole file; "" where there is none. */
static enum status text_read(const char *path, char **ret_text, char ret_reason[256])
{
    FILE *file = fopen(path, "re");
    if (file == NULL && errno != ENOENT)
        return failed(path, ret_reason);
    if (file != NULL) {
        enum status alone = owners_alone(file, path, ret_reason);
        if (alone != STATUS_OK) {
            (void)fclose(file);
            return alone;
        }
    }
    char *text = malloc(FILE_BYTES_MAX + 1);
    size_t size = file != NULL && text != NULL ? fread(text, 1, FILE_BYTES_MAX + 1, file) : 0;
    enum status status = text == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (file != NULL && ferror(file) != 0)
        status = STATUS_IO;
    else if (size > FILE_BYTES_MAX || (size > 0 && memchr(text, '\0', size) != NULL))
        status = STATUS_INVALID;
    if (file != NULL)
        (void)fclose(file);
    if (status != STATUS_OK) {
        (void)snprintf(ret_reason, 256, "%.180s: %s", path, status_text(status));
        free(text);
        return status;
    }
    text[size] = '\0';
    *ret_text = text;
    return STATUS_OK;
}

enum status allowed_read(const char *path, struct allowed *ret_allowed, char ret_reason[256])
{
    char *text = NULL;
    enum status status = text_read(path, &text, ret_reason);
    return status == STATUS_OK ? allowed_parse(text, path, ret_allowed, ret_reason) : status;
}

void allowed_fini(struct allowed *allowed)
{
    free(allowed->keys);
    free(allowed->text);
    *allowed = (struct allowed){0};
}

/* --- asking --- */

const struct allowed_key *allowed_find(const struct allowed *allowed, const struct key *public)
{
    for (size_t i = 0; i < allowed->count; i++)
        if (key_equal(&allowed->keys[i].public, public))
            return &allowed->keys[i];
    return NULL;
}

const struct allowed_key *allowed_find_name(const struct allowed *allowed, const char *name)
{
    for (size_t i = 0; i < allowed->count; i++)
        if (strcmp(allowed->keys[i].name, name) == 0)
            return &allowed->keys[i];
    return NULL;
}

static size_t claim(const struct allowed_key *key, const char *name)
{
    size_t size = strlen(key->name);
    bool owns = strncmp(key->name, name, size) == 0 && (name[size] == '\0' || name[size] == '-');
    return owns ? size : 0;
}

bool allowed_owns(const struct allowed *allowed, const struct allowed_key *key, const char *name)
{
    size_t mine = claim(key, name);
    for (size_t i = 0; i < allowed->count && mine > 0; i++)
        if (claim(&allowed->keys[i], name) > mine)
            mine = 0;
    return mine > 0;
}

bool allowed_may_write(const struct allowed_key *key, struct span source)
{
    if (key->role != KEY_AGENT || strcmp(key->sources, "-") == 0)
        return false;
    if (strcmp(key->sources, "*") == 0)
        return true;
    for (const char *name = key->sources;; name++) {
        size_t size = strcspn(name, ",");
        if (span_equal((struct span){name, size}, source))
            return true;
        name += size;
        if (*name == '\0')
            return false;
    }
}

/* --- writing --- */

static enum status file_replace(const char *path, const struct text *text, char ret_reason[256])
{
    char temporary[4096];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        return failed(path, ret_reason);
    }
    (void)unlink(temporary); /* of somebody who was killed */
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return failed(temporary, ret_reason);
    bool whole = write(fd, text->data, text->size) == (ssize_t)text->size && fsync(fd) == 0;
    int error = errno;
    whole = close(fd) == 0 && whole;
    if (whole && rename(temporary, path) == 0)
        return STATUS_OK;
    errno = whole ? errno : error;
    enum status status = failed(path, ret_reason);
    (void)unlink(temporary);
    return status;
}

static void line_print(struct text *text, const struct allowed_key *key)
{
    char line[256], public[KEY_TEXT_BYTES];
    key_print(&key->public, public);
    (void)snprintf(line, sizeof line, "%-16s %-5s %s ", key->name, key_role_name(key->role), public);
    text_append(text, span_of(line));
    text_append(text, span_of(key->sources));
    (void)snprintf(line, sizeof line, " %s\n", key->since);
    text_append(text, span_of(line));
}

#define HEADING                                                                                                        \
    "# Who may connect, one key a line: NAME ROLE PUBLIC-KEY SOURCES SINCE. `vedette keys allow` and `revoke` write "  \
    "here;\n# it is read again within seconds, no program needs a restart.\n"

static bool line_is(struct span line, const char *name)
{
    size_t size = strlen(name);
    for (; line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t'); line.size--)
        line.data++;
    return line.size > size && memcmp(line.data, name, size) == 0 &&
           (line.data[size] == ' ' || line.data[size] == '\t');
}

/* The text without the line of that name; in its place the key's, or at the end; NULL: in no place. */
static bool text_change(const char *old, const char *name, const struct allowed_key *key, struct text *text)
{
    bool found = false;
    if (*old == '\0')
        text_append(text, SPAN(HEADING));
    for (const char *line = old; *line != '\0';) {
        struct span each = {line, strcspn(line, "\n")};
        line += each.size + (line[each.size] == '\n');
        if (line_is(each, name)) {
            if (key != NULL)
                line_print(text, key);
            found = true;
            continue;
        }
        text_append(text, each);
        text_append(text, SPAN("\n"));
    }
    if (!found && key != NULL)
        line_print(text, key);
    return found;
}

static enum status change(const char *path, const char *name, const struct allowed_key *key, char ret_reason[256])
{
    char *old = NULL;
    struct allowed allowed = {0};
    struct text text = {0};
    enum status status = allowed_read(path, &allowed, ret_reason); /* a list with a fault is not made worse */
    if (status != STATUS_OK)
        return status;
    const struct allowed_key *same = key != NULL ? allowed_find(&allowed, &key->public) : NULL;
    if (same != NULL && strcmp(same->name, name) != 0) {
        (void)snprintf(ret_reason, 256, "the key is allowed already, as %s", same->name);
        status = STATUS_EXISTS;
    }
    if (status == STATUS_OK)
        status = text_read(path, &old, ret_reason);
    if (status == STATUS_OK && !text_change(old, name, key, &text) && key == NULL) {
        (void)snprintf(ret_reason, 256, "%.120s: there is no key of the name %.64s", path, name);
        status = STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK && text.failed) {
        (void)snprintf(ret_reason, 256, "%s", status_text(STATUS_NO_MEMORY));
        status = STATUS_NO_MEMORY;
    }
    if (status == STATUS_OK)
        status = file_replace(path, &text, ret_reason);
    text_fini(&text);
    free(old);
    allowed_fini(&allowed);
    return status;
}

enum status allowed_put(const char *path, const struct allowed_key *key, char ret_reason[256])
{
    return change(path, key->name, key, ret_reason);
}

enum status allowed_remove(const char *path, const char *name, char ret_reason[256])
{
    return change(path, name, NULL, ret_reason);
}
