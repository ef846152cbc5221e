#include "tests/bench/streams.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TOWNS    300u
#define BEGIN_MS 1500000000000LL

/* The rules' windows go with the rates: a decade of ten million is so dense that a rule of a day would find a hundred
 * neighbours for each. */
const struct stream_kind stream_kinds[] = {
    {"sea", STREAM_SEA, 37.0, 37.0, 1000000, SIZE_MAX, 300.0, 48 * STREAM_HOUR_MS, 3},
    {"europe", STREAM_EUROPE, 7.0, 7.0, 1000000, SIZE_MAX, 100.0, 24 * STREAM_HOUR_MS, 5},
    {"crowd", STREAM_TOWN, 100000.0 / 48.0, 1.0 / 168.0, 100000, 100000, 300.0, 48 * STREAM_HOUR_MS, 3},
    {"decade", STREAM_EUROPE, 1e7 / 87660.0, 1e7 / 87660.0, 10000000, SIZE_MAX, 50.0, 3 * STREAM_HOUR_MS / 2, 5},
};
const size_t stream_kind_count = sizeof stream_kinds / sizeof stream_kinds[0];

const struct stream_kind *stream_kind_find(const char *name)
{
    for (size_t i = 0; i < stream_kind_count; i++)
        if (strcmp(name, stream_kinds[i].name) == 0)
            return &stream_kinds[i];
    return NULL;
}

struct spot {
    double lat, lon;
};

struct stream {
    enum stream_place place;
    enum stream_order order;
    uint64_t seed;
    double mean_gap_ms;
    double clock_ms;
    size_t made, incidents;
    struct spot towns[TOWNS];
    double sizes[TOWNS];           /* summed up; the last is 1 */
    struct stream_incident *under; /* way: a heap, the first to arrive on top */
    size_t under_count, under_room;
    struct stream_incident next; /* made, not yet under way */
    bool has_next;
};

/* splitmix64 */
static uint64_t roll(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double real(uint64_t *state)
{
    return (double)(roll(state) >> 11) * 0x1p-53;
}

/* --- places --- */

/* Uniform by area. */
static struct spot anywhere(uint64_t *seed, double south, double north, double west, double east)
{
    static const double degree = 0.017453292519943295;
    double low = sin(south * degree);
    double high = sin(north * degree);
    return (struct spot){asin(low + (high - low) * real(seed)) / degree, west + (east - west) * real(seed)};
}

static struct spot anywhere_in_europe(uint64_t *seed)
{
    return anywhere(seed, 36.0, 66.0, -10.0, 35.0);
}

/* Half of what happens in a town is only known to have happened in the town: its middle, exactly. */
static struct spot in_town(uint64_t *seed, struct spot town)
{
    if (roll(seed) % 2 == 0)
        return town;
    return (struct spot){town.lat + 0.1 * (real(seed) - 0.5), town.lon + 0.1 * (real(seed) - 0.5)};
}

/* The towns are the same whatever the seed: a history is of the same country. */
static void towns_make(struct stream *stream)
{
    uint64_t seed = 7;
    double sum = 0.0;
    for (unsigned i = 0; i < TOWNS; i++)
        stream->sizes[i] = sum += 1.0 / (i + 1.0);
    for (unsigned i = 0; i < TOWNS; i++) {
        stream->towns[i] = anywhere_in_europe(&seed);
        stream->sizes[i] /= sum;
    }
}

static struct spot town_pick(struct stream *stream)
{
    double size = real(&stream->seed);
    unsigned low = 0;
    unsigned high = TOWNS - 1;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (stream->sizes[middle] < size)
            low = middle + 1;
        else
            high = middle;
    }
    return stream->towns[low];
}

static struct spot place_pick(struct stream *stream)
{
    switch (stream->place) {
    case STREAM_SEA:
        return anywhere(&stream->seed, -90.0, 90.0, -180.0, 180.0);
    case STREAM_EUROPE:
        return real(&stream->seed) < 0.8 ? in_town(&stream->seed, town_pick(stream))
                                         : anywhere_in_europe(&stream->seed);
    case STREAM_TOWN:
        return in_town(&stream->seed, (struct spot){52.0, 20.0});
    }
    abort();
}

/* Countries as big as three degrees; the one town is on the border of two. */
static country_code country_at(struct spot spot)
{
    static const country_code codes[] = {
        COUNTRY_CODE('D', 'K'), COUNTRY_CODE('E', 'E'), COUNTRY_CODE('P', 'L'), COUNTRY_CODE('S', 'E'),
        COUNTRY_CODE('F', 'I'), COUNTRY_CODE('N', 'O'), COUNTRY_CODE('D', 'E'), COUNTRY_CODE('L', 'V'),
        COUNTRY_CODE('L', 'T'), COUNTRY_CODE('R', 'O'), COUNTRY_CODE('F', 'R'),
    };
    int row = (int)floor(spot.lat / 3.0) + 30;
    int column = (int)floor((spot.lon - 20.0) / 3.0) + 70;
    return codes[(row * 3 + column) % 11];
}

/* --- the stream --- */

static void next_make(struct stream *stream)
{
    stream->clock_ms -= stream->mean_gap_ms * log(1.0 - real(&stream->seed));
    int64_t start_ms = (int64_t)stream->clock_ms;
    int64_t length_ms = (int64_t)(roll(&stream->seed) % 3) * STREAM_LENGTH_MS / 2;
    struct spot spot = place_pick(stream);
    int64_t late_ms =
        stream->order == STREAM_SHUFFLED ? (int64_t)(real(&stream->seed) * (double)STREAM_LATENESS_MS) : 0;
    stream->next = (struct stream_incident){
        .arrival_ms = start_ms + late_ms,
        .start_ms = start_ms,
        .end_ms = start_ms + length_ms,
        .point = point_from_degrees(spot.lat, spot.lon),
        .country = country_at(spot),
        .number = (uint32_t)stream->made++,
    };
    stream->has_next = true;
}

static bool arrives_before(const struct stream_incident *a, const struct stream_incident *b)
{
    return a->arrival_ms != b->arrival_ms ? a->arrival_ms < b->arrival_ms : a->number < b->number;
}

static bool under_push(struct stream *stream, const struct stream_incident *incident)
{
    if (stream->under_count == stream->under_room) {
        size_t room = stream->under_room > 0 ? 2 * stream->under_room : 1024;
        struct stream_incident *under = realloc(stream->under, room * sizeof *under);
        if (under == NULL)
            return false;
        stream->under = under;
        stream->under_room = room;
    }
    size_t at = stream->under_count++;
    for (; at > 0 && arrives_before(incident, &stream->under[(at - 1) / 2]); at = (at - 1) / 2)
        stream->under[at] = stream->under[(at - 1) / 2];
    stream->under[at] = *incident;
    return true;
}

static struct stream_incident under_pop(struct stream *stream)
{
    struct stream_incident top = stream->under[0];
    struct stream_incident last = stream->under[--stream->under_count];
    size_t at = 0;
    for (size_t child = 1; child < stream->under_count; child = 2 * at + 1) {
        if (child + 1 < stream->under_count && arrives_before(&stream->under[child + 1], &stream->under[child]))
            child++;
        if (!arrives_before(&stream->under[child], &last))
            break;
        stream->under[at] = stream->under[child];
        at = child;
    }
    stream->under[at] = last;
    return top;
}

enum status stream_new(enum stream_place place, double an_hour, enum stream_order order, uint64_t seed,
                       size_t incidents, struct stream **ret_stream)
{
    struct stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return STATUS_NO_MEMORY;
    stream->place = place;
    stream->order = order;
    stream->seed = seed;
    stream->incidents = incidents;
    stream->mean_gap_ms = (double)STREAM_HOUR_MS / an_hour;
    stream->clock_ms = (double)BEGIN_MS;
    towns_make(stream);
    *ret_stream = stream;
    return STATUS_OK;
}

void stream_free(struct stream *stream)
{
    if (stream == NULL)
        return;
    free(stream->under);
    free(stream);
}

size_t stream_next(struct stream *stream, struct stream_incident *ret_incidents, size_t count)
{
    size_t given = 0;
    while (given < count) {
        if (!stream->has_next && stream->made < stream->incidents)
            next_make(stream);
        bool top_first =
            stream->under_count > 0 && (!stream->has_next || stream->under[0].arrival_ms <= stream->next.start_ms);
        if (top_first) {
            ret_incidents[given++] = under_pop(stream);
        } else if (stream->has_next) {
            stream->has_next = false;
            if (!under_push(stream, &stream->next))
                abort();
        } else {
            break;
        }
    }
    return given;
}

/* --- mean k --- */

static size_t k_of(const struct stream_incident *incidents, size_t count, size_t at, const struct stream_kind *kind)
{
    const struct stream_incident *one = &incidents[at];
    int64_t chord2 = chord2_from_km(kind->reach_km);
    size_t k = 0;
    for (size_t i = at; i-- > 0 && incidents[i].start_ms >= one->start_ms - kind->window_ms - STREAM_LENGTH_MS;)
        k += one->start_ms - incidents[i].end_ms <= kind->window_ms &&
             point_chord2(one->point, incidents[i].point) <= chord2;
    for (size_t i = at + 1; i < count && incidents[i].start_ms - one->end_ms <= kind->window_ms; i++)
        k += point_chord2(one->point, incidents[i].point) <= chord2;
    return k;
}

double stream_mean_k(const struct stream_kind *kind, size_t count)
{
    struct stream *stream = NULL;
    struct stream_incident *incidents = calloc(count, sizeof *incidents);
    if (incidents == NULL || stream_new(kind->place, kind->an_hour, STREAM_IN_ORDER, 1, count, &stream) != STATUS_OK) {
        free(incidents);
        return 0.0;
    }
    size_t sum = 0;
    size_t asked = 0;
    size_t step = 1 + count / 1000;
    (void)stream_next(stream, incidents, count);
    for (size_t i = 0; i < count; i += step, asked++)
        sum += k_of(incidents, count, i, kind);
    stream_free(stream);
    free(incidents);
    return (double)sum / (double)asked;
}
