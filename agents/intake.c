#include "agents/intake.h"

#include "agents/locate/territories.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/codec.h"

#include <string.h>

#define ARENA_BYTES (1u << 20)

void intake_refuse(struct intake *intake, const char *file, uint64_t line, const char *reason)
{
    intake->stats.refused++;
    if (intake->refusals == NULL)
        return;
    if (line > 0)
        fprintf(intake->refusals, "%s:%llu: %s\n", file, (unsigned long long)line, reason);
    else
        fprintf(intake->refusals, "%s: %s\n", file, reason);
}

/* Fills in the countries of a report that says nothing of them. False: it cannot be known. */
static bool locate(struct intake *intake, struct report *report, struct country countries[TERRITORIES_COUNTRIES_MAX])
{
    if (report->has_countries || !report->has_place)
        return true;
    if (intake->territories == NULL)
        return false;
    report->country_count = territories_find(intake->territories, report->place.lat, report->place.lon, countries,
                                             TERRITORIES_COUNTRIES_MAX);
    report->countries = countries;
    report->has_countries = true;
    return true;
}

/* Keeps it where a person finds it. Where that fails it is refused aloud, and gone. */
static void quarantine(struct intake *intake, const struct report *report, const char *reason)
{
    char source[LIMIT_SOURCE_BYTES + 1];
    snprintf(source, sizeof(source), "%.*s", SPAN_ARG(report->source));
    intake->stats.quarantined++;
    text_clear(&intake->quarantine_reason);
    text_print(&intake->quarantine_reason, "%s", reason);
    enum status status = quarantine_add(intake->quarantine, report, source, reason, clock_wall_ms());
    if (status != STATUS_OK)
        log_error("agent.quarantine", "%s: a report of %s is not kept (%s): %s", quarantine_path(intake->quarantine),
                  source, status_text(status), reason);
}

void intake_pass(struct intake *intake, struct span item, uint64_t admitted_bytes)
{
    struct report report;
    char reason[REASON_BYTES], why[REASON_BYTES];
    snprintf(reason, sizeof(reason), "it is of %zu bytes: the correlator admits at most %llu", item.size,
             (unsigned long long)admitted_bytes);
    arena_reset(&intake->arena);
    if (report_unpack(item, &intake->arena, &report, why) != STATUS_OK)
        report = (struct report){.source = SPAN("unknown")};
    quarantine(intake, &report, reason);
}

static enum status submit(struct intake *intake, const struct report *report)
{
    uint64_t position;
    text_clear(&intake->packed);
    enum status status = report_pack(report, &intake->packed);
    if (status != STATUS_OK || intake->packed.failed)
        return status != STATUS_OK ? status : STATUS_NO_MEMORY;
    return sender_submit(intake->sender, (struct span){intake->packed.data, intake->packed.size}, &position);
}

enum status intake_take(struct intake *intake, const struct report *offered, const char *file, uint64_t line)
{
    struct report report = *offered; /* the offered one stays as it is: it may have to be offered again */
    struct country countries[TERRITORIES_COUNTRIES_MAX];
    if (!locate(intake, &report, countries)) {
        char reason[1200];
        snprintf(reason, sizeof(reason),
                 "says nothing of countries, and there is no file of territories to look them up in (%s)",
                 intake->territories_path);
        intake_refuse(intake, file, line, reason);
        return STATUS_INVALID;
    }
    enum status status = submit(intake, &report);
    if (status == STATUS_AGAIN || status == STATUS_CLOSED)
        return STATUS_AGAIN;
    if (status == STATUS_NO_MEMORY && intake->is_spooled)
        return STATUS_NO_MEMORY;
    if (status == STATUS_TOO_LARGE && intake->quarantine != NULL && intake->packed.size > 0) {
        quarantine(intake, &report, "it is larger than the correlator admits");
    } else if (status != STATUS_OK && status != STATUS_FULL) { /* FULL: dropped, and counted by the spool */
        intake_refuse(intake, file, line,
                      status == STATUS_TOO_LARGE ? "the report is larger than the link carries (64 KiB packed)"
                                                 : status_text(status));
        return STATUS_INVALID;
    }
    intake->stats.read++;
    intake->stats.submitted++;
    intake->stats.located += !offered->has_countries && offered->has_place;
    return STATUS_OK;
}

/* --- opening and closing --- */

static enum status open_territories(struct intake *intake, const struct agent_config *config, char ret_reason[256])
{
    char reason[TERRITORIES_REASON_BYTES] = "";
    const char *path = config->territories;
    if (path == NULL &&
        territories_default_path(intake->territories_path, sizeof(intake->territories_path)) != STATUS_OK)
        snprintf(intake->territories_path, sizeof(intake->territories_path), "none is installed");
    enum status status =
        territories_open(path != NULL ? path : intake->territories_path, config->view, &intake->territories, reason);
    if (status == STATUS_NOT_FOUND && path == NULL && strcmp(config->view, TERRITORIES_VIEW_DEFAULT) == 0)
        return STATUS_OK; /* only a report without countries needs it, and is refused by name then */
    if (status != STATUS_OK)
        snprintf(ret_reason, 256, "territories %.120s: %.120s", path != NULL ? path : intake->territories_path,
                 reason[0] != '\0' ? reason : status_text(status));
    return status;
}

static enum status open_quarantine(struct intake *intake, const struct agent_options *options, char ret_reason[256])
{
    if (options->folder == NULL)
        return STATUS_OK;
    enum status status = quarantine_open(options->folder, 0, &intake->quarantine);
    if (status != STATUS_OK)
        snprintf(ret_reason, 256, "the quarantine in %.160s: %s", options->folder, status_text(status));
    return status;
}

enum status intake_init(struct intake *intake, const struct agent_options *options, char ret_reason[256])
{
    *intake = (struct intake){.is_spooled = options->spool != NULL, .refusals = options->refusals};
    arena_init(&intake->arena, ARENA_BYTES);
    enum status status = open_territories(intake, options->config, ret_reason);
    return status == STATUS_OK ? open_quarantine(intake, options, ret_reason) : status;
}

void intake_fini(struct intake *intake)
{
    quarantine_close(intake->quarantine);
    text_fini(&intake->quarantine_reason);
    arena_fini(&intake->arena);
    territories_close(intake->territories);
    text_fini(&intake->packed);
}
