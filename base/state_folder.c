#include "base/state_folder.h"

#include "base/config_tree.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER_MODE 0700

const char *state_folder_read(struct config *config)
{
    const struct config_node *node = config_block(config, "state");
    if (node != NULL)
        return config_path(config, node);
    const char *path = arena_print(&config->arena, "%.*s/state", SPAN_ARG(config->folder)).data;
    if (path == NULL)
        config_complain_memory(config);
    return path;
}

static bool folder_make(const char *path)
{
    struct stat found;
    if (mkdir(path, FOLDER_MODE) == 0)
        return true;
    /* A folder that may not be written, as above the state often, still is one. */
    int error = errno;
    if (stat(path, &found) == 0 && S_ISDIR(found.st_mode))
        return true;
    errno = error == EEXIST ? ENOTDIR : error;
    return false;
}

enum status state_folder_make(const char *state, const char *inside, char ret_path[PATH_MAX], char ret_reason[256])
{
    char path[PATH_MAX];
    int size = snprintf(path, sizeof path, "%s/%s", state, inside);
    if (size < 0 || (size_t)size >= sizeof path) {
        (void)snprintf(ret_reason, 256, "the path of the state folder is too long");
        return STATUS_TOO_LARGE;
    }
    for (char *slash = strchr(path + 1, '/');; slash = strchr(slash + 1, '/')) {
        if (slash != NULL)
            *slash = '\0';
        if (path[0] != '\0' && !folder_make(path)) {
            int error = errno;
            (void)snprintf(ret_reason, 256, "the folder %.180s cannot be made: %.40s", path, strerror(error));
            return status_from_errno(error);
        }
        if (slash == NULL)
            break;
        *slash = '/';
    }
    memcpy(ret_path, path, (size_t)size + 1);
    return STATUS_OK;
}
