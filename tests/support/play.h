/* A play: a world, and what happens in it, step by step. Made from a seed; steps may be left out and rules made
 * simpler, and what is left is a play still: that is how failures shrink (shrink.h). */
#pragma once

#include "tests/support/world.h"

#include <stdio.h>

enum step_kind {
    STEP_SET,    /* the variant stands from now on: inserted, or the one that stood is removed first */
    STEP_REMOVE, /* of the id, whatever stands */
    STEP_TOUCH,
    STEP_WATERMARK,
    STEP_FLUSH,
    STEP_REBASE, /* all rules have that history from now on */
};

struct step {
    uint32_t number; /* in the play as it was made */
    enum step_kind kind;
    uint32_t id;
    uint32_t variant; /* of the id; of a rebase: which history */
    int64_t time_ms;  /* of a watermark */
};

/* Each makes a play simpler; PLAY_SIMPLER_LIST names them for the command line. */
#define PLAY_SIMPLER_LIST(X)                                                                                           \
    X(ONLY_FIRST_RULE, "only-first-rule")                                                                              \
    X(ONLY_SECOND_RULE, "only-second-rule")                                                                            \
    X(ONLY_THIRD_RULE, "only-third-rule")                                                                              \
    X(ONLY_FOURTH_RULE, "only-fourth-rule")                                                                            \
    X(NO_BASELINE, "no-baseline")                                                                                      \
    X(NO_EXTENT, "no-extent-cap")                                                                                      \
    X(NO_DURATION, "no-duration-cap")                                                                                  \
    X(NO_COUNTRIES, "no-countries")                                                                                    \
    X(ALL_CATEGORIES, "all-categories")                                                                                \
    X(ONE_INCIDENT, "one-incident")                                                                                    \
    X(ONE_NEIGHBOUR, "one-neighbour")

enum play_simpler {
#define X(name, text) PLAY_##name,
    PLAY_SIMPLER_LIST(X)
#undef X
        PLAY_SIMPLER_COUNT
};

const char *play_simpler_name(enum play_simpler simpler);

struct play {
    struct world *world; /* owned */
    struct step *steps;
    uint32_t count;
    uint32_t room;
    uint32_t made;    /* steps when it was made */
    uint32_t simpler; /* a bit for each that was applied */
    bool ahead;       /* the watermark runs ahead of what is still to come; what is behind the horizon is left out */
    bool rebases;
};

/* Takes the world; no steps. */
struct play *play_new(struct world *world);
void play_free(struct play *play);
void play_push(struct play *play, const struct step *step);
/* False where it would change nothing. */
bool play_simplify(struct play *play, enum play_simpler simpler);
/* Leaves out the steps that are not in a list like "0-4,9,12-". False: not such a list. */
bool play_keep(struct play *play, const char *list);
/* The world, the steps and the way back to them, for people. */
void play_print(const struct play *play, FILE *to);
/* "0-4,9,12" */
void play_print_steps(const struct play *play, FILE *to);

/* ---- plots: what happens (plots.c) ---- */

/* Sets, corrections, removals and touches in any order; a flush after one in `rarely`; at the end all stand. */
void plot_stir(struct play *play, struct dice *dice, uint32_t rarely);
/* Each incident comes some while after it began; some are corrected or retracted. The watermark keeps its word, or runs
 * ahead of it. delays: half windows, at most so many. */
enum plot_word { PLOT_KEEPS_WORD, PLOT_RUNS_AHEAD };
void plot_tide(struct play *play, struct dice *dice, uint32_t delays, uint32_t rarely, enum plot_word word);
/* The first variants, each once, in some order, then a flush. */
void plot_once(struct play *play, struct dice *dice);
