/* What an episode says, from its members (method §4, §6): state, countries, span, extent, and who is in it. */
#pragma once

#include "correlator/engine/company.h"

/* Says in ward->contents what it is now, at that index. False: no memory. */
bool content_build(struct ward *ward, const struct company *company, struct episode_record *record, uint32_t at);
/* Does `next` say anything else than what was told? */
bool content_differs(const struct ward *ward, const struct content *told, const struct content *next);
