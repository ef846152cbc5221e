/* Any body behind a true head: what opens answers every place, the rest is refused. */
#include "agents/locate/atlas.h"
#include "agents/locate/grid.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct atlas atlas;
    struct grid grid;
    char reason[ATLAS_REASON_BYTES];
    if (atlas_read_body((struct span){(const char *)data, size}, "un", &atlas, reason) != STATUS_OK)
        return 0;
    if (grid_build(&grid, &atlas) == STATUS_OK) {
        for (size_t i = 0; i < atlas.point_count; i++) {
            uint16_t held[16];
            if (grid_find(&grid, atlas.points[i].lat, atlas.points[i].lon, held, 16) > 16)
                abort();
        }
        grid_fini(&grid);
    }
    atlas_fini(&atlas);
    return 0;
}
