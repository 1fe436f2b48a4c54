/* report.h: everything known as JSON, for `mocr status --json`. mocr(1) documents the format.
 * Members may be added but never change. */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include "backends/store/store.h"

/* Returns all rows of a kind on one server (NULL: on all), sorted by id or by urgency. The caller
 * frees the array, not the rows. */
enum report_order { REPORT_BY_ID, REPORT_BY_NEED };
struct row **report_rows(const struct store *, const struct kind *, const struct server *,
                         enum report_order, size_t *n);

/* {"version":1,"time_ms":..,"servers":[{"name":..,"health":..,...,"containers":[..],"units":[..]}]}
 * with rows sorted by id. The caller frees it. */
char *report_json(const struct store *);
/* The rows of one kind on all servers, as a JSON array. The caller frees it. */
char *report_rows_json(const struct store *, const struct kind *);

const char *health_name(enum health); /* "good", "bad", ... as in the JSON */

#endif
