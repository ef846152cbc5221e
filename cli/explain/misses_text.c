/* Near misses, for people. */
#include "base/utf8.h"
#include "cli/explain/account_print.h"
#include "cli/explain/facts.h"
#include "cli/explain/page.h"
#include "cli/wording.h"

#define CELL_BYTES 512
#define INDENT     6

struct printer {
    const struct account *account;
    struct zone *zone;
    FILE *stream;
};

const char *miss_kind_name(enum miss_kind kind)
{
    static const char *const names[] = {
        [MISS_FAR] = "far",         [MISS_ELSEWHERE] = "elsewhere",     [MISS_CATEGORY] = "category",
        [MISS_COUNTRY] = "country", [MISS_UNEXPLAINED] = "unexplained",
    };
    return names[kind];
}

static void far_words(const struct near_miss *miss, char *ret_text, size_t room)
{
    char km[WORDS_BYTES], time[DURATION_TEXT_BYTES];
    words_distance(miss->short_km, km);
    duration_words(miss->short_ms, time);
    if (miss->short_km > 0 && miss->short_ms > 0)
        (void)snprintf(ret_text, room, "%.40s and %s too far", km, time);
    else
        (void)snprintf(ret_text, room, "%.40s too far", miss->short_km > 0 ? km : time);
}

static void miss_words(const struct near_miss *miss, char *ret_text, size_t room)
{
    char countries[WORDS_BYTES];
    switch (miss->kind) {
    case MISS_FAR:
        far_words(miss, ret_text, room);
        return;
    case MISS_ELSEWHERE:
        (void)snprintf(ret_text, room, "near enough, but %s %.*s",
                       miss->item->membership == MEMBERSHIP_CORE ? "parted by the caps: core of"
                                                                 : "nearer to a core of",
                       SPAN_ARG(miss->item->episode->id));
        return;
    case MISS_CATEGORY:
        (void)snprintf(ret_text, room, "the rule does not ask for %s", category_name(miss->item->engine.category));
        return;
    case MISS_COUNTRY:
        words_incident_countries(miss->item->incident, countries, sizeof countries);
        (void)snprintf(ret_text, room, "the rule leaves out what happens in %s alone",
                       countries[0] != '\0' ? countries : "no country");
        return;
    case MISS_UNEXPLAINED:
        (void)snprintf(ret_text, room, "near enough: it came too late, or the store is older than it");
        return;
    }
}

static void print_bridge(const struct printer *printer, const struct near_miss *miss)
{
    char words[FACT_BYTES];
    const struct account *account = printer->account;
    if (miss->member == NULL)
        return;
    core_test_words(&account->scene, miss->member, words);
    page_print(printer->stream, "", INDENT, "near #%zu, which is no core: %s",
               account_member_number(account, miss->member), words);
}

/* What it would have taken to be a core itself. */
static void print_own(const struct printer *printer, const struct scene_item *item)
{
    char words[FACT_BYTES];
    if (!item->is_triggering || item->episode != NULL)
        return;
    if (item->is_coarse) {
        coarse_words(&printer->account->rule, &item->engine, words);
        page_print(printer->stream, "", INDENT, "coarse, it counts for nobody: %s", words);
        return;
    }
    core_test_words(&printer->account->scene, item, words);
    page_print(printer->stream, "", INDENT, "no core itself: %s%s", words,
               item->has_threshold ? "" : "; how many are needed only the baseline says (--baseline FILE)");
}

static void print_miss(const struct printer *printer, const struct near_miss *miss)
{
    const struct account *account = printer->account;
    char when[WORDS_BYTES], countries[CELL_BYTES], place[WORDS_BYTES], words[CELL_BYTES], apart[FACT_BYTES],
        id[CELL_BYTES];
    words_interval(printer->zone, &miss->item->incident->reports[0].occurred, when);
    words_incident_countries(miss->item->incident, countries, sizeof countries);
    words_place(&miss->item->incident->reports[0], place);
    miss_words(miss, words, sizeof words);
    link_words(&miss->link, apart);
    (void)utf8_printable(miss->item->incident->id, id, sizeof id);
    page_print(printer->stream, "-", INDENT, "%s, %s%s%s: %s", when, countries, countries[0] != '\0' ? ", " : "", place,
               id);
    page_print(printer->stream, "", INDENT, "%s: %s from #%zu%s%.*s", words, apart,
               account_member_number(account, miss->core),
               miss->kind == MISS_FAR && miss->item->episode != NULL ? ", in " : "",
               miss->kind == MISS_FAR && miss->item->episode != NULL ? (int)miss->item->episode->id.size : 0,
               miss->kind == MISS_FAR && miss->item->episode != NULL ? miss->item->episode->id.data : "");
    print_own(printer, miss->item);
    print_bridge(printer, miss);
}

static void print_list(const struct printer *printer, const struct miss_list *list, const char *title)
{
    if (list->count == 0)
        return;
    fprintf(printer->stream, "\n%s\n", title);
    for (size_t i = 0; i < list->count; i++)
        print_miss(printer, &list->items[i]);
}

void misses_print(const struct account *account, struct zone *zone, FILE *stream)
{
    const struct printer printer = {account, zone, stream};
    if (!account->misses_sought)
        fprintf(stream, "\nNear misses were not looked for: there are too many incidents and cores.\n");
    print_list(&printer, &account->near_misses, "Near misses: incidents of the rule that are no members");
    print_list(&printer, &account->excluded, "Near enough, but excluded by the rule");
}
