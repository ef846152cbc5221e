#include "base/status.h"

#include <assert.h>
#include <errno.h>

static const struct {
    const char *name;
    const char *text;
    int exit_status;
} rows[STATUS_COUNT] = {
#define X(name, exit_status, text) [STATUS_##name] = {#name, text, exit_status},
    STATUS_LIST(X)
#undef X
};

const char *status_name(enum status status)
{
    assert((unsigned)status < STATUS_COUNT);
    return rows[status].name;
}

const char *status_text(enum status status)
{
    assert((unsigned)status < STATUS_COUNT);
    return rows[status].text;
}

int status_exit(enum status status)
{
    assert((unsigned)status < STATUS_COUNT);
    return rows[status].exit_status;
}

enum status status_from_errno(int error)
{
    switch (error) {
    case 0:
        return STATUS_OK;
    case ENOMEM:
        return STATUS_NO_MEMORY;
    case ENOENT:
        return STATUS_NOT_FOUND;
    case EEXIST:
        return STATUS_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS:
        return STATUS_PERMISSION;
    case ENOSPC:
    case EDQUOT:
        return STATUS_NO_SPACE;
    case EAGAIN:
        return STATUS_AGAIN;
    case EADDRINUSE:
    case EBUSY:
        return STATUS_BUSY;
    default:
        return STATUS_IO;
    }
}
