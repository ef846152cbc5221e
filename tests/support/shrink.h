/* Shrinking: of a play that fails, the least that is left when everything that can go has gone.
 *
 *   incidents, by halves, quarters … one by one ─▶ steps, the same ─▶ rules and their options ─┐
 *          ▲───────────────────────────────────────────────────────── until nothing more goes ─┘
 *
 * Each attempt is a process of its own with a time limit, so a play that crashes or hangs shrinks like any other. */
#pragma once

#include "tests/support/play.h"

struct shrink_judge {
    /* In a child process: does the play fail? It may also crash or hang: that is failing. */
    bool (*fails)(void *self, const struct play *play);
    void *self;
};

/* In a process of its own, which is silent. */
bool shrink_fails(const struct shrink_judge *judge, const struct play *play);
/* Changes the play, which fails; answers how many attempts it took. attempts_most: it ends there, however far it is. */
uint32_t shrink(const struct shrink_judge *judge, struct play *play, uint32_t attempts_most);
