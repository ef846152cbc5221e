#include "cli/notes.h"

#include <math.h>

#define WIDE_REACH_KM  800.0
#define WIDE_WINDOW_MS (7LL * 86400000)

/* Wide, and nothing says how much is normal, and nothing bounds it: such a rule joins a whole season. */
static void note_wide_rule(const struct settings *settings, const struct rule *rule, FILE *stream)
{
    if (rule->baseline != NULL)
        return;
    bool wide = rule->reach_km >= WIDE_REACH_KM && rule->window_ms >= WIDE_WINDOW_MS;
    if (wide && rule->min_neighbours <= 1 && isinf(rule->cap_extent_km))
        fprintf(stream,
                "%s: note: rule %.*s is wide, has no cap on its extent, and no baseline: expect capped episodes\n",
                settings->path, SPAN_ARG(rule->name));
}

/* More countries than incidents are asked for: min_incidents says nothing. */
static void note_counts(const struct settings *settings, const struct rule *rule, FILE *stream)
{
    if (rule->min_incidents > 1 && rule->min_neighbours + 1 > rule->min_incidents)
        fprintf(
            stream,
            "%s: note: rule %.*s: a core and its %u neighbours are more than min_incidents %u, which so says nothing\n",
            settings->path, SPAN_ARG(rule->name), rule->min_neighbours, rule->min_incidents);
}

/* What would be said in the log of a start. */
static void note_uncalibrated(const struct settings *settings, const struct rule *rule, FILE *stream)
{
    if (settings->correlator.baseline != NULL && rule->baseline == NULL)
        fprintf(stream, "%s: note: rule %.*s is not in the baseline: its episodes will not be calibrated\n",
                settings->path, SPAN_ARG(rule->name));
}

void notes_print(const struct settings *settings, FILE *stream)
{
    for (size_t i = 0; i < settings->correlator.rule_count; i++) {
        note_wide_rule(settings, &settings->correlator.rules[i], stream);
        note_counts(settings, &settings->correlator.rules[i], stream);
        note_uncalibrated(settings, &settings->correlator.rules[i], stream);
    }
    if (settings->correlator.rule_count == 0)
        fprintf(stream, "%s: note: no rules: no correlator runs with it\n", settings->path);
    if (settings->agent.source_count == 0)
        fprintf(stream, "%s: note: no sources: reports can only come from elsewhere\n", settings->path);
    char path[PATH_MAX];
    if (settings->agent.territories == NULL && !settings_territories_path(path))
        fprintf(stream, "%s: note: no file of territories: reports that say nothing of countries will be refused\n",
                settings->path);
    if (settings->sink.store == NULL)
        fprintf(stream, "%s: note: no store: `vedette run` needs one\n", settings->path);
}
