/* An archive of reports as incidents: read by the same agent and correlator as a replay, so that refusals, corrections,
 * retractions, countries and `same` count as they do there; no rule runs. */
#pragma once

#include "base/arena.h"
#include "cli/settings.h"
#include "correlator/engine/engine.h"
#include "sink/store.h"

struct archive {
    struct store *store; /* holds what the incidents borrow */
    struct arena arena;
    struct engine_incident *incidents; /* in order of (start, id); neither retracted nor explained ones */
    size_t count;
    struct span *sources; /* of their reports, ascending, each once */
    size_t source_count;
    uint64_t read, refused, unread;
};

/* mapping: path or NULL. Keeps the incidents that start from from_ms to before until_ms. STATUS_INVALID: CSV without a
 * mapping; STATUS_CLOSED: interrupted; the sentence in ret_reason. Frees what it took where it fails. */
enum status archive_open(struct archive *archive, const struct settings *settings, const char *const *files,
                         size_t file_count, const char *mapping, int64_t from_ms, int64_t until_ms,
                         char ret_reason[256]) MUST_CHECK;
void archive_close(struct archive *archive);
/* A number made of all of them: equal archives, equal number. */
uint64_t archive_seed(const struct archive *archive);
