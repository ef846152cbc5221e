/* vedette journal: what the correlator wrote down. */
#include "correlator/journal/journal.h"

#include "base/state_folder.h"
#include "base/time_text.h"
#include "cli/command.h"
#include "cli/journal/unroll.h"
#include "proto/config_blocks.h"

#include <argp.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

enum { KEY_LIST = 0x100, KEY_JSON, KEY_EXPORT, KEY_VERIFY, KEY_REPAIR, KEY_CUT, KEY_SKIP };

static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "The configuration the correlator runs with", 0},
    {"list", KEY_LIST, NULL, 0, "A line for each record", 1},
    {"json", KEY_JSON, NULL, 0, "With --list: as JSON Lines", 1},
    {"export", KEY_EXPORT, NULL, 0, "Every report that was received, every version, in order, as JSON Lines", 2},
    {"verify", KEY_VERIFY, NULL, 0, "Read all of it, and say whether it is whole", 3},
    {"repair", KEY_REPAIR, NULL, 0, "Say what a repair would do; nobody may have it open", 4},
    {"cut", KEY_CUT, NULL, 0, "With --repair: cut it off before the first damage", 4},
    {"skip", KEY_SKIP, NULL, 0, "With --repair: leave out what is damaged, keep what follows", 4},
    {NULL, 0, NULL, 0, NULL, 0},
};

enum task { TASK_NONE, TASK_LIST, TASK_LIST_JSON, TASK_EXPORT, TASK_VERIFY, TASK_REPAIR };

struct arguments {
    const char *config;
    enum task task;
    bool json;
    enum wal_repair repair;
};

static void set_task(struct arguments *arguments, enum task task, struct argp_state *state)
{
    if (arguments->task != TASK_NONE && arguments->task != task)
        argp_error(state, "one of --list, --export, --verify and --repair is expected");
    arguments->task = task;
}

static void check(struct arguments *arguments, struct argp_state *state)
{
    if (arguments->config == NULL)
        argp_error(state, "--config is missing: which configuration?");
    if (arguments->task == TASK_NONE)
        argp_error(state, "what about it? --list, --export, --verify or --repair");
    if (arguments->repair != WAL_REPAIR_LOOK && arguments->task != TASK_REPAIR)
        argp_error(state, "--cut and --skip say how to --repair");
    if (arguments->json && arguments->task != TASK_LIST)
        argp_error(state, "--json says how to --list");
    if (arguments->json)
        arguments->task = TASK_LIST_JSON;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    switch (key) {
    case 'c':
        arguments->config = value;
        return 0;
    case KEY_LIST:
        set_task(arguments, TASK_LIST, state);
        return 0;
    case KEY_JSON:
        arguments->json = true;
        return 0;
    case KEY_EXPORT:
        set_task(arguments, TASK_EXPORT, state);
        return 0;
    case KEY_VERIFY:
        set_task(arguments, TASK_VERIFY, state);
        return 0;
    case KEY_REPAIR:
        set_task(arguments, TASK_REPAIR, state);
        return 0;
    case KEY_CUT:
        arguments->repair = WAL_REPAIR_CUT;
        return 0;
    case KEY_SKIP:
        arguments->repair = WAL_REPAIR_SKIP;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "\"%s\" is not understood here", value);
        return 0;
    case ARGP_KEY_END:
        check(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* --- a line for each record --- */

static void details(const struct journal_record *record)
{
    switch (record->kind) {
    case JOURNAL_BATCH:
        printf(" %zu reports of %.*s, positions %" PRIu64 " to %" PRIu64 " of %" PRIu64, record->item_count,
               SPAN_ARG(record->name), record->first, record->first + record->item_count - 1, record->epoch);
        break;
    case JOURNAL_MARKS:
        printf(" %zu sources", record->mark_count);
        for (size_t i = 0; i < record->mark_count; i++) {
            char until[TIME_TEXT_BYTES] = "nothing";
            if (record->marks[i].watermark_ms != TIME_NONE)
                time_format(record->marks[i].watermark_ms, until);
            printf(", %.*s is %s, up to %s", SPAN_ARG(record->marks[i].source),
                   source_state_name(record->marks[i].state), until);
        }
        break;
    case JOURNAL_FLUSHES:
        printf(" %zu up to %" PRIu64, record->flush_count, record->until);
        break;
    case JOURNAL_RULES:
        for (size_t i = 0; i < record->rule_count; i++)
            printf(" %.*s %.*s", SPAN_ARG(record->rules[i].name), SPAN_ARG(record->rules[i].hash));
        break;
    case JOURNAL_START:
    case JOURNAL_SOURCE_RETIRED:
    case JOURNAL_SINK_SEEN:
    case JOURNAL_SINK_RETIRED:
        printf(" %.*s", SPAN_ARG(record->name));
        break;
    case JOURNAL_KIND_COUNT:
        break;
    }
}

static enum status list(void *self, const struct journal_record *record)
{
    char at[TIME_TEXT_BYTES];
    (void)self;
    time_format(record->at_ms, at);
    printf("%" PRIu64 " %s %s", record->number, at, journal_kind_name(record->kind));
    details(record);
    putchar('\n');
    return ferror(stdout) ? STATUS_IO : STATUS_OK;
}

static enum status list_json(void *self, const struct journal_record *record)
{
    struct text *line = self;
    char at[TIME_TEXT_BYTES];
    time_format(record->at_ms, at);
    text_clear(line);
    text_print(line,
               "{\"number\":%" PRIu64 ",\"count\":%" PRIu32 ",\"at\":\"%s\",\"kind\":\"%s\",\"name\":", record->number,
               record->count, at, journal_kind_name(record->kind));
    text_json_string(line, record->name);
    if (record->kind == JOURNAL_BATCH)
        text_print(line, ",\"epoch\":%" PRIu64 ",\"first\":%" PRIu64, record->epoch, record->first);
    if (record->kind == JOURNAL_FLUSHES)
        text_print(line, ",\"until\":%" PRIu64 ",\"flushes\":%zu", record->until, record->flush_count);
    text_append(line, SPAN("}"));
    if (line->failed)
        return STATUS_NO_MEMORY;
    return puts(line->data) < 0 ? STATUS_IO : STATUS_OK;
}

/* --- tasks --- */

static void say(void *self, const char *line)
{
    (void)self;
    puts(line);
}

static enum status repair(const char *folder, enum wal_repair how)
{
    const struct journal_options journal = {.folder = folder};
    struct wal_options wal;
    journal_wal_options(&journal, &wal);
    return wal_repair(&wal, how, say, NULL);
}

static enum status verify(const char *folder, char reason[WAL_REASON_BYTES])
{
    const struct unroll_events events = {0};
    struct unrolled unrolled;
    enum status status = unroll(folder, &events, &unrolled, reason);
    if (status == STATUS_OK)
        printf("%s is whole: %" PRIu64 " records, %" PRIu64 " reports\n", folder, unrolled.records, unrolled.reports);
    return status;
}

static enum status export(const char *folder, char reason[WAL_REASON_BYTES]) {
    struct unrolled unrolled; enum status status = unroll_reports(folder, stdout, &unrolled, reason);
    if (status == STATUS_OK && unrolled.unread > 0)
        fprintf(stderr, "%" PRIu64 " of %" PRIu64 " reports were refused when they came, and are left out\n",
                unrolled.unread, unrolled.reports);
    return status;
}

static enum status carry_out(const struct arguments *arguments, const char *folder, char reason[WAL_REASON_BYTES])
{
    struct unrolled unrolled;
    struct text line = {0};
    enum status status = STATUS_OK;
    switch (arguments->task) {
    case TASK_LIST:
        return unroll(folder, &(struct unroll_events){.record = list}, &unrolled, reason);
    case TASK_LIST_JSON:
        status = unroll(folder, &(struct unroll_events){.record = list_json, .self = &line}, &unrolled, reason);
        text_fini(&line);
        return status;
    case TASK_EXPORT:
        return export(folder, reason);
    case TASK_VERIFY:
        return verify(folder, reason);
    case TASK_REPAIR:
        return repair(folder, arguments->repair);
    case TASK_NONE:
        break;
    }
    return status;
}

static int journal_main(int argc, char **argv)
{
    static const char *const blocks[] = CONFIG_BLOCKS;
    const struct argp argp = {
        options,
        parse_option,
        "--config FILE --list|--export|--verify|--repair",
        "Shows what the correlator received and wrote down; it may run meanwhile, but for --repair.",
        NULL,
        NULL,
        NULL};
    struct arguments arguments = {0};
    struct config *config;
    char reason[WAL_REASON_BYTES] = "", folder[PATH_MAX];
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0)
        return EXIT_MISUSED;
    if (config_open(arguments.config, blocks, stderr, &config) != STATUS_OK)
        return EXIT_MISUSED;
    const char *state = state_folder_read(config);
    int size = state != NULL ? snprintf(folder, sizeof folder, "%s/correlator/journal", state) : -1;
    config_close(config);
    if (size < 0 || (size_t)size >= sizeof folder)
        return EXIT_MISUSED;
    enum status status = carry_out(&arguments, folder, reason);
    if (status != STATUS_OK)
        fprintf(stderr, "%s: %s\n", argv[0], reason[0] != '\0' ? reason : status_text(status));
    return status == STATUS_OK && fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}

const struct command command_journal = {"journal", "what the correlator received: list, export, verify, repair",
                                        journal_main};
