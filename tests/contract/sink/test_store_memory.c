#include "tests/contract/sink/store_contract.h"

int main(void)
{
    return store_contract_run("memory", &(struct store_case){.url = "memory:"});
}
