/* A small HTTP server on the loop (libmicrohttpd, external epoll): whole answers to GET.
 *
 *     its epoll descriptor ─ uv_poll ─▶ run ─▶ request ─▶ answer
 *     its next deadline ─ uv_timer ─▶ run
 *
 * A peer that sends slowly or nothing is dropped after 10 s; 16 connections at once, the others wait. */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stdio.h>
#include <uv.h>

struct server;

enum server_reach {
    SERVER_OWNER,   /* a socket that its owner alone can open */
    SERVER_MACHINE, /* an address of the loopback: whoever is on this machine, browsers included */
};

struct server_request {
    const char *path;    /* "/metrics" */
    FILE *out;           /* the answer's body */
    const char *content; /* its type; "text/plain; charset=utf-8" before */
};

/* Takes the descriptor, which listens. answer fills in `out` and `content`, and answers the HTTP status. */
enum status server_open(uv_loop_t *loop, int fd, enum server_reach reach,
                        unsigned (*answer)(void *self, struct server_request *request), void *self,
                        struct server **ret_server) MUST_CHECK;
/* Drops all connections; the memory goes when the loop has closed the handles. NULL is fine. */
void server_close(struct server *server);
