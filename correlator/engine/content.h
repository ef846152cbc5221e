/* What an episode says, from its members (method §4, §6): state, countries, span, extent, and who is in it. */
#pragma once

#include "correlator/engine/company.h"

/* Fills record->next. False: no memory. */
bool content_build(struct ward *ward, const struct company *company, struct episode_record *record);
/* Does `next` say anything else than what was told? */
bool content_differs(const struct ward *ward, const struct content *told, const struct content *next);
