/* JSON Lines: one episode or incident a line, to the letter of the contract. */
#include "proto/json.h"

#include "cli/output.h"

#include <stdlib.h>

struct json_output {
    FILE *stream;
    struct text line;
};

static enum status json_open(FILE *stream, struct zone *zone, enum output_subject subject, void **ret_self)
{
    (void)zone;
    (void)subject;
    struct json_output *output = calloc(1, sizeof *output);
    if (output == NULL)
        return STATUS_NO_MEMORY;
    output->stream = stream;
    *ret_self = output;
    return STATUS_OK;
}

static enum status write_line(struct json_output *output)
{
    text_append(&output->line, SPAN("\n"));
    if (output->line.failed)
        return STATUS_NO_MEMORY;
    size_t written = fwrite(output->line.data, 1, output->line.size, output->stream);
    return written == output->line.size ? STATUS_OK : STATUS_IO;
}

static enum status json_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    struct json_output *output = self;
    text_clear(&output->line);
    episode_to_json(episode, incidents, &output->line);
    return write_line(output);
}

static enum status json_incident(void *self, const struct incident *incident, const struct span *episode_ids,
                                 size_t episode_count)
{
    struct json_output *output = self;
    text_clear(&output->line);
    incident_to_json(incident, episode_ids, episode_count, &output->line);
    return write_line(output);
}

static enum status json_close(void *self)
{
    struct json_output *output = self;
    text_fini(&output->line);
    free(output);
    return STATUS_OK;
}

const struct output_driver output_json = {
    .name = "json", .open = json_open, .episode = json_episode, .incident = json_incident, .close = json_close};
