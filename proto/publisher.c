#include "proto/publisher.h"

#include "base/fold.h"
#include "proto/episode.h"
#include "proto/limits.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct publisher_key publisher_key_of(const struct report *report)
{
    char folded[4 * LIMIT_NAME_BYTES]; /* a letter's lower case may take more bytes */
    size_t size = text_fold(report->publisher, folded, sizeof folded);
    if (size == 0)
        size = text_fold(report->source, folded, sizeof folded);
    struct publisher_key key;
    (void)crypto_generichash(key.bytes, sizeof key.bytes, (const unsigned char *)folded, size, NULL, 0);
    return key;
}

static int key_order(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct publisher_key));
}

size_t publisher_keys_distinct(struct publisher_key *keys, size_t count)
{
    if (count > 1)
        qsort(keys, count, sizeof *keys, key_order);
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++)
        distinct += i == 0 || key_order(&keys[i - 1], &keys[i]) != 0;
    return distinct;
}

uint64_t incident_publishers(const struct incident *incident)
{
    if (incident->publishers > 0 || incident->report_count <= 1)
        return incident->publishers > 0 ? incident->publishers : incident->report_count;
    struct publisher_key *keys = malloc(incident->report_count * sizeof *keys);
    if (keys == NULL)
        return 1; /* at least one says so */
    for (size_t i = 0; i < incident->report_count; i++)
        keys[i] = publisher_key_of(&incident->reports[i]);
    size_t distinct = publisher_keys_distinct(keys, incident->report_count);
    free(keys);
    return distinct;
}
