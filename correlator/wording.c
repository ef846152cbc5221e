#include "correlator/wording.h"

#include "base/utf8.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX     3u /* kinds named in a title */
#define COUNTRIES_MAX 8u /* countries named in a title */
#define IDS_MAX       5u /* ids named in a cause */

/* A text of fixed room that is cut where it does not fit, between characters: titles and causes are for people. */
struct words {
    char text[2048];
    size_t size;
};

/* A character cut in half would make what is published unreadable. */
static size_t whole_characters(const char *text, size_t size)
{
    size_t start = size;
    while (start > 0 && size - start < 4 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0 || (unsigned char)text[start - 1] < 0xC0)
        return size;
    start--;
    return utf8_character((struct span){text + start, size - start}) > 0 ? size : start;
}

static void say(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(struct words *words, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(words->text + words->size, sizeof words->text - words->size, format, arguments);
    va_end(arguments);
    if (size > 0) {
        words->size += (size_t)size;
        if (words->size >= sizeof words->text) {
            words->size = whole_characters(words->text, sizeof words->text - 1);
            words->text[words->size] = '\0';
        }
    }
}

/* The kinds of the members, the most frequent first; drones are drones, seen or come in. ret_first: of the earliest.
 * Responses and the like are not what the episode is about. */
static size_t kinds_of(const struct engine_change *change, const char *kinds[CATEGORY_COUNT], enum category *ret_first)
{
    size_t counts[CATEGORY_COUNT] = {0}, count = 0;
    for (size_t i = 0; i < change->member_count; i++) {
        if (change->members[i].membership != MEMBERSHIP_CORE && change->members[i].membership != MEMBERSHIP_ATTACHED)
            continue;
        enum category category = change->members[i].incident->category;
        if (count == 0)
            *ret_first = category;
        const char *kind = category_many(category);
        size_t k = 0;
        while (k < count && strcmp(kinds[k], kind) != 0)
            k++;
        if (k == count)
            kinds[count++] = kind;
        counts[k]++;
    }
    for (size_t i = 1; i < count; i++) /* by count, then by name; a handful */
        for (size_t j = i;
             j > 0 && (counts[j - 1] < counts[j] || (counts[j - 1] == counts[j] && strcmp(kinds[j - 1], kinds[j]) > 0));
             j--) {
            const char *kind = kinds[j - 1];
            size_t n = counts[j - 1];
            kinds[j - 1] = kinds[j], counts[j - 1] = counts[j];
            kinds[j] = kind, counts[j] = n;
        }
    return count;
}

static const char *preposition(enum category category)
{
    const char *name = category_name(category);
    return strncmp(name, "air.", 4) == 0 || strncmp(name, "em.", 3) == 0 ? "over"
           : strncmp(name, "sea.", 4) == 0                               ? "off"
                                                                         : "in";
}

struct span title_words(const struct engine_change *change, struct arena *arena)
{
    struct words words = {.size = 0};
    const char *kinds[CATEGORY_COUNT];
    enum category first = CATEGORY_AIR_DRONE_INCURSION;
    size_t kind_count = kinds_of(change, kinds, &first);
    for (size_t i = 0; i < kind_count && i < WORDS_MAX; i++) {
        bool last = i + 1 == kind_count || i + 1 == WORDS_MAX;
        say(&words, "%s%s", i == 0 ? "" : last && kind_count <= WORDS_MAX ? " and " : ", ", kinds[i]);
    }
    if (kind_count > WORDS_MAX)
        say(&words, " and more");
    if (change->country_count == 0)
        say(&words, " in no country");
    for (size_t i = 0; i < change->country_count && i < COUNTRIES_MAX; i++) {
        char code[3];
        country_code_text(change->countries[i], code);
        say(&words, "%s%s%s", i == 0 ? " " : ", ", i == 0 ? preposition(first) : "", i == 0 ? " " : "");
        say(&words, "%s", code);
    }
    if (change->country_count > COUNTRIES_MAX)
        say(&words, " and %zu more", change->country_count - COUNTRIES_MAX);
    say(&words, ": %zu incident%s", change->observed, change->observed == 1 ? "" : "s");
    int64_t span_ms = change->last_ms - change->first_ms;
    if (span_ms >= 2 * 86400000LL)
        say(&words, " in %lld days", (long long)(span_ms / 86400000LL));
    else if (span_ms >= 2 * 3600000LL)
        say(&words, " in %lld hours", (long long)(span_ms / 3600000LL));
    else if (span_ms >= 2 * 60000LL)
        say(&words, " in %lld minutes", (long long)(span_ms / 60000LL));
    else
        say(&words, " at one time");
    words.text[0] = (char)toupper((unsigned char)words.text[0]);
    return arena_copy(arena, (struct span){words.text, words.size});
}

static const struct record *record_of(const struct engine_member *member)
{
    return member->incident->user;
}

/* What happened, said of one and of several. */
struct verb {
    const char *of_one, *of_several;
};

/* One clause: "incident added: a", "3 incidents retracted: a, b, c". */
static void say_list(struct words *words, struct verb verb, const struct engine_member *members, size_t count,
                     bool (*applies)(const struct engine_member *member))
{
    size_t all = 0, named = 0;
    for (size_t i = 0; i < count; i++)
        all += applies(&members[i]);
    if (all == 0)
        return;
    if (words->size > 0)
        say(words, "; ");
    if (all == 1)
        say(words, "incident %s: ", verb.of_one);
    else
        say(words, "%zu incidents %s: ", all, verb.of_several);
    for (size_t i = 0; i < count && named < IDS_MAX; i++)
        if (applies(&members[i]))
            say(words, "%s%.*s", named++ > 0 ? ", " : "", SPAN_ARG(members[i].incident->id));
    if (all > named)
        say(words, " and %zu more", all - named);
}

static bool is_added(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_ADDED;
}

static bool is_restored(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_RESTORED;
}

static bool is_corrected(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_CORRECTED;
}

/* Taken back and given again between two flushes: one who was there all along sees a correction. */
static bool is_other_now(const struct engine_member *member)
{
    return is_corrected(member) || is_restored(member);
}

static bool is_retracted(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_RETRACTED;
}

static bool is_explained(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_EXPLAINED;
}

static bool is_retold(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_RETOLD;
}

static bool is_parted(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_PARTED;
}

static bool is_merged(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_MERGED;
}

static bool is_backed(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_BACKED;
}

static bool is_shorted(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_SHORTED;
}

static bool is_as_before(const struct engine_member *member)
{
    return record_of(member)->action == ACTION_NONE;
}

/* Clauses in the order of weight: what was done to incidents, then what followed for the episode. */
static const struct {
    struct verb of_added, of_removed;
    bool (*applies)(const struct engine_member *member);
} clauses[] = {
    {{"added", "added"}, {NULL, NULL}, is_added},
    {{"given back", "given back"}, {NULL, NULL}, is_restored},
    {{"told by another report", "told by other reports"}, {NULL, NULL}, is_retold},
    {{"parted from another", "parted from others"}, {NULL, NULL}, is_parted},
    {{"corrected, joins", "corrected, join"}, {"corrected, leaves", "corrected, leave"}, is_corrected},
    {{NULL, NULL}, {"retracted", "retracted"}, is_retracted},
    {{NULL, NULL}, {"explained", "explained"}, is_explained},
    {{NULL, NULL}, {"put together with another", "put together with others"}, is_merged},
    {{"with a further report, joins", "with further reports, join"},
     {"with a further report, leaves", "with further reports, leave"},
     is_backed},
    {{"with a report less, joins", "with reports less, join"},
     {"with a report less, leaves", "with reports less, leave"},
     is_shorted},
    {{"joins", "join"}, {"leaves", "leave"}, is_as_before},
};

struct span cause_words(const struct engine_change *change, struct span occasion, enum episode_state before,
                        bool was_capped, struct arena *arena)
{
    struct words words = {.size = 0};
    if (occasion.size > 0)
        say(&words, "%.*s", SPAN_ARG(occasion));
    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++) {
        if (clauses[i].of_added.of_one != NULL)
            say_list(&words, clauses[i].of_added, change->added, change->added_count, clauses[i].applies);
        if (clauses[i].of_removed.of_one != NULL)
            say_list(&words, clauses[i].of_removed, change->removed, change->removed_count, clauses[i].applies);
    }
    say_list(&words, (struct verb){"corrected", "corrected"}, change->touched, change->touched_count, is_other_now);
    say_list(&words, (struct verb){"with a further report", "with further reports"}, change->touched,
             change->touched_count, is_backed);
    say_list(&words, (struct verb){"with a report less", "with reports less"}, change->touched, change->touched_count,
             is_shorted);
    const char *then = words.size > 0 ? "; " : "";
    for (size_t i = 0; i < change->supersedes_count && i < IDS_MAX; i++) {
        say(&words, "%s%s", i == 0 ? then : ", ", i == 0 ? "takes in " : "");
        say(&words, "%s", change->supersedes[i]);
    }
    then = words.size > 0 ? "; " : "";
    if (change->state == EPISODE_WITHDRAWN && change->superseded_by[0] != '\0')
        say(&words, "%smerged into %s", then, change->superseded_by);
    else if (change->state == EPISODE_WITHDRAWN)
        say(&words, "%sno core is left", then);
    else if (change->state == EPISODE_FLAGGED && (change->is_new || before != EPISODE_FLAGGED))
        say(&words, "%snow flagged", then);
    else if (change->state == EPISODE_CANDIDATE && !change->is_new && before == EPISODE_FLAGGED)
        say(&words, "%sno longer flagged", then);
    then = words.size > 0 ? "; " : "";
    if (change->capped && (change->is_new || !was_capped))
        say(&words, "%scapped: a neighbour did not fit", then);
    if (words.size == 0 && !change->final)
        say(&words, "its neighbourhood changed");
    return arena_copy(arena, (struct span){words.text, words.size});
}
