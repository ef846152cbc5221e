#include "tests/contract/sink/store_contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(void)
{
    char folder[] = "/tmp/vedette-store-XXXXXX";
    char url[64];
    if (mkdtemp(folder) == NULL)
        return 1;
    snprintf(url, sizeof url, "%s/store.gpkg", folder);
    const struct store_case geopackage = {.url = url, .outlives = true};
    int failures = store_contract_run("geopackage", &geopackage);
    failures += store_queries_run("geopackage, asked", &geopackage);
    failures += store_retelling_run("geopackage, told again", &geopackage);
    return rmdir(folder) == 0 ? failures : 1; /* and nothing was left beside the store */
}
