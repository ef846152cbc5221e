/* A report that stands, as the incident the oracle is asked about. */
#pragma once

#include "correlator/engine/engine.h"
#include "proto/limits.h"
#include "proto/report.h"

struct oracle_incident {
    struct engine_incident incident; /* borrows from what follows: not to be moved */
    char id[LIMIT_INCIDENT_ID_BYTES + 1];
    country_code counted[LIMIT_COUNTRIES];
    country_code touched[LIMIT_COUNTRIES];
};

void oracle_incident_of(const struct report *report, struct oracle_incident *ret_incident);
