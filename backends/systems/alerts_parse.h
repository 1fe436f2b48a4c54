/* alerts_parse.h: reads lists of alerts and silences. Pure: no loop, no clock.
 *
 * Source: Prometheus' HTTP API v1, /api/v1/alerts (data.alerts with state and activeAt), and
 * Alertmanager's API v2, /api/v2/alerts (an array with status and startsAt), which Grafana answers
 * too. vmalert answers as Prometheus. */
#ifndef SYSTEMS_ALERTS_PARSE_H
#define SYSTEMS_ALERTS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/base/err.h"

struct buf;

enum alert_state { ALERT_FIRING, ALERT_PENDING, ALERT_SILENCED, ALERT_INHIBITED };

/* Texts are washed. */
struct alert {
	char name[100], severity[24];
	char summary[240]; /* of its annotations; "" none */
	char silence[60];  /* id of the first silence that holds it back; "" none */
	char id[20];       /* hash of its labels, hex */
	char *labels;      /* owned: "\nname=value\n...", sorted by name; never NULL */
	enum alert_state state;
	int64_t since_ms; /* wall clock, ms; 0 unknown */
	bool exact;       /* labels has all of them unchanged, so that a silence can name them */
	bool unique;      /* no other of the list has this name and instance */
	char instance[80];
};
struct alert_list {
	struct alert *at; /* owned */
	size_t n, left_out;
};
#define ALERTS_MAX 200

/* who: "Prometheus". False and err: the answer is no list of alerts. */
bool alerts_parse(const char *json, size_t len, const char *who, struct alert_list *, struct err *);
void alert_list_finish(struct alert_list *);

struct silence {
	char id[64];
	int64_t until_ms; /* wall clock, ms; 0 unknown */
};
#define SILENCES_MAX 200
/* The silences that are active now; more than SILENCES_MAX are only counted. */
bool silences_parse(const char *json, size_t len, const char *who,
                    struct silence list[SILENCES_MAX], size_t *n, struct err *);

/* The id in the answer to a new silence. False: none. */
bool silence_id_parse(const char *json, size_t len, char id[64]);

/* Reads "2h", "2h why": ms (at least a minute, at most a year), and *why points at the rest, "" for
 * none. False: err says what was expected. */
bool silence_argument(const char *argument, int64_t *ms, const char **why, struct err *);

/* The body of a new silence for exactly these labels. The caller frees. NULL: no labels. */
char *silence_body(const char *labels, int64_t from_ms, int64_t until_ms, const char *by,
                   const char *why);

/* Does every label of few stand in many with the same value? */
bool alert_labels_in(const char *few, const char *many);

/* Drops what is neither shown nor wanted in a recording: configurations, receivers, addresses. */
void alerts_reduce(const char *json, size_t len, struct buf *out);

#endif
