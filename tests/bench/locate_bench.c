/* Look-ups a second on one core, as JSON on stdout.
 *
 *   locate_bench [territories.vdt]
 *
 * Three mixes: places all over the globe, places over land and coasts of Europe (many borders), and corners of outlines
 * moved by up to 2 km (the worst: every look-up falls into a cell with edges). Best of five rounds. */
#include "agents/locate/atlas.h"
#include "agents/locate/territories.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PLACES 1000000u
#define ROUNDS 5

struct degrees {
    double lat, lon;
};

static uint64_t seed = 20250910;

static double random_within(double least, double most)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return least + (most - least) * ((double)(seed >> 11) / 9007199254740992.0);
}

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void mix_measure(const char *name, const struct territories *territories, const struct degrees *places)
{
    double best = 1e9;
    size_t located = 0;
    for (int round = 0; round < ROUNDS; round++) {
        located = 0;
        double start = seconds_now();
        for (size_t i = 0; i < PLACES; i++) {
            struct country countries[TERRITORIES_COUNTRIES_MAX];
            located +=
                territories_find(territories, places[i].lat, places[i].lon, countries, TERRITORIES_COUNTRIES_MAX) > 0;
        }
        double took = seconds_now() - start;
        best = took < best ? took : best;
    }
    printf(", \"%s\": {\"lookups_per_s\": %.0f, \"ns_each\": %.1f, \"located\": %.3f, \"allocations_each\": 0}", name,
           PLACES / best, best * 1e9 / PLACES, (double)located / PLACES);
}

static char *file_read(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    char *data = file != NULL ? malloc(ATLAS_FILE_BYTES_MAX) : NULL;
    *ret_size = data != NULL ? fread(data, 1, ATLAS_FILE_BYTES_MAX, file) : 0;
    if (file != NULL)
        (void)fclose(file);
    return data;
}

static int refuse(const char *path, const char *reason)
{
    (void)fprintf(stderr, "locate_bench: %s: %s\n", path, reason);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : "deploy/territories/territories.vdt";
    size_t size;
    char *data = file_read(path, &size);
    struct degrees *places = malloc(PLACES * sizeof *places);
    if (data == NULL || places == NULL)
        return refuse(path, "cannot be read");
    char reason[TERRITORIES_REASON_BYTES] = "";
    struct territories *territories = NULL;
    double start = seconds_now();
    if (territories_open_bytes((struct span){data, size}, TERRITORIES_VIEW_DEFAULT, &territories, reason) != STATUS_OK)
        return refuse(path, reason);
    double opened = seconds_now() - start;
    struct atlas atlas;
    if (atlas_read((struct span){data, size}, TERRITORIES_VIEW_DEFAULT, &atlas, reason) != STATUS_OK)
        return refuse(path, reason);

    printf("{\"bench\": \"locate\", \"file_bytes\": %zu, \"points\": %zu, \"open_ms\": %.1f", size, atlas.point_count,
           opened * 1e3);
    for (size_t i = 0; i < PLACES; i++)
        places[i] = (struct degrees){random_within(-90, 90), random_within(-180, 180)};
    mix_measure("globe", territories, places);
    for (size_t i = 0; i < PLACES; i++)
        places[i] = (struct degrees){random_within(35, 70), random_within(-10, 40)};
    mix_measure("europe", territories, places);
    for (size_t i = 0; i < PLACES; i++) {
        struct atlas_point point = atlas.points[(size_t)random_within(0, (double)atlas.point_count)];
        places[i] = (struct degrees){(double)point.lat / ATLAS_MICRODEGREES + random_within(-0.02, 0.02),
                                     (double)point.lon / ATLAS_MICRODEGREES + random_within(-0.02, 0.02)};
    }
    mix_measure("borders", territories, places);
    printf("}\n");
    atlas_fini(&atlas);
    territories_close(territories);
    free(places);
    free(data);
    return EXIT_SUCCESS;
}
