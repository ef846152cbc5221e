/* What is said of an incident, a core test or a link in every explanation, in words and as JSON. */
#pragma once

#include "cli/explain/scene.h"
#include "correlator/engine/link.h"
#include "correlator/engine/measure.h"
#include "proto/json.h"

#define FACT_BYTES 256

/* As link_between, of a rule that was measured before: for many pairs. */
struct link fact_link(const struct measure *measure, const struct engine_incident *a, const struct engine_incident *b);

/* Why it is coarse. */
enum coarse_kind { COARSE_NOT, COARSE_LENGTH, COARSE_REACH, COARSE_RADIUS };
enum coarse_kind coarse_kind(const struct rule *rule, const struct engine_incident *incident);
/* "not_coarse", "length", "half_reach", "max_radius_km" */
const char *coarse_kind_name(enum coarse_kind kind);
/* "its place is 250 km vague, 200 at most count"; "it lasts 20 days, longer than the window of 14d". Of a coarse one.
 */
void coarse_words(const struct rule *rule, const struct engine_incident *incident, char ret_text[FACT_BYTES]);

/* k, where it is known: it triggers, is precise, and the neighbours were counted. */
bool fact_neighbours(const struct scene *scene, const struct scene_item *item, uint32_t *ret_neighbours);
/* "4 neighbours, 3 needed where the history has 12"; what is not known is left out. Of one that is not coarse. */
void core_test_words(const struct scene *scene, const struct scene_item *item, char ret_text[FACT_BYTES]);
/* "81 % of 1000 km and 25 % of 14d" as numbers: "826 km and 3.4 days". */
void link_words(const struct link *link, char ret_text[FACT_BYTES]);
/* "3 publishers in 5 reports"; "1 report". */
void corroboration_words(const struct incident *incident, char ret_text[FACT_BYTES]);

/* "key":"id", or null where it is empty. */
void json_id(struct text *text, const char *key, struct span id);
void json_countries(struct text *text, const country_code *codes, size_t count);
/* "neighbours":k,"threshold":K,"history":h,"coarse":… ; null what is not known. item may be NULL. */
void json_counts(struct text *text, const struct scene *scene, const struct scene_item *item);
/* "distance_km":…,"gap_ms":…,"distance_share":…,"time_share":…,"clause":… */
void json_link(struct text *text, const struct link *link);
/* "publishers":n,"reports_omitted":n,"reports":[{"source","source_id","publisher","revision","status"}…]. incident may
 * be NULL. */
void json_reports(struct text *text, const struct incident *incident);
