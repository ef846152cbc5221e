/* What an operation can answer. One list: enum, name and sentence come from it. */
#pragma once

/* X(name, exit status of a program that ends with it, what it means) */
#define STATUS_LIST(X)                                                                                                 \
    X(OK, 0, "success")                                                                                                \
    X(END, 0, "no more data")                                                                                          \
    X(AGAIN, 0, "not now, try again later")                                                                            \
    X(NO_MEMORY, 1, "out of memory")                                                                                   \
    X(FULL, 1, "a configured limit is reached")                                                                        \
    X(NOT_FOUND, 1, "not found")                                                                                       \
    X(EXISTS, 1, "is there already")                                                                                   \
    X(BUSY, 1, "in use by another program")                                                                            \
    X(INVALID, 2, "invalid input")                                                                                     \
    X(TOO_LARGE, 1, "larger than the limit")                                                                           \
    X(CORRUPT, 1, "damaged or truncated data")                                                                         \
    X(UNSUPPORTED, 1, "not supported")                                                                                 \
    X(NO_SPACE, 1, "no space left on the device")                                                                      \
    X(PERMISSION, 1, "permission denied")                                                                              \
    X(IO, 1, "input/output error")                                                                                     \
    X(CLOSED, 1, "closed by the other side")                                                                           \
    X(REFUSED, 1, "refused by the other side")

enum status {
#define X(name, exit_status, text) STATUS_##name,
    STATUS_LIST(X)
#undef X
        STATUS_COUNT
};

/* Functions that can fail are marked so; out-parameters (ret_…) are untouched unless they answer STATUS_OK. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* "NO_SPACE"; never NULL. */
const char *status_name(enum status status);
/* "no space left on the device"; never NULL. */
const char *status_text(enum status status);
/* The exit status a program ends with when this ended it: 0, 1 or 2. */
int status_exit(enum status status);
/* The nearest status to an errno value. */
enum status status_from_errno(int error);
