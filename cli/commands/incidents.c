/* vedette incidents: what a store holds of incidents, with the episodes they are in. */
#include "cli/command.h"
#include "cli/query.h"

#include <stdio.h>

struct listing {
    const struct output_driver *output;
    void *self;
    size_t count;
};

static enum status visit(void *self, const struct incident *incident, const struct span *episode_ids,
                         size_t episode_count)
{
    struct listing *listing = self;
    listing->count++;
    return listing->output->incident(listing->self, incident, episode_ids, episode_count);
}

static int list_incidents(const struct query *query, const char *program)
{
    char reason[256] = "";
    struct store *store;
    enum status status = store_open(query->store, STORE_READ, &store, reason);
    if (status != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", program, reason[0] != '\0' ? reason : status_text(status));
        return EXIT_FAILED;
    }
    struct listing listing = {.output = query->output};
    status = query->output->open(stdout, query->zone, OUTPUT_INCIDENTS, &listing.self);
    if (status == STATUS_OK) {
        status = store_incidents(store, &query->filter, visit, &listing);
        enum status closed = query->output->close(listing.self);
        if (status == STATUS_OK)
            status = closed;
    }
    store_close(store);
    if (status != STATUS_OK)
        fprintf(stderr, "%s: %s: %s\n", program, query->store, status_text(status));
    else if (listing.count == 0 && query->output == &output_table)
        fprintf(stderr, "%s: no incident of %s answers to this\n", program, query->store);
    return status == STATUS_OK ? EXIT_DONE : EXIT_FAILED;
}

static int incidents_main(int argc, char **argv)
{
    const struct argp_child children[] = {{&query_argp, 0, NULL, 0}, {NULL, 0, NULL, 0}};
    const struct argp argp = {
        NULL, NULL, "--store STORE", "Lists the incidents of a store, with the episodes they are in.", children,
        NULL, NULL};
    struct query_words words = {0};
    /* Wrong usage ends the program within. */
    if (argp_parse(&argp, argc, argv, 0, NULL, &words) != 0)
        return EXIT_MISUSED;
    struct query query;
    char reason[256];
    if (query_open(&query, &words, reason) != STATUS_OK) {
        fprintf(stderr, "%s: %s\n", argv[0], reason);
        return EXIT_MISUSED;
    }
    int status = list_incidents(&query, argv[0]);
    query_close(&query);
    return status;
}

const struct command command_incidents = {"incidents", "list the incidents of a store", incidents_main};
