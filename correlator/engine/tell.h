/* Tells what changed since the last flush: compares what each restated episode says with what was told of it. */
#pragma once

#include "correlator/engine/content.h"

/* Scratch of the telling, kept from flush to flush. */
struct teller {
    VECTOR(uint32_t) order; /* episode records to tell, withdrawn ones first */
    VECTOR(uint32_t) scratch;
    VECTOR(struct engine_member) members;
    VECTOR(struct engine_member) added;
    VECTOR(struct engine_member) removed;
    VECTOR(struct engine_member) touched;
    VECTOR(uint32_t) heirs; /* pairs of ward->lineage, as indexes */
    char (*ids)[EPISODE_ID_BYTES];
    uint32_t ids_room;
    uint32_t stamp; /* of comparisons */
};

/* Tells the changes of one rule; frees the withdrawn. False: no memory. */
bool tell_ward(struct teller *teller, struct ward *ward, size_t rule, const struct engine_events *events);
void teller_free(struct teller *teller, struct memory *memory);
