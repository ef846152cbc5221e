/* Laws: what holds in every play of some kind. Each is a row; the rest (worlds, seeds, shrinking, the way back to a
 * failure) is the same for all.
 *
 *   row ── seed ──▶ play (family by turns, calibrated by turns) ──holds──▶ mistakes? ──shrink──▶ printed, to be
 * replayed
 *
 * All worlds of a law are played in a child process, so that one that crashes is found, shrunk and told like any other.
 *
 *   --worlds N, VEDETTE_WORLDS=N   worlds of each law and each of calibrated and not (1,000)
 *   --law NAME --seed S [--steps LIST] [--simpler LIST]   one play again, as printed */
#pragma once

#include "tests/support/play.h"

struct verdict {
    uint64_t mistakes;
    char first[300];
    uint64_t worlds;
    uint64_t compared; /* episodes, with the oracle's */
    uint64_t capped;   /* of them */
    uint64_t above;    /* cores in them that a baseline asked more of than the floor */
    uint64_t evicted;  /* incidents, before the end */
    uint64_t skipped;  /* steps that came too late */
    uint64_t seen;     /* whatever the law is about */
};

void verdict_mistake(struct verdict *verdict, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct law {
    const char *sentence; /* its name, too */
    uint32_t incidents_most;
    uint32_t variants;
    const char *family; /* NULL: all by turns */
    void (*plot)(struct play *play, struct dice *dice);
    /* A function of the play alone. */
    void (*holds)(const struct play *play, struct verdict *verdict);
    /* What all worlds together must have shown, or the law was not put to the test. NULL: nothing. */
    bool (*tested)(const struct verdict *all);
};

int laws_main(int argc, char **argv, const struct law *laws, size_t count);
