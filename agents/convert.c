#include "agents/convert.h"

#include "agents/source_driver.h"
#include "proto/json.h"
#include "proto/limits.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define BUDGET 1024

struct converter {
    FILE *out, *refusals;
    struct convert_counts *counts;
    struct text line;
    enum status status;
};

static enum status on_report(void *self, struct report *report, const char *file, uint64_t line)
{
    struct converter *converter = self;
    if (converter->status != STATUS_OK)
        return STATUS_OK; /* the output is gone: nothing more is written */
    text_clear(&converter->line);
    report_to_json(report, &converter->line);
    text_append(&converter->line, SPAN("\n"));
    if (converter->line.failed)
        converter->status = STATUS_NO_MEMORY;
    else if (fwrite(converter->line.data, 1, converter->line.size, converter->out) != converter->line.size)
        converter->status = status_from_errno(errno);
    else
        converter->counts->reports++;
    return STATUS_OK;
}

static void on_refused(void *self, const char *file, uint64_t line, const char *reason)
{
    struct converter *converter = self;
    converter->counts->refused++;
    converter->counts->unread += line == 0;
    if (line > 0)
        fprintf(converter->refusals, "%s:%llu: %s\n", file, (unsigned long long)line, reason);
    else
        fprintf(converter->refusals, "%s: %s\n", file, reason);
}

static void on_skipped(void *self, const char *file, uint64_t line)
{
    ((struct converter *)self)->counts->skipped++;
}

/* "lists/ACLED export.csv.gz" gives "ACLED-export": what a source's name may hold. */
static void source_of_path(const char *path, char ret_name[LIMIT_SOURCE_BYTES + 1])
{
    const char *base = strrchr(path, '/');
    base = base != NULL ? base + 1 : path;
    size_t size = strcspn(base, ".");
    if (size > LIMIT_SOURCE_BYTES)
        size = LIMIT_SOURCE_BYTES;
    for (size_t i = 0; i < size; i++) {
        char byte = base[i];
        bool allowed = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                       byte == '_' || byte == '-';
        ret_name[i] = allowed ? byte : '-';
    }
    ret_name[size] = '\0';
    if (size == 0 || strcmp(path, "-") == 0)
        strcpy(ret_name, "stdin");
}

enum status convert_file(struct mapping *mapping, const char *path, FILE *out, FILE *refusals,
                         struct convert_counts *counts)
{
    char name[LIMIT_SOURCE_BYTES + 1], reason[256];
    struct converter converter = {.out = out, .refusals = refusals, .counts = counts};
    struct source_events events = {
        .report = on_report, .refused = on_refused, .skipped = on_skipped, .self = &converter};
    void *source = NULL;
    source_of_path(path, name);
    struct source_options options = {.name = name, .path = path, .mapping = mapping};
    enum status status = source_csv.open(&options, &events, &source, reason);
    if (status != STATUS_OK) {
        on_refused(&converter, path, 0, reason);
        return status;
    }
    while (status == STATUS_OK && converter.status == STATUS_OK) {
        status = source_csv.read(source, BUDGET);
        if (status == STATUS_AGAIN) { /* a silent pipe: nobody else's time is lost by waiting for it */
            nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
            status = STATUS_OK;
        }
    }
    source_csv.close(source);
    text_fini(&converter.line);
    if (converter.status == STATUS_OK && fflush(out) != 0)
        converter.status = status_from_errno(errno);
    return converter.status != STATUS_OK ? converter.status : status == STATUS_END ? STATUS_OK : status;
}
