/* alerts.h: alerts as rows of a system, whoever keeps them: Prometheus, Alertmanager, Grafana.
 *
 * A firing alert is a need, unless its severity is none, info or debug. The same alert may come
 * from Prometheus and from the Alertmanager that it sends to. Alertmanager's row then counts,
 * because it knows silences: the other row says where to look, and is no need. */
#ifndef SYSTEMS_ALERTS_H
#define SYSTEMS_ALERTS_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/base/err.h"
#include "backends/systems/system.h"

/* Applies an answer of /api/v1/alerts or /api/v2/alerts. Sets the figure "alerts". */
bool alerts_take(struct site *, const char *ref, const char *json, size_t len, struct err *);
/* The same where no step before it was the answer of the system (site_answered). */
bool alerts_take_first(struct site *, const char *ref, const char *json, size_t len, struct err *);
/* Applies an answer of /api/v2/silences. Sets the figure "silences". */
bool silences_take(struct site *, const char *ref, const char *json, size_t len, struct err *);
/* Works out which row of the same alert counts (alerts_join.c). */
void alerts_join(struct store *);
bool alert_is(const struct system *);
/* Has its site silences, so that its rows count? */
bool alert_site_silences(const struct system *);

/* The actions of a system with Alertmanager's API v2: .acts = { ALERT_ACTS }. The alerts of
 * Grafana are below another path, which silence_path gives. */
bool alert_can_silence(const struct system_act *, const struct system *);
bool alert_can_unsilence(const struct system_act *, const struct system *);
void alert_silence_command(const struct system_act *, const struct system *, char *buf,
                           size_t size);
void alert_unsilence_command(const struct system_act *, const struct system *, char *buf,
                             size_t size);
void alert_silence(const struct system_act *, struct order *, struct system *);
void alert_unsilence(const struct system_act *, struct order *, struct system *);
bool alert_silence_fits(const struct system_act *, const char *argument, struct err *);
#define ALERT_ACTS                                                 \
	[SYSTEM_SILENCE] = { .can = alert_can_silence,             \
		             .command = alert_silence_command,     \
		             .run = alert_silence,                 \
		             .fits = alert_silence_fits },         \
	[SYSTEM_UNSILENCE] = { .can = alert_can_unsilence,         \
		               .command = alert_unsilence_command, \
		               .run = alert_unsilence }

#endif
