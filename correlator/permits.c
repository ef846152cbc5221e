#include "correlator/permits.h"

#include "base/log.h"
#include "bus/keys/allowed.h"

static void refuse(struct permits *permits, const struct peer *peer, const char *what, struct span source)
{
    if (permits->untold++ == 0)
        log_warn("permit.refused", "the key of agent %s may not %s the source \"%.*s\": it is allowed for %.100s",
                 peer->name, what, (int)(source.size < LIMIT_SOURCE_BYTES ? source.size : LIMIT_SOURCE_BYTES),
                 source.size > 0 ? source.data : "", peer->key->sources);
}

const struct span *permits_items(struct permits *permits, const struct peer *peer, const struct span *items,
                                 size_t count)
{
    const struct span *permitted = items;
    struct span source;
    for (size_t i = 0; i < count && peer->key != NULL; i++) {
        if (report_source(items[i], &source) && allowed_may_write(peer->key, source))
            continue;
        if (permitted == items) {
            memcpy(permits->items, items, count * sizeof *items);
            permitted = permits->items;
        }
        permits->items[i] = (struct span){0};
        permits->forbidden++;
        refuse(permits, peer, "write", source);
    }
    return permitted;
}

const struct source_mark *permits_marks(struct permits *permits, const struct peer *peer,
                                        const struct source_mark *marks, size_t *count)
{
    size_t kept = 0;
    if (peer->key == NULL)
        return marks;
    for (size_t i = 0; i < *count; i++) {
        if (allowed_may_write(peer->key, marks[i].source))
            permits->marks[kept++] = marks[i];
        else
            refuse(permits, peer, "speak for", marks[i].source);
    }
    *count = kept;
    return permits->marks;
}

void permits_tell(struct permits *permits)
{
    if (permits->untold > 1)
        log_warn("permit.refused", "and %zu more within a second", permits->untold - 1);
    permits->untold = 0;
}
