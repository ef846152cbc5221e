/* vedette-correlator */
#include "correlator/correlator.h"

#include "cli/version.h"

#include <argp.h>

int main(int argc, char **argv)
{
    argp_program_version = "vedette-correlator " VEDETTE_VERSION;
    return correlator_main(argc, argv);
}
