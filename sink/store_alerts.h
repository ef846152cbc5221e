/* Alerts as rows of a store: what each endpoint was told, what it is owed, the message under way. So they survive the
 * program. Rows are made with the revision that causes them, in one piece (store_apply); what becomes of them goes into
 * a piece as alert_writes. One row for an endpoint and subject, however long the endpoint is dead. */
#pragma once

#include "proto/json.h"
#include "sink/alert_row.h"
#include "sink/store.h"

/* Does it keep such rows at all? A store in memory does not; then none of what follows may be asked. */
bool store_keeps_alerts(const struct store *store);

/* From now on changes are noted for these endpoints. For one that is new the flagged episodes and silent sources there
 * are count as told: no storm. Lets go of the rows of all others, telling `let_go` of each. The store is open for
 * writing. */
enum status store_alerts_open(struct store *store, const struct alert_endpoint *endpoints, size_t count, int64_t now_ms,
                              void (*let_go)(void *self, struct span endpoint, size_t rows), void *self) MUST_CHECK;

/* In order of (endpoint, subject); all endpoints where it is empty. Borrowed until the visitor returns. */
typedef enum status (*alert_row_visitor)(void *self, const struct alert_row *row);
enum status store_alert_rows(struct store *store, struct span endpoint, alert_row_visitor visitor,
                             void *self) MUST_CHECK;
/* The JSON of what was begun. Appends. STATUS_NOT_FOUND: nothing was. */
enum status store_alert_draft(struct store *store, struct span endpoint, struct span subject,
                              struct text *json) MUST_CHECK;
/* As an operator writes: a piece of one. STATUS_NOT_FOUND: there is no such row, or nothing begun to be tried again. */
enum status store_alert_write(struct store *store, const struct alert_write *write, char ret_reason[256]) MUST_CHECK;
/* The endpoints, by name. */
typedef enum status (*alert_endpoint_visitor)(void *self, const struct alert_endpoint *endpoint);
enum status store_alert_endpoints(struct store *store, alert_endpoint_visitor visitor, void *self) MUST_CHECK;
