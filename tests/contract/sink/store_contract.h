/* What every store promises. A driver's own test names how to open one and runs this. */
#pragma once

#include "sink/store.h"

struct store_case {
    const char *url;
    bool outlives; /* what it keeps is there after closing */
};

/* Runs all, as cmocka tests; answers the number of failures. */
int store_contract_run(const char *name, const struct store_case *kind);
/* The same, of what is asked. */
int store_queries_run(const char *name, const struct store_case *kind);
/* The same, of what is told again by a correlator that was killed. */
int store_retelling_run(const char *name, const struct store_case *kind);
