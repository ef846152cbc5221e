/* How fast a store takes what comes: store_rates URL [INCIDENTS [ENDPOINTS]], the last of alerts that every episode is
 * noted for. Prints JSON. Not a test: run by hand. */
#include "base/clock.h"
#include "sink/store_alerts.h"
#include "tests/contract/sink/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 1024

static double seconds_since(uint64_t start_ns)
{
    return (double)(clock_monotonic_ns() - start_ns) / 1e9;
}

static void apply(struct store *store, const struct publication *publications, size_t count)
{
    static enum store_effect effects[PIECE];
    static uint32_t revisions[PIECE];
    static uint64_t link;
    char reason[256];
    const struct store_piece piece = {.publications = publications, .count = count, .link = {1, ++link}, .now_ms = 1};
    if (store_apply(store, &piece, effects, revisions, reason) != DELIVERED) {
        fprintf(stderr, "%s\n", reason);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static struct publication publications[PIECE];
    char reason[256];
    struct store *store;
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 200000;
    if (argc < 2 || store_open(argv[1], STORE_WRITE, &store, reason) != STATUS_OK) {
        fprintf(stderr, "%s\n", argc < 2 ? "usage: store_rates URL [INCIDENTS]" : reason);
        return 1;
    }
    const struct alert_endpoint endpoints[] = {{SPAN("a"), INT64_MAX / 2}, {SPAN("b"), INT64_MAX / 2}};
    size_t endpoint_count = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
    if (endpoint_count > 2 ||
        (endpoint_count > 0 && store_alerts_open(store, endpoints, endpoint_count, 1, NULL, NULL) != STATUS_OK))
        return 1;
    struct arena arena;
    arena_init(&arena, 64u << 20);
    struct stream_position position = {1, 0};
    uint64_t start_ns = clock_monotonic_ns();
    for (size_t at = 0; at < count; at += PIECE) {
        arena_reset(&arena);
        for (size_t i = 0; i < PIECE; i++) {
            char id[32];
            size_t number = at + i;
            snprintf(id, sizeof id, "%zu", number * 2654435761u % 4294967291u);
            position.number++;
            publications[i] = story_told(story_incident(&arena, position, id, 0, (int64_t)number * 1000,
                                                        (double)(number * 37 % 1700) / 10 - 85,
                                                        (double)(number * 101 % 3600) / 10 - 180, "EE"));
        }
        apply(store, publications, PIECE);
    }
    double incidents_s = seconds_since(start_ns);
    start_ns = clock_monotonic_ns();
    for (size_t at = 0; at < count / 4; at += PIECE) {
        arena_reset(&arena);
        for (size_t i = 0; i < PIECE; i++) {
            char id[32], members[128];
            size_t number = (at + i) * 3;
            snprintf(id, sizeof id, "%012zu", number);
            snprintf(members, sizeof members, "%zu %zu %zu", number * 2654435761u % 4294967291u,
                     (number + 1) * 2654435761u % 4294967291u, (number + 2) * 2654435761u % 4294967291u);
            position.number++;
            publications[i] = story_episode(&arena, position, id, 1, EPISODE_FLAGGED, (int64_t)number * 1000,
                                            (int64_t)number * 1000, "EE,PL", members);
        }
        apply(store, publications, PIECE);
    }
    printf("{\"store\":\"%s\",\"incidents_per_s\":%.0f,\"episodes_of_three_per_s\":%.0f}\n", argv[1],
           (double)count / incidents_s, (double)count / 4 / seconds_since(start_ns));
    arena_fini(&arena);
    store_close(store);
    return 0;
}
