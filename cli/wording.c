#include "cli/wording.h"

#include "base/utf8.h"
#include "proto/json.h"
#include "proto/limits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ELLIPSIS "…"

/* Adds as much as fits, with "…" in place of what does not. */
static void add_word(char *text, size_t room, const char *word)
{
    size_t used = strlen(text);
    size_t more = strlen(word);
    if (used + more < room - sizeof ELLIPSIS || (used + more < room && strcmp(word, ELLIPSIS) == 0)) {
        memcpy(text + used, word, more + 1);
        return;
    }
    size_t tail = sizeof ELLIPSIS - 1;
    bool is_cut = used >= tail && memcmp(text + used - tail, ELLIPSIS, tail) == 0;
    if (!is_cut && used + sizeof ELLIPSIS <= room)
        memcpy(text + used, ELLIPSIS, sizeof ELLIPSIS);
}

void words_countries(const country_code *codes, size_t count, const char *between, char *ret_text, size_t room)
{
    ret_text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char code[3];
        country_code_text(codes[i], code);
        if (i > 0)
            add_word(ret_text, room, between);
        add_word(ret_text, room, code);
    }
    if (count == 0)
        (void)snprintf(ret_text, room, "-");
}

void words_incident_countries(const struct incident *incident, char *ret_text, size_t room)
{
    country_code codes[LIMIT_COUNTRIES];
    size_t count = report_counted_countries(&incident->reports[0], codes, LIMIT_COUNTRIES);
    ret_text[0] = '\0';
    if (count > 0)
        words_countries(codes, count, " ", ret_text, room);
}

bool report_may_be_shown(const struct report *report)
{
    return report->licence != LICENCE_NO_REDISTRIBUTE;
}

void words_place(const struct report *report, char ret_text[WORDS_BYTES])
{
    if (report_may_be_shown(report) && report->place.name.size > 0) {
        (void)utf8_printable(report->place.name, ret_text, WORDS_BYTES);
        return;
    }
    if (!report->has_place) {
        (void)snprintf(ret_text, WORDS_BYTES, "an unknown place");
        return;
    }
    (void)snprintf(ret_text, WORDS_BYTES, "%.2f %c %.2f %c", fabs(report->place.lat), report->place.lat < 0 ? 'S' : 'N',
                   fabs(report->place.lon), report->place.lon < 0 ? 'W' : 'E');
}

void words_where(const struct incident *incident, char ret_text[WORDS_BYTES])
{
    const struct report *best = &incident->reports[0];
    country_code codes[LIMIT_COUNTRIES];
    size_t count = report_counted_countries(best, codes, LIMIT_COUNTRIES);
    if (count == 0) {
        words_place(best, ret_text);
        return;
    }
    ret_text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            add_word(ret_text, WORDS_BYTES, i + 1 < count ? ", " : " and ");
        add_word(ret_text, WORDS_BYTES, country_name(codes[i]));
    }
}

void words_distance(double km, char ret_text[WORDS_BYTES])
{
    if (km < 0.05)
        (void)snprintf(ret_text, WORDS_BYTES, "0 km");
    else if (km < 9.95)
        (void)snprintf(ret_text, WORDS_BYTES, "%.1f km", km);
    else
        (void)snprintf(ret_text, WORDS_BYTES, "%.0f km", km);
}

void words_count(uint64_t count, const char *one, const char *many, char ret_text[WORDS_BYTES])
{
    (void)snprintf(ret_text, WORDS_BYTES, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

void words_interval(struct zone *zone, const struct occurred *occurred, char ret_text[WORDS_BYTES])
{
    if (occurred->start_ms == TIME_NONE) {
        (void)snprintf(ret_text, WORDS_BYTES, "-");
        return;
    }
    enum zone_detail detail = occurred->precision >= PRECISION_DAY ? ZONE_DAY : ZONE_MINUTE;
    char start[TIME_TEXT_BYTES], end[TIME_TEXT_BYTES];
    zone_format_short(zone, occurred->start_ms, detail, start);
    zone_format_short(zone, occurred->end_ms, detail, end);
    if (strcmp(start, end) == 0)
        (void)snprintf(ret_text, WORDS_BYTES, "%s", start);
    else if (detail == ZONE_MINUTE && strncmp(start, end, 10) == 0)
        (void)snprintf(ret_text, WORDS_BYTES, "%s - %s", start, end + 11);
    else
        (void)snprintf(ret_text, WORDS_BYTES, "%s - %s", start, end);
}
