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
    int failures = store_contract_run("geopackage", &(struct store_case){.url = url, .outlives = true});
    return rmdir(folder) == 0 ? failures : 1; /* and nothing was left beside the store */
}
