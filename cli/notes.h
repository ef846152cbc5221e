/* What is right in a configuration, but odd: said by `vedette check`, and no more than said. */
#pragma once

#include "cli/settings.h"

#include <stdio.h>

void notes_print(const struct settings *settings, FILE *stream);
