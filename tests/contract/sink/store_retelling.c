/* A correlator that is killed tells again, from its last checkpoint on, what it had told before, in portions of its
 * own; whatever of it the store had heard, it ends with what it would have had of an undisturbed telling.
 *
 *     truth:       1 ─ 2 ─ 3 ─ … ─ LENGTH       what is so after each item of the journal
 *     first life:  told at some of them ──▶ cut anywhere, within a number too
 *     next life:   from a checkpoint before, told at those and at others ──▶ again cut, or to the end
 *
 * A life that tells again tells at least where the one before did: else what had come and gone between, and was told,
 * would stand. */
#include "proto/json.h"
#include "tests/contract/sink/store_contract.h"
#include "tests/contract/sink/story.h"
#include "tests/contract/sink/unit.h"
#include "tests/support/dice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REPORTS  6u
#define EPISODES 3u
#define LENGTH   40u
#define LIVES    4u
#define ROOM     8192u
#define T0       INT64_C(1757453400000)

static const struct store_case *kind;

/* What is so after one item of the journal. */
struct truth {
    uint32_t revision[REPORTS]; /* 0: not heard of */
    bool is_retracted[REPORTS];
    unsigned group[REPORTS];   /* reports of one group are one incident */
    unsigned best[REPORTS];    /* of a group, where it is in it */
    unsigned episode[REPORTS]; /* of a group; EPISODES: in none */
};

struct told { /* by one life */
    char incidents[REPORTS][64], episodes[EPISODES][64];
    uint32_t revisions[EPISODES];
};

struct bench {
    struct arena arena;
    struct dice dice;
    struct truth truth[LENGTH + 1];
    bool flushes[LENGTH + 1]; /* where a life tells; only grows from life to life */
    struct told checkpoints[LENGTH + 1];
    struct publication said[ROOM]; /* by one life */
    size_t said_count;
    struct { /* what (id, revision) named first */
        unsigned char digest[32];
        bool final, is_set;
    } names[EPISODES][1024];
    size_t applied;
    char reason[256];
};

static unsigned best_of(const struct truth *truth, unsigned group)
{
    if (truth->group[truth->best[group]] == group && truth->revision[truth->best[group]] > 0)
        return truth->best[group];
    for (unsigned i = 0; i < REPORTS; i++)
        if (truth->group[i] == group && truth->revision[i] > 0)
            return i;
    return REPORTS;
}

static void truth_change(struct truth *truth, struct dice *dice)
{
    unsigned i = dice_below(dice, REPORTS), k = dice_below(dice, REPORTS);
    switch (dice_below(dice, 8)) {
    case 0:
    case 1:
        truth->revision[i]++;
        break;
    case 2: /* one incident */
        if (truth->revision[i] > 0 && truth->revision[k] > 0 && !truth->is_retracted[i] && !truth->is_retracted[k])
            truth->group[i] = truth->group[k];
        break;
    case 3: /* on its own */
        truth->group[i] = i;
        truth->best[i] = i;
        break;
    case 4:
        truth->best[truth->group[i]] = i;
        break;
    case 5:
        truth->is_retracted[i] = !truth->is_retracted[i] && truth->revision[i] > 0;
        truth->group[i] = i;
        truth->best[i] = i;
        break;
    default:
        truth->episode[i] = dice_below(dice, EPISODES + 1);
        break;
    }
    for (unsigned g = 0; g < REPORTS; g++) /* no group of a retracted one has others */
        if (truth->is_retracted[g])
            for (unsigned r = 0; r < REPORTS; r++)
                if (r != g && truth->group[r] == truth->group[g])
                    truth->group[g] = g;
}

/* The content of incident `id` (the index of its best report): "" where there is none. */
static void incident_words(const struct truth *truth, unsigned id, char ret_words[64])
{
    size_t size = 0;
    ret_words[0] = '\0';
    if (best_of(truth, truth->group[id]) != id)
        return;
    for (unsigned i = 0; i < REPORTS; i++)
        if (truth->group[i] == truth->group[id] && truth->revision[i] > 0)
            size += (size_t)snprintf(ret_words + size, 64 - size, "%u:%u%s ", i, truth->revision[i],
                                     truth->is_retracted[i] ? "!" : "");
}

/* Its members' source_ids. */
static void episode_words(const struct truth *truth, unsigned id, char ret_words[64])
{
    size_t size = 0;
    ret_words[0] = '\0';
    for (unsigned g = 0; g < REPORTS; g++) {
        unsigned best = best_of(truth, g);
        if (truth->episode[g] == id && best < REPORTS && !truth->is_retracted[best])
            size += (size_t)snprintf(ret_words + size, 64 - size, "%sr%u", size > 0 ? " " : "", best);
    }
}

static void say_incident(struct bench *bench, struct stream_position position, const struct truth *truth, unsigned id)
{
    struct report *reports = arena_take(&bench->arena, REPORTS * sizeof *reports);
    assert_non_null(reports);
    size_t count = 0;
    struct incident incident = {0};
    for (unsigned turn = 0; turn <= REPORTS; turn++) { /* the best first */
        unsigned i = turn == 0 ? id : turn - 1;
        if (truth->group[i] != truth->group[id] || truth->revision[i] == 0 || (turn > 0 && i == id))
            continue;
        char name[8];
        snprintf(name, sizeof name, "r%u", i);
        struct incident one =
            story_incident(&bench->arena, position, name, truth->revision[i], T0 + i, 10.0 + i, 20, "PL");
        reports[count] = one.reports[0];
        if (truth->is_retracted[i])
            reports[count].status = REPORT_RETRACTED;
        if (count++ == 0)
            incident = one;
    }
    incident.reports = reports;
    incident.report_count = count;
    bench->said[bench->said_count++] = story_told(incident);
}

static void say_episode(struct bench *bench, struct stream_position position, unsigned id, uint32_t revision,
                        const char *members)
{
    char name[8];
    snprintf(name, sizeof name, "e%u", id);
    enum episode_state state = *members == '\0'               ? EPISODE_WITHDRAWN
                               : strchr(members, ' ') != NULL ? EPISODE_FLAGGED
                                                              : EPISODE_CANDIDATE;
    bench->said[bench->said_count++] =
        story_episode(&bench->arena, position, name, revision, state, T0, T0 + 1000, "PL", members);
}

/* Says what is otherwise than was told, as caused by that number. */
static void flush(struct bench *bench, struct told *told, unsigned number)
{
    const struct truth *truth = &bench->truth[number];
    struct stream_position position = {77, number};
    char words[64];
    for (unsigned i = 0; i < REPORTS; i++) {
        incident_words(truth, i, words);
        if (words[0] != '\0' && strcmp(words, told->incidents[i]) != 0)
            say_incident(bench, position, truth, i);
        memcpy(told->incidents[i], words, sizeof words);
    }
    for (unsigned i = 0; i < EPISODES; i++) {
        episode_words(truth, i, words);
        if (strcmp(words, told->episodes[i]) != 0)
            say_episode(bench, position, i, ++told->revisions[i], words);
        memcpy(told->episodes[i], words, sizeof words);
    }
}

/* Everything a life says that begins at a checkpoint. */
static void life(struct bench *bench, unsigned checkpoint)
{
    struct told told = bench->checkpoints[checkpoint];
    bench->said_count = 0;
    for (unsigned number = checkpoint + 1; number <= LENGTH; number++) {
        if (bench->flushes[number] || number == LENGTH)
            flush(bench, &told, number);
        bench->checkpoints[number] = told;
    }
}

static void judge(struct bench *bench, const struct publication *said, enum store_effect effect, uint32_t revision)
{
    bench->applied += effect == STORE_APPLIED;
    if (said->kind != PUBLICATION_EPISODE)
        return;
    unsigned id = (unsigned)(said->episode.id.data[1] - '0');
    assert_true(revision < 1024);
    if (effect == STORE_APPLIED && bench->names[id][revision].is_set)
        assert_memory_equal(bench->names[id][revision].digest, said->episode.digest, 32);
    if (effect == STORE_APPLIED) {
        memcpy(bench->names[id][revision].digest, said->episode.digest, 32);
        bench->names[id][revision].is_set = true;
    }
}

/* The first `count` of what was said, in pieces of any size. */
static void hear(struct bench *bench, struct store *store, size_t count)
{
    enum store_effect effects[16];
    uint32_t revisions[16];
    for (size_t at = 0, piece; at < count; at += piece) {
        piece = 1 + dice_below(&bench->dice, 16);
        piece = piece < count - at ? piece : count - at;
        if (store_apply(
                store, &(struct store_piece){.publications = bench->said + at, .count = piece, .link = {1, at + piece}},
                effects, revisions, bench->reason) != DELIVERED)
            fail_msg("%s", bench->reason);
        for (size_t i = 0; i < piece; i++)
            judge(bench, &bench->said[at + i], effects[i], revisions[i]);
    }
}

static enum status write_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    text_print(self, "%.*s %s [", SPAN_ARG(episode->id), episode_state_name(episode->state));
    for (size_t i = 0; i < episode->member_count; i++)
        text_print(self, " %.*s@%g", SPAN_ARG(episode->members[i].incident_id),
                   incidents[i] != NULL ? incidents[i]->reports[0].place.lat : -1);
    text_print(self, " ]\n");
    return STATUS_OK;
}

static enum status write_incident(void *self, const struct incident *incident, const struct span *ids, size_t count)
{
    text_print(self, "%.*s [", SPAN_ARG(incident->id));
    for (size_t i = 0; i < incident->report_count; i++)
        text_print(self, " %.*s/%u/%s", SPAN_ARG(incident->reports[i].source_id), incident->reports[i].revision,
                   report_status_name(incident->reports[i].status));
    text_print(self, " ]");
    for (size_t i = 0; i < count; i++)
        text_print(self, " %.*s", SPAN_ARG(ids[i]));
    text_print(self, "\n");
    return STATUS_OK;
}

static void store_write(struct store *store, struct text *text)
{
    /* What came and went between two tellings was never told: withdrawn ones say where one told, no more. */
    const struct store_filter everything = {.with_candidates = true};
    text_clear(text);
    text_print(text, "%s", "");
    assert_int_equal(store_episodes(store, &everything, write_episode, text), STATUS_OK);
    assert_int_equal(store_incidents(store, &everything, write_incident, text), STATUS_OK);
}

static struct store *open_store(struct bench *bench)
{
    struct store *store;
    if (store_open(kind->url, STORE_WRITE, &store, bench->reason) != STATUS_OK)
        fail_msg("%s", bench->reason);
    return store;
}

static void drop_store(struct store *store)
{
    store_close(store);
    if (kind->outlives)
        (void)unlink(kind->url);
}

static void history_make(struct bench *bench, uint64_t seed)
{
    memset(bench->truth, 0, sizeof bench->truth);
    memset(bench->names, 0, sizeof bench->names);
    memset(bench->checkpoints, 0, sizeof bench->checkpoints);
    bench->dice = (struct dice){seed};
    for (unsigned i = 0; i < REPORTS; i++) {
        bench->truth[0].group[i] = bench->truth[0].best[i] = i;
        bench->truth[0].episode[i] = EPISODES;
    }
    for (unsigned number = 1; number <= LENGTH; number++) {
        bench->truth[number] = bench->truth[number - 1];
        truth_change(&bench->truth[number], &bench->dice);
    }
}

static void undisturbed(struct bench *bench, struct text *text)
{
    memset(bench->flushes, true, sizeof bench->flushes);
    life(bench, 0);
    struct store *store = open_store(bench);
    hear(bench, store, bench->said_count);
    store_write(store, text);
    drop_store(store);
    memset(bench->names, 0, sizeof bench->names);
    memset(bench->checkpoints, 0, sizeof bench->checkpoints);
}

static void lives_in_a_row(struct bench *bench, struct text *text)
{
    struct store *store = open_store(bench);
    unsigned safe = 0; /* all that was caused up to it was heard */
    memset(bench->flushes, false, sizeof bench->flushes);
    for (unsigned n = 0; n < LIVES; n++) {
        unsigned checkpoint = dice_below(&bench->dice, safe + 1);
        for (unsigned number = checkpoint + 1; number <= LENGTH; number++)
            bench->flushes[number] |= dice_below(&bench->dice, 3) == 0;
        life(bench, checkpoint);
        size_t heard = n + 1 < LIVES ? dice_below(&bench->dice, (uint32_t)bench->said_count + 1) : bench->said_count;
        hear(bench, store, heard);
        unsigned reached = LENGTH;
        if (heard < bench->said_count) {
            const struct publication *next = &bench->said[heard];
            const struct stream_position *position =
                next->kind == PUBLICATION_EPISODE ? &next->episode.position : &next->incident.position;
            reached = (unsigned)position->number - 1;
        }
        safe = reached > safe ? reached : safe;
    }
    /* All of it once more: nothing is new. */
    bench->applied = 0;
    life(bench, 0);
    hear(bench, store, bench->said_count);
    store_write(store, text);
    drop_store(store);
}

static void whatever_is_told_again_the_store_ends_as_if_undisturbed(void **state)
{
    (void)state;
    struct bench *bench = test_calloc(1, sizeof *bench);
    struct text expected = {0}, found = {0};
    unsigned rounds = kind->outlives ? 40 : 2000;
    arena_init(&bench->arena, 64u << 20);
    for (uint64_t seed = 1; seed <= rounds; seed++) {
        arena_reset(&bench->arena);
        history_make(bench, seed);
        undisturbed(bench, &expected);
        lives_in_a_row(bench, &found);
        if (strcmp(expected.data, found.data) != 0)
            fail_msg("seed %" PRIu64 ": expected\n%s\nfound\n%s", seed, expected.data, found.data);
    }
    text_fini(&expected);
    text_fini(&found);
    arena_fini(&bench->arena);
    test_free(bench);
}

static void a_history_told_again_after_everything_changes_nothing(void **state)
{
    (void)state;
    struct bench *bench = test_calloc(1, sizeof *bench);
    struct text before = {0}, after = {0};
    arena_init(&bench->arena, 64u << 20);
    for (uint64_t seed = 5001; seed <= 5040; seed++) {
        arena_reset(&bench->arena);
        history_make(bench, seed);
        for (unsigned number = 1; number <= LENGTH; number++)
            bench->flushes[number] = dice_below(&bench->dice, 2) == 0;
        struct store *store = open_store(bench);
        life(bench, 0);
        hear(bench, store, bench->said_count);
        store_write(store, &before);
        size_t first = bench->applied;
        assert_true(first > 0);
        /* Of what is there nothing is applied; what was merged away is told and merged away again. */
        for (size_t i = 0; i < bench->said_count; i++) {
            enum store_effect effect;
            uint32_t revision;
            if (bench->said[i].kind != PUBLICATION_EPISODE)
                continue;
            assert_int_equal(store_apply(store, &(struct store_piece){.publications = &bench->said[i], .count = 1},
                                         &effect, &revision, bench->reason),
                             DELIVERED);
            assert_int_equal(effect, STORE_KNOWN);
        }
        hear(bench, store, bench->said_count);
        store_write(store, &after);
        assert_string_equal(before.data, after.data);
        drop_store(store);
    }
    text_fini(&before);
    text_fini(&after);
    arena_fini(&bench->arena);
    test_free(bench);
}

/* A bare retraction comes before or after the report it is of, once or again. */
static void a_retraction_told_again_in_either_order_leaves_the_same_incident(void **state)
{
    (void)state;
    struct bench *bench = test_calloc(1, sizeof *bench);
    struct text seen[2] = {0};
    arena_init(&bench->arena, 1u << 20);
    for (unsigned order = 0; order < 2; order++) {
        struct store *store = open_store(bench);
        struct stream_position first = {77, 1}, second = {77, 2};
        bench->said[order] =
            story_told(story_incident(&bench->arena, order == 0 ? first : second, "a", 1, T0, 51.5, 23.25, "PL"));
        bench->said[1 - order] = story_retraction(&bench->arena, order == 0 ? second : first, "a", 2);
        hear(bench, store, 2);
        hear(bench, store, 1);
        store_write(store, &seen[order]);
        hear(bench, store, 2);
        store_write(store, &seen[order]);
        assert_string_equal(seen[order].data, "s:a [ a/2/retracted ]\n");
        drop_store(store);
    }
    for (unsigned i = 0; i < 2; i++)
        text_fini(&seen[i]);
    arena_fini(&bench->arena);
    test_free(bench);
}

int store_retelling_run(const char *name, const struct store_case *store_kind)
{
    kind = store_kind;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_told_again_the_store_ends_as_if_undisturbed),
        cmocka_unit_test(a_history_told_again_after_everything_changes_nothing),
        cmocka_unit_test(a_retraction_told_again_in_either_order_leaves_the_same_incident),
    };
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
