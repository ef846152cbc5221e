/* The runtime over the bus's inproc driver: everything arrives once, located; marks say what is promised; the end is
 * said. */
#include "agents/agent.h"

#include "bus/receiver.h"
#include "proto/codec.h"
#include "tests/unit/agents/unit.h"

#define URL         "inproc://agent-test"
#define TERRITORIES "deploy/territories/territories.vdt"

/* A correlator that keeps what it is told. */
struct station {
    uv_loop_t loop;
    struct bus *bus;
    struct receiver *receiver;
    struct agent *agent;
    struct text said; /* "ID CC+ …" a report */
    size_t reports;
    struct text marks;    /* the last ones: "NAME STATE" */
    int64_t watermark_ms; /* of the first of them */
    bool acknowledging;
    struct peer last_peer;
    char peer_name[80];
    uint64_t epoch, position;
    bool drained, closes_when_drained;
    uv_timer_t limit;
    bool (*enough)(const struct station *station);
};

static void acknowledge(struct station *station)
{
    if (station->acknowledging && station->position > 0)
        receiver_ack(station->receiver, station->peer_name, station->epoch, station->position);
}

static void look(struct station *station)
{
    if (station->enough != NULL && station->enough(station))
        uv_stop(&station->loop);
}

static void on_batch(void *self, const struct peer *peer, uint64_t first, const struct span *items, size_t count)
{
    struct station *station = self;
    struct arena arena;
    char reason[REASON_BYTES], code[3];
    arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        struct report report;
        assert_int_equal(report_unpack(items[i], &arena, &report, reason), STATUS_OK);
        text_print(&station->said, "%.*s", SPAN_ARG(report.source_id));
        for (size_t k = 0; k < report.country_count; k++) {
            country_code_text(report.countries[k].code, code);
            text_print(&station->said, " %s", code);
        }
        text_print(&station->said, "\n");
        station->reports++;
        arena_reset(&arena);
    }
    arena_fini(&arena);
    snprintf(station->peer_name, sizeof(station->peer_name), "%s", peer->name);
    station->epoch = peer->epoch;
    station->position = first + count - 1;
    acknowledge(station);
    look(station);
}

static void on_marks(void *self, const struct peer *peer, const struct source_mark *marks, size_t count)
{
    struct station *station = self;
    text_clear(&station->marks);
    for (size_t i = 0; i < count; i++)
        text_print(&station->marks, "%.*s %s\n", SPAN_ARG(marks[i].source), source_state_name(marks[i].state));
    station->watermark_ms = count > 0 ? marks[0].watermark_ms : TIME_NONE;
    look(station);
}

static void on_peer(void *self, const struct peer *peer, enum peer_state state)
{
}

static void on_drained(void *self)
{
    struct station *station = self;
    assert_false(station->drained); /* said once */
    station->drained = true;
    if (station->closes_when_drained) {
        agent_close(station->agent, NULL, NULL);
        station->agent = NULL;
    }
    look(station);
}

static void on_limit(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

static void station_open(struct station *station)
{
    char reason[256];
    *station = (struct station){.acknowledging = true};
    text_append(&station->said, SPAN(""));
    text_append(&station->marks, SPAN(""));
    uv_loop_init(&station->loop);
    uv_timer_init(&station->loop, &station->limit);
    assert_int_equal(bus_open(&station->loop, &station->bus), STATUS_OK);
    const struct receiver_options options = {.url = URL, .end = BUS_LISTEN, .name = "station", .heartbeat_ms = 200};
    const struct receiver_events events = {.batch = on_batch, .marks = on_marks, .peer = on_peer, .self = station};
    assert_int_equal(receiver_open(station->bus, &options, &events, &station->receiver, reason), STATUS_OK);
}

static void station_agent(struct station *station, const struct agent_config *config, FILE *refusals)
{
    char reason[256];
    const struct agent_options options = {.config = config, .url = URL, .epoch = 7, .refusals = refusals};
    const struct agent_events events = {.drained = on_drained, .self = station};
    enum status status = agent_open(&station->loop, station->bus, &options, &events, &station->agent, reason);
    if (status != STATUS_OK)
        fail_msg("%s", reason);
}

/* Runs until `enough`, or fails after ten seconds. */
static void station_run(struct station *station, bool (*enough)(const struct station *station))
{
    station->enough = enough;
    uv_timer_start(&station->limit, on_limit, 10000, 0);
    if (!enough(station))
        uv_run(&station->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&station->limit);
    if (!enough(station))
        fail_msg("waited in vain; came:\n%s\nmarks:\n%s", station->said.data, station->marks.data);
}

static void station_close(struct station *station)
{
    if (station->agent != NULL)
        agent_close(station->agent, NULL, NULL);
    receiver_close(station->receiver, NULL, NULL);
    uv_close((uv_handle_t *)&station->limit, NULL);
    uv_run(&station->loop, UV_RUN_DEFAULT);
    bus_close(station->bus);
    uv_run(&station->loop, UV_RUN_DEFAULT); /* its handles close on the loop */
    assert_int_equal(uv_loop_close(&station->loop), 0);
    text_fini(&station->said);
    text_fini(&station->marks);
}

static void write_reports(const char *folder, const char *name, int from, int count, const char *countries)
{
    char *path = path_in(folder, name);
    FILE *file = fopen(path, "a");
    for (int i = from; i < from + count; i++)
        fprintf(file,
                "{\"source\":\"s\",\"source_id\":\"%d\",\"category\":\"air.balloon\",\"occurred\":{\"start\":\"2025-01-"
                "01T00:00:00Z\"},"
                "\"place\":{\"lat\":52.2,\"lon\":21.0}%s}\n",
                i, countries);
    fclose(file);
    free(path);
}

static bool has_drained(const struct station *station)
{
    return station->drained;
}

static void unfollowed_sources_are_sent_located_and_drained(void **state)
{
    char *folder = folder_make(), *path = path_in(folder, "a.jsonl"), *refusals = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&refusals, &size);
    struct station station;
    write_reports(folder, "a.jsonl", 1, 1, "");
    write_reports(folder, "a.jsonl", 2, 1, ",\"countries\":[{\"code\":\"LT\"}]");
    write_reports(folder, "a.jsonl", 3, 1, ",\"countries\":[]");
    file_say(folder, "a.jsonl", WRITE_MORE, "nonsense\n");
    struct agent_source source = {.name = "desk", .type = "jsonl", .path = path};
    const struct agent_config config = {
        .sources = &source, .source_count = 1, .name = "agent", .territories = TERRITORIES, .view = "un"};
    station_open(&station);
    station_agent(&station, &config, stream);
    station_run(&station, has_drained);
    assert_string_equal(station.said.data, "1 PL\n2 LT\n3\n");
    const struct agent_stats *stats = agent_stats(station.agent);
    assert_int_equal(stats->read, 3);
    assert_int_equal(stats->submitted, 3);
    assert_int_equal(stats->located, 1);
    assert_int_equal(stats->refused, 1);
    uint64_t done, total;
    agent_progress(station.agent, &done, &total);
    assert_int_equal(done, total);
    station_close(&station);
    fclose(stream);
    assert_non_null(strstr(refusals, "a.jsonl:4: "));
    free(refusals);
    free(path);
    folder_remove(folder);
}

static bool has_ended(const struct station *station)
{
    return strstr(station->marks.data, "desk ended") != NULL;
}

static void nothing_is_drained_before_it_is_acknowledged(void **state)
{
    char *folder = folder_make(), *path = path_in(folder, "a.jsonl");
    struct station station;
    write_reports(folder, "a.jsonl", 1, 3000, ",\"countries\":[]");
    struct agent_source source = {.name = "desk", .type = "jsonl", .path = path};
    const struct agent_config config = {
        .sources = &source, .source_count = 1, .name = "agent", .territories = TERRITORIES, .view = "un"};
    station_open(&station);
    station.acknowledging = false;
    station_agent(&station, &config, NULL);
    station_run(&station, has_ended);
    assert_int_equal(station.reports, 3000); /* marks hold for all that was submitted before them */
    assert_int_equal(station.watermark_ms, TIME_NONE);
    assert_false(station.drained);
    station.acknowledging = true;
    acknowledge(&station);
    station_run(&station, has_drained);
    station_close(&station);
    free(path);
    folder_remove(folder);
}

/* Who waits for a source must hear that nothing comes of it, though there is no item whose acknowledgement could show
 * it heard. */
static void the_end_of_an_empty_source_is_told_before_the_agent_goes(void **state)
{
    char *folder = folder_make(), *path = path_in(folder, "a.jsonl");
    struct station station;
    file_say(folder, "a.jsonl", WRITE_NEW, "");
    struct agent_source source = {.name = "desk", .type = "jsonl", .path = path};
    const struct agent_config config = {
        .sources = &source, .source_count = 1, .name = "agent", .territories = TERRITORIES, .view = "un"};
    station_open(&station);
    station.closes_when_drained = true;
    station_agent(&station, &config, NULL);
    station_run(&station, has_ended);
    assert_true(station.drained);
    assert_int_equal(station.reports, 0);
    station_close(&station);
    free(path);
    folder_remove(folder);
}

static bool is_filling(const struct station *station)
{
    return agent_stats(station->agent)->read > 1500;
}

static bool never(const struct station *station)
{
    return false;
}

static void a_full_outbox_stops_the_reading_until_there_is_room(void **state)
{
    enum { REPORTS = 3000, ATTRIBUTES = 31 }; /* some 90 MB, half as much again as an outbox holds */
    char *folder = folder_make(), *path = path_in(folder, "a.jsonl"), *value = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&value, &size);
    struct station station;
    fprintf(stream, ",\"countries\":[],\"attributes\":{\"z\":\"\"");
    for (int i = 0; i < ATTRIBUTES; i++)
        fprintf(stream, ",\"a%d\":\"%01000d\"", i, 7);
    fprintf(stream, "}");
    fclose(stream);
    write_reports(folder, "a.jsonl", 1, REPORTS, value);
    struct agent_source source = {.name = "desk", .type = "jsonl", .path = path};
    const struct agent_config config = {
        .sources = &source, .source_count = 1, .name = "agent", .territories = TERRITORIES, .view = "un"};
    station_open(&station);
    station.acknowledging = false;
    station_agent(&station, &config, NULL);
    station_run(&station, is_filling);
    station.enough = never;
    uv_timer_start(&station.limit, on_limit, 3000, 0);
    uv_run(&station.loop, UV_RUN_DEFAULT);
    assert_true(agent_stats(station.agent)->read < REPORTS);
    assert_false(station.drained);
    station.acknowledging = true;
    acknowledge(&station);
    station_run(&station, has_drained);
    assert_int_equal(station.reports, REPORTS); /* each once, in order */
    const char *at = station.said.data;
    for (int i = 1; i <= REPORTS; i++, at = strchr(at, '\n') + 1)
        assert_int_equal(atoi(at), i);
    station_close(&station);
    free(value);
    free(path);
    folder_remove(folder);
}

static bool is_idle(const struct station *station)
{
    return station->drained && strstr(station->marks.data, "desk idle") != NULL && station->watermark_ms != TIME_NONE;
}

static bool has_two(const struct station *station)
{
    return station->reports == 2;
}

static bool is_blocked(const struct station *station)
{
    return strstr(station->marks.data, "desk blocked") != NULL;
}

static bool is_back(const struct station *station)
{
    return station->reports == 4 && strstr(station->marks.data, "desk blocked") == NULL;
}

static void a_followed_source_promises_now_less_its_lateness_and_nothing_while_it_is_broken(void **state)
{
    char *folder = folder_make(), *path = path_in(folder, "a.jsonl");
    struct station station;
    write_reports(folder, "a.jsonl", 1, 1, ",\"countries\":[]");
    struct agent_source source = {
        .name = "desk", .type = "jsonl", .path = path, .follow = true, .lateness_ms = 3600000};
    const struct agent_config config = {
        .sources = &source, .source_count = 1, .name = "agent", .territories = TERRITORIES, .view = "un"};
    station_open(&station);
    station_agent(&station, &config, NULL);
    station_run(&station, is_idle); /* drained at once: there is nothing that does not follow */
    int64_t promised_ms = (int64_t)time(NULL) * 1000 - 3600000;
    assert_true(station.watermark_ms <= promised_ms + 1000 && station.watermark_ms > promised_ms - 10000);
    write_reports(folder, "a.jsonl", 2, 1, ",\"countries\":[]");
    station_run(&station, has_two);
    assert_int_equal(unlink(path), 0);
    station_run(&station, is_blocked);
    int64_t stuck_ms = station.watermark_ms;
    write_reports(folder, "a.jsonl", 1, 2, ",\"countries\":[]");
    station_run(&station, is_back);
    assert_true(station.watermark_ms >= stuck_ms); /* never goes back */
    station_close(&station);
    free(path);
    folder_remove(folder);
}

static void sources_take_turns(void **state)
{
    char *folder = folder_make(), *big = path_in(folder, "big.jsonl"), *small = path_in(folder, "small.jsonl");
    struct station station;
    write_reports(folder, "big.jsonl", 1, 2000, ",\"countries\":[]");
    write_reports(folder, "small.jsonl", 9000, 10, ",\"countries\":[]");
    struct agent_source sources[] = {{.name = "big", .type = "jsonl", .path = big},
                                     {.name = "small", .type = "jsonl", .path = small}};
    const struct agent_config config = {
        .sources = sources, .source_count = 2, .name = "agent", .territories = TERRITORIES, .view = "un"};
    station_open(&station);
    station_agent(&station, &config, NULL);
    station_run(&station, has_drained);
    assert_int_equal(station.reports, 2010);
    const char *first_small = strstr(station.said.data, "9000\n"), *last_big = strstr(station.said.data, "\n2000\n");
    assert_true(first_small != NULL && last_big != NULL && first_small < last_big);
    station_close(&station);
    free(big);
    free(small);
    folder_remove(folder);
}

static void what_cannot_start_says_why(void **state)
{
    struct agent_source missing = {.name = "desk", .type = "jsonl", .path = "/no/such/file.jsonl"};
    struct agent_source unmapped = {
        .name = "desk", .type = "csv", .path = "/no/such.csv", .mapping = "/no/such.map.yaml"};
    const struct {
        struct agent_config config;
        const char *only;
        enum status status;
        const char *because;
    } cases[] = {
        {{.sources = &missing, .source_count = 1, .name = "agent", .view = "un", .territories = TERRITORIES},
         NULL,
         STATUS_NOT_FOUND,
         "source desk: /no/such/file.jsonl: cannot be read"},
        {{.sources = &missing, .source_count = 1, .name = "agent", .view = "un", .territories = TERRITORIES},
         "dusk",
         STATUS_NOT_FOUND,
         "no source is named \"dusk\""},
        {{.sources = &unmapped, .source_count = 1, .name = "agent", .view = "un", .territories = TERRITORIES},
         NULL,
         STATUS_NOT_FOUND,
         "/no/such.map.yaml"},
        {{.sources = &missing, .source_count = 1, .name = "agent", .view = "un", .territories = "/no/such.vdt"},
         NULL,
         STATUS_NOT_FOUND,
         "territories /no/such.vdt: "},
        {{.sources = &missing, .source_count = 0, .name = "agent", .view = "mine", .territories = TERRITORIES},
         NULL,
         STATUS_NOT_FOUND,
         "mine"},
    };
    uv_loop_t loop;
    struct bus *bus;
    uv_loop_init(&loop);
    assert_int_equal(bus_open(&loop, &bus), STATUS_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char reason[256] = "";
        struct agent *agent;
        const struct agent_options options = {
            .config = &cases[i].config, .only_source = cases[i].only, .url = URL, .epoch = 1};
        const struct agent_events events = {0};
        assert_int_equal(agent_open(&loop, bus, &options, &events, &agent, reason), cases[i].status);
        if (strstr(reason, cases[i].because) == NULL)
            fail_msg("\"%s\", expected \"%s\"", reason, cases[i].because);
    }
    bus_close(bus);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void each_source_has_a_name_of_its_own_however_long(void **state)
{
#define LONG40 "a-name-of-forty-letters-is-not-too-long."
#define LONG63 LONG40 "and-a-source-of-sixty-3"
    static const struct {
        const char *name, *source, *expected; /* NULL: 64 bytes, and another than the one before it */
    } cases[] = {
        {"desk", NULL, "desk"},
        {LONG63 "!", NULL, LONG63 "!"},
        {"desk", "list", "desk-list"},
        {"warsaw-border-desk-one", "list", "warsaw-border-desk-one-list"},
        {"warsaw-border-desk-two", "list", "warsaw-border-desk-two-list"},
        {LONG40, "and-a-source-of-twenty3", LONG40 "-and-a-source-of-twenty3"},
        {LONG40, "and-a-source-of-twenty-4", NULL},
        {LONG40, "and-a-source-of-twenty-5", NULL},
        {LONG63, LONG63 "1", NULL},
        {LONG63, LONG63 "2", NULL},
        {"desk", LONG63 "1", NULL},
        {"desk", LONG63 "2", NULL},
    };
    char before[AGENT_NAME_BYTES] = "", name[AGENT_NAME_BYTES];
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct agent_config config = {.name = cases[i].name};
        agent_name_make(&config, cases[i].source, name);
        if (cases[i].expected != NULL)
            assert_string_equal(name, cases[i].expected);
        else
            assert_int_equal(strlen(name), AGENT_NAME_BYTES - 1);
        assert_string_not_equal(name, before);
        strcpy(before, name);
    }
    assert_false(agent_name_was(&(struct agent_config){.name = "desk"}, "list", name));
    assert_false(agent_name_was(&(struct agent_config){.name = "warsaw-border-desk-one"}, NULL, name));
    assert_true(agent_name_was(&(struct agent_config){.name = "warsaw-border-desk-one"}, "list", name));
    assert_string_equal(name, "warsaw-border-desk-o-list");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unfollowed_sources_are_sent_located_and_drained),
        cmocka_unit_test(nothing_is_drained_before_it_is_acknowledged),
        cmocka_unit_test(the_end_of_an_empty_source_is_told_before_the_agent_goes),
        cmocka_unit_test(a_followed_source_promises_now_less_its_lateness_and_nothing_while_it_is_broken),
        cmocka_unit_test(a_full_outbox_stops_the_reading_until_there_is_room),
        cmocka_unit_test(sources_take_turns),
        cmocka_unit_test(what_cannot_start_says_why),
        cmocka_unit_test(each_source_has_a_name_of_its_own_however_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
