/* The version, as the build says it. */
#pragma once

#ifndef VEDETTE_VERSION
#error "VEDETTE_VERSION comes from cli/CMakeLists.txt"
#endif
