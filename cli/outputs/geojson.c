/* GeoJSON (RFC 7946): a FeatureCollection. An episode is the MultiPoint of its members' places, an incident a Point;
 * the properties are the JSON of the contract. Places are not joined to hulls, so nothing crosses the antimeridian
 * wrongly. */
#include "cli/output.h"
#include "proto/json.h"

#include <stdlib.h>

struct geojson_output {
    FILE *stream;
    struct text feature;
    size_t written;
};

static enum status geojson_open(FILE *stream, struct zone *zone, enum output_subject subject, void **ret_self)
{
    (void)zone;
    (void)subject;
    struct geojson_output *output = calloc(1, sizeof *output);
    if (output == NULL)
        return STATUS_NO_MEMORY;
    output->stream = stream;
    fputs("{\"type\":\"FeatureCollection\",\"features\":[", stream);
    *ret_self = output;
    return STATUS_OK;
}

static void add_position(struct text *text, const struct place *place)
{
    text_append(text, SPAN("["));
    text_json_number(text, place->lon);
    text_append(text, SPAN(","));
    text_json_number(text, place->lat);
    text_append(text, SPAN("]"));
}

static void begin_feature(struct geojson_output *output, struct span id)
{
    text_clear(&output->feature);
    text_append(&output->feature, output->written > 0 ? SPAN(",\n{\"type\":\"Feature\",\"id\":")
                                                      : SPAN("\n{\"type\":\"Feature\",\"id\":"));
    text_json_string(&output->feature, id);
    text_append(&output->feature, SPAN(",\"geometry\":"));
}

static enum status end_feature(struct geojson_output *output)
{
    text_append(&output->feature, SPAN("}"));
    if (output->feature.failed)
        return STATUS_NO_MEMORY;
    output->written++;
    size_t written = fwrite(output->feature.data, 1, output->feature.size, output->stream);
    return written == output->feature.size ? STATUS_OK : STATUS_IO;
}

static void add_places(struct text *text, const struct incident *const *incidents, size_t count)
{
    size_t places = 0;
    for (size_t i = 0; i < count; i++) {
        if (incidents[i] == NULL || !incidents[i]->reports[0].has_place)
            continue;
        text_append(text, places++ > 0 ? SPAN(",") : SPAN("{\"type\":\"MultiPoint\",\"coordinates\":["));
        add_position(text, &incidents[i]->reports[0].place);
    }
    text_append(text, places > 0 ? SPAN("]}") : SPAN("null"));
}

static enum status geojson_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    struct geojson_output *output = self;
    begin_feature(output, episode->id);
    add_places(&output->feature, incidents, episode->member_count);
    text_append(&output->feature, SPAN(",\"properties\":"));
    episode_to_json(episode, incidents, &output->feature);
    return end_feature(output);
}

static enum status geojson_incident(void *self, const struct incident *incident, const struct span *episode_ids,
                                    size_t episode_count)
{
    struct geojson_output *output = self;
    begin_feature(output, incident->id);
    if (incident->reports[0].has_place) {
        text_append(&output->feature, SPAN("{\"type\":\"Point\",\"coordinates\":"));
        add_position(&output->feature, &incident->reports[0].place);
        text_append(&output->feature, SPAN("}"));
    } else {
        text_append(&output->feature, SPAN("null"));
    }
    text_append(&output->feature, SPAN(",\"properties\":"));
    incident_to_json(incident, episode_ids, episode_count, &output->feature);
    return end_feature(output);
}

static enum status geojson_close(void *self)
{
    struct geojson_output *output = self;
    fputs(output->written > 0 ? "\n]}\n" : "]}\n", output->stream);
    text_fini(&output->feature);
    free(output);
    return STATUS_OK;
}

const struct output_driver output_geojson = {.name = "geojson",
                                             .open = geojson_open,
                                             .episode = geojson_episode,
                                             .incident = geojson_incident,
                                             .close = geojson_close};
