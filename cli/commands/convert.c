/* vedette convert: shows what a mapping makes of CSV, as report JSON Lines. */
#include "agents/convert.h"

#include "cli/command.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

enum { KEY_MAPPING = 'm', KEY_STRICT = 0x100 };

static const struct argp_option options[] = {
    {"mapping", KEY_MAPPING, "FILE", 0, "What the columns mean", 0},
    {"strict", KEY_STRICT, NULL, 0, "End with exit status 3 where anything was refused", 0},
    {NULL, 0, NULL, 0, NULL, 0},
};

struct conversion {
    const char *program;
    const char *mapping;
    const char **files;
    size_t file_count;
    bool strict;
    struct convert_counts counts;
};

static void add_file(struct conversion *conversion, const char *path, struct argp_state *state)
{
    const char **files = realloc(conversion->files, (conversion->file_count + 1) * sizeof *files);
    if (files == NULL)
        argp_failure(state, EXIT_FAILED, ENOMEM, "too many files");
    conversion->files = files;
    conversion->files[conversion->file_count++] = path;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct conversion *conversion = state->input;
    switch (key) {
    case KEY_MAPPING:
        conversion->mapping = value;
        return 0;
    case KEY_STRICT:
        conversion->strict = true;
        return 0;
    case ARGP_KEY_ARG:
        add_file(conversion, value, state);
        return 0;
    case ARGP_KEY_END:
        if (conversion->mapping == NULL)
            argp_error(state, "--mapping is missing: what do the columns mean?");
        if (conversion->file_count == 0)
            argp_error(state, "which files? (- is standard input)");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* EXIT_FAILED where a file cannot be read or standard output cannot be written; the other files go on where they can.
 */
static int convert_all(struct conversion *conversion)
{
    struct mapping *mapping;
    int exit_status = EXIT_DONE;
    if (mapping_open(conversion->mapping, stderr, &mapping) != STATUS_OK)
        return EXIT_MISUSED;
    for (size_t i = 0; i < conversion->file_count; i++) {
        enum status status = convert_file(mapping, conversion->files[i], stdout, stderr, &conversion->counts);
        if (status == STATUS_OK)
            continue;
        exit_status = EXIT_FAILED;
        if (status == STATUS_NO_SPACE || status == STATUS_IO)
            fprintf(stderr, "%s: %s: %s\n", conversion->program, conversion->files[i], status_text(status));
        if (ferror(stdout))
            break;
    }
    mapping_close(mapping);
    const struct convert_counts *counts = &conversion->counts;
    if (counts->unread > 0)
        exit_status = EXIT_FAILED;
    fprintf(stderr, "%" PRIu64 " reports, %" PRIu64 " rows skipped, %" PRIu64 " refused\n", counts->reports,
            counts->skipped, counts->refused);
    return exit_status == EXIT_DONE && conversion->strict && counts->refused > 0 ? EXIT_REFUSALS : exit_status;
}

static int convert_main(int argc, char **argv)
{
    const struct argp argp = {
        options,
        parse_option,
        "--mapping FILE FILE...",
        "Turns CSV (.gz and .zst too) into report JSON Lines on standard output; refusals go to stderr.",
        NULL,
        NULL,
        NULL};
    struct conversion conversion = {.program = argv[0]};
    int exit_status = EXIT_MISUSED;
    if (argp_parse(&argp, argc, argv, 0, NULL, &conversion) == 0)
        exit_status = convert_all(&conversion);
    free(conversion.files);
    return exit_status;
}

const struct command command_convert = {"convert", "turn CSV into report JSON Lines", convert_main};
