#include "agents/locate/territories.h"

#include "agents/locate/claims.h"
#include "agents/locate/grid.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME      "territories.vdt"
#define PATH_INSTALLED "/usr/share/vedette/" FILE_NAME
#define PATH_RELATIVE  "../share/vedette/" FILE_NAME

_Static_assert(TERRITORIES_COUNTRIES_MAX == CLAIMS_COUNTRIES_MAX, "room for all a view may say");
_Static_assert(TERRITORIES_REASON_BYTES == ATLAS_REASON_BYTES, "one length of reasons");

/* What a territory answers that alone holds a place. */
struct alone {
    struct country countries[CLAIMS_COUNTRIES_MAX];
    size_t count;
};

struct territories {
    struct atlas atlas;
    struct grid grid;
    struct alone *alone; /* one a territory */
};

static enum status territories_build(struct territories *territories, char *reason)
{
    struct atlas *atlas = &territories->atlas;
    enum status status = grid_build(&territories->grid, atlas);
    if (status == STATUS_OK) {
        territories->alone = calloc(atlas->territory_count + 1, sizeof *territories->alone);
        status = territories->alone != NULL ? STATUS_OK : STATUS_NO_MEMORY;
    }
    if (status != STATUS_OK) {
        (void)snprintf(reason, ATLAS_REASON_BYTES, "%s",
                       status == STATUS_TOO_LARGE ? "outlines that cross more cells than a world's" : "out of memory");
        return status;
    }
    for (size_t i = 0; i < atlas->territory_count; i++) {
        struct alone *alone = &territories->alone[i];
        alone->count = claims_resolve(atlas, &(uint16_t){(uint16_t)i}, 1, alone->countries);
    }
    return STATUS_OK;
}

enum status territories_open_bytes(struct span bytes, const char *view, struct territories **ret_territories,
                                   char *reason)
{
    char unwanted[ATLAS_REASON_BYTES];
    if (reason == NULL)
        reason = unwanted;
    struct territories *territories = calloc(1, sizeof *territories);
    if (territories == NULL) {
        (void)snprintf(reason, ATLAS_REASON_BYTES, "out of memory");
        return STATUS_NO_MEMORY;
    }
    enum status status = atlas_read(bytes, view, &territories->atlas, reason);
    if (status == STATUS_OK)
        status = territories_build(territories, reason);
    if (status != STATUS_OK) {
        territories_close(territories);
        return status;
    }
    *ret_territories = territories;
    return STATUS_OK;
}

/* The whole file, for free(); at most one byte more than a data file may have, so that the reader refuses it. */
static enum status file_read(const char *path, char **ret_data, size_t *ret_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_from_errno(errno);
    struct stat about;
    enum status status = STATUS_OK;
    char *data = NULL;
    size_t size = 0;
    if (fstat(fd, &about) != 0)
        status = status_from_errno(errno);
    else if (!S_ISREG(about.st_mode))
        status = STATUS_UNSUPPORTED;
    if (status == STATUS_OK) {
        size_t room = about.st_size > ATLAS_FILE_BYTES_MAX ? ATLAS_FILE_BYTES_MAX + 1u : (size_t)about.st_size;
        data = malloc(room + 1);
        status = data != NULL ? STATUS_OK : STATUS_NO_MEMORY;
        while (status == STATUS_OK && size < room) {
            ssize_t got = read(fd, data + size, room - size);
            if (got > 0)
                size += (size_t)got;
            else if (got == 0)
                break;
            else if (errno != EINTR)
                status = status_from_errno(errno);
        }
    }
    (void)close(fd);
    if (status != STATUS_OK) {
        free(data);
        return status;
    }
    *ret_data = data;
    *ret_size = size;
    return STATUS_OK;
}

enum status territories_open(const char *path, const char *view, struct territories **ret_territories, char *reason)
{
    char *data = NULL;
    size_t size = 0;
    enum status status = file_read(path, &data, &size);
    if (status != STATUS_OK) {
        if (reason != NULL)
            (void)snprintf(reason, ATLAS_REASON_BYTES, "%s",
                           status == STATUS_UNSUPPORTED ? "not a plain file" : status_text(status));
        return status;
    }
    status = territories_open_bytes((struct span){data, size}, view, ret_territories, reason);
    free(data);
    return status;
}

void territories_close(struct territories *territories)
{
    if (territories == NULL)
        return;
    free(territories->alone);
    grid_fini(&territories->grid);
    atlas_fini(&territories->atlas);
    free(territories);
}

static int32_t microdegrees(double degrees)
{
    return (int32_t)(degrees * ATLAS_MICRODEGREES + (degrees < 0 ? -0.5 : 0.5));
}

size_t territories_find(const struct territories *territories, double lat, double lon, struct country *ret_countries,
                        size_t room)
{
    if (!(lat >= -90.0 && lat <= 90.0 && lon >= -180.0 && lon <= 180.0))
        return 0;
    uint16_t held[CLAIMS_HELD_MAX];
    size_t held_count = grid_find(&territories->grid, microdegrees(lat), microdegrees(lon), held, CLAIMS_HELD_MAX);
    if (held_count == 0)
        return 0;
    struct country resolved[CLAIMS_COUNTRIES_MAX];
    const struct country *countries = resolved;
    size_t count;
    if (held_count == 1) {
        countries = territories->alone[held[0]].countries;
        count = territories->alone[held[0]].count;
    } else {
        count = claims_resolve(&territories->atlas, held, held_count, resolved);
    }
    for (size_t i = 0; i < count && i < room; i++)
        ret_countries[i] = countries[i];
    return count;
}

/* Beside the program: <folder>/../share/vedette/territories.vdt, where there is one. */
static bool path_beside(char *ret_path, size_t room)
{
    char program[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return false;
    program[length] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL)
        return false;
    slash[1] = '\0';
    char path[PATH_MAX + sizeof PATH_RELATIVE];
    (void)snprintf(path, sizeof path, "%s%s", program, PATH_RELATIVE);
    if (access(path, R_OK) != 0 || strlen(path) >= room)
        return false;
    memcpy(ret_path, path, strlen(path) + 1);
    return true;
}

enum status territories_default_path(char *ret_path, size_t room)
{
    const char *path = getenv(TERRITORIES_ENVIRONMENT);
    if (path == NULL || path[0] == '\0') {
        if (path_beside(ret_path, room))
            return STATUS_OK;
        path = PATH_INSTALLED;
    }
    size_t length = strlen(path);
    if (length >= room)
        return STATUS_TOO_LARGE;
    memcpy(ret_path, path, length + 1);
    return STATUS_OK;
}
