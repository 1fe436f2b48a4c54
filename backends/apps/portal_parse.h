/* portal_parse.h: parses answers of the portal of AI stacks. Pure. Texts are washed. A member of
 * the wrong type counts as missing.
 *
 * Source: no published document. */
#ifndef APPS_PORTAL_PARSE_H
#define APPS_PORTAL_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/apps/app.h"
#include "backends/base/err.h"

/* deploying: running deployments; -1 unknown */
struct portal_health {
	char status[32], version[24];
	int deploying;
};
bool portal_health_parse(const char *json, size_t len, struct portal_health *, struct err *);

struct portal_check {
	bool available, valid;
	char error[200];
};
bool portal_check_parse(const char *json, size_t len, struct portal_check *, struct err *);

struct portal_made {
	char id[APP_ID_SIZE], url[200];
};
bool portal_made_parse(const char *json, size_t len, struct portal_made *, struct err *);

/* The data of an event from /api/status/ID. */
struct portal_state {
	char status[32], step[80], url[200], error[200];
	int progress; /* 0 to 100; -1 unknown */
};
bool portal_state_parse(const char *json, size_t len, struct portal_state *);
/* "[####......] 40%"; "" for unknown progress. */
void portal_bar(int progress, char *buf, size_t size);

#endif
