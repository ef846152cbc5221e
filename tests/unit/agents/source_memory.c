/* Sources that are stopped anywhere and opened again with what they remembered: every report once, none missing. */
#include "agents/mapping.h"
#include "agents/source_driver.h"
#include "tests/unit/agents/unit.h"

#define LINE(id)                                                                                                       \
    "{\"source\":\"s\",\"source_id\":\"" id                                                                            \
    "\",\"category\":\"air.balloon\",\"occurred\":{\"start\":\"2025-01-01T00:00:00Z\"},"                               \
    "\"place\":{\"lat\":1,\"lon\":2}}\n"

/* --- a memory --- */

struct memory {
    struct entry {
        char *key;
        struct text value;
    } entries[16];
    size_t count;
};

static struct entry *memory_find(struct memory *memory, struct span key)
{
    for (size_t i = 0; i < memory->count; i++)
        if (span_equal(span_of(memory->entries[i].key), key))
            return &memory->entries[i];
    return NULL;
}

static struct span memory_get(void *self, struct span key)
{
    struct entry *entry = memory_find(self, key);
    return entry != NULL ? (struct span){entry->value.data, entry->value.size} : (struct span){0};
}

static void memory_set(void *self, struct span key, struct span value)
{
    struct memory *memory = self;
    struct entry *entry = memory_find(memory, key);
    if (entry == NULL && value.size == 0)
        return;
    if (entry == NULL) {
        assert_true(memory->count < COUNT(memory->entries));
        entry = &memory->entries[memory->count++];
        *entry = (struct entry){.key = strndup(key.data, key.size)};
    }
    text_clear(&entry->value);
    text_append(&entry->value, value);
    if (value.size > 0)
        return;
    free(entry->key);
    text_fini(&entry->value);
    *entry = memory->entries[--memory->count];
}

static void memory_each(void *self, void (*visit)(void *visitor, struct span key), void *visitor)
{
    struct memory *memory = self;
    for (size_t i = 0; i < memory->count; i++)
        visit(visitor, span_of(memory->entries[i].key));
}

static void memory_fini(struct memory *memory)
{
    while (memory->count > 0)
        memory_set(memory, span_of(memory->entries[0].key), (struct span){0});
}

/* --- a source that may be stopped --- */

enum following { ONCE, FOLLOWED };

struct source {
    const struct source_driver *driver;
    enum following following;
    char *path;
    struct mapping *mapping;
    struct memory memory;
    void *self;
    struct heard heard; /* over all lives */
};

static void source_start(struct source *source)
{
    char reason[256];
    const struct source_memory memory = {memory_get, memory_set, memory_each, &source->memory};
    const struct source_events events = {heard_report, heard_refused, heard_skipped, &source->heard};
    const struct source_options options = {.name = "desk",
                                           .path = source->path,
                                           .follow = source->following == FOLLOWED,
                                           .mapping = source->mapping,
                                           .memory = &memory};
    enum status status = source->driver->open(&options, &events, &source->self, reason);
    if (status != STATUS_OK)
        fail_msg("%s: %s", source->path, reason);
}

static void source_init(struct source *source, const struct source_driver *driver, const char *folder, const char *name,
                        enum following following)
{
    static const char mapping[] =
        "source_id: \"{id}\"\ncategory: air.balloon\noccurred: {start: \"2025-01-01T00:00Z\"}\n"
        "place: {lat: \"1\", lon: \"2\"}\nskip: [{id: skip}]\n";
    *source = (struct source){.driver = driver, .following = following, .path = path_in(folder, name)};
    if (driver->needs_mapping)
        assert_int_equal(mapping_parse(SPAN(mapping), "m.yaml", stderr, &source->mapping), STATUS_OK);
    source->heard.take = SIZE_MAX;
    text_append(&source->heard.text, SPAN(""));
}

static void source_stop(struct source *source)
{
    source->driver->close(source->self);
    source->self = NULL;
}

static void source_fini(struct source *source)
{
    if (source->self != NULL)
        source_stop(source);
    mapping_close(source->mapping);
    memory_fini(&source->memory);
    text_fini(&source->heard.text);
    free(source->path);
}

/* Reads until `take` more reports were taken, or nothing more comes; then takes note, and is gone. */
static void source_live(struct source *source, size_t take)
{
    source_start(source);
    source->heard.take = take;
    size_t before = source->heard.reports;
    while (source->driver->read(source->self, 3) == STATUS_OK && source->heard.reports - before < take)
        ;
    source->driver->save(source->self);
    source_stop(source);
}

/* Goes on reading for as long as something may still come of what is left behind by a rotation. */
static void source_live_long(struct source *source, size_t reports)
{
    source_start(source);
    source->heard.take = SIZE_MAX;
    for (int i = 0; i < 120 && source->heard.reports < reports; i++) {
        while (source->driver->read(source->self, 100) == STATUS_OK)
            ;
        pause_ms(50);
    }
    source->driver->save(source->self);
    source_stop(source);
}

/* --- every cut --- */

struct set {
    const char *name; /* of the path */
    const struct source_driver *driver;
    enum following following;
};

/* Only the reports: refusals behind the last one taken may be said again. */
static char *reports_of(const struct source *source)
{
    char *reports = strdup(heard_text(&source->heard)), *to = reports;
    for (const char *from = heard_text(&source->heard); *from != '\0'; from += strcspn(from, "\n") + 1)
        if (strncmp(from, "report", 6) == 0) {
            size_t size = strcspn(from, "\n") + 1;
            memcpy(to, from, size);
            to += size;
        }
    *to = '\0';
    return reports;
}

/* Stopped after every report; then after `first`, and after every one of the rest. All lives together must say what one
 * says. */
static void cut_everywhere(const char *folder, const struct set *set, size_t reports)
{
    struct source whole;
    source_init(&whole, set->driver, folder, set->name, set->following);
    source_live(&whole, SIZE_MAX);
    assert_int_equal(whole.heard.reports, reports);
    char *said = reports_of(&whole);
    for (size_t first = 0; first <= reports; first++)
        for (size_t step = 1; step <= reports; step += reports > 4 ? reports - 2 : 1) {
            struct source cut;
            source_init(&cut, set->driver, folder, set->name, set->following);
            source_live(&cut, first);
            for (size_t taken = first; taken < reports; taken += step)
                source_live(&cut, step);
            source_live(&cut, SIZE_MAX);
            source_live(&cut, SIZE_MAX);
            char *cut_said = reports_of(&cut);
            assert_string_equal(cut_said, said);
            free(cut_said);
            source_fini(&cut);
        }
    free(said);
    source_fini(&whole);
}

static void lines_are_read_once_wherever_the_reader_is_stopped(void **state)
{
    char *folder = folder_make();
    file_say(folder, "a.jsonl", WRITE_NEW, "\xEF\xBB\xBF" LINE("1") "\r\n" LINE("2") "\n" LINE("3"));
    file_say(folder, "b.jsonl", WRITE_NEW, LINE("4") LINE("5"));
    file_say(folder, "b2.jsonl", WRITE_NEW, "");
    file_say(folder, "plain", WRITE_NEW, LINE("6") LINE("7") LINE("8") LINE("9"));
    file_pack(folder, "plain", "c.jsonl", "gzip");
    file_pack(folder, "plain", "d.jsonl", "zstd");
    static const struct set sets[] = {{"*.jsonl", &source_jsonl, ONCE}, {"a.jsonl", &source_jsonl, ONCE}};
    cut_everywhere(folder, &sets[0], 13);
    cut_everywhere(folder, &sets[1], 3);
    pause_ms(3000); /* packed ones are read once they have settled */
    static const struct set followed = {"*.jsonl", &source_jsonl, FOLLOWED};
    cut_everywhere(folder, &followed, 13);
    folder_remove(folder);
}

static void rows_are_read_once_wherever_the_reader_is_stopped(void **state)
{
    char *folder = folder_make();
    file_say(folder, "a.csv", WRITE_NEW,
             "\n\"id\",\"x\nof two lines\"\r\n1,\"a\r\nb\"\r\n\n2,\n3,\n\"4\",\"c\nd\ne\"\n5,\n");
    file_say(folder, "b.csv", WRITE_NEW, "x,id\n,6\n,7\n");
    file_say(folder, "plain", WRITE_NEW, "x,id\n,8\n\"\n\",9\n,10\n");
    file_pack(folder, "plain", "c.csv", "gzip");
    file_pack(folder, "plain", "d.csv", "zstd");
    static const struct set sets[] = {{"*.csv", &source_csv, ONCE}, {"a.csv", &source_csv, ONCE}};
    cut_everywhere(folder, &sets[0], 13);
    cut_everywhere(folder, &sets[1], 5);
    static const struct set followed = {"[ab].csv", &source_csv, FOLLOWED};
    cut_everywhere(folder, &followed, 7);
    folder_remove(folder);
}

/* Behind a quote that never closes lines are held, and read again as rows of their own. */
static void rows_behind_a_lost_quote_are_read_once_too(void **state)
{
    char *folder = folder_make();
    file_say(folder, "a.csv", WRITE_NEW, "id,x\n1,\n2,\"lost\n3,\n4,\nskip,\n5,\n6,lo\"st\n7,\n8,\"\n9,\n10,\n");
    static const struct set set = {"a.csv", &source_csv, ONCE};
    cut_everywhere(folder, &set, 7);
    folder_remove(folder);
}

/* --- what happens to files meanwhile --- */

static void read_to_its_end_it_stays_so_until_it_changes(void **state)
{
    char *folder = folder_make();
    struct source source;
    file_say(folder, "a", WRITE_NEW, LINE("1") LINE("2"));
    source_init(&source, &source_jsonl, folder, "a", ONCE);
    source_live(&source, SIZE_MAX);
    source_live(&source, SIZE_MAX);
    assert_string_equal(heard_text(&source.heard), "report 1 a:1\nreport 2 a:2\n");
    file_say(folder, "a", WRITE_MORE, LINE("3")); /* a list that was edited is a new list: its ids say what is known */
    source_live(&source, SIZE_MAX);
    assert_string_equal(heard_text(&source.heard),
                        "report 1 a:1\nreport 2 a:2\nreport 1 a:1\nreport 2 a:2\nreport 3 a:3\n");
    source_fini(&source);
    folder_remove(folder);
}

static void a_followed_file_goes_on_behind_what_was_read(void **state)
{
    char *folder = folder_make();
    struct source source;
    file_say(folder, "a", WRITE_NEW, LINE("1") LINE("2") "{\"sou");
    source_init(&source, &source_jsonl, folder, "a", FOLLOWED);
    source_live(&source, SIZE_MAX);
    file_say(folder, "a", WRITE_NEW, LINE("1") LINE("2") LINE("3") LINE("4"));
    source_live(&source, 1);
    source_live(&source, SIZE_MAX);
    assert_string_equal(heard_text(&source.heard), "report 1 a:1\nreport 2 a:2\nreport 3 a:3\nreport 4 a:4\n");
    source_fini(&source);
    folder_remove(folder);
}

static void a_file_cut_or_written_anew_meanwhile_is_read_from_its_start(void **state)
{
    char *folder = folder_make();
    struct source source;
    file_say(folder, "a", WRITE_NEW, LINE("1") LINE("2"));
    source_init(&source, &source_jsonl, folder, "a", FOLLOWED);
    source_live(&source, SIZE_MAX);
    file_say(folder, "a", WRITE_NEW, LINE("3")); /* shorter */
    source_live(&source, SIZE_MAX);
    file_say(folder, "a", WRITE_NEW, " " LINE("4") LINE("5") LINE("6")); /* longer, of another beginning */
    source_live(&source, SIZE_MAX);
    assert_string_equal(heard_text(&source.heard), "report 1 a:1\nreport 2 a:2\nreport 3 a:1\n"
                                                   "report 4 a:1\nreport 5 a:2\nreport 6 a:3\n");
    source_fini(&source);
    folder_remove(folder);
}

static void rotate(const char *folder, const char *from, const char *to)
{
    char *old = path_in(folder, from), *new = path_in(folder, to);
    assert_int_equal(rename(old, new), 0);
    free(old);
    free(new);
}

static void a_file_rotated_meanwhile_is_read_to_its_end_before_the_new_one(void **state)
{
    static const char *const names[] = {"a.log", "*.log"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char *folder = folder_make();
        struct source source;
        file_say(folder, "a.log", WRITE_NEW, LINE("1") LINE("2"));
        source_init(&source, &source_jsonl, folder, names[i], FOLLOWED);
        source_live(&source, 1);
        file_say(folder, "a.log", WRITE_MORE, LINE("3"));
        rotate(folder, "a.log", "a.1");
        file_say(folder, "a.log", WRITE_NEW, LINE("4"));
        source_live(&source, 1); /* stopped again in the midst of what is left */
        source_live_long(&source, 4);
        assert_string_equal(heard_text(&source.heard),
                            "report 1 a.log:1\nreport 2 a.log:2\nreport 3 a.log:3\nreport 4 a.log:1\n");
        source_live(&source, SIZE_MAX);
        assert_int_equal(source.heard.reports, 4);
        source_fini(&source);
        folder_remove(folder);
    }
}

static void of_a_file_that_only_lost_its_name_the_rest_is_read(void **state)
{
    static const char *const names[] = {"a.log", "*.log"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char *folder = folder_make();
        struct source source;
        file_say(folder, "a.log", WRITE_NEW, LINE("1") LINE("2") LINE("3"));
        source_init(&source, &source_jsonl, folder, names[i], FOLLOWED);
        source_live(&source, 1);
        rotate(folder, "a.log", "a.1");
        source_live_long(&source, 3);
        assert_int_equal(source.heard.reports, 3);
        source_fini(&source);
        folder_remove(folder);
    }
}

static void files_that_are_gone_are_forgotten(void **state)
{
    char *folder = folder_make();
    struct source source;
    file_say(folder, "a.x", WRITE_NEW, LINE("1"));
    file_say(folder, "b.x", WRITE_NEW, LINE("2"));
    source_init(&source, &source_jsonl, folder, "*.x", FOLLOWED);
    source_live(&source, SIZE_MAX);
    assert_int_equal(source.memory.count, 2);
    char *gone = path_in(folder, "a.x");
    assert_int_equal(remove(gone), 0);
    source_live(&source, SIZE_MAX);
    assert_int_equal(source.memory.count, 1);
    char *away = path_in(folder, "");
    away[strlen(away) - 1] = '\0';
    char aside[64];
    snprintf(aside, sizeof(aside), "%s-aside", away);
    assert_int_equal(rename(away, aside), 0); /* a folder that is away for a while takes nothing along */
    source_live(&source, SIZE_MAX);
    assert_int_equal(source.memory.count, 1);
    assert_int_equal(rename(aside, away), 0);
    source_live(&source, SIZE_MAX);
    assert_int_equal(source.heard.reports, 2);
    free(gone);
    free(away);
    source_fini(&source);
    folder_remove(folder);
}

static void what_was_read_behind_the_last_note_is_read_again(void **state)
{
    char *folder = folder_make();
    struct source source;
    file_say(folder, "a", WRITE_NEW, LINE("1") LINE("2") LINE("3"));
    source_init(&source, &source_jsonl, folder, "a", FOLLOWED);
    source_live(&source, 1);
    source_start(&source);
    source.heard.take = 1;
    assert_int_equal(source.driver->read(source.self, 9), STATUS_OK);
    source_stop(&source); /* killed: nothing was taken note of */
    source_live(&source, SIZE_MAX);
    assert_string_equal(heard_text(&source.heard), "report 1 a:1\nreport 2 a:2\nreport 2 a:2\nreport 3 a:3\n");
    source_fini(&source);
    folder_remove(folder);
}

static void a_memory_that_says_nonsense_is_no_memory(void **state)
{
    static const char *const nonsense[] = {"x", "\x01\x04", "\x02"};
    char *folder = folder_make();
    for (size_t i = 0; i < COUNT(nonsense); i++) {
        struct source source;
        file_say(folder, "a", WRITE_NEW, LINE("1"));
        source_init(&source, &source_jsonl, folder, "a", ONCE);
        memory_set(&source.memory, span_of(source.path), span_of(nonsense[i]));
        source_live(&source, SIZE_MAX);
        assert_string_equal(heard_text(&source.heard), "report 1 a:1\n");
        source_fini(&source);
    }
    folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_read_once_wherever_the_reader_is_stopped),
        cmocka_unit_test(rows_are_read_once_wherever_the_reader_is_stopped),
        cmocka_unit_test(rows_behind_a_lost_quote_are_read_once_too),
        cmocka_unit_test(read_to_its_end_it_stays_so_until_it_changes),
        cmocka_unit_test(a_followed_file_goes_on_behind_what_was_read),
        cmocka_unit_test(a_file_cut_or_written_anew_meanwhile_is_read_from_its_start),
        cmocka_unit_test(a_file_rotated_meanwhile_is_read_to_its_end_before_the_new_one),
        cmocka_unit_test(of_a_file_that_only_lost_its_name_the_rest_is_read),
        cmocka_unit_test(files_that_are_gone_are_forgotten),
        cmocka_unit_test(what_was_read_behind_the_last_note_is_read_again),
        cmocka_unit_test(a_memory_that_says_nonsense_is_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
