/* The stores there are; a row of store.c each. */
#pragma once

#include "sink/store_driver.h"

extern const struct store_driver store_memory;     /* "memory:": nothing outlives the process */
extern const struct store_driver store_geopackage; /* "….gpkg" */
