#include "tests/support/shrink.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 10u

struct shrinking {
    const struct shrink_judge *judge;
    struct play *play;
    struct step *before; /* room for all steps */
    uint32_t attempts;
    uint32_t attempts_most;
};

bool shrink_fails(const struct shrink_judge *judge, const struct play *play)
{
    (void)fflush(NULL);
    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        (void)dup2(nowhere, STDOUT_FILENO);
        (void)dup2(nowhere, STDERR_FILENO);
        (void)alarm(SECONDS_MAX);
        _exit(judge->fails(judge->self, play) ? 1 : 0);
    }
    int status;
    pid_t ended = waitpid(child, &status, 0);
    assert(ended == child);
    (void)ended;
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static bool still_fails(struct shrinking *shrinking)
{
    if (shrinking->attempts >= shrinking->attempts_most)
        return false;
    shrinking->attempts++;
    return shrink_fails(shrinking->judge, shrinking->play);
}

static bool names_incident(const struct step *step)
{
    return step->kind == STEP_SET || step->kind == STEP_REMOVE || step->kind == STEP_TOUCH;
}

/* Keeps what is left after `kept` was asked of every step; puts it back where it does not fail any more. */
static bool try_without(struct shrinking *shrinking,
                        bool (*goes)(const struct shrinking *, uint32_t at, uint32_t from, uint32_t to), uint32_t from,
                        uint32_t to)
{
    struct play *play = shrinking->play;
    uint32_t count = play->count;
    memcpy(shrinking->before, play->steps, count * sizeof(*play->steps));
    play->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct step step = shrinking->before[i];
        play->steps[play->count] = step; /* where it is asked about, and stays unless it goes */
        if (!goes(shrinking, i, from, to))
            play->count++;
    }
    if (play->count < count && still_fails(shrinking))
        return true;
    memcpy(play->steps, shrinking->before, count * sizeof(*play->steps));
    play->count = count;
    return false;
}

static bool goes_by_step(const struct shrinking *shrinking, uint32_t at, uint32_t from, uint32_t to)
{
    (void)shrinking;
    return at >= from && at < to;
}

/* from, to: in the order of ids that are still in the play. */
static bool goes_by_incident(const struct shrinking *shrinking, uint32_t at, uint32_t from, uint32_t to)
{
    const struct step *step = &shrinking->before[at];
    return names_incident(step) && step->id >= from && step->id < to;
}

static bool without_incidents(struct shrinking *shrinking)
{
    bool any = false;
    uint32_t count = shrinking->play->world->incident_count;
    for (uint32_t chunk = (count + 1) / 2;; chunk = (chunk + 1) / 2) {
        for (uint32_t from = 0; from < count; from += chunk)
            any = try_without(shrinking, goes_by_incident, from, from + chunk) || any;
        if (chunk == 1)
            return any;
    }
}

static bool without_steps(struct shrinking *shrinking)
{
    bool any = false;
    for (uint32_t chunk = (shrinking->play->count + 1) / 2; chunk > 0; chunk = chunk == 1 ? 0 : (chunk + 1) / 2) {
        for (uint32_t from = 0; from < shrinking->play->count;) {
            if (try_without(shrinking, goes_by_step, from, from + chunk))
                any = true;
            else
                from += chunk;
        }
    }
    return any;
}

static bool simpler_rules(struct shrinking *shrinking)
{
    struct play *play = shrinking->play;
    bool any = false;
    for (int i = 0; i < PLAY_SIMPLER_COUNT; i++) {
        struct world world = *play->world;
        uint32_t simpler = play->simpler;
        if (play_simplify(play, (enum play_simpler)i) && still_fails(shrinking)) {
            any = true;
            continue;
        }
        *play->world = world;
        play->simpler = simpler;
    }
    return any;
}

uint32_t shrink(const struct shrink_judge *judge, struct play *play, uint32_t attempts_most)
{
    struct shrinking shrinking = {judge, play, calloc(play->count + 1, sizeof(*play->steps)), 0, attempts_most};
    assert(shrinking.before != NULL);
    for (bool any = true; any && shrinking.attempts < attempts_most;) {
        any = without_incidents(&shrinking);
        any = without_steps(&shrinking) || any;
        any = simpler_rules(&shrinking) || any;
    }
    free(shrinking.before);
    return shrinking.attempts;
}
