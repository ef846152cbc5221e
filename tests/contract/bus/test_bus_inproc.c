#include "bus_world.h"

static void url(char ret_url[96])
{
    static int number;
    (void)snprintf(ret_url, 96, "inproc://contract-%d", ++number);
}

int main(void)
{
    const struct bus_contract inproc = {"bus over inproc", url};
    return contract_run(&inproc) + contract_run_receivers(&inproc) + contract_run_spool(&inproc) +
           contract_run_hostile(&inproc);
}
