/* report.h: what is known, as JSON, for `mocr status --json`. Documented in mocr(1); members are
 * added, never changed. */
#ifndef STORE_REPORT_H
#define STORE_REPORT_H

#include "backends/store/store.h"

/* All rows of a kind, of one server (NULL: of all), by their ids, or what needs the user first. The
 * caller frees the array alone. */
enum report_order { REPORT_BY_ID, REPORT_BY_NEED };
struct row **report_rows(const struct store *, const struct kind *, const struct server *,
                         enum report_order, size_t *n);

/* {"version":1,"time_ms":..,"servers":[{"name":..,"health":..,...,"containers":[..],"units":[..]}]}
 * with rows in the order of their ids. The caller frees it. */
char *report_json(const struct store *);
/* The rows of one kind on all servers, as an array; the caller frees it. */
char *report_rows_json(const struct store *, const struct kind *);

const char *health_name(enum health); /* "good", "bad", ... as in the JSON */

#endif
