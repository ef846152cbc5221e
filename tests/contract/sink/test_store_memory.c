#include "tests/contract/sink/store_contract.h"

int main(void)
{
    const struct store_case memory = {.url = "memory:"};
    int failures = store_contract_run("memory", &memory);
    failures += store_queries_run("memory, asked", &memory);
    return failures + store_retelling_run("memory, told again", &memory);
}
