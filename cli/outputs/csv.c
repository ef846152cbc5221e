/* CSV: a header, then one episode or incident a line, times in UTC. */
#include "cli/csv_line.h"
#include "cli/output.h"
#include "cli/wording.h"

#include <stdlib.h>

static const char episode_header[] =
    "id,title,rule,state,revision,final,countries,first,last,extent_km,observed,capped,continues,"
    "calibrated,cause,incidents\r\n";
static const char incident_header[] =
    "id,category,role,status,start,end,precision,lat,lon,radius_km,place,countries,reports,publishers,headline,"
    "publisher,url,licence,episodes\r\n";

struct csv_output {
    FILE *stream;
    struct text line;
};

static enum status csv_open(FILE *stream, struct zone *zone, enum output_subject subject, void **ret_self)
{
    (void)zone;
    struct csv_output *output = calloc(1, sizeof *output);
    if (output == NULL)
        return STATUS_NO_MEMORY;
    output->stream = stream;
    fputs(subject == OUTPUT_EPISODES ? episode_header : incident_header, stream);
    *ret_self = output;
    return STATUS_OK;
}

static void csv_flag(struct text *line, bool value)
{
    csv_line_text(line, value ? SPAN("true") : SPAN("false"));
}

/* Ids, with blanks between them, in one field. An id may hold a blank itself; JSON is for those who split. */
static void csv_ids(struct text *line, const struct span *ids, size_t count)
{
    struct text joined = {0};
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            text_append(&joined, SPAN(" "));
        text_append(&joined, ids[i]);
    }
    csv_line_text(line, (struct span){joined.data, joined.size});
    line->failed |= joined.failed;
    text_fini(&joined);
}

static void csv_members(struct text *line, const struct episode *episode)
{
    struct text joined = {0};
    for (size_t i = 0; i < episode->member_count; i++) {
        if (i > 0)
            text_append(&joined, SPAN(" "));
        text_append(&joined, episode->members[i].incident_id);
    }
    csv_line_text(line, (struct span){joined.data, joined.size});
    line->failed |= joined.failed;
    text_fini(&joined);
}

static enum status end_line(struct csv_output *output)
{
    csv_line_end(&output->line);
    if (output->line.failed)
        return STATUS_NO_MEMORY;
    size_t written = fwrite(output->line.data, 1, output->line.size, output->stream);
    return written == output->line.size ? STATUS_OK : STATUS_IO;
}

static enum status csv_episode(void *self, const struct episode *episode, const struct incident *const *incidents)
{
    (void)incidents;
    struct csv_output *output = self;
    struct text *line = &output->line;
    char countries[2048];
    words_countries(episode->countries, episode->country_count, " ", countries, sizeof countries);
    text_clear(line);
    csv_line_text(line, episode->id);
    csv_line_text(line, episode->title);
    csv_line_text(line, episode->rule);
    csv_line_text(line, span_of(episode_state_name(episode->state)));
    csv_line_number(line, episode->revision);
    csv_flag(line, episode->final);
    csv_line_text(line, episode->country_count > 0 ? span_of(countries) : SPAN(""));
    csv_line_time(line, episode->first_ms);
    csv_line_time(line, episode->last_ms);
    csv_line_number(line, episode->extent_km);
    csv_line_number(line, (double)episode->observed);
    csv_flag(line, episode->capped);
    csv_line_text(line, episode->continues);
    csv_flag(line, episode->calibrated);
    csv_line_text(line, episode->cause);
    csv_members(line, episode);
    return end_line(output);
}

static void csv_place(struct text *line, const struct report *report)
{
    double nothing = strtod("nan", NULL);
    csv_line_number(line, report->has_place ? report->place.lat : nothing);
    csv_line_number(line, report->has_place ? report->place.lon : nothing);
    csv_line_number(line, report->has_place ? report->place.radius_km : nothing);
    csv_line_text(line, report_may_be_shown(report) ? report->place.name : SPAN(""));
}

static enum status csv_incident(void *self, const struct incident *incident, const struct span *episode_ids,
                                size_t episode_count)
{
    struct csv_output *output = self;
    struct text *line = &output->line;
    const struct report *best = &incident->reports[0];
    bool shown = report_may_be_shown(best);
    char countries[512];
    words_incident_countries(incident, countries, sizeof countries);
    text_clear(line);
    csv_line_text(line, incident->id);
    bool bare = best->occurred.start_ms == TIME_NONE; /* a retraction of something unknown says no more */
    csv_line_text(line, bare ? SPAN("") : span_of(category_name(best->category)));
    csv_line_text(line, bare ? SPAN("") : span_of(role_name(best->role)));
    csv_line_text(line, span_of(report_status_name(best->status)));
    csv_line_time(line, best->occurred.start_ms);
    csv_line_time(line, best->occurred.end_ms);
    csv_line_text(line, bare ? SPAN("") : span_of(precision_name(best->occurred.precision)));
    csv_place(line, best);
    csv_line_text(line, span_of(countries));
    csv_line_number(line, (double)(incident->report_count + incident->reports_omitted));
    csv_line_number(line, (double)incident_publishers(incident));
    csv_line_text(line, shown ? best->headline : SPAN(""));
    csv_line_text(line, shown ? best->publisher : SPAN(""));
    csv_line_text(line, shown ? best->url : SPAN(""));
    csv_line_text(line, span_of(licence_name(best->licence)));
    csv_ids(line, episode_ids, episode_count);
    return end_line(output);
}

static enum status csv_close(void *self)
{
    struct csv_output *output = self;
    text_fini(&output->line);
    free(output);
    return STATUS_OK;
}

const struct output_driver output_csv = {
    .name = "csv", .open = csv_open, .episode = csv_episode, .incident = csv_incident, .close = csv_close};
