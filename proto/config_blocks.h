/* The blocks of the configuration: one file for all programs, each reads its own. A name that is not here is a mistake
 * of the file's, whichever program reads it. */
#pragma once

#define CONFIG_BLOCKS                                                                                                  \
    {                                                                                                                  \
        "rules", "state", "bus", "sources", "sink", "same", "baseline", "agent", "territories", "correlator",          \
            "monitor", "log", NULL                                                                                     \
    }
