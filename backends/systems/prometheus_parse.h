/* prometheus_parse.h: reads answers of Prometheus' HTTP API v1, which VictoriaMetrics answers too.
 * Pure.
 *
 * Source: prometheus.io/docs/prometheus/latest/querying/api; Prometheus 2.42 and VictoriaMetrics
 * 1.79. A value is a string, also "NaN" and "+Inf". Times are floats or whole numbers. */
#ifndef SYSTEMS_PROMETHEUS_PARSE_H
#define SYSTEMS_PROMETHEUS_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"

/* The version; "" when the answer has none, as VictoriaMetrics 1.79. False: no such answer. */
bool prometheus_version_parse(const char *json, size_t len, char *buf, size_t size, struct err *);

/* The first value of an instant query; -1: an empty result. False and err: no answer to a query. */
bool prometheus_value_parse(const char *json, size_t len, double *value, struct err *);

/* The line of a range query. Several series become one: at each time the highest of them, or the
 * lowest. */
#define PROMETHEUS_POINTS 60
struct prometheus_line {
	double at[PROMETHEUS_POINTS]; /* NaN: no value */
	size_t series;
	char labels[160]; /* of the series whose last value counts: "job=a instance=b"; washed */
};
/* start, step: s, as asked for. False and err: no answer to a query. */
bool prometheus_range_parse(const char *json, size_t len, double start, double step, bool lowest,
                            struct prometheus_line *, struct err *);

struct prometheus_target {
	char job[80], instance[120]; /* washed */
	char error[240];             /* of the last scrape; "" not known */
};
struct prometheus_targets {
	struct prometheus_target *at; /* owned */
	size_t n, left_out;
};
#define PROMETHEUS_TARGETS_MAX 200
/* The series of an instant query, as targets without error. */
bool prometheus_series_parse(const char *json, size_t len, struct prometheus_targets *,
                             struct err *);
/* The targets of /api/v1/targets that are down, with their error. */
bool prometheus_targets_parse(const char *json, size_t len, struct prometheus_targets *,
                              struct err *);
void prometheus_targets_finish(struct prometheus_targets *);

#endif
