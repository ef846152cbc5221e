/* vedette-agent */
#include "agents/agent.h"

#include "cli/version.h"

#include <argp.h>

int main(int argc, char **argv)
{
    argp_program_version = "vedette-agent " VEDETTE_VERSION;
    return agent_main(argc, argv);
}
