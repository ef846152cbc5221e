/* vedette-sink */
#include "sink/sink.h"

#include "cli/version.h"

#include <argp.h>

int main(int argc, char **argv)
{
    argp_program_version = "vedette-sink " VEDETTE_VERSION;
    return sink_main(argc, argv);
}
