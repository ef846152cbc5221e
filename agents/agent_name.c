#include "agents/agent.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TAIL_BYTES     17u /* "-" and 16 digits */
#define NAME_BYTES_OLD 20  /* of the configured name, in earlier versions */

/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv: no stranger chooses these names. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = 14695981039346656037u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

/* Several agents may each run one source of the same file: each is a stream of its own, whatever the length of its
 * name.
 */
void agent_name_make(const struct agent_config *config, const char *only_source, char ret_name[AGENT_NAME_BYTES])
{
    char whole[2 * AGENT_NAME_BYTES];
    const char *source = only_source != NULL ? only_source : "", *dash = only_source != NULL ? "-" : "";
    int size = snprintf(whole, sizeof(whole), "%s%s%s", config->name, dash, source);
    if (size >= (int)AGENT_NAME_BYTES)
        snprintf(whole + AGENT_NAME_BYTES - 1 - TAIL_BYTES, TAIL_BYTES + 1, "-%016" PRIx64, hash_of(whole));
    memcpy(ret_name, whole, strlen(whole) + 1);
}

bool agent_name_was(const struct agent_config *config, const char *only_source, char ret_name[AGENT_NAME_BYTES])
{
    char now[AGENT_NAME_BYTES];
    if (only_source == NULL)
        return false;
    agent_name_make(config, only_source, now);
    snprintf(ret_name, AGENT_NAME_BYTES, "%.*s-%s", NAME_BYTES_OLD, config->name, only_source);
    return strcmp(now, ret_name) != 0;
}
