#include "correlator/requests.h"

#include "base/log.h"
#include "base/state_folder.h"
#include "proto/report.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert(PATH_MAX == 4096, "as requests.h says");

static const char *const prefixes[] = {[REQUEST_SOURCE] = "source.", [REQUEST_SINK] = "sink."};

enum status request_leave(const char *state, enum request_kind kind, const char *name, char ret_path[4096],
                          char ret_reason[256])
{
    char folder[PATH_MAX];
    if (!name_is_valid(span_of(name))) {
        (void)snprintf(ret_reason, 256,
                       "\"%.64s\": a name of 1 to 64 letters, digits, \".\", \"_\" and \"-\" is expected", name);
        return STATUS_INVALID;
    }
    enum status status = state_folder_make(state, "correlator/requests", folder, ret_reason);
    if (status != STATUS_OK)
        return status;
    if (snprintf(ret_path, 4096, "%s/%s%s", folder, prefixes[kind], name) >= 4096)
        return STATUS_TOO_LARGE;
    int file = open(ret_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        (void)snprintf(ret_reason, 256, "%.180s: %s", ret_path, strerror(errno));
        return status_from_errno(errno);
    }
    (void)close(file);
    return STATUS_OK;
}

void request_done(const char *folder, enum request_kind kind, const char *name)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s%s", folder, prefixes[kind], name) < (int)sizeof path && unlink(path) != 0 &&
        errno != ENOENT)
        log_warn("request.stays", "%s: %s", path, strerror(errno));
}

static void visit(const char *file, request_visitor visitor, void *self)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        size_t size = strlen(prefixes[i]);
        if (strncmp(file, prefixes[i], size) == 0 && name_is_valid(span_of(file + size)))
            visitor(self, (enum request_kind)i, file + size);
    }
}

void requests_visit(const char *folder, request_visitor visitor, void *self)
{
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return; /* nobody has asked anything yet */
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        visit(entry->d_name, visitor, self);
    (void)closedir(entries);
}
