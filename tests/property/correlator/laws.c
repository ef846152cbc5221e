#include "tests/property/correlator/laws.h"

#include "tests/support/families.h"
#include "tests/support/shrink.h"

#include <assert.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ATTEMPTS_MAX    4000u
#define SECONDS_A_WORLD 60u

static uint64_t worlds = 1000;
static const char *program;

void verdict_mistake(struct verdict *verdict, const char *format, ...)
{
    if (verdict->mistakes++ > 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(verdict->first, sizeof(verdict->first), format, arguments);
    va_end(arguments);
}

/* Even seeds are calibrated; then the families take turns. */
static struct play *play_of(const struct law *law, uint64_t seed)
{
    const struct family *family = law->family != NULL ? family_named(law->family) : &families[seed / 2 % family_count];
    struct play *play = play_new(world_new(&(struct world_options){.seed = seed,
                                                                   .family = family,
                                                                   .incidents_most = law->incidents_most,
                                                                   .variant_count = law->variants,
                                                                   .calibrated = seed % 2 == 0}));
    struct dice dice = {seed * 0x9e3779b97f4a7c15u + strlen(law->sentence)};
    law->plot(play, &dice);
    return play;
}

static bool fails(void *self, const struct play *play)
{
    const struct law *law = self;
    struct verdict verdict = {0};
    law->holds(play, &verdict);
    return verdict.mistakes > 0;
}

/* ---- all worlds of a law ---- */

/* Seen by the child that plays and by the parent that judges. */
struct progress {
    uint64_t seed; /* of the world underway */
    struct verdict all;
};

static void play_all(const struct law *law, struct progress *progress)
{
    for (uint64_t seed = 2; seed < 2 + 2 * worlds; seed++) {
        progress->seed = seed;
        (void)alarm(SECONDS_A_WORLD);
        struct play *play = play_of(law, seed);
        law->holds(play, &progress->all);
        play_free(play);
        progress->all.worlds++;
        if (progress->all.mistakes > 0)
            exit(1);
    }
    exit(0); /* and not _exit: leaks are looked for at the end of a process */
}

static void tell_failure(const struct law *law, uint64_t seed, const char *first)
{
    struct play *play = play_of(law, seed);
    uint32_t steps = play->count;
    struct shrink_judge judge = {fails, (void *)(uintptr_t)law};
    (void)fprintf(stderr, "%s: seed %" PRIu64 " fails: %s\n", law->sentence, seed, first);
    if (getenv("VEDETTE_SHRINK") == NULL || strcmp(getenv("VEDETTE_SHRINK"), "no") != 0) {
        uint32_t attempts = shrink(&judge, play, ATTEMPTS_MAX);
        (void)fprintf(stderr, "%u of %u steps still fail, found in %u attempts:\n", play->count, steps, attempts);
        play_print(play, stderr);
    }
    (void)fprintf(stderr, "again: %s --law %s --seed %" PRIu64 " --steps ", program, law->sentence, seed);
    play_print_steps(play, stderr);
    for (int i = 0, any = 0; i < PLAY_SIMPLER_COUNT; i++) {
        if ((play->simpler >> i & 1) != 0)
            (void)fprintf(stderr, "%s%s", any++ ? "," : " --simpler ", play_simpler_name((enum play_simpler)i));
    }
    (void)fputc('\n', stderr);
    play_free(play);
}

static void law_holds(void **state)
{
    const struct law *law = *state;
    struct progress *progress =
        mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(progress != MAP_FAILED);
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        play_all(law, progress);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    struct verdict all = progress->all;
    uint64_t seed = progress->seed;
    (void)munmap(progress, sizeof(*progress));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        if (WIFSIGNALED(status) && all.mistakes == 0)
            verdict_mistake(&all, "ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
        tell_failure(law, seed, all.mistakes > 0 ? all.first : "the program ended (a sanitizer, or a leak after all)");
        fail();
    }
    print_message("%" PRIu64 " worlds, %" PRIu64 " episodes compared, %" PRIu64 " capped, %" PRIu64
                  " cores above the floor, %" PRIu64 " evicted, %" PRIu64 " late, %" PRIu64 " seen\n",
                  all.worlds, all.compared, all.capped, all.above, all.evicted, all.skipped, all.seen);
    if (worlds >= 100 && law->tested != NULL)
        assert_true(law->tested(&all));
}

/* ---- one play again ---- */

struct again {
    const char *law;
    const char *seed;
    const char *steps;
    const char *simpler;
};

static bool simplify_by(struct play *play, const char *list)
{
    for (const char *at = list; *at != 0;) {
        size_t size = strcspn(at, ",");
        int i = 0;
        while (i < PLAY_SIMPLER_COUNT && (strlen(play_simpler_name((enum play_simpler)i)) != size ||
                                          strncmp(play_simpler_name((enum play_simpler)i), at, size) != 0))
            i++;
        if (i == PLAY_SIMPLER_COUNT)
            return false;
        (void)play_simplify(play, (enum play_simpler)i);
        at += at[size] == ',' ? size + 1 : size;
    }
    return true;
}

static int play_again(const struct again *again, const struct law *laws, size_t count)
{
    size_t at = 0;
    while (at < count && (again->law == NULL || strcmp(laws[at].sentence, again->law) != 0))
        at++;
    if (at == count || again->seed == NULL) {
        (void)fprintf(stderr, "%s: one play again: --law NAME --seed S [--steps LIST] [--simpler LIST]; laws:\n",
                      program);
        for (size_t i = 0; i < count; i++)
            (void)fprintf(stderr, "  %s\n", laws[i].sentence);
        return 2;
    }
    struct play *play = play_of(&laws[at], strtoull(again->seed, NULL, 10));
    if ((again->steps != NULL && !play_keep(play, again->steps)) ||
        (again->simpler != NULL && !simplify_by(play, again->simpler))) {
        (void)fprintf(stderr, "%s: not a list of steps, or of simplifications\n", program);
        play_free(play);
        return 2;
    }
    play_print(play, stdout);
    struct verdict verdict = {0};
    laws[at].holds(play, &verdict);
    printf("%" PRIu64 " mistakes%s%s\n", verdict.mistakes, verdict.mistakes > 0 ? ", the first: " : "", verdict.first);
    play_free(play);
    return verdict.mistakes > 0;
}

int laws_main(int argc, char **argv, const struct law *laws, size_t count)
{
    struct again again = {0};
    const char *asked = getenv("VEDETTE_WORLDS");
    const struct {
        const char *name;
        const char **to;
    } options[] = {{"--worlds", &asked},
                   {"--law", &again.law},
                   {"--seed", &again.seed},
                   {"--steps", &again.steps},
                   {"--simpler", &again.simpler}};
    program = argv[0];
    for (int i = 1; i + 1 < argc; i += 2) {
        for (size_t j = 0; j < sizeof(options) / sizeof(options[0]); j++) {
            if (strcmp(argv[i], options[j].name) == 0)
                *options[j].to = argv[i + 1];
        }
    }
    if (asked != NULL)
        worlds = strtoull(asked, NULL, 10);
    if (again.seed != NULL)
        return play_again(&again, laws, count);
    struct CMUnitTest *tests = calloc(count, sizeof(*tests));
    assert(tests != NULL);
    size_t test_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (again.law == NULL || strcmp(laws[i].sentence, again.law) == 0)
            tests[test_count++] =
                (struct CMUnitTest){laws[i].sentence, law_holds, NULL, NULL, (void *)(uintptr_t)&laws[i]};
    }
    int failures = _cmocka_run_group_tests("laws", tests, test_count, NULL, NULL);
    free(tests);
    return failures;
}
